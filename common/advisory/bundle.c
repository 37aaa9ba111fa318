#include "advisory/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/bundle_dir.h"
#include "advisory/feed_confined.h"
#include "base/buf.h"
#include "base/stream.h"

struct bundle {
    struct arena *arena;
    struct shelf **shelves;
    size_t count, capacity;
    struct source_status *status;
    size_t status_count;
};

const char *bundle_default_dir(struct arena *arena)
{
    const char *dir = getenv("RESOLE_ADVISORY_DIR");
    if (dir && *dir)
        return dir;
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache)
        return arena_printf(arena, "%s/resole/advisory", cache);
    return arena_printf(arena, "%s/.cache/resole/advisory", home && *home ? home : "/root");
}

static bool open_one(struct bundle *bundle, const char *dir, const char *name, struct error *err)
{
    const char *path = arena_printf(bundle->arena, "%s/%s", dir, name);
    struct shelf *shelf = shelf_open(path, err);
    if (!shelf)
        return false;
    arena_push(bundle->arena, bundle->shelves, bundle->count, bundle->capacity);
    bundle->shelves[bundle->count++] = shelf;
    return true;
}

const struct shelf *bundle_shelf(const struct bundle *bundle, const char *source)
{
    for (size_t i = 0; i < bundle->count; i++)
        if (strcmp(shelf_meta(bundle->shelves[i])->source, source) == 0)
            return bundle->shelves[i];
    return NULL;
}

static void fill_status(struct bundle *bundle, int64_t now)
{
    size_t count;
    const struct advisory_source *sources = advisory_sources(&count);
    bundle->status = arena_new_array(bundle->arena, struct source_status, count);
    bundle->status_count = count;
    for (size_t i = 0; i < count; i++) {
        struct source_status *status = &bundle->status[i];
        const struct shelf *shelf = bundle_shelf(bundle, sources[i].name);
        status->source = &sources[i];
        status->state = SOURCE_ABSENT;
        if (!shelf)
            continue;
        const struct shelf_meta *meta = shelf_meta(shelf);
        status->as_of = meta->as_of > 0 ? meta->as_of : meta->loaded_at;
        status->state = now - status->as_of > sources[i].max_age_s ? SOURCE_STALE : SOURCE_FRESH;
        status->contexts = meta->contexts;
        status->context_count = meta->context_count;
    }
}

static int shelf_compare(const void *a, const void *b)
{
    return strcmp(shelf_meta(*(struct shelf *const *)a)->source,
                  shelf_meta(*(struct shelf *const *)b)->source);
}

struct bundle *bundle_open(const char *dir, int64_t now, struct error *err)
{
    struct bundle *bundle = calloc(1, sizeof(*bundle));
    if (!bundle)
        abort();
    bundle->arena = arena_new();
    DIR *folder = opendir(dir);
    if (!folder && errno != ENOENT) {
        error_fill(err, ERROR_FATAL, "%s: %s", dir, strerror(errno));
        bundle_close(bundle);
        return NULL;
    }
    bool ok = true;
    for (struct dirent *entry; ok && folder && (entry = readdir(folder));)
        if (slice_has_suffix(slice_of(entry->d_name), ".shelf"))
            ok = open_one(bundle, dir, entry->d_name, err);
    if (folder)
        closedir(folder);
    if (!ok) {
        bundle_close(bundle);
        return NULL;
    }
    if (bundle->count > 1)
        qsort(bundle->shelves, bundle->count, sizeof(struct shelf *), shelf_compare);
    fill_status(bundle, now);
    return bundle;
}

void bundle_close(struct bundle *bundle)
{
    if (!bundle)
        return;
    for (size_t i = 0; i < bundle->count; i++)
        shelf_close(bundle->shelves[i]);
    arena_free(bundle->arena);
    free(bundle);
}

void bundle_scope_close(struct bundle **bundle)
{
    bundle_close(*bundle);
}

static bool find(void *context, const char *type, const char *distro, const char *release,
                 const char *name, struct arena *arena, struct assertion_list *out,
                 struct error *err)
{
    const struct bundle *bundle = context;
    for (size_t i = 0; i < bundle->count; i++)
        if (!shelf_find(bundle->shelves[i], type, distro, release, name, arena, out, err))
            return false;
    return true;
}

struct assertion_lookup bundle_lookup(const struct bundle *bundle)
{
    return (struct assertion_lookup){find, (void *)(uintptr_t)bundle};
}

const struct source_status *bundle_sources(const struct bundle *bundle, size_t *count)
{
    *count = bundle->status_count;
    return bundle->status;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

bool bundle_make_dir(const char *dir, struct error *err)
{
    struct buf path scoped(buf_release) = {0};
    for (const char *c = dir; *c; c++) {
        buf_put_byte(&path, *c);
        if ((c[1] == '/' || c[1] == 0) && mkdir(path.data, 0755) != 0 && errno != EEXIST)
            return error_set(err, ERROR_FATAL, "%s: %s", path.data, strerror(errno));
    }
    return true;
}

/* A feed that suddenly holds a tenth of what it held is a broken download, not good news. */
static bool check_shrink(const char *path, const struct feed_counts *counts, struct error *err)
{
    struct error ignored = {0};
    struct shelf *old = shelf_open(path, &ignored);
    if (!old)
        return true;
    uint64_t before = shelf_meta(old)->counts.assertions;
    shelf_close(old);
    if (before >= 1000 && counts->assertions < before / 10)
        return error_set(err, ERROR_INPUT,
                         "only %llu assertions where there were %llu: refused (--force imports it)",
                         (unsigned long long)counts->assertions, (unsigned long long)before);
    return true;
}

/* Beside, synced, renamed. */
static bool copy_shelf(int from, const char *path, struct error *err)
{
    struct buf fresh scoped(buf_release) = {0};
    buf_printf(&fresh, "%s.new.%ld", path, (long)getpid());
    int fd = open(fresh.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_set(err, ERROR_FATAL, "%s: %s", fresh.data, strerror(errno));
    struct fd_sink sink = fd_sink_of(fd);
    struct stream *stream scoped(stream_scope_close) = stream_of_file_range(from, false, 0, -1);
    int64_t bytes;
    bool ok = stream_copy(stream, &sink.sink, &bytes, err);
    if (ok && fsync(fd) != 0)
        ok = error_set(err, ERROR_FATAL, "%s: %s", fresh.data, strerror(errno));
    if (close(fd) != 0 && ok)
        ok = error_set(err, ERROR_FATAL, "%s: %s", fresh.data, strerror(errno));
    if (ok && rename(fresh.data, path) != 0)
        ok = error_set(err, ERROR_FATAL, "%s: %s", path, strerror(errno));
    if (!ok)
        unlink(fresh.data);
    return ok;
}

static void close_shelf(struct shelf **shelf)
{
    shelf_close(*shelf);
}

bool bundle_import(const char *dir, const char *path, const char *source, int64_t now, bool force,
                   struct shelf_meta *out, struct arena *arena, struct error *err)
{
    const struct advisory_source *row = source ? advisory_source_find(source) : NULL;
    struct shelf *shelf scoped(close_shelf) = NULL;
    int shelf_fd scoped(close_fd) = -1;
    struct stat st;

    if (source && (!row || !feed_format_find(row->format)))
        return error_set(err, ERROR_INPUT,
                         row ? "%s: not imported from files"
                             : "%s: no such source; `resole advisory status` lists them",
                         source);
    int fd scoped(close_fd) = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    struct feed_request request = {.fd = fd, .name = path, .source = row, .now = now};
    if (!feed_confined_import(&request, &shelf_fd, &shelf, err))
        return false;
    *out = *shelf_meta(shelf);
    out->source = arena_strdup(arena, out->source);
    out->format = arena_strdup(arena, out->format);
    out->origin = arena_strdup(arena, out->origin);
    out->contexts = NULL;
    out->context_count = 0;
    if (!advisory_source_find(out->source))
        return error_set(err, ERROR_FATAL, "%s: no source %s", path, out->source);
    if (out->as_of == 0)
        out->as_of = st.st_mtime < now ? st.st_mtime : now;
    const char *place = arena_printf(arena, "%s/%s.shelf", dir, out->source);
    if (!force && !check_shrink(place, &out->counts, err))
        return error_wrap(err, "%s", path);
    return bundle_make_dir(dir, err) && copy_shelf(shelf_fd, place, err);
}
