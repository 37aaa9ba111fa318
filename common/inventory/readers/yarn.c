/* yarn.lock, of Yarn 1 (its own syntax) and of later ones (a plain subset of YAML): an entry begins
 * at the left margin with the patterns that it answers; its fields are indented. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"
#include "inventory/readers/lock_graph.h"

static bool wants(const char *path)
{
    return path_is_below(path, "yarn.lock");
}

/* "@a/b@npm:^1.0" → "@a/b", "npm:^1.0" */
static void split_pattern(struct slice pattern, struct slice *name, struct slice *range)
{
    size_t at = 1;
    while (at < pattern.length && pattern.data[at] != '@')
        at++;
    *name = slice_sub(pattern, 0, at);
    *range = slice_sub(pattern, at + 1, pattern.length);
}

struct entry {
    struct slice key; /* its first pattern, as it stands */
    struct slice name, version;
    bool local;
};

static bool is_local(struct slice range)
{
    return slice_has_prefix(range, "workspace:") || slice_has_prefix(range, "link:") ||
           slice_has_prefix(range, "portal:");
}

/* A protocol that Yarn does not have. */
static bool is_unknown(struct slice range)
{
    static const char *const known[] = {"npm",       "patch", "file",   "link",      "portal",
                                        "workspace", "http",  "https",  "git",       "ssh",
                                        "github",    "exec",  "gitlab", "bitbucket", "gist"};
    struct slice protocol = lang_before(range, ':');
    if (protocol.length == range.length || slice_find_byte(protocol, '+') < protocol.length)
        return false;
    for (size_t i = 0; i < protocol.length; i++)
        if (protocol.data[i] < 'a' || protocol.data[i] > 'z')
            return false;
    for (size_t i = 0; i < array_count(known); i++)
        if (slice_is(protocol, known[i]))
            return false;
    return true;
}

/* "https://host/…/@a/b/-/b-1.0.tgz" is of "@a/b". */
static struct slice name_of_tarball(struct slice url)
{
    size_t end = slice_find(url, "/-/"), at = end;
    if (end == url.length)
        return slice_of("");
    while (at > 0 && url.data[at - 1] != '/')
        at--;
    size_t scope = at > 0 ? at - 1 : 0;
    while (scope > 0 && url.data[scope - 1] != '/')
        scope--;
    if (url.data[scope] == '@')
        at = scope;
    struct slice name = slice_sub(url, at, end - at);
    return slice_find_byte(name, '%') < name.length ? slice_of("") : name;
}

static void begin(struct entry *entry, struct slice line)
{
    struct slice first, range;
    *entry = (struct entry){.version = {"", 0}};
    line = slice_trim(line);
    if (slice_has_suffix(line, ":"))
        line.length--;
    first = line;
    if (slice_has_prefix(first, "\"")) {
        first = slice_sub(first, 1, first.length);
        first = lang_before(first, '"');
    }
    first = slice_trim(lang_before(first, ','));
    entry->key = first;
    split_pattern(first, &entry->name, &range);
    entry->local = is_local(range);
    entry->local = entry->local || is_unknown(range);
    /* An alias: npm: and another name. */
    struct slice real = slice_sub(range, 4, range.length);
    if (slice_has_prefix(range, "npm:") && real.length &&
        (real.data[0] == '@' || (real.data[0] | 0x20) >= 'a'))
        split_pattern(real, &entry->name, &range);
}

static void field(struct entry *entry, struct slice line)
{
    struct slice key, value = slice_trim(line), range;
    if (slice_has_prefix(line, "   ") || slice_has_prefix(line, "\t\t"))
        return; /* deeper than a field */
    size_t end = 0;
    while (end < value.length && value.data[end] != ' ' && value.data[end] != ':')
        end++;
    key = lang_unquote(slice_sub(value, 0, end));
    value = slice_sub(value, end, value.length);
    if (slice_has_prefix(value, ":"))
        value = slice_sub(value, 1, value.length);
    value = lang_unquote(value);
    if (slice_is(key, "version"))
        entry->version = value;
    if (slice_is(key, "resolved")) {
        struct slice real = name_of_tarball(value);
        entry->name = real.length ? real : entry->name;
    }
    if (slice_is(key, "resolution")) {
        split_pattern(value, &entry->name, &range);
        entry->local = is_local(range) || is_unknown(range);
    }
}

static void put(struct reader_sink *sink, const struct reader_file *file, const struct entry *entry,
                const struct lock_graph *graph)
{
    if (!entry->local)
        lang_put(sink, file, "npm", entry->name, entry->version,
                 lock_graph_is_development(graph, entry->key) ? CONFIDENCE_DEVELOPMENT
                                                              : lang_declared(sink));
}

static void read_lock(const struct reader_file *file, struct reader_sink *sink,
                      const struct lock_graph *graph)
{
    struct slice text = file->bytes, line;
    struct entry entry = {.key = {"", 0}, .name = {"", 0}, .version = {"", 0}};
    while (slice_take_line(&text, &line)) {
        if (line.length == 0 || line.data[0] == '#')
            continue;
        if (line.data[0] == ' ' || line.data[0] == '\t') {
            field(&entry, line);
            continue;
        }
        put(sink, file, &entry, graph);
        begin(&entry, line);
        if (slice_has_prefix(line, "__metadata"))
            entry.local = true;
    }
    put(sink, file, &entry, graph);
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    if (file->bytes.length <= (size_t)LIMIT_SMALL_FILE_BYTES)
        sink_stash(sink, file); /* the project's package.json may come after */
    else
        read_lock(file, sink, &(struct lock_graph){.arena = sink->arena});
}

static void finish(struct reader_sink *sink)
{
    for (const struct sink_stash *stash = sink->stashes; stash; stash = stash->next) {
        if (!wants(stash->path))
            continue;
        const struct reader_file file = {.path = stash->path, .bytes = buf_slice(&stash->bytes)};
        struct lock_graph graph = {.arena = sink->arena}, none = {.arena = sink->arena};
        sink->path = stash->path;
        read_lock(&file, sink, yarn_graph(sink, stash->path, file.bytes, &graph) ? &graph : &none);
    }
}

const struct package_reader reader_yarn_lock = {.name = "yarn-lock",
                                                .wants = wants,
                                                .read = read,
                                                .finish = finish,
                                                .most_bytes = LIMIT_NESTED_BYTES};
