/* image_show NAME [PLATFORM|all]: what common/image reads of an image, for the corpora topic
 * `registry` and by hand. One line a fact; "error: …" and exit 3 when it refuses. */
#include <stdio.h>
#include <string.h>

#include "image/layer_stream.h"
#include "image/source.h"

static bool show_layer(struct image_source *source, const struct image_layer *layer,
                       struct error *err)
{
    struct stream *blob scoped(stream_scope_close) = NULL;
    struct stream *stream scoped(stream_scope_close) = NULL;
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    struct layer_totals totals;
    const struct layer_entry *entry;
    long entries = 0, whiteouts = 0;
    if (!source->blob(source, &layer->descriptor, &blob, err) ||
        !layer_stream_open(blob, NULL, &stream, err) || !layer_walk_open(stream, NULL, &walk, err))
        return false;
    for (;;) {
        if (!layer_walk_next(walk, &entry, err))
            return false;
        if (!entry)
            break;
        entries++;
        whiteouts += entry->whiteout || entry->opaque;
    }
    if (!layer_stream_finish(stream, &totals, err))
        return false;
    printf("layer %s %s %s entries %ld whiteouts %ld %s%s\n", totals.digest, totals.diff_id,
           compression_name(totals.compression), entries, whiteouts,
           strcmp(totals.diff_id, layer->diff_id) == 0 ? "" : "WRONG-DIFF-ID ",
           strcmp(totals.digest, layer->descriptor.digest) == 0 ? "" : "WRONG-DIGEST");
    return true;
}

static bool show(struct image_source *source, struct arena *arena, const struct image *image,
                 struct error *err)
{
    printf("image %s config %s platform %s layers %zu\n", image->manifest.digest,
           image->config_digest, platform_text(arena, image->config.platform), image->layer_count);
    for (size_t i = 0; i < image->layer_count; i++)
        if (!show_layer(source, &image->layers[i], err))
            return error_wrap(err, "layer %zu", i);
    return true;
}

static bool run(struct arena *arena, int argc, char **argv, struct error *err)
{
    struct image_name name;
    struct source_settings settings = {0};
    struct image_source *source scoped(image_source_scope_close) = NULL;
    struct image *images, one;
    size_t count;
    struct platform platform;
    bool all = argc > 2 && strcmp(argv[2], "all") == 0;
    if (!image_name_parse(arena, argv[1], &name, err) ||
        !image_source_open(&name, &settings, &source, err))
        return false;
    if (!all) {
        if (argc > 2 && !platform_parse(arena, argv[2], &platform, err))
            return false;
        return image_load(source, arena, argc > 2 ? &platform : NULL, &one, err) &&
               show(source, arena, &one, err);
    }
    if (!image_load_all(source, arena, &images, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!show(source, arena, &images[i], err))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    if (argc < 2)
        return 2;
    if (run(arena, argc, argv, &err))
        return 0;
    printf("error: %s\n", err.text);
    return 3;
}
