#include "base/slice.h"

#include <strings.h>

struct slice slice_of(const char *text)
{
    return (struct slice){text ? text : "", text ? strlen(text) : 0};
}

struct slice slice_sub(struct slice s, size_t from, size_t length)
{
    if (from > s.length)
        from = s.length;
    if (length > s.length - from)
        length = s.length - from;
    return (struct slice){from ? s.data + from : s.data, length}; /* NULL + 0 is undefined */
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool slice_is(struct slice s, const char *text)
{
    return slice_equal(s, slice_of(text));
}

bool slice_is_nocase(struct slice s, const char *text)
{
    return s.length == strlen(text) && (s.length == 0 || strncasecmp(s.data, text, s.length) == 0);
}

int slice_compare(struct slice a, struct slice b)
{
    size_t least = a.length < b.length ? a.length : b.length;
    int order = least ? memcmp(a.data, b.data, least) : 0;
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

bool slice_has_prefix(struct slice s, const char *prefix)
{
    size_t length = strlen(prefix);
    return s.length >= length && memcmp(s.data, prefix, length) == 0;
}

bool slice_has_suffix(struct slice s, const char *suffix)
{
    size_t length = strlen(suffix);
    return s.length >= length && memcmp(s.data + s.length - length, suffix, length) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct slice slice_trim(struct slice s)
{
    while (s.length && is_blank(s.data[0]))
        s = slice_sub(s, 1, s.length);
    while (s.length && is_blank(s.data[s.length - 1]))
        s.length--;
    return s;
}

size_t slice_find_byte(struct slice s, char byte)
{
    const char *at = s.length ? memchr(s.data, byte, s.length) : NULL;
    return at ? (size_t)(at - s.data) : s.length;
}

size_t slice_find(struct slice s, const char *text)
{
    const char *at = s.length ? memmem(s.data, s.length, text, strlen(text)) : NULL;
    return at ? (size_t)(at - s.data) : s.length;
}

bool slice_take_until(struct slice *s, char separator, struct slice *part)
{
    if (!s->data || s->length == 0)
        return false;
    size_t at = slice_find_byte(*s, separator);
    *part = slice_sub(*s, 0, at);
    *s = slice_sub(*s, at + 1, s->length);
    return true;
}

bool slice_take_line(struct slice *s, struct slice *line)
{
    if (!slice_take_until(s, '\n', line))
        return false;
    if (line->length && line->data[line->length - 1] == '\r')
        line->length--;
    return true;
}

bool slice_take_word(struct slice *s, struct slice *word)
{
    while (s->length && is_blank(s->data[0]))
        *s = slice_sub(*s, 1, s->length);
    size_t n = 0;
    while (n < s->length && !is_blank(s->data[n]))
        n++;
    *word = slice_sub(*s, 0, n);
    *s = slice_sub(*s, n, s->length);
    return n > 0;
}

bool slice_parse_u64(struct slice s, uint64_t *out)
{
    uint64_t value = 0;
    if (s.length == 0)
        return false;
    for (size_t i = 0; i < s.length; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.data[i] - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

bool slice_parse_i64(struct slice s, int64_t *out)
{
    bool negative = s.length && s.data[0] == '-';
    uint64_t value;
    if (!slice_parse_u64(negative ? slice_sub(s, 1, s.length) : s, &value))
        return false;
    if (value > (uint64_t)INT64_MAX)
        return false;
    *out = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

char *slice_string(struct arena *arena, struct slice s)
{
    return arena_strndup(arena, s.data, s.length);
}

/* Length of the well-formed sequence at p (Unicode 15, table 3-7), or 0. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t need = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < need)
        return 0;
    unsigned char low = 0x80, high = 0xbf;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return need;
}

bool slice_is_utf8(struct slice s)
{
    for (size_t i = 0; i < s.length;) {
        size_t n = utf8_sequence((const unsigned char *)s.data + i, s.length - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}
