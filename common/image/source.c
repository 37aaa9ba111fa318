#include "image/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/limits.h"
#include "image/source_inner.h"

void image_source_close(struct image_source *source)
{
    if (source)
        source->close(source);
}

void image_source_scope_close(struct image_source **source)
{
    image_source_close(*source);
}

struct plain_source {
    struct image_source source;
    char path[LIMIT_PATH_BYTES + 1];
};

static bool plain_manifest(struct image_source *source, struct arena *arena, const char *digest,
                           struct descriptor *descriptor, struct slice *bytes, struct error *err)
{
    (void)arena, (void)digest, (void)descriptor, (void)bytes;
    return error_set(err, ERROR_INPUT, "%s: no image, so it has no manifest", source->directory);
}

static bool plain_blob(struct image_source *source, const struct descriptor *blob,
                       struct stream **out, struct error *err)
{
    (void)blob, (void)out;
    return error_set(err, ERROR_INPUT, "%s: no image, so it has no layers", source->directory);
}

static void plain_close(struct image_source *source)
{
    free(source);
}

static bool open_plain(enum image_transport transport, const char *path, struct image_source **out,
                       struct error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    if ((transport == IMAGE_DIRECTORY) != (bool)S_ISDIR(st.st_mode))
        return error_set(err, ERROR_INPUT, "%s: %s a directory", path,
                         transport == IMAGE_DIRECTORY ? "not" : "is");
    struct plain_source *plain = calloc(1, sizeof(*plain));
    if (!plain)
        abort();
    if (strlen(path) > LIMIT_PATH_BYTES) {
        free(plain);
        return error_set(err, ERROR_INPUT, "path too long");
    }
    memcpy(plain->path, path, strlen(path) + 1);
    plain->source = (struct image_source){
        .transport = transport,
        .manifest = plain_manifest,
        .blob = plain_blob,
        .close = plain_close,
        .directory = plain->path,
    };
    *out = &plain->source;
    return true;
}

/* Layout or docker-archive by what is in it; `wanted` IMAGE_PATH: whichever. */
static bool open_archive(int fd, enum image_transport wanted, const char *tag, const char *what,
                         const struct source_settings *settings, struct image_source **out,
                         struct error *err)
{
    struct source_tree *tree;
    int64_t layout, docker, first;
    if (!source_tree_open_archive(fd, what, settings->temporary, &tree, err))
        return false;
    if (!source_tree_find(tree, "index.json", &layout, err) ||
        !source_tree_find(tree, "manifest.json", &docker, err) ||
        !source_tree_find(tree, "repositories", &first, err)) {
        source_tree_close(tree);
        return false;
    }
    bool as_docker =
        wanted == IMAGE_DOCKER_ARCHIVE ? docker >= 0 || first >= 0 || layout < 0 : layout < 0;
    if (layout < 0 && docker < 0 && first < 0) {
        source_tree_close(tree);
        return error_set(err, ERROR_INPUT,
                         "%s: no image archive (neither index.json nor manifest.json in it)", what);
    }
    bool good = as_docker ? source_open_docker(tree, tag, what, out, err)
                          : source_open_layout(tree, tag, what, out, err);
    if (good && !as_docker)
        (*out)->transport = IMAGE_OCI_ARCHIVE;
    return good;
}

static bool open_file(const struct image_name *name, const struct source_settings *settings,
                      struct image_source **out, struct error *err)
{
    int fd = open(name->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_INPUT, "%s: %s", name->path, strerror(errno));
    return open_archive(fd, name->transport, name->tag, name->path, settings, out, err);
}

static bool open_daemon(const struct image_name *name, const struct source_settings *settings,
                        struct image_source **out, struct error *err)
{
    int fd;
    if (!source_daemon_fetch(name, settings, &fd, err) ||
        !open_archive(fd, IMAGE_DOCKER_ARCHIVE, "", name->text, settings, out, err))
        return false;
    (*out)->transport = name->transport;
    return true;
}

static bool open_layout_folder(const struct image_name *name, struct image_source **out,
                               struct error *err)
{
    struct source_tree *tree;
    return source_tree_open_directory(name->path, &tree, err) &&
           source_open_layout(tree, name->tag, name->path, out, err);
}

/* A bare path: a layout or a root folder; a file: an SBOM if it begins like one, else an archive.
 */
static bool open_path(const struct image_name *name, const struct source_settings *settings,
                      struct image_source **out, struct error *err)
{
    struct stat st;
    if (stat(name->path, &st) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s", name->path, strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        char marker[LIMIT_PATH_BYTES + 16];
        snprintf(marker, sizeof(marker), "%s/oci-layout", name->path);
        return access(marker, F_OK) == 0 ? open_layout_folder(name, out, err)
                                         : open_plain(IMAGE_DIRECTORY, name->path, out, err);
    }
    char first = 0;
    int fd = open(name->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(err, ERROR_INPUT, "%s: %s", name->path, strerror(errno));
    bool text = S_ISREG(st.st_mode) && pread(fd, &first, 1, 0) == 1 &&
                (first == '{' || first == '<' || first == (char)0xef);
    if (!text)
        return open_archive(fd, IMAGE_PATH, name->tag, name->path, settings, out, err);
    close(fd);
    return open_plain(IMAGE_SBOM, name->path, out, err);
}

bool image_source_open(const struct image_name *name, const struct source_settings *settings,
                       struct image_source **out, struct error *err)
{
    switch (name->transport) {
    case IMAGE_REGISTRY:
        return source_open_registry(&name->reference, &settings->registry, out, err);
    case IMAGE_OCI:
        return open_layout_folder(name, out, err);
    case IMAGE_OCI_ARCHIVE:
    case IMAGE_DOCKER_ARCHIVE:
        return open_file(name, settings, out, err);
    case IMAGE_DIRECTORY:
    case IMAGE_SBOM:
        return open_plain(name->transport, name->path, out, err);
    case IMAGE_DOCKER:
    case IMAGE_PODMAN:
        return open_daemon(name, settings, out, err);
    case IMAGE_STDIN:
        return open_archive(dup(STDIN_FILENO), IMAGE_PATH, "", "standard input", settings, out,
                            err);
    case IMAGE_PATH:
        return open_path(name, settings, out, err);
    }
    return error_set(err, ERROR_FATAL, "unknown transport");
}

/* ---- one image of a source ---- */

static bool load_config(struct image_source *source, struct arena *arena, struct image *out,
                        struct error *err)
{
    const struct descriptor *config = &out->parsed.config;
    struct stream *stream scoped(stream_scope_close) = NULL;
    struct buf bytes scoped(buf_release) = {0};
    char actual[DIGEST_TEXT_SIZE];
    if (!source->blob(source, config, &stream, err) ||
        !stream_read_all(stream, LIMIT_CONFIG_BYTES, &bytes, err))
        return error_wrap(err, "config");
    digest_of(bytes.data, bytes.length, actual);
    if (strcmp(actual, config->digest) != 0)
        return error_set(err, ERROR_INPUT, "config %s: its bytes have digest %s", config->digest,
                         actual);
    out->config_bytes = (struct slice){
        .data = arena_memdup(arena, buf_text(&bytes), bytes.length + 1), .length = bytes.length};
    out->config_digest = config->digest;
    return image_config_parse(arena, out->config_bytes, &out->config, err);
}

static bool join_layers(struct arena *arena, struct image *out, struct error *err)
{
    size_t count = out->parsed.layer_count;
    if (count != out->config.diff_id_count)
        return error_set(err, ERROR_INPUT, "%zu layers in the manifest, %zu diff_ids in the config",
                         count, out->config.diff_id_count);
    struct image_layer *layers = arena_new_array(arena, struct image_layer, count);
    for (size_t i = 0; i < count; i++) {
        const struct descriptor *layer = &out->parsed.layers[i];
        layers[i] = (struct image_layer){.descriptor = *layer,
                                         .diff_id = out->config.diff_ids[i],
                                         .foreign = layer->has_urls ||
                                                    media_type_is_foreign(layer->media_type)};
    }
    out->layers = layers;
    out->layer_count = count;
    return true;
}

static bool load_image(struct image_source *source, struct arena *arena, struct image *out,
                       struct error *err)
{
    if (out->parsed.is_schema1)
        return error_set(err, ERROR_INPUT,
                         "schema 1 manifests carry no configuration; push the image again with a "
                         "current tool");
    if (out->parsed.kind != MANIFEST_IMAGE)
        return error_set(err, ERROR_INPUT, "no image but %s %s%s",
                         manifest_kind_name(out->parsed.kind),
                         *out->parsed.artifact_type ? "of type " : "", out->parsed.artifact_type);
    out->manifest.media_type = out->parsed.media_type;
    return load_config(source, arena, out, err) && join_layers(arena, out, err);
}

/* The index's child for the platform: NULL wanted takes this machine's, else the only image. */
static const struct descriptor *choose_child(const struct manifest *index,
                                             const struct platform *wanted, struct arena *arena,
                                             struct error *err)
{
    const struct descriptor *only = NULL;
    const struct descriptor *found =
        manifest_find_platform(index, wanted ? *wanted : platform_here());
    struct buf have scoped(buf_release) = {0};
    size_t images = 0;
    for (size_t i = 0; i < index->child_count; i++) {
        const struct descriptor *child = &index->children[i];
        enum manifest_kind kind = descriptor_kind(child);
        if (kind != MANIFEST_IMAGE && kind != MANIFEST_INDEX)
            continue;
        images++;
        only = child;
        if (have.length < 200)
            buf_printf(&have, "%s%s", images > 1 ? ", " : "",
                       child->has_platform ? platform_text(arena, child->platform) : "?");
    }
    if (!found && images == 1 && (!wanted || !only->has_platform))
        found = only;
    if (!found)
        error_fill(err, ERROR_INPUT, "no image for platform %s (there is: %s)",
                   platform_text(arena, wanted ? *wanted : platform_here()), buf_text(&have));
    return found;
}

bool image_load(struct image_source *source, struct arena *arena, const struct platform *platform,
                struct image *out, struct error *err)
{
    const char *digest = "";
    *out = (struct image){.index_digest = "", .config_digest = ""};
    for (int depth = 0; depth <= LIMIT_INDEX_DEPTH; depth++) {
        if (!source->manifest(source, arena, digest, &out->manifest, &out->manifest_bytes, err) ||
            !manifest_parse(arena, out->manifest_bytes, out->manifest.media_type, &out->parsed,
                            err))
            return false;
        if (out->parsed.kind != MANIFEST_INDEX) {
            if (!load_image(source, arena, out, err))
                return false;
            if (platform && !platform_matches(*platform, out->config.platform))
                return error_set(err, ERROR_INPUT, "the image is for %s, not %s",
                                 platform_text(arena, out->config.platform),
                                 platform_text(arena, *platform));
            return true;
        }
        if (depth == 0)
            out->index_digest = out->manifest.digest;
        const struct descriptor *child = choose_child(&out->parsed, platform, arena, err);
        if (!child)
            return false;
        digest = child->digest;
    }
    return error_set(err, ERROR_INPUT, "indexes nest deeper than %d", LIMIT_INDEX_DEPTH);
}

struct collection {
    struct image *items;
    size_t count, capacity;
    const char *index_digest;
};

static bool collect(struct image_source *source, struct arena *arena, const char *digest, int depth,
                    struct collection *into, struct error *err)
{
    struct image image = {.index_digest = into->index_digest, .config_digest = ""};
    if (depth > LIMIT_INDEX_DEPTH || into->count >= LIMIT_INDEX_CHILDREN)
        return error_set(err, ERROR_INPUT, "too many images or too deep an index");
    if (!source->manifest(source, arena, digest, &image.manifest, &image.manifest_bytes, err) ||
        !manifest_parse(arena, image.manifest_bytes, image.manifest.media_type, &image.parsed, err))
        return false;
    if (image.parsed.kind == MANIFEST_INDEX) {
        if (depth == 0)
            into->index_digest = image.manifest.digest;
        for (size_t i = 0; i < image.parsed.child_count; i++) {
            enum manifest_kind kind = descriptor_kind(&image.parsed.children[i]);
            if ((kind == MANIFEST_IMAGE || kind == MANIFEST_INDEX) &&
                !collect(source, arena, image.parsed.children[i].digest, depth + 1, into, err))
                return false;
        }
        return true;
    }
    if (image.parsed.kind != MANIFEST_IMAGE && depth > 0)
        return true;
    if (!load_image(source, arena, &image, err))
        return false;
    arena_push(arena, into->items, into->count, into->capacity);
    into->items[into->count++] = image;
    return true;
}

bool image_load_all(struct image_source *source, struct arena *arena, struct image **out,
                    size_t *count, struct error *err)
{
    struct collection into = {.index_digest = ""};
    if (!collect(source, arena, "", 0, &into, err))
        return false;
    *out = into.items;
    *count = into.count;
    return into.count > 0 || error_set(err, ERROR_INPUT, "no image in it");
}
