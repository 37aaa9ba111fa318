/* From a name to everything that stands behind it: index, images, configs, artefacts. Reads the
 * registry only, writes nothing. Caps: LIMIT_INDEX_DEPTH, LIMIT_INDEX_CHILDREN, LIMIT_LAYERS. */
#pragma once

#include "image/config.h"
#include "image/manifest.h"
#include "image/registry.h"

struct fetched_layer {
    const char *digest, *media_type, *diff_id, *chain_id;
    int64_t bytes;
    bool foreign; /* may be absent from the registry; its urls are never fetched */
};

/* One manifest. */
struct fetched_node {
    const char *digest, *media_type;
    struct slice bytes;
    struct manifest manifest;
    /* Images only: */
    struct slice config_bytes;
    struct image_config config;
    const struct fetched_layer *layers; /* bottom first */
    size_t layer_count;
    const char *chain_id; /* of all layers, "" without any */
};

struct fetched {
    const char *digest;         /* what the name points at now; NULL: nothing is there */
    struct fetched_node *nodes; /* the top first, then depth first */
    size_t count;
};

/* platforms: as platform_is_listed takes them; "all" for every one. */
bool resolve_name(struct registry *registry, struct arena *arena, const struct reference *where,
                  const char *platforms, struct fetched *out, struct error *err);
