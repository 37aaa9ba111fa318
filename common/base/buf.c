#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_release(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->length = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

void buf_reserve(struct buf *buf, size_t more)
{
    size_t need;
    if (__builtin_add_overflow(buf->length, more, &need) || need > SIZE_MAX / 2)
        abort();
    if (need + 1 <= buf->capacity)
        return;
    size_t capacity = buf->capacity ? buf->capacity : 256;
    while (capacity < need + 1)
        capacity *= 2;
    char *data = realloc(buf->data, capacity);
    if (!data)
        abort();
    buf->data = data;
    buf->capacity = capacity;
}

void buf_put(struct buf *buf, const void *data, size_t length)
{
    buf_reserve(buf, length);
    if (length)
        memcpy(buf->data + buf->length, data, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void buf_put_text(struct buf *buf, const char *text)
{
    buf_put(buf, text, strlen(text));
}

void buf_put_slice(struct buf *buf, struct slice s)
{
    buf_put(buf, s.data, s.length);
}

void buf_put_byte(struct buf *buf, char byte)
{
    buf_put(buf, &byte, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    buf_reserve(buf, 64); /* most fit at once */
    size_t room = buf->capacity - buf->length;
    int length = vsnprintf(buf->data + buf->length, room, format, args);
    va_end(args);
    if (length < 0)
        abort();
    if ((size_t)length >= room) {
        buf_reserve(buf, (size_t)length);
        vsnprintf(buf->data + buf->length, (size_t)length + 1, format, again);
    }
    va_end(again);
    buf->length += (size_t)length;
}

static void put_json_byte(struct buf *buf, unsigned char c)
{
    static const char escapes[] = {['"'] = '"',  ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r',
                                   ['\t'] = 't', ['\b'] = 'b',  ['\f'] = 'f'};
    if (c < sizeof(escapes) && escapes[c])
        buf_printf(buf, "\\%c", escapes[c]);
    else if (c < 0x20)
        buf_printf(buf, "\\u%04x", c);
    else
        buf_put_byte(buf, (char)c);
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

void buf_put_json(struct buf *buf, struct slice s)
{
    buf_put_byte(buf, '"');
    for (size_t i = 0; i < s.length;) {
        size_t n = 0;
        while (i + n < s.length && is_plain(s.data[i + n]))
            n++;
        buf_put(buf, s.data + i, n);
        i += n;
        if (i == s.length)
            break;
        n = 1;
        if ((unsigned char)s.data[i] < 0x80) {
            put_json_byte(buf, (unsigned char)s.data[i]);
        } else {
            for (n = 2; n <= 4 && !slice_is_utf8(slice_sub(s, i, n)); n++)
                ;
            if (n > 4 || i + n > s.length) {
                buf_put_text(buf, "\xef\xbf\xbd");
                n = 1;
            } else {
                buf_put(buf, s.data + i, n);
            }
        }
        i += n;
    }
    buf_put_byte(buf, '"');
}

struct slice buf_slice(const struct buf *buf)
{
    return (struct slice){buf->data ? buf->data : "", buf->length};
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}
