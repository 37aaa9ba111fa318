#include <ctype.h>
#include <string.h>

#include "inventory/readers/product_table.h"

enum { VERSION_MOST = 40, SUFFIX_MOST = 12, ANY_MOST = 80, HASH_LEAST = 6 };

static size_t digits(struct slice text, size_t at)
{
    size_t from = at;
    while (at < text.length && isdigit((unsigned char)text.data[at]))
        at++;
    return at - from;
}

/* 1.2, 1.2.3, 1.1.1w, 9.2p1, 3.13.0rc1; of 1.25.0-alpha1 it is 1.25.0: what follows a dash is for
 * the pattern to say. */
static size_t version_length(struct slice text, char mark)
{
    size_t at = digits(text, 0), dots = 0, suffix = 0;
    if (at == 0)
        return 0;
    while (at < text.length && text.data[at] == '.' && digits(text, at + 1) > 0) {
        at += 1 + digits(text, at + 1);
        dots++;
    }
    if (dots == 0 || ((mark == 'w' || mark == 'n') && dots != 2))
        return 0;
    if (mark == 'n')
        return at <= VERSION_MOST ? at : 0;
    if (at < text.length && islower((unsigned char)text.data[at]))
        while (at + suffix < text.length && isalnum((unsigned char)text.data[at + suffix]))
            suffix++;
    if (suffix > SUFFIX_MOST || (mark == 's' && suffix == 0))
        return 0;
    return at + suffix <= VERSION_MOST ? at + suffix : 0;
}

static size_t run(struct slice text, bool hex)
{
    size_t at = 0;
    while (at < text.length && (hex ? isxdigit((unsigned char)text.data[at]) != 0
                                    : isdigit((unsigned char)text.data[at]) != 0))
        at++;
    return at < VERSION_MOST ? at : 0;
}

static size_t nuls(struct slice text)
{
    size_t at = 0;
    while (at < text.length && text.data[at] == 0)
        at++;
    return at;
}

static size_t blanks(struct slice text)
{
    size_t at = 0;
    while (at < text.length && (text.data[at] == ' ' || text.data[at] == '\t'))
        at++;
    return at;
}

static size_t match_any(const char *pattern, struct slice text, struct slice *version)
{
    for (size_t skip = 0; skip <= ANY_MOST && skip <= text.length; skip++) {
        size_t rest = product_match(pattern, slice_sub(text, skip, text.length), version);
        if (rest > 0)
            return skip + rest;
        if (skip < text.length && text.data[skip] == 0)
            break;
    }
    return 0;
}

/* What one mark of the pattern covers; 0: it does not fit. */
static size_t match_mark(char mark, struct slice text, struct slice *version)
{
    size_t length = 0;
    switch (mark) {
    case 'v':
    case 'w':
    case 'n':
    case 's':
        length = version_length(text, mark);
        break;
    case 'd':
    case 'x':
        length = run(text, mark == 'x');
        break;
    case '0':
        return text.length > 0 && text.data[0] == 0;
    case '^':
        return text.length > 0 && !isprint((unsigned char)text.data[0]);
    case 'z':
        return nuls(text);
    case '_':
        return blanks(text);
    case '%':
        return text.length > 0 && text.data[0] == '%';
    default:
        return 0;
    }
    if (length > 0 && (mark != 'x' && (mark != 'd' || version->length == 0)))
        *version = slice_sub(text, 0, length);
    return length;
}

size_t product_match(const char *pattern, struct slice text, struct slice *version)
{
    size_t at = 0;
    for (; *pattern; pattern++) {
        struct slice rest = slice_sub(text, at, text.length);
        if (*pattern != '%') {
            if (rest.length == 0 || rest.data[0] != *pattern)
                return 0;
            at++;
            continue;
        }
        if (*++pattern == '*') {
            size_t tail = match_any(pattern + 1, rest, version);
            return tail ? at + tail : 0;
        }
        size_t length = match_mark(*pattern, rest, version);
        if (length == 0)
            return 0;
        at += length;
    }
    return at;
}

size_t product_literal(const char *pattern, char *out, size_t size)
{
    char now[128];
    size_t best = 0, length = 0;
    for (;; pattern++) {
        bool plain = *pattern && *pattern != '%';
        char byte = *pattern;
        if (*pattern == '%' && (pattern[1] == '0' || pattern[1] == '%')) {
            plain = true;
            byte = pattern[1] == '0' ? 0 : '%';
            pattern++;
        }
        if (plain && length < sizeof(now)) {
            now[length++] = byte;
            continue;
        }
        if (length > best && length <= size) {
            best = length;
            memcpy(out, now, length);
        }
        length = 0;
        if (!*pattern)
            return best;
        pattern++;
        if (!*pattern)
            return best;
    }
}

static bool name_fits(const char *base, const char *name, size_t length)
{
    if (strncmp(base, name, length) != 0)
        return false;
    const char *rest = base + length;
    if (*rest == 0 || *rest == '.' || isdigit((unsigned char)*rest))
        return true;
    if (*rest != '-' && *rest != '_')
        return false;
    size_t hash = 0;
    while (isxdigit((unsigned char)rest[1 + hash]))
        hash++;
    return isdigit((unsigned char)rest[1]) ||
           (hash >= HASH_LEAST && (rest[1 + hash] == '.' || rest[1 + hash] == 0));
}

bool product_named(const struct product_row *row, const char *base)
{
    struct slice names = slice_of(row->files), name;
    if (!row->files)
        return true;
    while (slice_take_word(&names, &name))
        if (name_fits(base, name.data, name.length))
            return true;
    return false;
}

bool product_agrees(const char *base, struct slice version)
{
    while (*base && !isdigit((unsigned char)*base))
        base++;
    size_t length = strspn(base, "0123456789.");
    while (length > 0 && base[length - 1] == '.')
        length--;
    struct slice said = {base, length};
    if (slice_find_byte(said, '.') >=
        said.length) /* "php8", "libfoo.so.1": no more than a soname */
        return true;
    return version.length >= length && memcmp(version.data, base, length) == 0 &&
           (version.length == length || !isdigit((unsigned char)version.data[length]));
}
