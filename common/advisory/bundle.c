#include "advisory/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "advisory/bundle_dir.h"

struct bundle {
    struct arena *arena;
    const char *dir;
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
        status->refused = bundle_read_refusal(bundle->dir, sources[i].name, bundle->arena);
        if (status->refused)
            status->state = SOURCE_STALE;
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
    bundle->dir = arena_strdup(bundle->arena, dir);
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
