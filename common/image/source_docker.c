/* docker-archive: what `docker save`, podman, skopeo, kaniko, ko and Bazel write (manifest.json),
 * and the first generation (repositories, ID/json, ID/layer.tar). The manifest is ours: schema 2
 * over the archive's own files, so it is the same for the same archive. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/limits.h"
#include "image/json_read.h"
#include "image/layer_stream.h"
#include "image/source_inner.h"

enum { CHAIN_MOST = LIMIT_LAYERS };

struct docker_blob {
    const char *digest, *path; /* path NULL: the bytes below */
    struct slice bytes;
};

struct docker_source {
    struct image_source source;
    struct source_tree *tree;
    struct arena *arena;
    struct slice manifest;
    char manifest_digest[DIGEST_TEXT_SIZE];
    struct docker_blob *blobs;
    size_t blob_count, blob_capacity;
};

static bool docker_manifest(struct image_source *source, struct arena *arena, const char *digest,
                            struct descriptor *descriptor, struct slice *bytes, struct error *err)
{
    struct docker_source *docker = (struct docker_source *)source;
    if (*digest && strcmp(digest, docker->manifest_digest) != 0)
        return error_set(err, ERROR_INPUT, "manifest %s: not in the archive", digest);
    *descriptor = (struct descriptor){.media_type = MEDIA_DOCKER_MANIFEST,
                                      .artifact_type = "",
                                      .digest = arena_strdup(arena, docker->manifest_digest),
                                      .size = (int64_t)docker->manifest.length};
    *bytes = (struct slice){
        .data = arena_memdup(arena, docker->manifest.data, docker->manifest.length + 1),
        .length = docker->manifest.length};
    return true;
}

static bool docker_blob(struct image_source *source, const struct descriptor *blob,
                        struct stream **out, struct error *err)
{
    struct docker_source *docker = (struct docker_source *)source;
    for (size_t i = 0; i < docker->blob_count; i++) {
        const struct docker_blob *have = &docker->blobs[i];
        if (strcmp(have->digest, blob->digest) != 0)
            continue;
        if (have->path)
            return source_tree_stream(docker->tree, have->path, out, err);
        *out = stream_of_memory(have->bytes);
        return true;
    }
    return error_set(err, ERROR_INPUT, "blob %s: not in the archive", blob->digest);
}

static void docker_close(struct image_source *source)
{
    struct docker_source *docker = (struct docker_source *)source;
    source_tree_close(docker->tree);
    arena_free(docker->arena);
    free(docker);
}

static void add_blob(struct docker_source *docker, struct docker_blob blob)
{
    arena_push(docker->arena, docker->blobs, docker->blob_count, docker->blob_capacity);
    docker->blobs[docker->blob_count++] = blob;
}

/* The digest that a file's name claims: "…/sha256/HEX", "HEX.tar.gz", "sha256:HEX"; else NULL. */
static const char *digest_of_name(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct slice base = slice_of(slash ? slash + 1 : path);
    if (slice_has_prefix(base, "sha256:"))
        base = slice_sub(base, 7, base.length);
    size_t end = slice_find_byte(base, '.');
    struct slice suffix = slice_sub(base, end, base.length);
    bool blob = slice_has_prefix(slice_of(path), "blobs/sha256/") && suffix.length == 0;
    if (!blob && !slice_is(suffix, ".tar.gz") && !slice_is(suffix, ".tar.zst"))
        return NULL;
    const char *digest = arena_printf(arena, "sha256:%.*s", (int)end, base.data);
    return digest_is_valid(digest) ? digest : NULL;
}

/* Which compression, and (if the name does not claim it) the digests of one layer file. */
static bool describe_layer(struct docker_source *docker, const char *path, const char *diff_id,
                           struct descriptor *out, const char **actual_diff_id, struct error *err)
{
    struct stream *from scoped(stream_scope_close) = NULL;
    char first[6];
    size_t got;
    *out = (struct descriptor){.artifact_type = ""};
    if (!source_tree_find(docker->tree, path, &out->size, err) ||
        !source_tree_stream(docker->tree, path, &from, err) ||
        !stream_read_full(from, first, sizeof(first), &got, err))
        return false;
    enum compression compression = compression_detect((struct slice){.data = first, .length = got});
    out->media_type = compression == COMPRESSION_GZIP   ? MEDIA_DOCKER_LAYER_GZIP
                      : compression == COMPRESSION_ZSTD ? MEDIA_OCI_LAYER_ZSTD
                                                        : MEDIA_DOCKER_LAYER;
    out->digest =
        compression == COMPRESSION_NONE && diff_id ? diff_id : digest_of_name(docker->arena, path);
    *actual_diff_id = diff_id;
    if (out->digest && diff_id)
        return true;
    struct stream *again scoped(stream_scope_close) = NULL;
    struct stream *layer scoped(stream_scope_close) = NULL;
    struct layer_totals totals;
    if (!source_tree_stream(docker->tree, path, &again, err) ||
        !layer_stream_open(again, NULL, &layer, err) || !layer_stream_finish(layer, &totals, err))
        return error_wrap(err, "%s", path);
    out->digest = arena_strdup(docker->arena, totals.digest);
    if (!diff_id)
        *actual_diff_id = arena_strdup(docker->arena, totals.diff_id);
    return true;
}

static bool finish_manifest(struct docker_source *docker, struct slice config,
                            const struct descriptor *layers, size_t count, struct error *err)
{
    char digest[DIGEST_TEXT_SIZE];
    digest_of(config.data, config.length, digest);
    struct manifest manifest = {
        .kind = MANIFEST_IMAGE,
        .is_docker = true,
        .config = {.media_type = MEDIA_DOCKER_CONFIG,
                   .digest = arena_strdup(docker->arena, digest),
                   .size = (int64_t)config.length},
        .layers = layers,
        .layer_count = count,
    };
    add_blob(docker, (struct docker_blob){.digest = manifest.config.digest, .bytes = config});
    if (!manifest_encode(docker->arena, &manifest, &docker->manifest, err))
        return false;
    digest_of(docker->manifest.data, docker->manifest.length, docker->manifest_digest);
    return true;
}

/* Does a RepoTags entry serve the selector? Equal texts, equal references, or equal tags alone. */
static bool is_selected(struct arena *arena, const char *repo_tag, const char *selector)
{
    struct reference a, b;
    struct error ignored;
    const char *colon = strrchr(repo_tag, ':');
    if (strcmp(repo_tag, selector) == 0 || (colon && strcmp(colon + 1, selector) == 0))
        return true;
    return reference_parse(arena, repo_tag, &a, &ignored) &&
           reference_parse(arena, selector, &b, &ignored) && strcmp(a.host, b.host) == 0 &&
           strcmp(a.repository, b.repository) == 0 &&
           strcmp(reference_tag(&a), reference_tag(&b)) == 0;
}

static const json_t *select_item(struct docker_source *docker, const json_t *list,
                                 const char *selector, struct error *err)
{
    struct buf names scoped(buf_release) = {0};
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const json_t *tags = json_object_get(item, "RepoTags");
        for (size_t t = 0; t < json_array_size(tags); t++) {
            const char *text = json_string_value(json_array_get(tags, t));
            if (text && *selector && is_selected(docker->arena, text, selector))
                return item;
            if (text && names.length < 200)
                buf_printf(&names, "%s%s", names.length ? ", " : "", text);
        }
    }
    if (!*selector && json_array_size(list) == 1)
        return json_array_get(list, 0);
    error_fill(err, ERROR_INPUT,
               *selector ? "no image of that name (there is: %s)"
                         : "several images or none, name one after ':' (%s)",
               buf_text(&names));
    return NULL;
}

static bool read_layers(struct docker_source *docker, const json_t *paths,
                        const struct image_config *config, struct descriptor **out,
                        struct error *err)
{
    size_t count = json_array_size(paths);
    if (count > LIMIT_LAYERS || count != config->diff_id_count)
        return error_set(err, ERROR_INPUT, "%zu layer files, but %zu diff_ids in the config", count,
                         config->diff_id_count);
    *out = arena_new_array(docker->arena, struct descriptor, count);
    for (size_t i = 0; i < count; i++) {
        const char *path = json_string_value(json_array_get(paths, i)), *diff_id;
        char plain[LIMIT_PATH_BYTES + 1];
        if (!path || !layer_path_normalise(slice_of(path), plain))
            return error_set(err, ERROR_INPUT, "manifest.json: malformed layer name");
        path = arena_strdup(docker->arena, plain);
        if (!describe_layer(docker, path, config->diff_ids[i], &(*out)[i], &diff_id, err))
            return false;
        add_blob(docker, (struct docker_blob){.digest = (*out)[i].digest, .path = path});
    }
    return true;
}

static bool open_current(struct docker_source *docker, const char *selector, struct error *err)
{
    struct slice bytes, config_bytes;
    struct image_config config;
    struct descriptor *layers;
    const char *path;
    char plain[LIMIT_PATH_BYTES + 1];
    if (!source_tree_load(docker->tree, docker->arena, "manifest.json", LIMIT_MANIFEST_BYTES,
                          &bytes, err))
        return false;
    json_t *list =
        json_read_document(docker->arena, "manifest.json", bytes, LIMIT_MANIFEST_BYTES, true, err);
    if (!list)
        return false;
    const json_t *item = select_item(docker, list, selector, err);
    if (!item || !json_read_text(item, "Config", docker->arena, &path, err))
        return false;
    if (!layer_path_normalise(slice_of(path), plain) || !plain[0])
        return error_set(err, ERROR_INPUT, "manifest.json: malformed config name");
    return source_tree_load(docker->tree, docker->arena, plain, LIMIT_CONFIG_BYTES, &config_bytes,
                            err) &&
           image_config_parse(docker->arena, config_bytes, &config, err) &&
           read_layers(docker, json_object_get(item, "Layers"), &config, &layers, err) &&
           finish_manifest(docker, config_bytes, layers, config.diff_id_count, err);
}

/* ---- first generation ---- */

/* From `repositories` {name: {tag: id}}, else the one ID/json that is nobody's parent. */
static bool find_top(struct docker_source *docker, const char *selector, const char **top,
                     struct error *err)
{
    int64_t size;
    struct slice bytes;
    *top = NULL;
    if (!source_tree_find(docker->tree, "repositories", &size, err))
        return false;
    if (size >= 0) {
        json_t *tags, *id;
        const char *name, *tag;
        if (!source_tree_load(docker->tree, docker->arena, "repositories", LIMIT_MANIFEST_BYTES,
                              &bytes, err))
            return false;
        json_t *root = json_read_document(docker->arena, "repositories", bytes,
                                          LIMIT_MANIFEST_BYTES, false, err);
        if (!root)
            return false;
        json_object_foreach(root, name, tags) json_object_foreach(tags, tag, id)
        {
            const char *full = arena_printf(docker->arena, "%s:%s", name, tag);
            if (json_is_string(id) && !*top &&
                (!*selector || is_selected(docker->arena, full, selector)))
                *top = arena_strdup(docker->arena, json_string_value(id));
        }
    }
    return *top || error_set(err, ERROR_INPUT, "no image of that name in `repositories`");
}

/* IDs from the top down to the base, and their documents. */
static bool read_chain(struct docker_source *docker, const char *top, json_t **documents,
                       const char **ids, size_t *count, struct error *err)
{
    const char *id = top;
    *count = 0;
    while (*id) {
        struct slice bytes;
        char plain[LIMIT_PATH_BYTES + 1];
        const char *path = arena_printf(docker->arena, "%s/json", id);
        if (*count == CHAIN_MOST)
            return error_set(err, ERROR_INPUT, "more than %d layers", CHAIN_MOST);
        if (!layer_path_normalise(slice_of(path), plain) ||
            !source_tree_load(docker->tree, docker->arena, plain, LIMIT_CONFIG_BYTES, &bytes, err))
            return error_wrap(err, "layer %.80s", id);
        documents[*count] =
            json_read_document(docker->arena, path, bytes, LIMIT_CONFIG_BYTES, false, err);
        if (!documents[*count])
            return false;
        ids[(*count)++] = id;
        if (!json_read_text(documents[*count - 1], "parent", docker->arena, &id, err))
            return false;
    }
    return true;
}

static const char *command_of(struct arena *arena, const json_t *document)
{
    const json_t *command = json_object_get(json_object_get(document, "container_config"), "Cmd");
    struct buf text scoped(buf_release) = {0};
    for (size_t i = 0; i < json_array_size(command); i++) {
        const char *word = json_string_value(json_array_get(command, i));
        buf_printf(&text, "%s%s", i ? " " : "", word ? word : "");
    }
    return arena_strdup(arena, buf_text(&text));
}

static bool open_first(struct docker_source *docker, const char *selector, struct error *err)
{
    struct arena *arena = docker->arena;
    json_t **documents = arena_new_array(arena, json_t *, CHAIN_MOST);
    const char **ids = arena_new_array(arena, const char *, CHAIN_MOST), *top, *created;
    struct descriptor *layers = arena_new_array(arena, struct descriptor, CHAIN_MOST);
    struct image_config config;
    struct slice config_bytes;
    size_t count;
    if (!find_top(docker, selector, &top, err) ||
        !read_chain(docker, top, documents, ids, &count, err))
        return false;
    struct platform platform = {0};
    if (!json_read_text(documents[0], "os", arena, &platform.os, err) ||
        !json_read_text(documents[0], "architecture", arena, &platform.architecture, err) ||
        !json_read_text(documents[0], "created", arena, &created, err))
        return false;
    image_config_init(arena, platform, &config);
    if (json_object_get(documents[0], "config"))
        json_object_set(config.document, "config", json_object_get(documents[0], "config"));
    for (size_t i = 0; i < count; i++) {
        size_t down = count - 1 - i; /* lowest first */
        const char *path = arena_printf(arena, "%s/layer.tar", ids[down]), *diff_id;
        if (!describe_layer(docker, path, NULL, &layers[i], &diff_id, err))
            return false;
        add_blob(docker, (struct docker_blob){.digest = layers[i].digest, .path = path});
        struct image_history history = {.created_by = command_of(arena, documents[down])};
        if (!json_read_text(documents[down], "created", arena, &history.created, err) ||
            !image_config_append(arena, &config, diff_id, history, err))
            return false;
    }
    return (!*created || image_config_set_created(arena, &config, created, err)) &&
           image_config_encode(arena, &config, &config_bytes, err) &&
           finish_manifest(docker, config_bytes, layers, count, err);
}

bool source_open_docker(struct source_tree *tree, const char *selector, const char *what,
                        struct image_source **out, struct error *err)
{
    struct docker_source *docker = calloc(1, sizeof(*docker));
    int64_t size;
    if (!docker)
        abort();
    docker->source = (struct image_source){
        .transport = IMAGE_DOCKER_ARCHIVE,
        .manifest = docker_manifest,
        .blob = docker_blob,
        .close = docker_close,
    };
    docker->tree = tree;
    docker->arena = arena_new();
    if (!source_tree_find(tree, "manifest.json", &size, err) ||
        !(size >= 0 ? open_current : open_first)(docker, selector, err)) {
        docker_close(&docker->source);
        return error_wrap(err, "%s: docker archive", what);
    }
    *out = &docker->source;
    return true;
}
