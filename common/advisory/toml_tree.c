#include "advisory/toml_tree.h"

#include <ctype.h>
#include <stdio.h>

#include "base/buf.h"

enum { TOML_DEPTH = 16 };

struct reader {
    struct slice rest;
    size_t line;
    int depth;
    struct error *err;
};

static bool wrong(struct reader *r, const char *what)
{
    return error_set(r->err, ERROR_INPUT, "malformed TOML, line %zu: %s", r->line, what);
}

static char peek(const struct reader *r, size_t at)
{
    return at < r->rest.length ? r->rest.data[at] : '\0';
}

static void skip(struct reader *r, size_t count)
{
    for (size_t i = 0; i < count; i++)
        r->line += peek(r, i) == '\n';
    r->rest = slice_sub(r->rest, count, r->rest.length);
}

static bool take(struct reader *r, const char *text)
{
    if (!slice_has_prefix(r->rest, text))
        return false;
    skip(r, strlen(text));
    return true;
}

/* Blanks and, where `lines`, line ends and comments. */
static void skip_blank(struct reader *r, bool lines)
{
    for (;;) {
        char c = peek(r, 0);
        if (r->rest.length > 0 && (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))))
            skip(r, 1);
        else if (c == '#')
            skip(r, slice_find_byte(r->rest, '\n'));
        else
            return;
    }
}

static bool put_code_point(struct reader *r, int digits, struct buf *out)
{
    unsigned long point = 0;
    for (int i = 0; i < digits; i++) {
        char c = peek(r, 0);
        if (!isxdigit((unsigned char)c))
            return wrong(r, "a bad \\u escape");
        point = point * 16 +
                (unsigned long)(isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10);
        skip(r, 1);
    }
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return wrong(r, "no such character");
    if (point < 0x80) {
        buf_put_byte(out, (char)point);
        return true;
    }
    int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned leads[] = {0, 0xc0, 0xe0, 0xf0};
    buf_put_byte(out, (char)(leads[more] | (point >> (6 * more))));
    while (more-- > 0)
        buf_put_byte(out, (char)(0x80 | ((point >> (6 * more)) & 0x3f)));
    return true;
}

static bool put_escape(struct reader *r, struct buf *out)
{
    static const char from[] = "btnfr\"\\e", to[] = "\b\t\n\f\r\"\\\033";
    char c = peek(r, 1);
    const char *found = c ? strchr(from, c) : NULL;
    skip(r, 2);
    if (found)
        buf_put_byte(out, to[found - from]);
    else if (c == 'u' || c == 'U')
        return put_code_point(r, c == 'u' ? 4 : 8, out);
    else if (c == '\n' || c == ' ' || c == '\t' || c == '\r') /* a line that goes on */
        while (peek(r, 0) && isspace((unsigned char)peek(r, 0)))
            skip(r, 1);
    else
        return wrong(r, "an unknown escape");
    return true;
}

/* After the opening quotes. */
static bool read_string(struct reader *r, const char *quotes, struct buf *out)
{
    bool literal = *quotes == '\'', many = quotes[1] != 0;
    if (many && !take(r, "\r\n"))
        (void)take(r, "\n");
    while (!take(r, quotes)) {
        char c = peek(r, 0);
        if (r->rest.length == 0 || c == '\0' || (c == '\n' && !many))
            return wrong(r, "a string without end");
        if (c == '\\' && !literal) {
            if (!put_escape(r, out))
                return false;
            continue;
        }
        buf_put_byte(out, c);
        skip(r, 1);
    }
    return true;
}

static bool take_string(struct reader *r, struct buf *out, bool *is_string)
{
    static const char *const quotes[] = {"\"\"\"", "'''", "\"", "'"};
    for (size_t i = 0; i < array_count(quotes); i++)
        if (take(r, quotes[i])) {
            *is_string = true;
            return read_string(r, quotes[i], out);
        }
    *is_string = false;
    return true;
}

static bool is_bare(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool read_key(struct reader *r, struct buf *out)
{
    bool quoted;
    buf_clear(out);
    if (!take_string(r, out, &quoted))
        return false;
    while (!quoted && is_bare(peek(r, 0))) {
        buf_put_byte(out, peek(r, 0));
        skip(r, 1);
    }
    return out->length > 0 || wrong(r, "no key");
}

/* The table of a dotted name below `table`, made where it is not there. */
static json_t *descend(struct reader *r, json_t *table, const struct buf *key)
{
    json_t *inner = json_object_getn(table, key->data, key->length);
    if (!inner && json_object_setn_new(table, key->data, key->length, json_object()) == 0)
        inner = json_object_getn(table, key->data, key->length);
    if (!json_is_object(inner)) {
        wrong(r, "a key that is no table");
        return NULL;
    }
    return inner;
}

static json_t *read_value(struct reader *r);

static bool read_pair(struct reader *r, json_t *table)
{
    struct buf key scoped(buf_release) = {0};
    if (!read_key(r, &key))
        return false;
    skip_blank(r, false);
    for (int dots = 0; take(r, "."); dots++) {
        if (dots == TOML_DEPTH || !(table = descend(r, table, &key)))
            return dots == TOML_DEPTH ? wrong(r, "too deep") : false;
        skip_blank(r, false);
        if (!read_key(r, &key))
            return false;
        skip_blank(r, false);
    }
    if (!take(r, "="))
        return wrong(r, "no = after a key");
    skip_blank(r, false);
    json_t *value = read_value(r);
    if (!value)
        return false;
    if (json_object_getn(table, key.data, key.length)) {
        json_decref(value);
        return wrong(r, "a key twice");
    }
    return json_object_setn_new(table, key.data, key.length, value) == 0 ||
           wrong(r, "a key that is not UTF-8");
}

static bool read_array(struct reader *r, json_t *out)
{
    skip_blank(r, true);
    while (!take(r, "]")) {
        json_t *item = read_value(r);
        if (!item || json_array_append_new(out, item) != 0)
            return false;
        skip_blank(r, true);
        if (!take(r, ",") && peek(r, 0) != ']')
            return wrong(r, "an array without end");
        skip_blank(r, true);
    }
    return true;
}

static bool read_inline_table(struct reader *r, json_t *out)
{
    skip_blank(r, false);
    while (!take(r, "}")) {
        if (!read_pair(r, out))
            return false;
        skip_blank(r, false);
        if (!take(r, ",") && peek(r, 0) != '}')
            return wrong(r, "an inline table without end");
        skip_blank(r, false);
    }
    return true;
}

static json_t *read_container(struct reader *r, bool array)
{
    json_t *out = array ? json_array() : json_object();
    bool ok = ++r->depth <= TOML_DEPTH || wrong(r, "too deep");
    ok = ok && (array ? read_array(r, out) : read_inline_table(r, out));
    r->depth--;
    if (ok)
        return out;
    json_decref(out);
    return NULL;
}

static json_t *text_or_wrong(struct reader *r, struct slice text)
{
    json_t *value = json_stringn(text.data ? text.data : "", text.length);
    if (!value)
        wrong(r, "not UTF-8");
    return value;
}

static json_t *read_value(struct reader *r)
{
    struct buf text scoped(buf_release) = {0};
    bool is_string;
    if (take(r, "["))
        return read_container(r, true);
    if (take(r, "{"))
        return read_container(r, false);
    if (!take_string(r, &text, &is_string))
        return NULL;
    if (is_string)
        return text_or_wrong(r, buf_slice(&text));
    size_t length = 0;
    while (is_bare(peek(r, length)) || (peek(r, length) && strchr(":.+", peek(r, length))))
        length++;
    if (length == 0) {
        wrong(r, "no value");
        return NULL;
    }
    struct slice bare = slice_sub(r->rest, 0, length);
    skip(r, length);
    return text_or_wrong(r, bare);
}

/* After the "[": a.b."c"] */
static json_t *read_heading(struct reader *r, json_t *root)
{
    struct buf key scoped(buf_release) = {0};
    json_t *table = root;
    for (int depth = 0;; depth++) {
        skip_blank(r, false);
        if (!read_key(r, &key) || !(table = descend(r, table, &key)))
            return NULL;
        skip_blank(r, false);
        if (take(r, "]"))
            return table;
        if (depth == TOML_DEPTH || !take(r, ".")) {
            wrong(r, "a heading without end");
            return NULL;
        }
    }
}

static void release_json(void *object)
{
    json_decref(object);
}

json_t *toml_document(struct slice bytes, struct arena *arena, struct error *err)
{
    struct reader r = {.rest = bytes, .line = 1, .err = err};
    json_t *root = json_object(), *table = root;
    arena_defer(arena, release_json, root);
    for (skip_blank(&r, true); r.rest.length > 0; skip_blank(&r, true)) {
        if (take(&r, "[")) {
            if (peek(&r, 0) == '[') {
                wrong(&r, "arrays of tables are not read");
                return NULL;
            }
            if (!(table = read_heading(&r, root)))
                return NULL;
        } else if (!read_pair(&r, table)) {
            return NULL;
        }
        skip_blank(&r, false);
        if (r.rest.length > 0 && peek(&r, 0) != '\n' && peek(&r, 0) != '\r') {
            wrong(&r, "more on a line than a value");
            return NULL;
        }
    }
    return root;
}
