/* What --version prints. */
#pragma once

#define RESOLE_VERSION "0.1.0"
