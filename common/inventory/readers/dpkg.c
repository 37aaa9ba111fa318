/* dpkg's database: status (dpkg(1), deb-control(5)), status.d of distroless images, .list files.
 * A package counts when its files are there: config-files, half-installed and not-installed ones
 * do not. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/readers.h"

struct stanza {
    struct slice package, version, source, arch, status, maintainer;
    bool vcpkg; /* vcpkg's status file looks alike */
    bool any;
};

static bool stanza_take(struct slice *text, struct stanza *out)
{
    static const struct {
        const char *name;
        size_t offset;
    } fields[] = {
        {"Package", offsetof(struct stanza, package)},
        {"Version", offsetof(struct stanza, version)},
        {"Source", offsetof(struct stanza, source)},
        {"Architecture", offsetof(struct stanza, arch)},
        {"Status", offsetof(struct stanza, status)},
        {"Maintainer", offsetof(struct stanza, maintainer)},
    };
    struct slice key, value;
    bool blank = false;
    *out = (struct stanza){0};
    while (text->length > 0) {
        if (!field_take(text, &key, &value, &blank)) {
            if (out->any || !blank)
                break;
            continue;
        }
        out->any = true;
        for (size_t i = 0; i < array_count(fields); i++)
            if (slice_is_nocase(key, fields[i].name))
                memcpy((char *)out + fields[i].offset, &value, sizeof(value));
        if (slice_is(key, "Port-Version") || slice_is(key, "Abi"))
            out->vcpkg = true;
    }
    return out->any;
}

/* No Status line (status.d): installed. */
static bool is_installed(struct slice status)
{
    static const char *const present[] = {"installed", "triggers-pending", "triggers-awaited",
                                          "unpacked", "half-configured"};
    struct slice word, last = {0};
    if (status.length == 0)
        return true;
    while (slice_take_word(&status, &word))
        last = word;
    for (size_t i = 0; i < array_count(present); i++)
        if (slice_is(last, present[i]))
            return true;
    return false;
}

/* "Source: glibc (2.36-9)": name and, in parentheses, a version of its own. */
static void source_of(struct arena *arena, const struct stanza *stanza, struct component *out)
{
    struct slice source = stanza->source;
    size_t open = slice_find_byte(source, '(');
    struct slice name = slice_trim(slice_sub(source, 0, open));
    out->source_name = name.length > 0 ? slice_string(arena, name) : out->name;
    out->source_version = out->version;
    if (open < source.length) {
        struct slice version = slice_sub(source, open + 1, source.length);
        version = slice_trim(slice_sub(version, 0, slice_find_byte(version, ')')));
        if (version.length > 0)
            out->source_version = slice_string(arena, version);
    }
}

static bool component_of(struct reader_sink *sink, const struct stanza *stanza,
                         struct component *out)
{
    if (stanza->package.length == 0 || stanza->vcpkg || !is_installed(stanza->status))
        return false;
    if (stanza->version.length == 0) {
        sink_warning(sink, "dpkg-entry", sink->path, true, "package %.*s has no version",
                     (int)(stanza->package.length < 100 ? stanza->package.length : 100),
                     stanza->package.data);
        return false;
    }
    *out = (struct component){.type = "deb",
                              .name = slice_string(sink->arena, stanza->package),
                              .version = slice_string(sink->arena, stanza->version),
                              .arch = slice_string(sink->arena, stanza->arch),
                              .vendor = slice_string(sink->arena, stanza->maintainer)};
    source_of(sink->arena, stanza, out);
    return true;
}

static const char *database_source(struct arena *arena, const char *path)
{
    return arena_printf(arena, "dpkg:%s", path_directory(arena, path));
}

static bool wants_status(const char *path)
{
    return path_is_below(path, "lib/dpkg/status") || path_is_below(path, "sysimage/dpkg/status");
}

static void read_status(const struct reader_file *file, struct reader_sink *sink)
{
    const char *source = database_source(sink->arena, file->path);
    struct slice text = file->bytes;
    struct stanza stanza;
    struct component component;
    sink_database(sink, source, file->path);
    size_t entries = 0;
    for (; stanza_take(&text, &stanza); entries += stanza.package.length > 0)
        if (component_of(sink, &stanza, &component))
            sink_database_package(sink, source, component, file->path);
    text_check(file, sink, entries);
}

static bool wants_single(const char *path)
{
    const char *below = strstr(path, "lib/dpkg/status.d/");
    return below && (below == path || below[-1] == '/') &&
           !strchr(below + strlen("lib/dpkg/status.d/"), '/');
}

static bool wants_list(const char *path)
{
    const char *below = strstr(path, "lib/dpkg/info/");
    return below && (below == path || below[-1] == '/') && path_has_suffix(path, ".list");
}

/* "<md5>  usr/bin/x" or "/usr/bin/x" lines. */
static void read_list(struct reader_sink *sink, const char *source, const struct reader_file *file,
                      const char *suffix, bool sums)
{
    struct slice text = file->bytes, line;
    const char **paths = NULL;
    size_t count = 0, capacity = 0;
    while (slice_take_line(&text, &line) && count < LIMIT_ENTRIES) {
        if (sums)
            line = slice_sub(line, slice_find(line, "  "), line.length);
        line = slice_trim(line);
        while (line.length > 0 && (line.data[0] == '/' || slice_has_prefix(line, "./")))
            line = slice_sub(line, line.data[0] == '/' ? 1 : 2, line.length);
        if (line.length == 0 || line.length > LIMIT_PATH_BYTES)
            continue;
        arena_push(sink->arena, paths, count, capacity);
        paths[count++] = slice_string(sink->arena, line);
    }
    struct slice name = slice_of(path_base(file->path));
    name.length -= strlen(suffix);
    size_t colon = slice_find_byte(name, ':');
    sink_owned(sink, source, slice_string(sink->arena, slice_sub(name, 0, colon)),
               slice_string(sink->arena, slice_sub(name, colon + 1, name.length)), file->path,
               paths, count);
}

static void read_info_list(const struct reader_file *file, struct reader_sink *sink)
{
    const char *directory = path_directory(sink->arena, file->path);
    read_list(sink, database_source(sink->arena, directory), file, ".list", false);
}

static void read_single(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes;
    struct stanza stanza;
    struct component component;
    if (path_has_suffix(file->path, ".md5sums")) {
        read_list(sink, EVIDENCE_FILES, file, ".md5sums", true);
        return;
    }
    while (stanza_take(&text, &stanza))
        if (component_of(sink, &stanza, &component))
            sink_package(sink, component, file->path, CONFIDENCE_INSTALLED);
}

const struct package_reader reader_dpkg = {.name = "dpkg",
                                           .wants = wants_status,
                                           .read = read_status,
                                           .most_bytes = LIMIT_DATABASE_BYTES,
                                           .database = true};
const struct package_reader reader_dpkg_lists = {.name = "dpkg-list",
                                                 .wants = wants_list,
                                                 .read = read_info_list,
                                                 .most_bytes = LIMIT_SMALL_FILE_BYTES,
                                                 .database = true};
const struct package_reader reader_dpkg_single = {.name = "dpkg-status.d",
                                                  .wants = wants_single,
                                                  .read = read_single,
                                                  .most_bytes = LIMIT_SMALL_FILE_BYTES};
