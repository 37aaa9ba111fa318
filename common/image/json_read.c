#include "image/json_read.h"

#include <stdlib.h>
#include <string.h>

static void release_json(void *object)
{
    json_decref(object);
}

json_t *json_read_document(struct arena *arena, const char *what, struct slice bytes, size_t most,
                           bool array_allowed, struct error *err)
{
    json_error_t where;
    if (bytes.length > most) {
        error_fill(err, ERROR_INPUT, "%s: more than %zu bytes", what, most);
        return NULL;
    }
    json_t *document =
        json_loadb(bytes.data ? bytes.data : "", bytes.length, JSON_REJECT_DUPLICATES, &where);
    if (!document) {
        error_fill(err, ERROR_INPUT, "%s: no JSON: %.160s at byte %d", what, where.text,
                   where.position);
        return NULL;
    }
    arena_defer(arena, release_json, document);
    if (!json_is_object(document) && !(array_allowed && json_is_array(document))) {
        error_fill(err, ERROR_INPUT, "%s: no JSON object", what);
        return NULL;
    }
    return document;
}

bool json_read_text(const json_t *object, const char *name, struct arena *arena, const char **out,
                    struct error *err)
{
    const json_t *value = json_object_get(object, name);
    *out = "";
    if (!value || json_is_null(value))
        return true;
    if (!json_is_string(value))
        return error_set(err, ERROR_INPUT, "%s: not a text", name);
    *out = arena_strdup(arena, json_string_value(value));
    return true;
}

bool json_read_i64(const json_t *object, const char *name, int64_t fallback, int64_t *out,
                   struct error *err)
{
    const json_t *value = json_object_get(object, name);
    *out = fallback;
    if (!value || json_is_null(value))
        return true;
    if (!json_is_integer(value))
        return error_set(err, ERROR_INPUT, "%s: not a whole number", name);
    *out = json_integer_value(value);
    return true;
}

bool json_read_object(const json_t *object, const char *name, json_t **out, struct error *err)
{
    json_t *value = json_object_get(object, name);
    *out = NULL;
    if (!value || json_is_null(value))
        return true;
    if (!json_is_object(value))
        return error_set(err, ERROR_INPUT, "%s: not an object", name);
    *out = value;
    return true;
}

bool json_read_array(const json_t *object, const char *name, size_t most, json_t **out,
                     struct error *err)
{
    json_t *value = json_object_get(object, name);
    *out = NULL;
    if (!value || json_is_null(value))
        return true;
    if (!json_is_array(value))
        return error_set(err, ERROR_INPUT, "%s: not a list", name);
    if (json_array_size(value) > most)
        return error_set(err, ERROR_INPUT, "%s: more than %zu entries", name, most);
    *out = value;
    return true;
}

struct slice json_write(struct arena *arena, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        abort();
    size_t length = strlen(text);
    struct slice out = {.data = arena_memdup(arena, text, length + 1), .length = length};
    free(text);
    return out;
}
