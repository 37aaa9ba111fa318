/* An alert for people's eyes. Pure: the alert's JSON in, text out. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

/* The title, then what it is about, line by line; cut at `most` bytes with a word about it. */
bool render_text(struct slice alert, size_t most, struct buf *out, struct error *err) must_check;
bool render_title(struct slice alert, struct buf *out, struct error *err) must_check;
/* In lines of `width` characters with CRLF; 0: one line. */
void render_base64(struct slice data, size_t width, struct buf *out);
