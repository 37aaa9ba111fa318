#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/objects.h"

enum { COLUMNS_MOST = 16, CELL_MOST = 60 };

static json_t *at_path(json_t *object, const char *path, size_t length)
{
    while (object && length > 0) {
        char step[64];
        size_t n = 0;
        while (n < length && path[n] != '.')
            n++;
        if (n >= sizeof(step))
            return NULL;
        memcpy(step, path, n);
        step[n] = '\0';
        object = json_object_get(object, step);
        n += n < length;
        path += n;
        length -= n;
    }
    return object;
}

/* Control characters of foreign texts must not reach a terminal. */
static void put_plain(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_put_byte(out, (unsigned char)*text < 32 || *text == 127 ? '?' : *text);
}

static void put_value(struct buf *out, json_t *value)
{
    size_t i;
    json_t *item;
    if (json_is_string(value)) {
        put_plain(out, json_string_value(value));
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, item)
        {
            buf_put_text(out, i ? "," : "");
            put_value(out, item);
        }
    } else if (json_is_object(value)) {
        char *text = json_dumps(value, JSON_COMPACT);
        buf_put_text(out, text);
        free(text);
    } else if (json_is_integer(value)) {
        buf_printf(out, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        buf_printf(out, "%g", json_real_value(value));
    } else if (json_is_boolean(value)) {
        buf_put_text(out, json_is_true(value) ? "yes" : "no");
    } else {
        buf_put_text(out, "-");
    }
    if (out->length == 0)
        buf_put_text(out, "-");
}

static void shorten(struct buf *cell)
{
    if (strncmp(buf_text(cell), "sha256:", 7) == 0 && cell->length == 71)
        return; /* digests stay whole: they are copied */
    if (cell->length > CELL_MOST) {
        size_t end = CELL_MOST;
        while (end > 0 && ((unsigned char)cell->data[end] & 0xC0) == 0x80)
            end--;
        cell->length = end;
        cell->data[end] = '\0';
        buf_put_text(cell, "…");
    }
}

static size_t shown_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

void print_object_table(const char *columns, json_t *items)
{
    const char *names[COLUMNS_MOST];
    size_t lengths[COLUMNS_MOST], widths[COLUMNS_MOST], count = 0, row;
    json_t *item;

    for (const char *at = columns; *at && count < COLUMNS_MOST; count++) {
        names[count] = at;
        lengths[count] = widths[count] = strcspn(at, " ");
        at += lengths[count];
        at += *at == ' ';
    }
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1) {
            for (size_t c = 0; c < count; c++) {
                int padding = c + 1 < count ? (int)(widths[c] - lengths[c] + 2) : 0;
                for (size_t k = 0; k < lengths[c]; k++)
                    putchar(names[c][k] == '_' ? ' ' : toupper((unsigned char)names[c][k]));
                printf("%*s", padding, "");
            }
            putchar('\n');
        }
        json_array_foreach(items, row, item)
        {
            for (size_t c = 0; c < count; c++) {
                struct buf cell scoped(buf_release) = {0};
                put_value(&cell, at_path(item, names[c], lengths[c]));
                shorten(&cell);
                size_t width = shown_width(buf_text(&cell));
                if (pass == 0 && width > widths[c])
                    widths[c] = width;
                if (pass == 1)
                    printf("%s%*s", buf_text(&cell),
                           c + 1 < count ? (int)(widths[c] - width + 2) : 0, "");
            }
            if (pass == 1)
                putchar('\n');
        }
    }
}

static void print_indented(json_t *value, int depth);

static void print_member(const char *name, json_t *value, int depth)
{
    bool nested = (json_is_object(value) && json_object_size(value) > 0) ||
                  (json_is_array(value) && json_is_object(json_array_get(value, 0)));
    if (nested) {
        printf("%*s%s:\n", depth * 2, "", name);
        print_indented(value, depth + 1);
    } else {
        struct buf text scoped(buf_release) = {0};
        put_value(&text, value);
        printf("%*s%s: %s\n", depth * 2, "", name, buf_text(&text));
    }
}

static void print_indented(json_t *value, int depth)
{
    const char *name;
    json_t *item;
    size_t i;
    if (json_is_array(value)) {
        json_array_foreach(value, i, item)
        {
            struct buf text scoped(buf_release) = {0};
            if (json_is_object(item)) {
                const char *key;
                json_t *member;
                json_object_foreach(item, key, member)
                {
                    struct buf cell scoped(buf_release) = {0};
                    put_value(&cell, member);
                    buf_printf(&text, "%s%s=%s", text.length ? "  " : "", key, buf_text(&cell));
                }
            } else {
                put_value(&text, item);
            }
            printf("%*s- %s\n", depth * 2, "", buf_text(&text));
        }
        return;
    }
    json_object_foreach(value, name, item) print_member(name, item, depth);
}

void print_object(json_t *object)
{
    print_indented(object, 0);
}
