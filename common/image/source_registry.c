#include <stdlib.h>

#include "base/log.h"
#include "image/mirrors.h"
#include "image/source_inner.h"

struct registry_source {
    struct image_source source;
    struct registry *registry;
    struct arena *arena;
    struct mirror *places; /* mirrors first, the place itself last */
    size_t count, chosen;
};

static bool source_manifest(struct image_source *source, struct arena *arena, const char *digest,
                            struct descriptor *descriptor, struct slice *bytes, struct error *err)
{
    struct registry_source *from = (struct registry_source *)source;
    struct registry_manifest manifest;
    for (;; from->chosen++) { /* what a mirror cannot give, the next place may */
        struct reference where = from->places[from->chosen].reference;
        if (*digest)
            where.digest = digest;
        if (registry_manifest_fetch(from->registry, arena, &where, &manifest, err))
            break;
        if (from->chosen + 1 == from->count)
            return false;
        log_debug("mirror passed over", LOG_TEXT("reason", err->text));
        *err = (struct error){0};
    }
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
    for (size_t i = from->chosen;; i++) {
        if (registry_blob_open(from->registry, &from->places[i].reference, blob, out, err))
            return true;
        if (i + 1 == from->count)
            return false;
        *err = (struct error){0};
    }
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
    if (!source)
        abort();
    source->source = (struct image_source){
        .transport = IMAGE_REGISTRY,
        .manifest = source_manifest,
        .blob = source_blob,
        .close = source_close,
    };
    source->arena = arena_new();
    struct reference own = {
        .host = arena_strdup(source->arena, reference->host),
        .repository = arena_strdup(source->arena, reference->repository),
        .tag = arena_strdup(source->arena, reference->tag),
        .digest = arena_strdup(source->arena, reference->digest),
    };
    if (!mirrors_load(source->arena, settings->mirrors, &own, &source->places, &source->count,
                      err)) {
        source_close(&source->source);
        return false;
    }
    /* Whoever gave these names on a command line or in a file means those hosts, private or not. */
    struct registry_settings access = *settings;
    struct buf hosts scoped(buf_release) = {0}, plain scoped(buf_release) = {0};
    buf_printf(&hosts, "%s",
               settings->http.allow_private_hosts ? settings->http.allow_private_hosts : "");
    buf_printf(&plain, "%s", settings->insecure_hosts ? settings->insecure_hosts : "");
    for (size_t i = 0; i < source->count; i++) {
        buf_printf(&hosts, " %s", source->places[i].reference.host);
        if (source->places[i].insecure)
            buf_printf(&plain, " %s", source->places[i].reference.host);
    }
    access.http.allow_private_hosts = buf_text(&hosts);
    access.insecure_hosts = buf_text(&plain);
    source->registry = registry_new(&access);
    *out = &source->source;
    return true;
}
