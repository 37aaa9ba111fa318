#include "advisory/json_split.h"

#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "base/limits.h"

struct level {
    char *key; /* current member's name, heap */
    bool is_array;
};

struct splitter {
    const struct json_split *split;
    size_t path_length;
    struct level levels[LIMIT_JSON_DEPTH + 1]; /* containers outside an item */
    size_t depth;
    json_t *stack[LIMIT_JSON_DEPTH + 1]; /* containers of the item being built */
    char *stack_key[LIMIT_JSON_DEPTH + 1];
    size_t building;
    uint64_t items;
    struct error *err;
};

static void free_key(char **key)
{
    free(*key);
    *key = NULL;
}

/* Is the value about to begin an item? */
static bool at_item(const struct splitter *s)
{
    if (s->depth != s->path_length)
        return false;
    for (size_t i = 0; i < s->path_length; i++) {
        const char *want = s->split->path[i];
        if (s->levels[i].is_array ? strcmp(want, "[]") != 0
                                  : (strcmp(want, "*") != 0 &&
                                     (!s->levels[i].key || strcmp(want, s->levels[i].key) != 0)))
            return false;
    }
    return true;
}

static int hand_item(struct splitter *s, json_t *item)
{
    const char *keys[JSON_PATH_MOST] = {0};
    for (size_t i = 0; i < s->path_length; i++)
        keys[i] = s->levels[i].is_array ? NULL : s->levels[i].key;
    s->items++;
    bool ok = s->split->item(s->split->context, keys, item, s->err);
    json_decref(item);
    return ok;
}

/* A finished value: into its container, or out. Takes the reference. */
static int value_done(struct splitter *s, json_t *value)
{
    if (!value)
        return error_set(s->err, ERROR_INPUT, "a string is not UTF-8");
    if (s->building > 0) {
        json_t *parent = s->stack[s->building - 1];
        if (json_is_array(parent))
            return json_array_append_new(parent, value) == 0;
        char **key = &s->stack_key[s->building - 1];
        int done = json_object_set_new_nocheck(parent, *key ? *key : "", value) == 0;
        free_key(key);
        return done;
    }
    if (at_item(s))
        return hand_item(s, value);
    int ok = 1;
    if (s->depth == 1 && !s->levels[0].is_array && s->split->scalar && s->levels[0].key)
        ok = s->split->scalar(s->split->context, s->levels[0].key, value, s->err);
    json_decref(value);
    return ok;
}

static int container_begin(struct splitter *s, bool is_array)
{
    if (s->depth + s->building >= LIMIT_JSON_DEPTH)
        return error_set(s->err, ERROR_INPUT, "JSON deeper than %d", LIMIT_JSON_DEPTH);
    if (s->building > 0 || at_item(s)) {
        s->stack[s->building] = is_array ? json_array() : json_object();
        s->stack_key[s->building++] = NULL;
        return 1;
    }
    s->levels[s->depth++] = (struct level){NULL, is_array};
    return 1;
}

static int container_end(struct splitter *s)
{
    if (s->building > 0) {
        json_t *value = s->stack[--s->building];
        free_key(&s->stack_key[s->building]);
        s->stack[s->building] = NULL;
        return value_done(s, value);
    }
    if (s->depth > 0)
        free_key(&s->levels[--s->depth].key);
    return 1;
}

static int on_null(void *context)
{
    return value_done(context, json_null());
}

static int on_boolean(void *context, int value)
{
    return value_done(context, json_boolean(value));
}

static int on_number(void *context, const char *text, size_t length)
{
    char copy[64];
    int64_t integer;
    if (length >= sizeof(copy))
        return value_done(context, json_real(0));
    memcpy(copy, text, length);
    copy[length] = 0;
    if (slice_parse_i64((struct slice){text, length}, &integer))
        return value_done(context, json_integer(integer));
    double real = strtod(copy, NULL);
    return value_done(context, json_real(real - real == 0 ? real : 0));
}

static int on_string(void *context, const unsigned char *text, size_t length)
{
    return value_done(context, json_stringn((const char *)text, length));
}

static int on_key(void *context, const unsigned char *text, size_t length)
{
    struct splitter *s = context;
    char *key = strndup((const char *)text, length);
    if (!key)
        abort();
    char **place = s->building > 0 ? &s->stack_key[s->building - 1] : &s->levels[s->depth - 1].key;
    free_key(place);
    *place = key;
    return 1;
}

static int on_map_begin(void *context)
{
    return container_begin(context, false);
}

static int on_array_begin(void *context)
{
    return container_begin(context, true);
}

static int on_end(void *context)
{
    return container_end(context);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_map_begin,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_array_begin,
    .yajl_end_array = on_end,
};

static void splitter_release(struct splitter *s)
{
    for (size_t i = 0; i < LIMIT_JSON_DEPTH; i++) {
        free_key(&s->levels[i].key);
        free_key(&s->stack_key[i]);
        if (s->stack[i])
            json_decref(s->stack[i]);
    }
}

static bool parse_failed(yajl_handle handle, struct splitter *s, const void *data, size_t length)
{
    if (s->err->kind != ERROR_NONE)
        return false;
    unsigned char *text = yajl_get_error(handle, 0, data, length);
    error_fill(s->err, ERROR_INPUT, "malformed JSON: %.200s", text ? (const char *)text : "");
    if (text)
        yajl_free_error(handle, text);
    return false;
}

static bool parse_all(yajl_handle handle, struct feed_stream *in, struct splitter *s)
{
    unsigned char block[65536];
    for (;;) {
        long got = in->read(in->context, block, sizeof(block), s->err);
        if (got < 0)
            return false;
        if (got == 0)
            break;
        if (yajl_parse(handle, block, (size_t)got) != yajl_status_ok)
            return parse_failed(handle, s, block, (size_t)got);
    }
    if (yajl_complete_parse(handle) != yajl_status_ok)
        return parse_failed(handle, s, NULL, 0);
    return true;
}

bool json_split_run(struct feed_stream *in, const struct json_split *split, uint64_t *items,
                    struct error *err)
{
    struct splitter s = {.split = split, .err = err};
    *err = (struct error){0};
    while (s.path_length < JSON_PATH_MOST && split->path[s.path_length])
        s.path_length++;
    yajl_handle handle = yajl_alloc(&callbacks, NULL, &s);
    if (!handle)
        abort();
    bool ok = parse_all(handle, in, &s);
    yajl_free(handle);
    splitter_release(&s);
    *items = s.items;
    return ok;
}

const char *json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

const json_t *json_at(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

static void release_json(void *object)
{
    json_decref(object);
}

json_t *json_document(struct slice bytes, struct arena *arena, struct error *err)
{
    json_error_t problem;
    json_t *root =
        json_loadb(bytes.data ? bytes.data : "", bytes.length, JSON_DECODE_ANY, &problem);
    if (!root) {
        error_fill(err, ERROR_INPUT, "malformed JSON, line %d: %s", problem.line, problem.text);
        return NULL;
    }
    arena_defer(arena, release_json, root);
    return root;
}
