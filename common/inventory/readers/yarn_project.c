/* Whom a yarn.lock serves: it marks nothing, the package.json beside it (and those of workspaces
 * below) say what is for development only. They are kept till the layer's end, as either may come
 * first. Where one may be missing, nothing is taken for development. */
#include <string.h>

#include "inventory/readers/lang.h"
#include "inventory/readers/lock_graph.h"

enum { PROJECTS_MOST = 64, PROJECT_BYTES = 64 * 1024 };

static bool is_project(const char *path)
{
    return path_is_below(path, "package.json") && !lang_is_inside_package(path) &&
           strncmp(path, "usr/share/nodejs/", 17) != 0;
}

static size_t count_projects(const struct reader_sink *sink)
{
    size_t count = 0;
    for (const struct sink_stash *stash = sink->stashes; stash; stash = stash->next)
        count += is_project(stash->path);
    return count;
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    if (count_projects(sink) < PROJECTS_MOST)
        sink_stash(sink, file);
}

/* The first pattern of an entry stands for it: `"a@^1", "a@^2":` or `"a@npm:^1, a@npm:^2":`. */
static struct slice put_entry(struct lock_graph *graph, struct slice line)
{
    struct slice rest = line, pattern, first = {"", 0};
    while (slice_take_until(&rest, ',', &pattern)) {
        while (pattern.length && strchr(" \":", pattern.data[0]))
            pattern = slice_sub(pattern, 1, pattern.length);
        while (pattern.length && strchr(" \":", pattern.data[pattern.length - 1]))
            pattern.length--;
        if (first.length == 0)
            first = pattern;
        else
            lock_graph_edge(graph, pattern, first, false);
    }
    return first;
}

/* Yarn 2 and later put the registry's protocol before a range that has none. */
static void put_need(struct lock_graph *graph, struct slice from, struct slice name,
                     struct slice range, bool development)
{
    static const char *const protocols[] = {"", "npm:"};
    for (size_t i = 0; i < array_count(protocols); i++) {
        const char *key = arena_printf(graph->arena, "%.*s@%s%.*s", (int)name.length, name.data,
                                       protocols[i], (int)range.length, range.data);
        lock_graph_edge(graph, from, slice_of(key), development);
    }
}

static void put_line(struct lock_graph *graph, struct slice from, struct slice line)
{
    struct slice name;
    line = slice_trim(line);
    if (slice_has_prefix(line, "\"")) {
        line = slice_sub(line, 1, line.length);
        name = lang_before(line, '"');
        line = slice_sub(line, name.length + 1, line.length);
    } else {
        size_t end = 0;
        while (end < line.length && line.data[end] != ' ' && line.data[end] != ':')
            end++;
        name = slice_sub(line, 0, end);
        line = slice_sub(line, end, line.length);
    }
    if (slice_has_prefix(line, ":"))
        line = slice_sub(line, 1, line.length);
    put_need(graph, from, name, lang_unquote(line), false);
}

static void put_lock(struct lock_graph *graph, struct slice text)
{
    struct slice line, from = {"", 0};
    bool needs = false;
    while (slice_take_line(&text, &line)) {
        if (line.length == 0 || line.data[0] == '#')
            continue;
        if (line.data[0] != ' ') {
            from = put_entry(graph, line);
            needs = false;
        } else if (!slice_has_prefix(line, "   ")) {
            line = slice_trim(line);
            needs = slice_is(line, "dependencies:") || slice_is(line, "optionalDependencies:");
        } else if (needs && from.length) {
            put_line(graph, from, line);
        }
    }
}

static void put_project(struct lock_graph *graph, const json_t *json)
{
    static const char *const lists[] = {"dependencies", "optionalDependencies", "peerDependencies",
                                        "devDependencies"};
    const char *name;
    json_t *range;
    for (size_t i = 0; i < array_count(lists); i++)
        json_object_foreach(json_object_get(json, lists[i]), name, range)
        {
            struct slice text = slice_of(json_is_string(range) ? json_string_value(range) : "");
            put_need(graph, slice_of(""), slice_of(arena_strdup(graph->arena, name)), text, i == 3);
        }
}

bool yarn_graph(struct reader_sink *sink, const char *lock, struct slice text,
                struct lock_graph *graph)
{
    const char *top = path_directory(sink->arena, lock);
    const char *beside = *top ? arena_printf(sink->arena, "%s/package.json", top) : "package.json";
    size_t below = 0, count = 0;
    bool found = false, workspaces = false;
    for (const struct sink_stash *stash = sink->stashes; stash; stash = stash->next) {
        if (!is_project(stash->path))
            continue;
        bool own = strcmp(stash->path, beside) == 0;
        bool inside = !*top || (strncmp(stash->path, top, strlen(top)) == 0 &&
                                stash->path[strlen(top)] == '/');
        count++;
        if (!inside)
            continue;
        json_t *json scoped(lang_json_free) =
            json_loadb(stash->bytes.data ? stash->bytes.data : "", stash->bytes.length, 0, NULL);
        found = found || (own && json);
        workspaces = workspaces || (own && json_object_get(json, "workspaces"));
        below += !own && json != NULL;
        put_project(graph, json);
    }
    if (!found || count >= PROJECTS_MOST || (workspaces && below == 0))
        return false;
    put_lock(graph, text);
    lock_graph_settle(graph);
    return true;
}

const struct package_reader reader_yarn_project = {
    .name = "yarn-project", .wants = is_project, .read = read, .most_bytes = PROJECT_BYTES};
