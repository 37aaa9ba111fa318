#include "image/config.h"

#include <string.h>

#include "base/limits.h"
#include "image/json_read.h"
#include "image/reference.h"

enum { HISTORY_MOST = 10000 };

static bool parse_diff_ids(struct arena *arena, struct image_config *out, struct error *err)
{
    json_t *rootfs, *array;
    if (!json_read_object(out->document, "rootfs", &rootfs, err))
        return false;
    if (!rootfs)
        return true;
    if (!json_read_array(rootfs, "diff_ids", LIMIT_LAYERS, &array, err))
        return error_wrap(err, "rootfs");
    if (!array)
        return true;
    const char **list = arena_new_array(arena, const char *, json_array_size(array));
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (!text || !reference_is_digest(slice_of(text)))
            return error_set(err, ERROR_INPUT, "rootfs: diff_ids[%zu]: malformed digest", i);
        list[i] = arena_strdup(arena, text);
    }
    out->diff_ids = list;
    out->diff_id_count = json_array_size(array);
    return true;
}

static bool parse_history(struct arena *arena, struct image_config *out, struct error *err)
{
    json_t *array;
    if (!json_read_array(out->document, "history", HISTORY_MOST, &array, err))
        return false;
    if (!array)
        return true;
    struct image_history *list =
        arena_new_array(arena, struct image_history, json_array_size(array));
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        if (!json_read_text(item, "created", arena, &list[i].created, err) ||
            !json_read_text(item, "created_by", arena, &list[i].created_by, err) ||
            !json_read_text(item, "comment", arena, &list[i].comment, err) ||
            !json_read_text(item, "author", arena, &list[i].author, err))
            return error_wrap(err, "history[%zu]", i);
        list[i].empty_layer = json_is_true(json_object_get(item, "empty_layer"));
    }
    out->history = list;
    out->history_count = json_array_size(array);
    return true;
}

/* The struct's members from its document, after a parse and after an edit. */
static bool read_document(struct arena *arena, struct image_config *out, struct error *err)
{
    json_t *document = out->document;
    struct platform raw;
    *out = (struct image_config){.document = document};
    if (!json_read_text(document, "os", arena, &raw.os, err) ||
        !json_read_text(document, "architecture", arena, &raw.architecture, err) ||
        !json_read_text(document, "variant", arena, &raw.variant, err) ||
        !json_read_text(document, "os.version", arena, &raw.os_version, err) ||
        !json_read_text(document, "created", arena, &out->created, err) ||
        !json_read_object(document, "config", &out->settings, err) ||
        !parse_diff_ids(arena, out, err) || !parse_history(arena, out, err))
        return error_wrap(err, "image config");
    out->platform = platform_normalise(arena, raw);
    return true;
}

bool image_config_parse(struct arena *arena, struct slice bytes, struct image_config *out,
                        struct error *err)
{
    *out = (struct image_config){0};
    out->document =
        json_read_document(arena, "image config", bytes, LIMIT_CONFIG_BYTES, false, err);
    return out->document && read_document(arena, out, err);
}

static void release_document(void *document)
{
    json_decref(document);
}

void image_config_init(struct arena *arena, struct platform platform, struct image_config *out)
{
    json_t *document =
        json_pack("{s:s, s:s, s:{}, s:{s:s, s:[]}, s:[]}", "architecture", platform.architecture,
                  "os", platform.os, "config", "rootfs", "type", "layers", "diff_ids", "history");
    struct error ignored;
    if (platform.variant && *platform.variant)
        json_object_set_new(document, "variant", json_string(platform.variant));
    arena_defer(arena, release_document, document);
    *out = (struct image_config){.document = document};
    read_document(arena, out, &ignored);
}

const char *image_config_label(const struct image_config *config, const char *name)
{
    const char *value =
        json_string_value(json_object_get(json_object_get(config->settings, "Labels"), name));
    return value ? value : "";
}

const char *image_config_env(struct arena *arena, const struct image_config *config,
                             const char *name)
{
    const json_t *env = json_object_get(config->settings, "Env");
    size_t length = strlen(name);
    for (size_t i = json_array_size(env); i-- > 0;) {
        const char *line = json_string_value(json_array_get(env, i));
        if (line && strncmp(line, name, length) == 0 && line[length] == '=')
            return arena_strdup(arena, line + length + 1);
    }
    return "";
}

bool image_config_history_of_layer(const struct image_config *config, size_t layer, size_t *out)
{
    size_t full = 0;
    bool found = false;
    for (size_t i = 0; i < config->history_count; i++) {
        if (config->history[i].empty_layer)
            continue;
        if (full++ == layer) {
            *out = i;
            found = true;
        }
    }
    return found && full == config->diff_id_count;
}

bool image_config_cut(struct arena *arena, struct image_config *config, size_t from,
                      struct error *err)
{
    size_t entry;
    json_t *diff_ids = json_object_get(json_object_get(config->document, "rootfs"), "diff_ids");
    json_t *history = json_object_get(config->document, "history");
    if (from >= config->diff_id_count)
        return true;
    if (image_config_history_of_layer(config, from, &entry))
        while (json_array_size(history) > entry)
            json_array_remove(history, json_array_size(history) - 1);
    while (json_array_size(diff_ids) > from)
        json_array_remove(diff_ids, json_array_size(diff_ids) - 1);
    return read_document(arena, config, err);
}

/* The member of that type, made if it is absent. */
static json_t *member(json_t *object, const char *name, json_t *(*make)(void))
{
    json_t *value = json_object_get(object, name);
    if (value && !json_is_null(value))
        return value;
    json_object_set_new(object, name, make());
    return json_object_get(object, name);
}

bool image_config_append(struct arena *arena, struct image_config *config, const char *diff_id,
                         struct image_history history, struct error *err)
{
    if (!reference_is_digest(slice_of(diff_id)))
        return error_set(err, ERROR_FATAL, "image config: malformed diff_id");
    if (config->diff_id_count >= LIMIT_LAYERS)
        return error_set(err, ERROR_INPUT, "image config: more than %d layers", LIMIT_LAYERS);
    json_t *rootfs = member(config->document, "rootfs", json_object);
    json_t *entry = json_object();
    const struct {
        const char *name, *value;
    } texts[] = {{"created", history.created},
                 {"created_by", history.created_by},
                 {"author", history.author},
                 {"comment", history.comment}};
    for (size_t i = 0; i < array_count(texts); i++)
        if (texts[i].value && *texts[i].value)
            json_object_set_new(entry, texts[i].name, json_string(texts[i].value));
    if (!json_object_get(rootfs, "type"))
        json_object_set_new(rootfs, "type", json_string("layers"));
    json_array_append_new(member(rootfs, "diff_ids", json_array), json_string(diff_id));
    json_array_append_new(member(config->document, "history", json_array), entry);
    return read_document(arena, config, err);
}

bool image_config_set_created(struct arena *arena, struct image_config *config, const char *created,
                              struct error *err)
{
    json_object_set_new(config->document, "created", json_string(created));
    return read_document(arena, config, err);
}

bool image_config_set_label(struct arena *arena, struct image_config *config, const char *name,
                            const char *value, struct error *err)
{
    json_t *settings = member(config->document, "config", json_object);
    json_t *labels = member(settings, "Labels", json_object);
    if (!json_is_object(labels) || json_object_set_new(labels, name, json_string(value)) != 0)
        return error_set(err, ERROR_INPUT, "image config: label %.100s cannot be set", name);
    return read_document(arena, config, err);
}

bool image_config_encode(struct arena *arena, const struct image_config *config, struct slice *out,
                         struct error *err)
{
    *out = json_write(arena, config->document);
    return out->length <= LIMIT_CONFIG_BYTES ||
           error_set(err, ERROR_INPUT, "image config: more than %d bytes", LIMIT_CONFIG_BYTES);
}
