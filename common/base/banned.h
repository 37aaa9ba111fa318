/* Functions that have no safe use here. Included by error.h, so by everything; third-party headers
 * must come before ours (clang-format's regrouping does that). */
#pragma once

#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok atoi atol atof mktemp tmpnam
