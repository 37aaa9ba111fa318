/* Lock files in YAML: pnpm-lock.yaml (lockfileVersion 5 to 9), pubspec.lock, Podfile.lock.
 * Documents are loaded as node graphs, so that aliases cost nothing. */
#include <string.h>
#include <yaml.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"
#include "inventory/readers/lock_graph.h"

struct document {
    yaml_parser_t parser;
    yaml_document_t yaml;
    bool loaded;
};

/* What is being read, for the functions that see one pair of a map. */
struct lock {
    struct reader_sink *sink;
    const struct reader_file *file;
    yaml_document_t *yaml;
    struct lock_graph graph; /* pnpm: who needs whom */
    struct slice from;
    bool development;
};

static void document_free(struct document *document)
{
    if (document->loaded)
        yaml_document_delete(&document->yaml);
    yaml_parser_delete(&document->parser);
}

/* The next document of the file; false at the end. */
static bool document_next(struct document *document, const struct reader_file *file,
                          struct reader_sink *sink)
{
    if (document->loaded)
        yaml_document_delete(&document->yaml);
    else
        yaml_parser_set_input_string(&document->parser, (const unsigned char *)file->bytes.data,
                                     file->bytes.length);
    document->loaded = yaml_parser_load(&document->parser, &document->yaml);
    if (!document->loaded)
        sink_warning(sink, "yaml", file->path, true, "line %zu: %s",
                     document->parser.problem_mark.line + 1,
                     document->parser.problem ? document->parser.problem : "unreadable");
    return document->loaded && yaml_document_get_root_node(&document->yaml);
}

static struct slice scalar(const yaml_node_t *node)
{
    if (!node || node->type != YAML_SCALAR_NODE)
        return slice_of("");
    return (struct slice){(const char *)node->data.scalar.value, node->data.scalar.length};
}

static yaml_node_t *member(yaml_document_t *yaml, const yaml_node_t *map, const char *key)
{
    if (!map || map->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
        if (slice_is(scalar(yaml_document_get_node(yaml, p->key)), key))
            return yaml_document_get_node(yaml, p->value);
    return NULL;
}

typedef void on_pair(struct lock *lock, struct slice key, const yaml_node_t *value);

static void each_pair(struct lock *lock, const yaml_node_t *map, on_pair *on)
{
    if (!map || map->type != YAML_MAPPING_NODE)
        return;
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
        on(lock, scalar(yaml_document_get_node(lock->yaml, p->key)),
           yaml_document_get_node(lock->yaml, p->value));
}

/* `before`, which may be NULL, sees each document first. */
static void read_map(const struct reader_file *file, struct reader_sink *sink, const char *key,
                     on_pair *on, void (*before)(struct lock *lock, const yaml_node_t *root))
{
    struct document document scoped(document_free) = {.loaded = false};
    if (!yaml_parser_initialize(&document.parser))
        return;
    while (document_next(&document, file, sink)) {
        struct lock lock = {.sink = sink,
                            .file = file,
                            .yaml = &document.yaml,
                            .graph = {.arena = sink->arena},
                            .from = {"", 0}};
        yaml_node_t *root = yaml_document_get_root_node(&document.yaml);
        if (before)
            before(&lock, root);
        each_pair(&lock, member(&document.yaml, root, key), on);
    }
}

static bool wants_pnpm(const char *path)
{
    return path_is_below(path, "pnpm-lock.yaml");
}

static bool is_version(struct slice text)
{
    return text.length && text.data[0] >= '0' && text.data[0] <= '9';
}

/* Where the "@" before the version stands; one at the front belongs to the name. */
static size_t find_at(struct slice key)
{
    size_t at = 1;
    while (at < key.length && key.data[at] != '@')
        at++;
    return at < key.length ? at : key.length;
}

static size_t count_slashes(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += text.data[i] == '/';
    return count;
}

/* A registry's host in front: "registry.npmjs.org/@a/b/1.0.0". */
static struct slice without_host(struct slice key)
{
    size_t slash = slice_find_byte(key, '/');
    struct slice first = slice_sub(key, 0, slash);
    bool host = slash < key.length && first.length && first.data[0] != '@' &&
                slice_find_byte(first, '.') < first.length;
    return host ? slice_sub(key, slash + 1, key.length) : key;
}

/* "/a/1.0.0_peer@2", "/@a/b@1.0.0(peer)", "a@1.0.0": the name and the version without peers. */
static bool split_key(struct slice key, struct slice *name, struct slice *version)
{
    if (slice_find(key, "://") < key.length)
        return false;
    key = slice_has_prefix(key, "/") ? slice_sub(key, 1, key.length) : without_host(key);
    key = lang_before(key, '(');
    size_t at = find_at(key);
    *name = slice_sub(key, 0, at);
    *version = slice_sub(key, at + 1, key.length);
    size_t own = slice_has_prefix(key, "@") ? 1 : 0;
    if (at < key.length && count_slashes(*name) <= own)
        return is_version(*version);
    at = name->length; /* lockfileVersion 5: name/version_peers */
    while (at > 0 && name->data[at - 1] != '/')
        at--;
    *version = lang_before(slice_sub(*name, at, name->length), '_');
    *name = slice_sub(*name, 0, at ? at - 1 : 0);
    return is_version(*version);
}

/* What packages go by in the graph: the key without peers. */
static struct slice graph_key(struct slice key)
{
    key = lang_before(key, '(');
    return slice_has_prefix(key, "/") ? slice_sub(key, 1, key.length) : key;
}

/* name: 1.0.0(peer@2.0.0), name: real@1.0.0 of an alias; an importer's value has a specifier too.
 */
static void on_need(struct lock *lock, struct slice name, const yaml_node_t *value)
{
    const yaml_node_t *stated = member(lock->yaml, value, "version");
    struct slice version = graph_key(scalar(stated ? stated : value));
    const char *key = arena_printf(lock->sink->arena, "%.*s@%.*s", (int)name.length, name.data,
                                   (int)version.length, version.data);
    lock_graph_edge(&lock->graph, lock->from, slice_of(key), lock->development);
    lock_graph_edge(&lock->graph, lock->from, version, lock->development);
}

static void needs(struct lock *lock, const yaml_node_t *of, const char *list, bool development)
{
    lock->development = development;
    each_pair(lock, member(lock->yaml, of, list), on_need);
}

static void on_snapshot(struct lock *lock, struct slice key, const yaml_node_t *value)
{
    lock->from = graph_key(key);
    needs(lock, value, "dependencies", false);
    needs(lock, value, "optionalDependencies", false);
}

static void on_importer(struct lock *lock, struct slice key, const yaml_node_t *value)
{
    (void)key;
    needs(lock, value, "dependencies", false);
    needs(lock, value, "optionalDependencies", false);
    needs(lock, value, "devDependencies", true);
}

/* lockfileVersion 9 marks nothing; earlier ones say "dev" themselves. */
static void before_pnpm(struct lock *lock, const yaml_node_t *root)
{
    each_pair(lock, member(lock->yaml, root, "importers"), on_importer);
    each_pair(lock, member(lock->yaml, root, "snapshots"), on_snapshot);
    lock_graph_settle(&lock->graph);
}

static bool is_development(const struct lock *lock, struct slice key, const yaml_node_t *value)
{
    const yaml_node_t *said = member(lock->yaml, value, "dev");
    return said ? slice_is(scalar(said), "true")
                : lock_graph_is_development(&lock->graph, graph_key(key));
}

static void on_pnpm(struct lock *lock, struct slice key, const yaml_node_t *value)
{
    struct slice name, version;
    struct slice said_name = scalar(member(lock->yaml, value, "name"));
    struct slice said_version = scalar(member(lock->yaml, value, "version"));
    bool good = split_key(key, &name, &version);
    if (!good) { /* a tarball or a commit: name@https://… */
        size_t at = find_at(key);
        name = at < key.length ? slice_sub(key, 0, at) : slice_of("");
        version = slice_of("");
    }
    lang_put(lock->sink, lock->file, "npm", said_name.length ? said_name : name,
             said_version.length ? said_version : version,
             is_development(lock, key, value) ? CONFIDENCE_DEVELOPMENT : lang_declared(lock->sink));
}

static void read_pnpm(const struct reader_file *file, struct reader_sink *sink)
{
    read_map(file, sink, "packages", on_pnpm, before_pnpm);
}

static bool wants_pub(const char *path)
{
    return path_is_below(path, "pubspec.lock");
}

static void on_pub(struct lock *lock, struct slice key, const yaml_node_t *value)
{
    lang_put(lock->sink, lock->file, "pub", key, scalar(member(lock->yaml, value, "version")),
             lang_declared(lock->sink));
}

static void read_pub(const struct reader_file *file, struct reader_sink *sink)
{
    read_map(file, sink, "packages", on_pub, NULL);
}

static bool wants_pods(const char *path)
{
    return path_is_below(path, "Podfile.lock");
}

/* "Name (1.0)" */
static void put_pod(struct reader_sink *sink, const struct reader_file *file, struct slice text)
{
    size_t open = slice_find(text, " (");
    struct slice version = lang_before(slice_sub(text, open + 2, text.length), ')');
    lang_put(sink, file, "cocoapods", slice_sub(text, 0, open), version, lang_declared(sink));
}

static void read_pods(const struct reader_file *file, struct reader_sink *sink)
{
    struct document document scoped(document_free) = {.loaded = false};
    if (!yaml_parser_initialize(&document.parser) || !document_next(&document, file, sink))
        return;
    yaml_document_t *yaml = &document.yaml;
    yaml_node_t *pods = member(yaml, yaml_document_get_root_node(yaml), "PODS");
    if (!pods || pods->type != YAML_SEQUENCE_NODE)
        return;
    for (yaml_node_item_t *i = pods->data.sequence.items.start; i < pods->data.sequence.items.top;
         i++) {
        yaml_node_t *node = yaml_document_get_node(yaml, *i);
        if (node && node->type == YAML_MAPPING_NODE &&
            node->data.mapping.pairs.start < node->data.mapping.pairs.top)
            node = yaml_document_get_node(yaml, node->data.mapping.pairs.start->key);
        put_pod(sink, file, scalar(node));
    }
}

const struct package_reader reader_pnpm_lock = {.name = "pnpm-lock",
                                                .wants = wants_pnpm,
                                                .read = read_pnpm,
                                                .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_pub_lock = {
    .name = "pub-lock", .wants = wants_pub, .read = read_pub, .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_pod_lock = {.name = "pod-lock",
                                               .wants = wants_pods,
                                               .read = read_pods,
                                               .most_bytes = LIMIT_SMALL_FILE_BYTES};
