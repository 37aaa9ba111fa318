/* The registry client by hand, for the tests: one line a fact, "error KIND: …" and exit 3.
 *   registry_probe copy IMAGE REFERENCE [MOUNT-FROM]   read an image anywhere, push it
 *   registry_probe tags REFERENCE | catalog HOST | head REFERENCE | delete REFERENCE
 *   registry_probe attach REFERENCE DIGEST | referrers REFERENCE DIGEST | upload REFERENCE BYTES
 * CHUNK Environment: PROBE_INSECURE, PROBE_PRIVATE, PROBE_REALMS, PROBE_CA (the settings' lists).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "image/image_write.h"
#include "image/source.h"

struct probe {
    struct arena *arena;
    struct source_settings settings;
    struct registry *registry;
    int count;
    char **arguments;
};

struct origin {
    struct image_source *source;
    struct descriptor blob;
};

static bool open_origin(void *context, struct stream **out, struct error *err)
{
    struct origin *origin = context;
    return origin->source->blob(origin->source, &origin->blob, out, err);
}

static bool parse(struct probe *probe, int at, struct reference *out, struct error *err)
{
    return at < probe->count ? reference_parse(probe->arena, probe->arguments[at], out, err)
                             : error_set(err, ERROR_FATAL, "too few arguments");
}

static bool do_copy(struct probe *probe, struct error *err)
{
    struct image_name from, to;
    struct image image;
    struct image_written written;
    struct image_source *source scoped(image_source_scope_close) = NULL;
    if (probe->count < 2 || !image_name_parse(probe->arena, probe->arguments[0], &from, err) ||
        !image_name_parse(probe->arena, probe->arguments[1], &to, err) ||
        !image_source_open(&from, &probe->settings, &source, err) ||
        !image_load(source, probe->arena, NULL, &image, err))
        return false;
    struct image_blob *layers = arena_new_array(probe->arena, struct image_blob, image.layer_count);
    for (size_t i = 0; i < image.layer_count; i++) {
        struct origin *origin = arena_new_object(probe->arena, struct origin);
        *origin = (struct origin){source, image.layers[i].descriptor};
        layers[i] = (struct image_blob){.descriptor = origin->blob,
                                        .diff_id = image.layers[i].diff_id,
                                        .opener = {open_origin, origin},
                                        .mount_from = probe->count > 2 ? probe->arguments[2] : ""};
    }
    struct image_draft draft = {.config = image.config_bytes,
                                .layers = layers,
                                .layer_count = image.layer_count,
                                .docker = image.parsed.is_docker};
    if (!image_write(probe->registry, probe->arena, &to, &draft, &written, err))
        return false;
    printf("written %s %s\n", written.manifest_digest, written.media_type);
    return true;
}

static bool do_tags(struct probe *probe, struct error *err)
{
    struct reference where;
    struct name_list list;
    if (!parse(probe, 0, &where, err) ||
        !registry_tag_list(probe->registry, probe->arena, &where, 10000, &list, err))
        return false;
    for (size_t i = 0; i < list.count; i++)
        printf("%s\n", list.names[i]);
    return true;
}

static bool do_catalog(struct probe *probe, struct error *err)
{
    struct name_list list;
    bool supported;
    if (probe->count < 1 || !registry_catalog(probe->registry, probe->arena, probe->arguments[0],
                                              10000, &list, &supported, err))
        return false;
    for (size_t i = 0; i < list.count; i++)
        printf("%s\n", list.names[i]);
    if (!supported)
        printf("unsupported\n");
    return true;
}

static bool do_head(struct probe *probe, struct error *err)
{
    struct reference where;
    struct registry_manifest found;
    if (!parse(probe, 0, &where, err) ||
        !registry_manifest_head(probe->registry, probe->arena, &where, &found, err))
        return false;
    printf("%s\n", found.found ? found.digest : "none");
    return true;
}

static bool do_delete(struct probe *probe, struct error *err)
{
    struct reference where;
    return parse(probe, 0, &where, err) && registry_manifest_delete(probe->registry, &where, err);
}

/* A small artifact whose subject is the digest. */
static bool do_attach(struct probe *probe, struct error *err)
{
    struct reference where;
    struct registry_manifest subject;
    struct slice bytes;
    char digest[DIGEST_TEXT_SIZE];
    if (probe->count < 2 || !parse(probe, 0, &where, err))
        return false;
    where.digest = probe->arguments[1];
    if (!registry_manifest_fetch(probe->registry, probe->arena, &where, &subject, err))
        return false;
    where.digest = where.tag = "";
    if (!registry_blob_push_bytes(probe->registry, &where, slice_of("{}"), digest, err))
        return false;
    struct descriptor empty = {.media_type = MEDIA_OCI_EMPTY, .digest = digest, .size = 2};
    struct manifest manifest = {.artifact_type = "application/vnd.test",
                                .config = empty,
                                .layers = &empty,
                                .layer_count = 1,
                                .subject = {.media_type = subject.media_type,
                                            .digest = subject.digest,
                                            .size = subject.size}};
    char own[DIGEST_TEXT_SIZE];
    if (!manifest_encode(probe->arena, &manifest, &bytes, err) ||
        !registry_manifest_push(probe->registry, &where, MEDIA_OCI_MANIFEST, bytes, own, err))
        return false;
    printf("%s\n", own);
    return true;
}

static bool do_referrers(struct probe *probe, struct error *err)
{
    struct reference where;
    const struct descriptor *list;
    size_t count;
    if (probe->count < 2 || !parse(probe, 0, &where, err) ||
        !registry_referrers(probe->registry, probe->arena, &where, probe->arguments[1], &list,
                            &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        printf("%s %s\n", list[i].digest, list[i].artifact_type);
    return true;
}

static bool open_pattern(void *context, struct stream **out, struct error *err)
{
    (void)err;
    *out = stream_of_memory(*(struct slice *)context);
    return true;
}

static bool do_upload(struct probe *probe, struct error *err)
{
    struct reference where;
    char digest[DIGEST_TEXT_SIZE];
    if (probe->count < 3 || !parse(probe, 0, &where, err))
        return false;
    size_t size = strtoul(probe->arguments[1], NULL, 10);
    char *data = arena_alloc(probe->arena, size + 1);
    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 31 + i / 251);
    struct slice bytes = {.data = data, .length = size};
    struct blob_opener opener = {open_pattern, &bytes};
    digest_of(data, size, digest);
    if (!registry_blob_push(probe->registry, &where, digest, (int64_t)size, opener, "",
                            strtol(probe->arguments[2], NULL, 10), err))
        return false;
    int64_t there;
    if (!registry_blob_find(probe->registry, &where, digest, &there, err))
        return false;
    printf("%s %lld\n", digest, (long long)there);
    return true;
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        bool (*run)(struct probe *probe, struct error *err);
    } commands[] = {
        {"copy", do_copy},           {"tags", do_tags},     {"catalog", do_catalog},
        {"head", do_head},           {"delete", do_delete}, {"attach", do_attach},
        {"referrers", do_referrers}, {"upload", do_upload},
    };
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    struct probe probe = {
        .arena = arena,
        .count = argc > 2 ? argc - 2 : 0,
        .arguments = argv + 2,
        .settings.registry = {.http = {.allow_private_hosts = variable("PROBE_PRIVATE"),
                                       .ca_file = variable("PROBE_CA")},
                              .insecure_hosts = variable("PROBE_INSECURE"),
                              .realm_hosts = variable("PROBE_REALMS")}};
    struct registry *registry scoped(registry_scope_free) = registry_new(&probe.settings.registry);
    probe.registry = registry;
    for (size_t i = 0; argc > 1 && i < array_count(commands); i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (commands[i].run(&probe, &err))
            return 0;
        printf("error %s%s %u: %s\n", error_kind_name(err.kind), err.outside ? " outside" : "",
               err.retry_after_s, err.text);
        return 3;
    }
    return 2;
}
