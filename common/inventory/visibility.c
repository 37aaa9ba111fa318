#include "inventory/visibility.h"

#include <string.h>

#include "base/limits.h"
#include "base/search.h"

/* Index of the first gone entry that is not before `path`. */
static size_t gone_lower_bound(const struct evidence *layer, const char *path)
{
    size_t low = 0, high = layer->gone_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(layer->gone[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_gone_at(const struct evidence *layer, const char *path, bool opaque_counts)
{
    for (size_t i = gone_lower_bound(layer, path);
         i < layer->gone_count && strcmp(layer->gone[i].path, path) == 0; i++)
        if (!layer->gone[i].opaque || opaque_counts)
            return true;
    return false;
}

/* The path itself or a directory above it. */
static bool layer_removes(const struct evidence *layer, const char *path)
{
    char part[LIMIT_PATH_BYTES + 1];
    if (layer->gone_count == 0)
        return false;
    if (is_gone_at(layer, path, false) || is_gone_at(layer, "", true))
        return true;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - path);
        memcpy(part, path, length);
        part[length] = 0;
        if (is_gone_at(layer, part, true))
            return true;
    }
    return false;
}

static int by_text(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

static int by_link(const void *key, const void *item)
{
    return strcmp(key, ((const struct evidence_link *)item)->path);
}

bool layer_writes(const struct evidence *layer, const char *path)
{
    return sorted_find(path, layer->touched, layer->touched_count, sizeof(*layer->touched),
                       by_text);
}

static bool layer_touches(const struct evidence *layer, const char *path)
{
    return layer_writes(layer, path) ||
           sorted_find(path, layer->links, layer->link_count, sizeof(*layer->links), by_link);
}

static bool outer_path(const char *path, char out[static LIMIT_PATH_BYTES + 1])
{
    const char *bang = strstr(path, "!/");
    size_t length = bang ? (size_t)(bang - path) : strlen(path);
    if (length > LIMIT_PATH_BYTES)
        return false;
    memcpy(out, path, length);
    out[length] = 0;
    return true;
}

bool path_is_removed(const struct evidence *const *layers, size_t count, size_t layer,
                     const char *path)
{
    char outer[LIMIT_PATH_BYTES + 1];
    if (!outer_path(path, outer))
        return false;
    for (size_t i = layer + 1; i < count; i++)
        if (layer_removes(layers[i], outer))
            return true;
    return false;
}

bool path_is_hidden(const struct evidence *const *layers, size_t count, size_t layer,
                    const char *path)
{
    char outer[LIMIT_PATH_BYTES + 1];
    if (!outer_path(path, outer))
        return false;
    for (size_t i = layer + 1; i < count; i++)
        if (layer_removes(layers[i], outer) || layer_touches(layers[i], outer))
            return true;
    return false;
}
