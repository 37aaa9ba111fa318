#include "advisory/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/bundle_dir.h"
#include "base/buf.h"

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
        status->as_of = meta->as_of;
        status->state = now - meta->as_of > sources[i].max_age_s ? SOURCE_STALE : SOURCE_FRESH;
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

bool bundle_import(const char *dir, const char *path, const char *source, int64_t now, bool force,
                   struct shelf_meta *out, struct arena *arena, struct error *err)
{
    struct shelf_builder *builder scoped(shelf_builder_scope_free) = shelf_builder_new();
    const struct advisory_source *row = source ? advisory_source_find(source) : NULL;
    const struct feed_format *format = row ? feed_format_find(row->format) : NULL;
    struct feed_counts counts = {0};
    struct feed_sink sink = {shelf_builder_take, builder, row ? row->name : "", &counts};
    const struct feed_format *used = NULL;
    struct stat st;

    if (source && !row)
        return error_set(err, ERROR_INPUT,
                         "%s: no such source; `resole advisory status` lists them", source);
    if (source && !format)
        return error_set(err, ERROR_INPUT, "%s: not imported from files", source);
    int fd scoped(close_fd) = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    if (!row) {
        format = feed_guess_file(fd, path, err);
        if (!format)
            return false;
        row = advisory_source_find(format->source);
        if (!row || lseek(fd, 0, SEEK_SET) != 0)
            return error_set(err, ERROR_FATAL, "%s: no source for format %s", path, format->name);
        sink.source = row->name;
    }
    if (!feed_import(fd, path, format, &sink, &used, err))
        return false;
    const char *shelf = arena_printf(arena, "%s/%s.shelf", dir, row->name);
    if (!force && !check_shrink(shelf, &counts, err))
        return error_wrap(err, "%s", path);
    *out = (struct shelf_meta){
        .source = row->name,
        .format = used->name,
        .origin = path,
        .as_of = counts.newest > 0 && counts.newest < now ? counts.newest : st.st_mtime,
        .loaded_at = now,
        .counts = counts,
    };
    return bundle_make_dir(dir, err) && shelf_builder_write(builder, shelf, out, err);
}
