#include "inventory/ownership.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/visibility.h"

struct claim {
    const char *path;
    const struct evidence_owned *by;
};

struct ownership {
    struct arena *arena;
    struct claim *claims; /* sorted by path */
    size_t count;
    const struct evidence_link **links; /* directory links by path, sorted; the topmost layer's */
    size_t link_count;
};

static int order_claims(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : strcmp(x->by->package, y->by->package);
}

static int order_links(const void *a, const void *b)
{
    const struct evidence_link *const *x = a, *const *y = b;
    return strcmp((*x)->path, (*y)->path);
}

static const struct evidence_link *link_find(const struct ownership *ownership, const char *path)
{
    const struct evidence_link key = {.path = path}, *pointer = &key;
    if (ownership->link_count == 0)
        return NULL;
    const struct evidence_link **found = bsearch(&pointer, ownership->links, ownership->link_count,
                                                 sizeof(ownership->links[0]), order_links);
    return found ? *found : NULL;
}

/* Replaces the link at path[0..length) by its target; false if it climbs out. */
static const char *follow(struct arena *arena, const char *path, size_t length, const char *target)
{
    const char *rest = path + length;
    if (target[0] == '/') {
        while (*target == '/')
            target++;
        return arena_printf(arena, "%s%s", target, rest);
    }
    size_t base = length;
    while (base > 0 && path[base - 1] != '/')
        base--;
    while (strncmp(target, "../", 3) == 0) {
        if (base == 0)
            return NULL;
        base--;
        while (base > 0 && path[base - 1] != '/')
            base--;
        target += 3;
    }
    return strstr(target, "..") ? NULL
                                : arena_printf(arena, "%.*s%s%s", (int)base, path, target, rest);
}

const char *ownership_resolve(const struct ownership *ownership, const char *path,
                              struct arena *arena)
{
    char part[LIMIT_PATH_BYTES + 1];
    for (int hops = 0; hops < LIMIT_LINK_HOPS; hops++) {
        const char *next = NULL;
        for (const char *slash = strchr(path, '/'); slash && !next;
             slash = strchr(slash + 1, '/')) {
            size_t length = (size_t)(slash - path);
            if (length > LIMIT_PATH_BYTES)
                return path;
            memcpy(part, path, length);
            part[length] = 0;
            const struct evidence_link *link = link_find(ownership, part);
            if (link)
                next = follow(arena, path, length, link->target);
        }
        if (!next)
            return path;
        path = next;
    }
    return path;
}

static void collect_links(struct ownership *ownership, const struct evidence *const *layers,
                          size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += layers[i]->link_count;
    ownership->links = arena_new_array(ownership->arena, const struct evidence_link *, total + 1);
    for (size_t i = count; i-- > 0;) /* top first: the first of equal paths is kept */
        for (size_t j = 0; j < layers[i]->link_count; j++)
            ownership->links[ownership->link_count++] = &layers[i]->links[j];
    /* A stable order: qsort is not, so equal paths are settled by the position in the list. */
    const struct evidence_link **sorted =
        arena_memdup(ownership->arena, ownership->links,
                     sizeof(ownership->links[0]) * (ownership->link_count + 1));
    qsort(sorted, ownership->link_count, sizeof(sorted[0]), order_links);
    size_t kept = 0;
    for (size_t i = 0; i < ownership->link_count; i++)
        if (kept == 0 || strcmp(sorted[kept - 1]->path, sorted[i]->path) != 0)
            sorted[kept++] = sorted[i];
    ownership->links = sorted;
    ownership->link_count = kept;
}

/* Is the list said again by a higher layer (the same file, or the same database)? */
static bool is_replaced(const struct evidence_owned *owned, const struct evidence *const *layers,
                        size_t from, size_t count)
{
    for (size_t i = from; i < count; i++) {
        if (layer_writes(layers[i], owned->path))
            return true;
    }
    return false;
}

struct ownership *ownership_new(struct arena *arena, const struct evidence *const *layers,
                                size_t count)
{
    struct ownership *ownership = arena_new_object(arena, struct ownership);
    ownership->arena = arena;
    collect_links(ownership, layers, count);
    size_t capacity = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < layers[i]->owned_count; j++) {
            const struct evidence_owned *owned = &layers[i]->owned[j];
            if (is_replaced(owned, layers, i + 1, count))
                continue;
            for (size_t p = 0; p < owned->count; p++) {
                arena_push(arena, ownership->claims, ownership->count, capacity);
                ownership->claims[ownership->count++] =
                    (struct claim){ownership_resolve(ownership, owned->paths[p], arena), owned};
            }
        }
    }
    if (ownership->count > 1)
        qsort(ownership->claims, ownership->count, sizeof(ownership->claims[0]), order_claims);
    return ownership;
}

bool ownership_find(const struct ownership *ownership, const char *path, struct owner *out)
{
    char outer[LIMIT_PATH_BYTES + 1];
    const char *bang = strstr(path, "!/");
    size_t length = bang ? (size_t)(bang - path) : strlen(path);
    if (length > LIMIT_PATH_BYTES)
        return false;
    memcpy(outer, path, length);
    outer[length] = 0;
    const char *resolved = ownership_resolve(ownership, outer, ownership->arena);
    size_t low = 0, high = ownership->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(ownership->claims[middle].path, resolved) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low >= ownership->count || strcmp(ownership->claims[low].path, resolved) != 0)
        return false;
    const struct evidence_owned *by = ownership->claims[low].by;
    *out = (struct owner){by->source, by->package, by->arch};
    return true;
}
