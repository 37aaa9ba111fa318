#include "base/codec.h"

#include <jansson.h>
#include <string.h>

#include "base/limits.h"

static bool wrong(struct error *err, const char *what, const char *name, const char *why)
{
    return error_set(err, ERROR_INPUT, "%s: %s: %s", what, name, why);
}

static bool decode_text(const json_t *value, size_t most, struct arena *arena, const char **out,
                        const char **why)
{
    if (!json_is_string(value)) {
        *why = "not a text";
        return false;
    }
    size_t length = json_string_length(value);
    const char *text = json_string_value(value);
    if (length > most) {
        *why = "too long";
        return false;
    }
    if (strlen(text) != length) {
        *why = "contains a NUL";
        return false;
    }
    *out = arena_strndup(arena, text, length);
    return true;
}

static bool decode_number(const json_t *value, int64_t *out, const char **why)
{
    *why = "not a number";
    if (!json_is_integer(value))
        return false;
    *out = (int64_t)json_integer_value(value);
    return true;
}

static bool decode_list(const struct field *field, const json_t *value, struct arena *arena,
                        void *at, const char **why)
{
    size_t count = json_array_size(value);
    *why = json_is_array(value) ? "too many items" : "not a list";
    if (!json_is_array(value) || count > (field->most ? field->most : FIELD_LIST_MOST))
        return false;
    if (field->kind == FIELD_TEXTS) {
        struct text_list *list = at;
        list->items = arena_new_array(arena, const char *, count);
        for (list->count = 0; list->count < count; list->count++) {
            if (!decode_text(json_array_get(value, list->count), FIELD_TEXT_MOST, arena,
                             &list->items[list->count], why))
                return false;
        }
        return true;
    }
    struct i64_list *list = at;
    list->items = arena_new_array(arena, int64_t, count);
    for (list->count = 0; list->count < count; list->count++) {
        if (!decode_number(json_array_get(value, list->count), &list->items[list->count], why))
            return false;
    }
    return true;
}

static void release_text(void *text)
{
    free(text);
}

static bool decode_field(const struct field *field, const json_t *value, struct arena *arena,
                         void *at, const char **why)
{
    switch (field->kind) {
    case FIELD_TEXT:
        return decode_text(value, field->most ? field->most : FIELD_TEXT_MOST, arena, at, why);
    case FIELD_I64:
        return decode_number(value, at, why);
    case FIELD_BOOL:
        *why = "neither true nor false";
        *(bool *)at = json_is_true(value);
        return json_is_boolean(value);
    case FIELD_JSON: {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
        *why = "cannot be kept";
        if (!text)
            return false;
        arena_defer(arena, release_text, text);
        ((struct json_text *)at)->text = text;
        return true;
    }
    case FIELD_TEXTS:
    case FIELD_I64S:
        return decode_list(field, value, arena, at, why);
    }
    return false;
}

static bool check_unknown(const char *what, const struct field *fields, size_t count,
                          json_t *object, struct error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        size_t i = 0;
        while (i < count && strcmp(fields[i].name, key) != 0)
            i++;
        if (i == count)
            return wrong(err, what, key, "unknown field");
    }
    return true;
}

static void release_json(json_t **value)
{
    json_decref(*value);
}

bool codec_decode(const char *what, const struct field *fields, size_t count,
                  enum codec_unknown unknown, struct slice json, struct arena *arena, void *out,
                  struct error *err)
{
    json_error_t problem;
    json_t *object scoped(release_json) =
        json_loadb(json.data, json.length, JSON_REJECT_DUPLICATES, &problem);
    if (!object)
        return error_set(err, ERROR_INPUT, "%s: not JSON: line %d: %s", what, problem.line,
                         problem.text);
    if (!json_is_object(object))
        return error_set(err, ERROR_INPUT, "%s: not a JSON object", what);
    if (unknown == CODEC_REFUSE_UNKNOWN && !check_unknown(what, fields, count, object, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, fields[i].name);
        const char *why = NULL;
        if (!value || json_is_null(value)) {
            if (fields[i].required)
                return wrong(err, what, fields[i].name, "missing");
            continue;
        }
        if (!decode_field(&fields[i], value, arena, (char *)out + fields[i].offset, &why))
            return wrong(err, what, fields[i].name, why ? why : "wrong");
    }
    return true;
}

static bool is_absent(const struct field *field, const void *at)
{
    switch (field->kind) {
    case FIELD_TEXT:
        return !*(const char *const *)at;
    case FIELD_JSON:
        return !((const struct json_text *)at)->text;
    case FIELD_TEXTS:
        return !field->required && ((const struct text_list *)at)->count == 0;
    case FIELD_I64S:
        return !field->required && ((const struct i64_list *)at)->count == 0;
    case FIELD_I64:
    case FIELD_BOOL:
        return false;
    }
    return true;
}

static void encode_field(const struct field *field, const void *at, struct buf *out)
{
    switch (field->kind) {
    case FIELD_TEXT:
        buf_put_json(out, slice_of(*(const char *const *)at));
        break;
    case FIELD_I64:
        buf_printf(out, "%lld", (long long)*(const int64_t *)at);
        break;
    case FIELD_BOOL:
        buf_put_text(out, *(const bool *)at ? "true" : "false");
        break;
    case FIELD_JSON:
        buf_put_text(out, ((const struct json_text *)at)->text);
        break;
    case FIELD_TEXTS: {
        const struct text_list *list = at;
        for (size_t i = 0; i < list->count; i++) {
            buf_put_byte(out, i ? ',' : '[');
            buf_put_json(out, slice_of(list->items[i]));
        }
        buf_put_text(out, list->count ? "]" : "[]");
        break;
    }
    case FIELD_I64S: {
        const struct i64_list *list = at;
        for (size_t i = 0; i < list->count; i++)
            buf_printf(out, "%c%lld", i ? ',' : '[', (long long)list->items[i]);
        buf_put_text(out, list->count ? "]" : "[]");
        break;
    }
    }
}

void codec_encode(const struct field *fields, size_t count, const void *in, struct buf *out)
{
    char separator = '{';
    for (size_t i = 0; i < count; i++) {
        const void *at = (const char *)in + fields[i].offset;
        if (is_absent(&fields[i], at))
            continue;
        buf_put_byte(out, separator);
        separator = ',';
        buf_put_json(out, slice_of(fields[i].name));
        buf_put_byte(out, ':');
        encode_field(&fields[i], at, out);
    }
    buf_put_text(out, separator == '{' ? "{}" : "}");
}
