/* The three kinds of rpm database, by their file names; told apart by their first bytes. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/readers.h"
#include "inventory/readers/rpm_header.h"

static bool wants(const char *path)
{
    static const char *const names[] = {"rpm/Packages", "rpm/Packages.db", "rpm/rpmdb.sqlite",
                                        "rpm/rpmdb.sqlite-wal"};
    for (size_t i = 0; i < array_count(names); i++)
        if (path_is_below(path, names[i]))
            return true;
    return false;
}

static const char *source_of(struct arena *arena, const char *path)
{
    return arena_printf(arena, "rpm:%s", path_directory(arena, path));
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    const char *source = source_of(sink->arena, file->path);
    bool log = path_has_suffix(file->path, "-wal");
    if (log && file->bytes.length == 0)
        return;
    if (log || (path_has_suffix(file->path, ".sqlite"))) {
        sink_stash(sink, file); /* the log may come after: both are read at the end */
        if (!log)
            sink_database(sink, source, file->path);
        return;
    }
    sink_database(sink, source, file->path);
    if (slice_has_prefix(file->bytes, "RpmP"))
        rpm_ndb_read(file->bytes, sink, source);
    else
        rpm_bdb_read(file->bytes, sink, source);
}

static void finish(struct reader_sink *sink)
{
    for (const struct sink_stash *stash = sink->stashes; stash; stash = stash->next) {
        if (!path_has_suffix(stash->path, "rpm/rpmdb.sqlite"))
            continue;
        const char *log_path = arena_printf(sink->arena, "%s-wal", stash->path);
        const struct sink_stash *log = sink_stash_find(sink, log_path);
        sink->path = stash->path;
        rpm_sqlite_read(buf_slice(&stash->bytes), log ? buf_slice(&log->bytes) : slice_of(NULL),
                        sink, source_of(sink->arena, stash->path));
    }
}

const struct package_reader reader_rpm = {.name = "rpm",
                                          .wants = wants,
                                          .read = read,
                                          .finish = finish,
                                          .most_bytes = LIMIT_DATABASE_BYTES,
                                          .database = true};
