/* XML and HTML text: escaped, and bytes that XML 1.0 cannot hold (control characters, broken UTF-8)
 * become "?". */
#pragma once

#include "base/buf.h"

void markup_put(struct buf *out, const char *text);
/* name="text", after a blank */
void markup_attribute(struct buf *out, const char *name, const char *text);
