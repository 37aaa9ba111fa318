/* Bytes we build. Heap-owned, always terminated by a NUL that length does not count.
 * Zero-initialise to begin: struct buf b scoped(buf_release) = {0}; */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf {
    char *data; /* NULL while nothing was put */
    size_t length, capacity;
};

void buf_release(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */
void buf_reserve(struct buf *buf, size_t more);
void buf_put(struct buf *buf, const void *data, size_t length);
void buf_put_text(struct buf *buf, const char *text);
void buf_put_slice(struct buf *buf, struct slice s);
void buf_put_byte(struct buf *buf, char byte);
void buf_printf(struct buf *buf, const char *format, ...) like_printf(2, 3);
/* A JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void buf_put_json(struct buf *buf, struct slice s);
struct slice buf_slice(const struct buf *buf);
const char *buf_text(const struct buf *buf); /* never NULL */
