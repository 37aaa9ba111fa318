/* Python lock files: requirements.txt (pip, only what is pinned), Pipfile.lock, poetry.lock,
 * uv.lock, pylock.toml (PEP 751). */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"
#include "inventory/readers/lock_graph.h"

static bool wants_requirements(const char *path)
{
    struct slice base = slice_of(path_base(path));
    return slice_has_suffix(base, ".txt") &&
           (slice_has_prefix(base, "requirements") || slice_has_suffix(base, "requirements.txt"));
}

static bool is_name_char(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
           c == '_' || c == '.';
}

/* name[extras] == version ; marker --hash=… # comment. Only an exact version names a package. */
static void read_requirement(struct reader_sink *sink, const struct reader_file *file,
                             struct slice line)
{
    size_t n = 0;
    line = slice_trim(line);
    while (n < line.length && is_name_char(line.data[n]))
        n++;
    struct slice name = slice_sub(line, 0, n), version;
    line = slice_trim(slice_sub(line, n, line.length));
    if (slice_has_prefix(line, "["))
        line = slice_trim(slice_sub(line, slice_find_byte(line, ']') + 1, line.length));
    if (slice_has_prefix(line, "("))
        line = slice_trim(slice_sub(line, 1, line.length));
    size_t skip = slice_has_prefix(line, "===") ? 3 : slice_has_prefix(line, "==") ? 2 : 0;
    if (!skip)
        return;
    line = slice_trim(slice_sub(line, skip, line.length));
    n = 0;
    while (n < line.length && !strchr(" \t;#,\\)", line.data[n]))
        n++;
    version = slice_sub(line, 0, n);
    if (n == 0 || !((version.data[0] >= '0' && version.data[0] <= '9') || version.data[0] == 'v'))
        return;
    struct slice rest = slice_trim(slice_sub(line, n, line.length));
    bool wildcard = slice_find_byte(version, '*') < version.length;
    if (!wildcard && !slice_has_prefix(rest, ","))
        lang_put(sink, file, "pypi", name, version, lang_declared(sink));
}

static void read_requirements(const struct reader_file *file, struct reader_sink *sink)
{
    struct buf narrow scoped(buf_release) = {0};
    struct slice text = file->bytes, line;
    if (slice_has_prefix(text, "\xff\xfe")) { /* UTF-16, as PowerShell writes it */
        for (size_t i = 2; i + 1 < text.length; i += 2)
            buf_put_byte(&narrow, text.data[i + 1] ? '?' : text.data[i]);
        text = buf_slice(&narrow);
    }
    while (slice_take_line(&text, &line))
        if (line.length && line.data[0] != '#' && line.data[0] != '-')
            read_requirement(sink, file, line);
}

static bool wants_pipfile(const char *path)
{
    return path_is_below(path, "Pipfile.lock");
}

static void read_pipfile(const struct reader_file *file, struct reader_sink *sink)
{
    static const char *const groups[] = {"default", "develop"};
    json_t *json scoped(lang_json_free) = lang_json(file, sink), *package;
    const char *name;
    for (size_t i = 0; i < array_count(groups); i++) {
        json_object_foreach(json_object_get(json, groups[i]), name, package)
        {
            struct slice version = lang_text(package, "version");
            if (slice_has_prefix(version, "=="))
                lang_put(sink, file, "pypi", slice_of(name), slice_sub(version, 2, version.length),
                         i > 0 ? CONFIDENCE_DEVELOPMENT : lang_declared(sink));
        }
    }
}

static bool wants_toml(const char *path)
{
    struct slice base = slice_of(path_base(path));
    return slice_is(base, "poetry.lock") || slice_is(base, "uv.lock") ||
           slice_is(base, "pdm.lock") ||
           (slice_has_prefix(base, "pylock.") && slice_has_suffix(base, ".toml"));
}

/* uv lists the project itself: a source that is a directory. Poetry's main group and PDM's default
 * one are what an installed application gets. */
static enum lang_use use_of(struct slice key, struct slice value)
{
    if (slice_is(key, "source") && (slice_find(value, "virtual") < value.length ||
                                    slice_find(value, "editable") < value.length))
        return LANG_OWN;
    if (slice_is(key, "category") && slice_is(value, "dev"))
        return LANG_DEVELOPMENT;
    if (slice_is(key, "groups") && slice_has_suffix(value, "]") &&
        slice_find(value, "\"main\"") == value.length &&
        slice_find(value, "\"default\"") == value.length)
        return LANG_DEVELOPMENT;
    return LANG_USED;
}

/* The edges of one line of a list: { name = "a", marker = "…" }, … */
static void uv_needs(struct lock_graph *graph, struct slice from, struct slice line,
                     bool development)
{
    static const char mark[] = "{ name = \"";
    for (;;) {
        size_t at = slice_find(line, mark);
        if (at == line.length)
            return;
        line = slice_sub(line, at + sizeof(mark) - 1, line.length);
        lock_graph_edge(graph, from, lang_before(line, '"'), development);
    }
}

/* uv marks no package: its own projects' tables say what is for development only. */
static void uv_graph(struct lock_graph *graph, struct slice text)
{
    struct slice line, name = {"", 0};
    bool package = false, development = false, listed = false;
    while (slice_take_line(&text, &line)) {
        line = slice_trim(line);
        if (slice_has_prefix(line, "[")) {
            package = slice_is(line, "[[package]]");
            development = slice_is(line, "[package.dev-dependencies]");
            listed = development || slice_is(line, "[package.optional-dependencies]");
            continue;
        }
        if (package && slice_has_prefix(line, "name = "))
            name = lang_unquote(slice_sub(line, 7, line.length));
        if (package && slice_has_prefix(line, "source = ") &&
            use_of(slice_of("source"), line) == LANG_OWN)
            lock_graph_edge(graph, slice_of(""), name, false);
        listed = listed || (package && slice_has_prefix(line, "dependencies = ["));
        if (listed)
            uv_needs(graph, development ? slice_of("") : name, line, development);
        listed = listed && !(package && slice_has_suffix(line, "]"));
    }
    lock_graph_settle(graph);
}

static void read_toml(const struct reader_file *file, struct reader_sink *sink)
{
    bool pylock = path_has_suffix(file->path, ".toml");
    struct lock_graph graph = {.arena = sink->arena};
    if (path_is_below(file->path, "uv.lock"))
        uv_graph(&graph, file->bytes);
    lang_toml_packages(file, sink, pylock ? "packages" : "package", "pypi", use_of, &graph);
}

const struct package_reader reader_requirements = {.name = "requirements",
                                                   .wants = wants_requirements,
                                                   .read = read_requirements,
                                                   .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_pipfile_lock = {.name = "pipfile-lock",
                                                   .wants = wants_pipfile,
                                                   .read = read_pipfile,
                                                   .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_python_lock = {.name = "python-lock",
                                                  .wants = wants_toml,
                                                  .read = read_toml,
                                                  .most_bytes = LIMIT_SMALL_FILE_BYTES};
