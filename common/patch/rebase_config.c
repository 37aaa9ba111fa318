#include <stdlib.h>
#include <string.h>

#include "patch/image_rebase.h"

static void release_json(void *object)
{
    json_decref(object);
}

static json_t *owned(struct arena *arena, json_t *object)
{
    arena_defer(arena, release_json, object);
    return object;
}

static bool equal(const json_t *a, const json_t *b)
{
    return (!a && !b) || (a && b && json_equal(a, b)) || (!a && json_is_null(b)) ||
           (!b && json_is_null(a));
}

/* Key by key: what the application left as the old base had it follows the new base. */
static void merge_object(json_t *app, const json_t *new, const json_t *old, const char *const *skip)
{
    const char *key;
    json_t *value;
    json_t *names = json_object();

    json_object_foreach(app, key, value) json_object_set_new(names, key, json_true());
    json_object_foreach((json_t *)(uintptr_t) new, key, value)
        json_object_set_new(names, key, json_true());
    json_object_foreach(names, key, value)
    {
        bool skipped = false;
        for (size_t i = 0; skip && skip[i]; i++)
            skipped |= strcmp(skip[i], key) == 0;
        json_t *a = json_object_get(app, key), *n = json_object_get(new, key);
        if (skipped || !equal(a, json_object_get(old, key)))
            continue;
        if (n)
            json_object_set(app, key, n);
        else
            json_object_del(app, key);
    }
    json_decref(names);
}

static const char *env_find(const json_t *env, const char *name, size_t length)
{
    for (size_t i = 0; i < json_array_size(env); i++) {
        const char *text = json_string_value(json_array_get(env, i));
        if (text && strncmp(text, name, length) == 0 && text[length] == '=')
            return text;
    }
    return NULL;
}

static json_t *merge_env(struct arena *arena, const json_t *app, const json_t *new,
                         const json_t *old, struct engine_report *report)
{
    json_t *out = json_array();

    for (size_t i = 0; i < json_array_size(app); i++) {
        const char *text = json_string_value(json_array_get(app, i));
        size_t length = text ? strcspn(text, "=") : 0;
        if (!length)
            continue;
        const char *before = env_find(old, text, length), *now = env_find(new, text, length);
        if (before && strcmp(before, text) == 0) {
            if (now)
                json_array_append_new(out, json_string(now));
            continue;
        }
        const char *value = before ? before + length + 1 : NULL;
        if (value && *value && strstr(text + length + 1, value) && now && strcmp(now, before) != 0)
            engine_note(arena, report, "", arena_strndup(arena, text, length),
                        "needs test: the application's value holds the old base's, which changed");
        json_array_append_new(out, json_string(text));
    }
    for (size_t i = 0; i < json_array_size(new); i++) {
        const char *text = json_string_value(json_array_get(new, i));
        size_t length = text ? strcspn(text, "=") : 0;
        if (length && !env_find(app, text, length) && !env_find(old, text, length))
            json_array_append_new(out, json_string(text));
    }
    return out;
}

static void merge_settings(struct arena *arena, json_t *app, const json_t *new, const json_t *old,
                           struct engine_report *report)
{
    static const char *const apart[] = {"Env", "Labels", "ExposedPorts", "Volumes", NULL};
    json_t *env = merge_env(arena, json_object_get(app, "Env"), json_object_get(new, "Env"),
                            json_object_get(old, "Env"), report);

    merge_object(app, new, old, apart);
    for (size_t i = 1; apart[i]; i++) {
        json_t *a = json_object_get(app, apart[i]), *n = json_object_get(new, apart[i]);
        if (json_is_object(n) && !json_is_object(a))
            json_object_set_new(app, apart[i], a = json_object());
        if (json_is_object(n) && json_is_object(a))
            merge_object(json_object_get(app, apart[i]), n, json_object_get(old, apart[i]), NULL);
    }
    json_object_set_new(app, "Env", env);
}

/* How many history entries belong to the first `layers` layers, with the empty ones after them as
 * far as the old base has them too. */
static size_t history_of(const json_t *history, size_t layers, const json_t *old_history,
                         size_t old_layers)
{
    size_t seen = 0, at = 0;

    for (; at < json_array_size(history) && seen < layers; at++)
        seen += !json_is_true(json_object_get(json_array_get(history, at), "empty_layer"));
    size_t old_seen = 0, old_at = 0;
    for (; old_at < json_array_size(old_history) && old_seen < old_layers; old_at++)
        old_seen +=
            !json_is_true(json_object_get(json_array_get(old_history, old_at), "empty_layer"));
    while (at < json_array_size(history) && old_at < json_array_size(old_history) &&
           json_is_true(json_object_get(json_array_get(history, at), "empty_layer")) &&
           json_equal(json_array_get(history, at), json_array_get(old_history, old_at))) {
        at++;
        old_at++;
    }
    return at;
}

static json_t *splice_history(const json_t *app, const json_t *new, size_t app_from, size_t kept)
{
    json_t *out = json_array();
    size_t layers = 0;

    for (size_t i = 0; i < json_array_size(new); i++)
        json_array_append(out, json_array_get(new, i));
    for (size_t i = app_from; i < json_array_size(app); i++) {
        json_t *entry = json_array_get(app, i);
        bool empty = json_is_true(json_object_get(entry, "empty_layer"));
        if (!empty && layers++ >= kept)
            continue;
        json_array_append(out, entry);
    }
    return out;
}

bool rebase_config(struct arena *arena, const struct image_config *app,
                   const struct image_config *new, const struct image_config *old,
                   size_t base_layers, size_t kept_layers, struct image_config *out,
                   struct engine_report *report, struct error *err)
{
    json_t *document = owned(arena, json_deep_copy(app->document));
    const json_t *new_history = json_object_get(new->document, "history");
    const json_t *app_history = json_object_get(app->document, "history");
    json_t *diff_ids = json_array(), *rootfs = json_object_get(document, "rootfs");
    static const char *const platform[] = {"os", "architecture", "variant", "os.version"};

    for (size_t i = 0; i < new->diff_id_count; i++)
        json_array_append_new(diff_ids, json_string(new->diff_ids[i]));
    for (size_t i = 0; i < kept_layers; i++)
        json_array_append_new(diff_ids, json_string(app->diff_ids[base_layers + i]));
    json_object_set_new(rootfs, "diff_ids", diff_ids);
    if (app_history || new_history) {
        const json_t *old_history = old ? json_object_get(old->document, "history") : new_history;
        size_t from = history_of(app_history, base_layers, old_history,
                                 old ? old->diff_id_count : base_layers);
        json_object_set_new(document, "history",
                            splice_history(app_history, new_history, from, kept_layers));
    }
    for (size_t i = 0; i < array_count(platform); i++) {
        json_t *value = json_object_get(new->document, platform[i]);
        if (value)
            json_object_set(document, platform[i], value);
    }
    const json_t *new_settings = json_object_get(new->document, "config");
    const json_t *old_settings = old ? json_object_get(old->document, "config") : new_settings;
    json_t *settings = json_object_get(document, "config");
    if (json_is_object(settings) && json_is_object(new_settings))
        merge_settings(arena, settings, new_settings, old_settings, report);
    char *text = json_dumps(document, JSON_COMPACT);
    if (!text)
        return error_set(err, ERROR_INPUT, "configuration: cannot be written");
    struct slice bytes = slice_of(arena_strdup(arena, text));
    free(text);
    return image_config_parse(arena, bytes, out, err);
}
