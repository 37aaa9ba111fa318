#include <stdlib.h>
#include <string.h>

#include "service/db_internal.h"

static bool is_inside(const struct db_rows *rows, size_t row, int column)
{
    return rows->result && rows->result->pg && row < rows->count && column >= 0 &&
           column < PQnfields(rows->result->pg);
}

bool row_is_null(const struct db_rows *rows, size_t row, int column)
{
    return !is_inside(rows, row, column) || PQgetisnull(rows->result->pg, (int)row, column);
}

const char *row_text(const struct db_rows *rows, size_t row, int column)
{
    return row_is_null(rows, row, column) ? NULL : PQgetvalue(rows->result->pg, (int)row, column);
}

int64_t row_i64(const struct db_rows *rows, size_t row, int column)
{
    const char *text = row_text(rows, row, column);
    return text ? strtoll(text, NULL, 10) : 0;
}

double row_f64(const struct db_rows *rows, size_t row, int column)
{
    const char *text = row_text(rows, row, column);
    return text ? strtod(text, NULL) : 0;
}

bool row_bool(const struct db_rows *rows, size_t row, int column)
{
    const char *text = row_text(rows, row, column);
    return text && *text == 't';
}

struct slice row_bytes(const struct db_rows *rows, size_t row, int column)
{
    const char *text = row_text(rows, row, column);
    size_t length = 0;
    if (!text)
        return (struct slice){0};
    unsigned char *bytes = PQunescapeBytea((const unsigned char *)text, &length);
    if (!bytes)
        abort();
    char *copy = arena_memdup(rows->result->arena, bytes, length);
    PQfreemem(bytes);
    return (struct slice){copy, length};
}

static size_t count_most(const char *text)
{
    size_t n = 1;
    for (; *text; text++)
        n += *text == ',';
    return n;
}

struct text_list row_texts(const struct db_rows *rows, size_t row, int column)
{
    const char *text = row_text(rows, row, column);
    struct text_list list = {0};
    if (!text || *text != '{' || text[1] == '}')
        return list;
    /* Elements are cut from one copy, so that a long array costs its length once. */
    struct arena *arena = rows->result->arena;
    list.items = arena_new_array(arena, const char *, count_most(text));
    char *copy = arena_strdup(arena, text), *p = copy + 1;
    while (*p && *p != '}') {
        bool quoted = *p == '"';
        char *start = quoted ? ++p : p, *to = p, end = ',';
        while (*p && (quoted ? *p != '"' : *p != ',' && *p != '}')) {
            if (*p == '\\' && p[1])
                p++;
            *to++ = *p++;
        }
        if (quoted && *p)
            p++;
        end = *p;
        if (*p)
            p++;
        *to = '\0';
        list.items[list.count++] = !quoted && strcmp(start, "NULL") == 0 ? NULL : start;
        if (end != ',')
            break;
    }
    return list;
}

struct i64_list row_i64s(const struct db_rows *rows, size_t row, int column)
{
    const char *text = row_text(rows, row, column);
    struct i64_list list = {0};
    if (!text || *text != '{' || text[1] == '}')
        return list;
    list.items = arena_new_array(rows->result->arena, int64_t, count_most(text));
    while (*text && *text != '}') {
        char *end = NULL;
        list.items[list.count++] = strtoll(text + 1, &end, 10);
        if (end == text + 1)
            end += *end != '\0';
        text = end;
        while (*text && *text != ',' && *text != '}')
            text++;
    }
    return list;
}
