/* What common/image reads, one line a fact; "error: …" and exit 3 where it refuses.
 *   image_show IMAGE [PLATFORM|all]     images, their layers read and verified
 *   image_show --manifest FILE [P]      kind, digests; with P the child for that platform
 *   image_show --config FILE            platform, diff_ids
 *   image_show --blob FILE              digest, diff_id, compression
 *   image_show --layer FILE             its entries, warnings */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "image/layer_stream.h"
#include "image/source.h"

static bool open_file(const char *path, struct stream **out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    *out = stream_of_fd(fd, true);
    return true;
}

static bool load_file(struct arena *arena, const char *path, struct slice *out, struct error *err)
{
    struct stream *stream scoped(stream_scope_close) = NULL;
    struct buf bytes scoped(buf_release) = {0};
    if (!open_file(path, &stream, err) || !stream_read_all(stream, 64 << 20, &bytes, err))
        return false;
    *out = (struct slice){.data = arena_memdup(arena, buf_text(&bytes), bytes.length + 1),
                          .length = bytes.length};
    return true;
}

static bool show_manifest(struct arena *arena, const char *path, const char *wanted,
                          struct error *err)
{
    struct slice bytes;
    struct manifest manifest;
    struct platform platform;
    if (!load_file(arena, path, &bytes, err) || !manifest_parse(arena, bytes, NULL, &manifest, err))
        return false;
    if (wanted) {
        if (!platform_parse(arena, wanted, &platform, err))
            return false;
        const struct descriptor *child = manifest_find_platform(&manifest, platform);
        printf("child %s\n", child ? child->digest : "none");
        return true;
    }
    printf("kind %s\n", manifest.kind == MANIFEST_INDEX ? "index" : "manifest");
    printf("class %s\n", manifest_kind_name(manifest.kind));
    if (*manifest.config.digest)
        printf("config %s\n", manifest.config.digest);
    if (*manifest.subject.digest)
        printf("subject %s\n", manifest.subject.digest);
    for (size_t i = 0; i < manifest.layer_count; i++)
        printf("layer %s\n", manifest.layers[i].digest);
    for (size_t i = 0; i < manifest.child_count; i++)
        printf("child %s\n", manifest.children[i].digest);
    return true;
}

static bool show_config(struct arena *arena, const char *path, struct error *err)
{
    struct slice bytes;
    struct image_config config;
    if (!load_file(arena, path, &bytes, err) || !image_config_parse(arena, bytes, &config, err))
        return false;
    printf("platform %s\n", platform_text(arena, config.platform));
    for (size_t i = 0; i < config.diff_id_count; i++)
        printf("diff_id %s\n", config.diff_ids[i]);
    return true;
}

static void show_warning(void *context, const struct layer_warning *warning)
{
    (void)context;
    printf("warning %s %s\n", warning->code, warning->path);
}

static bool show_entries(const char *path, bool entries, struct error *err)
{
    struct stream *file scoped(stream_scope_close) = NULL;
    struct stream *stream scoped(stream_scope_close) = NULL;
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    struct layer_walk_settings settings = {.warn = show_warning};
    struct layer_totals totals;
    const struct layer_entry *entry = NULL;
    if (!open_file(path, &file, err) || !layer_stream_open(file, NULL, &stream, err))
        return false;
    if (entries && !layer_walk_open(stream, &settings, &walk, err))
        return false;
    while (entries && layer_walk_next(walk, &entry, err) && entry)
        printf("entry %s %s%s%s\n", entry_type_name(entry->type), entry->path,
               entry->whiteout ? " whiteout" : "", entry->opaque ? " opaque" : "");
    if (err->kind != ERROR_NONE || !layer_stream_finish(stream, &totals, err))
        return false;
    printf("blob %s %s %s\n", totals.digest, totals.diff_id, compression_name(totals.compression));
    return true;
}

static bool show_layer(struct image_source *source, const struct image_layer *layer,
                       struct error *err)
{
    struct stream *blob scoped(stream_scope_close) = NULL;
    struct stream *stream scoped(stream_scope_close) = NULL;
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    struct layer_totals totals;
    const struct layer_entry *entry = NULL;
    long entries = 0, whiteouts = 0;
    if (!source->blob(source, &layer->descriptor, &blob, err) ||
        !layer_stream_open(blob, NULL, &stream, err) || !layer_walk_open(stream, NULL, &walk, err))
        return false;
    while (layer_walk_next(walk, &entry, err) && entry) {
        entries++;
        whiteouts += entry->whiteout || entry->opaque;
    }
    if (err->kind != ERROR_NONE || !layer_stream_finish(stream, &totals, err))
        return false;
    if (strcmp(totals.diff_id, layer->diff_id) != 0)
        return error_set(err, ERROR_INPUT, "diff_id %s, not %s", totals.diff_id, layer->diff_id);
    if (strcmp(totals.digest, layer->descriptor.digest) != 0)
        return error_set(err, ERROR_INPUT, "digest %s, not %s", totals.digest,
                         layer->descriptor.digest);
    printf("layer %s %s %s entries %ld whiteouts %ld\n", totals.digest, totals.diff_id,
           compression_name(totals.compression), entries, whiteouts);
    return true;
}

static bool show_image(struct image_source *source, struct arena *arena, const struct image *image,
                       struct error *err)
{
    printf("image %s config %s platform %s layers %zu\n", image->manifest.digest,
           image->config_digest, platform_text(arena, image->config.platform), image->layer_count);
    for (size_t i = 0; i < image->layer_count; i++)
        printf("claims %s\n", image->layers[i].diff_id);
    for (size_t i = 0; i < image->layer_count; i++)
        if (!show_layer(source, &image->layers[i], err))
            return error_wrap(err, "layer %zu", i);
    return true;
}

static bool show_images(struct arena *arena, const char *text, const char *wanted,
                        struct error *err)
{
    struct image_name name;
    struct source_settings settings = {0};
    struct image_source *source scoped(image_source_scope_close) = NULL;
    struct image *images, one;
    struct platform platform;
    size_t count = 1;
    if (!image_name_parse(arena, text, &name, err) ||
        !image_source_open(&name, &settings, &source, err))
        return false;
    if (wanted && strcmp(wanted, "all") == 0) {
        if (!image_load_all(source, arena, &images, &count, err))
            return false;
    } else {
        if (wanted && !platform_parse(arena, wanted, &platform, err))
            return false;
        images = &one;
        if (!image_load(source, arena, wanted ? &platform : NULL, &one, err))
            return false;
    }
    for (size_t i = 0; i < count; i++)
        if (!show_image(source, arena, &images[i], err))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    const char *mode = argc > 1 ? argv[1] : "", *more = argc > 3 ? argv[3] : NULL;
    bool good;
    if (argc < 2 || (strncmp(mode, "--", 2) == 0 && argc < 3))
        return 2;
    if (strcmp(mode, "--manifest") == 0)
        good = show_manifest(arena, argv[2], more, &err);
    else if (strcmp(mode, "--config") == 0)
        good = show_config(arena, argv[2], &err);
    else if (strcmp(mode, "--blob") == 0 || strcmp(mode, "--layer") == 0)
        good = show_entries(argv[2], strcmp(mode, "--layer") == 0, &err);
    else
        good = show_images(arena, mode, argc > 2 ? argv[2] : NULL, &err);
    if (!good)
        printf("error: %s\n", err.text);
    return good ? 0 : 3;
}
