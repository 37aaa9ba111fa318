#include "fetcher/resolve.h"

#include <string.h>

#include "base/limits.h"
#include "image/chain_id.h"

struct walk {
    struct registry *registry;
    struct arena *arena;
    struct reference where;
    const char *platforms;
    struct fetched *out;
    size_t capacity;
};

static bool platform_wanted(const struct walk *walk, const struct descriptor *child)
{
    return !child->has_platform || platform_is_unknown(child->platform) ||
           platform_is_listed(walk->arena, walk->platforms, child->platform);
}

/* A config that counts other layers than its manifest describes no image we could read. */
static bool read_layers(struct walk *walk, struct fetched_node *node, struct error *err)
{
    size_t count = node->manifest.layer_count;
    if (node->config.diff_id_count != count)
        return error_set(err, ERROR_INPUT,
                         "image %s: %zu layers in the manifest, %zu in the config", node->digest,
                         count, node->config.diff_id_count);
    if (count > LIMIT_LAYERS)
        return error_set(err, ERROR_INPUT, "image %s: %zu layers, more than %d", node->digest,
                         count, LIMIT_LAYERS);
    struct fetched_layer *layers = arena_new_array(walk->arena, struct fetched_layer, count);
    const char *below = "";
    for (size_t i = 0; i < count; i++) {
        const struct descriptor *layer = &node->manifest.layers[i];
        char chain[DIGEST_TEXT_SIZE];
        chain_id_next(below, node->config.diff_ids[i], chain);
        below = arena_strdup(walk->arena, chain);
        layers[i] = (struct fetched_layer){.digest = layer->digest,
                                           .media_type = layer->media_type,
                                           .diff_id = node->config.diff_ids[i],
                                           .chain_id = below,
                                           .bytes = layer->size,
                                           .foreign = layer->has_urls ||
                                                      media_type_is_foreign(layer->media_type)};
    }
    node->layers = layers;
    node->layer_count = count;
    node->chain_id = below;
    return true;
}

static bool read_config(struct walk *walk, struct fetched_node *node, struct error *err)
{
    if (!registry_blob_fetch(walk->registry, walk->arena, &walk->where, &node->manifest.config,
                             LIMIT_CONFIG_BYTES, &node->config_bytes, err) ||
        !image_config_parse(walk->arena, node->config_bytes, &node->config, err))
        return error_wrap(err, "image %s: config %s", node->digest, node->manifest.config.digest);
    return read_layers(walk, node, err);
}

static bool is_known(const struct fetched *out, const char *digest)
{
    for (size_t i = 0; i < out->count; i++) {
        if (strcmp(out->nodes[i].digest, digest) == 0)
            return true;
    }
    return false;
}

/* *index: where the node stands; a node that is not there gives found = false. */
static bool read_node(struct walk *walk, const struct reference *what, bool *found, size_t *index,
                      struct error *err)
{
    struct registry_manifest answer = {0};
    if (!registry_manifest_find(walk->registry, walk->arena, what, &answer, err))
        return false;
    *found = answer.found;
    if (!answer.found)
        return true;
    struct fetched_node node = {
        .digest = answer.digest, .media_type = answer.media_type, .bytes = answer.bytes};
    if (!manifest_parse(walk->arena, answer.bytes, answer.media_type, &node.manifest, err))
        return error_wrap(err, "manifest %s", answer.digest);
    node.media_type = node.manifest.media_type;
    if (node.manifest.is_schema1)
        return error_set(err, ERROR_INPUT,
                         "image %s: Docker schema 1 has no config; push it again with a current "
                         "client",
                         answer.digest);
    if (node.manifest.kind == MANIFEST_IMAGE && !read_config(walk, &node, err))
        return false;
    arena_push(walk->arena, walk->out->nodes, walk->out->count, walk->capacity);
    *index = walk->out->count;
    walk->out->nodes[walk->out->count++] = node;
    return true;
}

static bool read_children(struct walk *walk, size_t index, int depth, struct error *err)
{
    /* a copy: the array of nodes moves while it grows */
    struct manifest manifest = walk->out->nodes[index].manifest;
    if (depth >= LIMIT_INDEX_DEPTH)
        return error_set(err, ERROR_INPUT, "index %s: deeper than %d indexes",
                         walk->out->nodes[index].digest, LIMIT_INDEX_DEPTH);
    if (manifest.child_count > LIMIT_INDEX_CHILDREN)
        return error_set(err, ERROR_INPUT, "index %s: %zu children, more than %d",
                         walk->out->nodes[index].digest, manifest.child_count,
                         LIMIT_INDEX_CHILDREN);
    for (size_t i = 0; i < manifest.child_count; i++) {
        const struct descriptor *child = &manifest.children[i];
        struct reference what = walk->where;
        bool found = false;
        size_t at = 0;
        what.tag = "";
        what.digest = child->digest;
        if (is_known(walk->out, child->digest) || !platform_wanted(walk, child))
            continue;
        if (!read_node(walk, &what, &found, &at, err))
            return error_wrap(err, "index %s", walk->out->nodes[index].digest);
        if (found && walk->out->nodes[at].manifest.kind == MANIFEST_INDEX &&
            !read_children(walk, at, depth + 1, err))
            return false;
    }
    return true;
}

bool resolve_name(struct registry *registry, struct arena *arena, const struct reference *where,
                  const char *platforms, struct fetched *out, struct error *err)
{
    struct walk walk = {
        .registry = registry, .arena = arena, .where = *where, .platforms = platforms, .out = out};
    bool found = false;
    size_t top = 0;
    *out = (struct fetched){0};
    if (!read_node(&walk, where, &found, &top, err))
        return false;
    if (!found)
        return true;
    out->digest = out->nodes[top].digest;
    if (out->nodes[top].manifest.kind != MANIFEST_INDEX)
        return true;
    return read_children(&walk, top, 0, err);
}
