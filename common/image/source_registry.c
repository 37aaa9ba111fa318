#include <stdlib.h>

#include "image/source_inner.h"

struct registry_source {
    struct image_source source;
    struct registry *registry;
    struct arena *arena;
    struct reference reference;
};

static bool source_manifest(struct image_source *source, struct arena *arena, const char *digest,
                            struct descriptor *descriptor, struct slice *bytes, struct error *err)
{
    struct registry_source *from = (struct registry_source *)source;
    struct reference where = from->reference;
    struct registry_manifest manifest;
    if (*digest)
        where.digest = digest;
    if (!registry_manifest_fetch(from->registry, arena, &where, &manifest, err))
        return false;
    *descriptor = (struct descriptor){.media_type = manifest.media_type,
                                      .artifact_type = "",
                                      .digest = manifest.digest,
                                      .size = manifest.size};
    *bytes = manifest.bytes;
    return true;
}

static bool source_blob(struct image_source *source, const struct descriptor *blob,
                        struct stream **out, struct error *err)
{
    struct registry_source *from = (struct registry_source *)source;
    return registry_blob_open(from->registry, &from->reference, blob, out, err);
}

static void source_close(struct image_source *source)
{
    struct registry_source *from = (struct registry_source *)source;
    registry_free(from->registry);
    arena_free(from->arena);
    free(from);
}

bool source_open_registry(const struct reference *reference,
                          const struct registry_settings *settings, struct image_source **out,
                          struct error *err)
{
    struct registry_source *source = calloc(1, sizeof(*source));
    (void)err;
    if (!source)
        abort();
    source->source = (struct image_source){
        .transport = IMAGE_REGISTRY,
        .manifest = source_manifest,
        .blob = source_blob,
        .close = source_close,
    };
    source->arena = arena_new();
    /* Whoever gave this name on a command line means that host, private or not. */
    struct registry_settings own = *settings;
    const char *listed = settings->http.allow_private_hosts;
    own.http.allow_private_hosts =
        arena_printf(source->arena, "%s %s", reference->host, listed ? listed : "");
    source->registry = registry_new(&own);
    source->reference = (struct reference){
        .host = arena_strdup(source->arena, reference->host),
        .repository = arena_strdup(source->arena, reference->repository),
        .tag = arena_strdup(source->arena, reference->tag),
        .digest = arena_strdup(source->arena, reference->digest),
    };
    *out = &source->source;
    return true;
}
