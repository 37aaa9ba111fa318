/* npm: package.json of installed packages, package-lock.json (lockfileVersion 1 to 3) and
 * npm-shrinkwrap.json as npm documents them, bun.lock. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"
#include "inventory/readers/lock_graph.h"

enum { DEPTH_MOST = LIMIT_JSON_DEPTH };

static bool wants_package(const char *path)
{
    return path_is_below(path, "package.json");
}

static void read_package(const struct reader_file *file, struct reader_sink *sink)
{
    json_t *json scoped(lang_json_free) = lang_json(file, sink);
    bool installed = strstr(file->path, "node_modules/") != NULL;
    if (json)
        lang_put(sink, file, "npm", lang_text(json, "name"), lang_text(json, "version"),
                 installed ? CONFIDENCE_INSTALLED : CONFIDENCE_RECOGNISED);
}

static bool wants_lock(const char *path)
{
    return path_is_below(path, "package-lock.json") || path_is_below(path, "npm-shrinkwrap.json") ||
           path_is_below(path, ".package-lock.json");
}

/* What stands for a version but names a place ("git+ssh://…", "file:…") is none. */
static bool is_place(struct slice version)
{
    return slice_find(version, ":") < version.length ||
           slice_find_byte(version, '/') < version.length;
}

static void put(struct reader_sink *sink, const struct reader_file *file, struct slice name,
                struct slice version, bool development)
{
    if (slice_has_prefix(version, "npm:")) { /* an alias: the real name and version */
        struct slice real = slice_sub(version, 4, version.length);
        size_t at = real.length;
        while (at > 1 && real.data[at - 1] != '@')
            at--;
        name = slice_sub(real, 0, at ? at - 1 : 0);
        version = slice_sub(real, at, real.length);
    }
    if (!is_place(version))
        lang_put(sink, file, "npm", name, version,
                 development ? CONFIDENCE_DEVELOPMENT : lang_declared(sink));
}

static bool is_development(const json_t *entry)
{
    return json_is_true(json_object_get(entry, "dev"));
}

/* "node_modules/a/node_modules/@b/c" is "@b/c"; what is not below node_modules is a workspace. */
static struct slice name_of(const char *path)
{
    static const char below[] = "node_modules/";
    const char *last = NULL;
    for (const char *at = path; (at = strstr(at, below)); at++)
        last = at;
    return slice_of(last ? last + strlen(below) : "");
}

static void read_dependencies(struct reader_sink *sink, const struct reader_file *file,
                              json_t *dependencies, int depth)
{
    const char *name;
    json_t *entry;
    if (depth > DEPTH_MOST)
        return;
    json_object_foreach(dependencies, name, entry)
    {
        struct slice below = name_of(name);
        put(sink, file, below.length ? below : slice_of(name), lang_text(entry, "version"),
            is_development(entry));
        read_dependencies(sink, file, json_object_get(entry, "dependencies"), depth + 1);
    }
}

static void read_lock(const struct reader_file *file, struct reader_sink *sink)
{
    json_t *json scoped(lang_json_free) = lang_json(file, sink), *entry;
    json_t *packages = json_object_get(json, "packages");
    const char *path;
    if (!json_is_object(packages)) {
        read_dependencies(sink, file, json_object_get(json, "dependencies"), 0);
        return;
    }
    json_object_foreach(packages, path, entry)
    {
        struct slice name = lang_text(entry, "name");
        struct slice place = name_of(path);
        if (place.length == 0 || json_is_true(json_object_get(entry, "link")))
            continue;
        put(sink, file, name.length ? name : place, lang_text(entry, "version"),
            is_development(entry));
    }
}

static bool wants_bun(const char *path)
{
    return path_is_below(path, "bun.lock");
}

/* bun.lock is JSON with comments and with commas left at the ends: blanked out of a copy. */
static void strip_comments(struct buf *text)
{
    bool string = false;
    for (size_t i = 0; i + 1 < text->length; i++) {
        if (text->data[i] == '\\' && string)
            i++;
        else if (text->data[i] == '"')
            string = !string;
        else if (!string && text->data[i] == '/' && text->data[i + 1] == '/')
            while (i < text->length && text->data[i] != '\n')
                text->data[i++] = ' ';
    }
}

static void strip_commas(struct buf *text)
{
    bool string = false;
    for (size_t i = 0; i < text->length; i++) {
        if (text->data[i] == '\\' && string)
            i++;
        else if (text->data[i] == '"')
            string = !string;
        else if (text->data[i] == ',' && !string) {
            size_t n = i + 1;
            while (n < text->length && strchr(" \t\r\n", text->data[n]) && text->data[n])
                n++;
            if (n < text->length && (text->data[n] == '}' || text->data[n] == ']'))
                text->data[i] = ' ';
        }
    }
}

/* "@a/b/c" → "@a/b" → "": how much of a key is left without its last name. */
static size_t bun_above(const char *key, size_t length)
{
    const char *slash = memrchr(key, '/', length);
    size_t above = slash ? (size_t)(slash - key) : 0;
    const char *before = above ? memrchr(key, '/', above) : NULL;
    size_t start = before ? (size_t)(before - key) + 1 : 0;
    if (above > 0 && key[start] == '@') /* what is left ends in a scope */
        return start > 0 ? start - 1 : 0;
    return above;
}

/* Where bun put the package `name` for one that stands at `from`: "from/name", or the same some
 * levels up, or "name". */
static const char *bun_place(struct arena *arena, const json_t *packages, const char *from,
                             const char *name)
{
    for (size_t length = strlen(from); length > 0; length = bun_above(from, length)) {
        const char *key = arena_printf(arena, "%.*s/%s", (int)length, from, name);
        if (json_object_get(packages, key))
            return key;
    }
    return name;
}

static void bun_needs(struct lock_graph *graph, const json_t *packages, const char *at,
                      json_t *stated, bool root)
{
    static const char *const lists[] = {"dependencies", "optionalDependencies", "peerDependencies",
                                        "devDependencies"};
    const char *name;
    json_t *range;
    for (size_t i = 0; i < array_count(lists); i++) {
        bool development = i == 3;
        if (development && !root)
            continue;
        json_object_foreach(json_object_get(stated, lists[i]), name, range)
        {
            lock_graph_edge(graph, slice_of(root ? "" : at),
                            slice_of(bun_place(graph->arena, packages, at, name)), development);
        }
    }
}

/* workspaces: {"": {"name", "dependencies", "devDependencies", …}}, packages: {"name":
 * ["name@version", "registry", {"dependencies": …}, "integrity"]}. */
static void bun_graph(struct lock_graph *graph, const json_t *json, json_t *packages)
{
    const char *key;
    json_t *entry;
    size_t i;
    json_object_foreach(json_object_get(json, "workspaces"), key, entry)
    {
        bun_needs(graph, packages, slice_string(graph->arena, lang_text(entry, "name")), entry,
                  true);
    }
    json_object_foreach(packages, key, entry)
    {
        json_t *part;
        json_array_foreach(entry, i, part)
        {
            bun_needs(graph, packages, key, part, false);
        }
    }
    lock_graph_settle(graph);
}

static void read_bun(const struct reader_file *file, struct reader_sink *sink)
{
    struct buf text scoped(buf_release) = {0};
    buf_put_slice(&text, file->bytes);
    strip_comments(&text);
    strip_commas(&text);
    const struct reader_file clean = {.path = file->path, .bytes = buf_slice(&text)};
    json_t *json scoped(lang_json_free) = lang_json(&clean, sink), *entry;
    json_t *packages = json_object_get(json, "packages");
    struct lock_graph graph = {.arena = sink->arena};
    const char *key;
    bun_graph(&graph, json, packages);
    json_object_foreach(packages, key, entry)
    {
        const char *id = json_string_value(json_array_get(entry, 0));
        const char *at = id ? strrchr(id, '@') : NULL;
        if (at && at > id)
            put(sink, file, (struct slice){id, (size_t)(at - id)}, slice_of(at + 1),
                lock_graph_is_development(&graph, slice_of(key)));
    }
}

const struct package_reader reader_npm_package = {.name = "npm-package",
                                                  .wants = wants_package,
                                                  .read = read_package,
                                                  .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_npm_lock = {
    .name = "npm-lock", .wants = wants_lock, .read = read_lock, .most_bytes = LIMIT_NESTED_BYTES};
const struct package_reader reader_bun_lock = {
    .name = "bun-lock", .wants = wants_bun, .read = read_bun, .most_bytes = LIMIT_NESTED_BYTES};
