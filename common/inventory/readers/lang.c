#include "inventory/readers/lang.h"

#include <string.h>

#include "inventory/readers/lock_graph.h"

/* PEP 503: lower case, runs of "-_." are one "-". */
static struct slice normal_name(struct reader_sink *sink, struct slice name)
{
    char *out = arena_alloc(sink->arena, name.length + 1);
    size_t length = 0;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        bool joint = c == '-' || c == '_' || c == '.';
        if (joint && (length == 0 || out[length - 1] == '-'))
            continue;
        out[length++] = joint ? '-' : c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return (struct slice){out, length};
}

void lang_put(struct reader_sink *sink, const struct reader_file *file, const char *type,
              struct slice name, struct slice version, enum confidence confidence)
{
    name = slice_trim(name);
    version = slice_trim(version);
    if (name.length == 0 || version.length == 0)
        return;
    if (strcmp(type, "pypi") == 0)
        name = normal_name(sink, name);
    struct component component = {.type = type,
                                  .name = slice_string(sink->arena, name),
                                  .version = slice_string(sink->arena, version)};
    sink_package(sink, component, file->path, confidence);
}

json_t *lang_json(const struct reader_file *file, struct reader_sink *sink)
{
    json_error_t error;
    struct slice text = file->bytes;
    if (slice_has_prefix(text, "\xef\xbb\xbf"))
        text = slice_sub(text, 3, text.length);
    json_t *json = json_loadb(text.data ? text.data : "", text.length, 0, &error);
    if (!json)
        sink_warning(sink, "json", file->path, true, "line %d: %s", error.line, error.text);
    return json;
}

void lang_json_free(json_t **json)
{
    json_decref(*json);
}

struct slice lang_text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);
    return text ? (struct slice){text, json_string_length(value)} : slice_of("");
}

bool lang_is_inside_package(const char *path)
{
    static const char *const folders[] = {"node_modules/", "site-packages/", "dist-packages/",
                                          "/gems/"};
    const char *base = path_base(path);
    if (base[0] == '.' || strncmp(path_base(path), "lock.yaml", 9) == 0)
        return false; /* node_modules/.package-lock.json, node_modules/.pnpm/lock.yaml */
    for (size_t i = 0; i < array_count(folders); i++)
        if (strstr(path, folders[i]))
            return true;
    return false;
}

enum confidence lang_declared(const struct reader_sink *sink)
{
    if (lang_is_inside_package(sink->path))
        return CONFIDENCE_DEVELOPMENT;
    return sink->source_mode ? CONFIDENCE_INSTALLED : CONFIDENCE_DECLARED;
}

struct slice lang_unquote(struct slice text)
{
    text = slice_trim(text);
    if (text.length >= 2 && (text.data[0] == '"' || text.data[0] == '\'') &&
        text.data[text.length - 1] == text.data[0])
        return slice_sub(text, 1, text.length - 2);
    return text;
}

struct slice lang_before(struct slice text, char byte)
{
    return slice_sub(text, 0, slice_find_byte(text, byte));
}

static bool toml_header(struct toml *toml, struct slice line, struct toml_pair *pair)
{
    struct slice name = slice_trim(lang_before(line, '#'));
    while (slice_has_prefix(name, "["))
        name = slice_sub(name, 1, name.length);
    while (slice_has_suffix(name, "]"))
        name.length--;
    toml->table = slice_trim(name);
    toml->fresh = true;
    *pair = (struct toml_pair){.key = {"", 0}, .value = {"", 0}};
    return true;
}

/* Where the value's text ends on its line: after the closing quote, or before a comment. */
static struct slice toml_value(struct slice text, bool *quoted)
{
    text = slice_trim(text);
    char c = text.length ? text.data[0] : '\0';
    *quoted = c == '"' || c == '\'';
    if (!*quoted)
        return slice_trim(lang_before(text, '#'));
    text = slice_sub(text, 1, text.length);
    return lang_before(text, c);
}

/* Arrays and long strings run over lines: the rest of them is passed over. */
static void toml_skip(struct toml *toml, struct slice value)
{
    struct slice line;
    const char *close = slice_has_prefix(value, "\"\"\"") ? "\"\"\""
                        : slice_has_prefix(value, "'''")  ? "'''"
                        : slice_has_prefix(value, "[")    ? "]"
                                                          : NULL;
    if (!close)
        return;
    size_t open = strlen(close);
    struct slice tail = slice_sub(value, open == 1 ? 0 : open, value.length);
    if (slice_find(tail, close) < tail.length)
        return;
    while (slice_take_line(&toml->rest, &line)) {
        struct slice text = slice_trim(line);
        bool ends = open == 1 ? slice_has_prefix(text, "]") : slice_find(text, close) < text.length;
        if (ends)
            return;
    }
}

bool toml_next(struct toml *toml, struct toml_pair *pair)
{
    struct slice line;
    while (slice_take_line(&toml->rest, &line)) {
        line = slice_trim(line);
        if (line.length == 0 || line.data[0] == '#')
            continue;
        if (line.data[0] == '[')
            return toml_header(toml, line, pair);
        size_t equals = slice_find_byte(line, '=');
        if (equals == line.length)
            continue;
        struct slice value = slice_trim(slice_sub(line, equals + 1, line.length));
        pair->key = lang_unquote(slice_sub(line, 0, equals));
        pair->value = toml_value(value, &pair->quoted);
        toml_skip(toml, value);
        if (pair->key.length)
            return true;
    }
    return false;
}

void lang_toml_packages(const struct reader_file *file, struct reader_sink *sink, const char *table,
                        const char *type,
                        enum lang_use (*use)(struct slice key, struct slice value),
                        const struct lock_graph *graph)
{
    struct toml toml = {.rest = file->bytes, .table = {"", 0}};
    struct toml_pair pair;
    struct slice name = {"", 0}, version = {"", 0};
    enum lang_use used = LANG_USED;
    bool more;
    if (!slice_is_utf8(file->bytes))
        sink_warning(sink, "toml", file->path, true, "not UTF-8: packages may be missing");
    do {
        more = toml_next(&toml, &pair);
        if (!more || (pair.key.length == 0 && slice_is(toml.table, table))) {
            if (used == LANG_USED && graph && lock_graph_is_development(graph, name))
                used = LANG_DEVELOPMENT;
            if (used != LANG_OWN)
                lang_put(sink, file, type, name, version,
                         used == LANG_DEVELOPMENT ? CONFIDENCE_DEVELOPMENT : lang_declared(sink));
            name = version = slice_of("");
            used = LANG_USED;
        } else if (slice_is(toml.table, table)) {
            if (slice_is(pair.key, "name"))
                name = pair.value;
            else if (slice_is(pair.key, "version"))
                version = pair.value;
            else if (use && use(pair.key, pair.value) > used)
                used = use(pair.key, pair.value);
        }
    } while (more);
}
