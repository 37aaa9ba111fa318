/* Alpine's database (apk-tools v2, "installed"): one letter, a colon, the value; stanzas apart by a
 * blank line. F names a directory, R a file in it. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/readers.h"

static bool wants(const char *path)
{
    return path_is_below(path, "lib/apk/db/installed");
}

struct entry {
    struct slice name, version, arch, origin, maintainer;
    const char **paths;
    size_t count, capacity;
};

static void flush(struct reader_sink *sink, const char *source, struct entry *entry)
{
    if (entry->name.length > 0 && entry->version.length > 0) {
        struct arena *arena = sink->arena;
        const char *name = slice_string(arena, entry->name);
        const char *version = slice_string(arena, entry->version);
        const char *arch = slice_string(arena, entry->arch);
        struct component component = {
            .type = "apk",
            .name = name,
            .version = version,
            .arch = arch,
            .source_name = entry->origin.length > 0 ? slice_string(arena, entry->origin) : name,
            .source_version = version,
            .vendor = slice_string(arena, entry->maintainer)};
        sink_database_package(sink, source, component, sink->path);
        sink_owned(sink, source, name, arch, sink->path, entry->paths, entry->count);
    } else if (entry->name.length > 0) {
        sink_warning(sink, "apk-entry", sink->path, true, "package %.*s has no version",
                     (int)(entry->name.length < 100 ? entry->name.length : 100), entry->name.data);
    }
    *entry = (struct entry){0};
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    const char *source =
        arena_printf(sink->arena, "apk:%s", path_directory(sink->arena, file->path));
    struct slice text = file->bytes, line, directory = {0};
    struct entry entry = {0};
    size_t entries = 0;
    sink_database(sink, source, file->path);
    while (slice_take_line(&text, &line)) {
        if (slice_trim(line).length == 0) {
            flush(sink, source, &entry);
            directory = (struct slice){0};
            continue;
        }
        if (line.length < 2 || line.data[1] != ':')
            continue;
        struct slice value = slice_trim(slice_sub(line, 2, line.length));
        switch (line.data[0]) {
        case 'P':
            entry.name = value;
            entries++;
            break;
        case 'V':
            entry.version = value;
            break;
        case 'A':
            entry.arch = value;
            break;
        case 'o':
            entry.origin = value;
            break;
        case 'm':
            entry.maintainer = value;
            break;
        case 'F':
            directory = value;
            break;
        case 'R':
            if (directory.length + value.length < LIMIT_PATH_BYTES) {
                arena_push(sink->arena, entry.paths, entry.count, entry.capacity);
                entry.paths[entry.count++] =
                    arena_printf(sink->arena, "%.*s%s%.*s", (int)directory.length, directory.data,
                                 directory.length > 0 ? "/" : "", (int)value.length, value.data);
            }
            break;
        default:
            break;
        }
    }
    flush(sink, source, &entry);
    text_check(file, sink, entries);
}

const struct package_reader reader_apk = {.name = "apk",
                                          .wants = wants,
                                          .read = read,
                                          .most_bytes = LIMIT_DATABASE_BYTES,
                                          .database = true};
