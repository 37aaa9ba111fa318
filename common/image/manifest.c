#include "image/manifest.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "image/json_read.h"
#include "image/reference.h"

enum { ANNOTATIONS_MOST = 1000 };

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool media_type_is_index(const char *type)
{
    return strcmp(type, MEDIA_OCI_INDEX) == 0 || strcmp(type, MEDIA_DOCKER_LIST) == 0;
}

bool media_type_is_manifest(const char *type)
{
    static const char *const types[] = {MEDIA_OCI_MANIFEST, MEDIA_DOCKER_MANIFEST,
                                        MEDIA_DOCKER_SCHEMA1, MEDIA_DOCKER_SCHEMA1_SIGNED,
                                        "application/vnd.oci.artifact.manifest.v1+json"};
    for (size_t i = 0; i < array_count(types); i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

bool media_type_is_image_config(const char *type)
{
    return strcmp(type, MEDIA_OCI_CONFIG) == 0 || strcmp(type, MEDIA_DOCKER_CONFIG) == 0;
}

bool media_type_is_foreign(const char *type)
{
    return strstr(type, ".nondistributable.") != NULL || strstr(type, ".foreign.") != NULL;
}

bool media_type_is_layer(const char *type)
{
    return has_prefix(type, MEDIA_OCI_LAYER) ||
           has_prefix(type, "application/vnd.oci.image.layer.nondistributable.v1.tar") ||
           has_prefix(type, "application/vnd.docker.image.rootfs.");
}

bool tag_is_referrer(const char *tag)
{
    struct slice rest = slice_of(tag);
    if (!slice_has_prefix(rest, "sha256-") || rest.length < 7 + 64)
        return false;
    for (size_t i = 7; i < 7 + 64; i++)
        if (!strchr("0123456789abcdef", rest.data[i]))
            return false;
    return rest.length == 7 + 64 || rest.data[7 + 64] == '.';
}

const char *manifest_kind_name(enum manifest_kind kind)
{
    static const char *const names[] = {"image",     "index", "attestation",
                                        "signature", "chart", "artifact"};
    return (size_t)kind < array_count(names) ? names[kind] : "unknown";
}

const char *annotation_find(const struct annotation *annotations, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(annotations[i].key, key) == 0)
            return annotations[i].value;
    return "";
}

static bool parse_annotations(struct arena *arena, const json_t *object,
                              const struct annotation **out, size_t *count, struct error *err)
{
    json_t *map, *value;
    const char *key;
    *out = NULL;
    *count = 0;
    if (!json_read_object(object, "annotations", &map, err))
        return false;
    if (!map)
        return true;
    if (json_object_size(map) > ANNOTATIONS_MOST)
        return error_set(err, ERROR_INPUT, "more than %d annotations", ANNOTATIONS_MOST);
    struct annotation *list = arena_new_array(arena, struct annotation, json_object_size(map));
    json_object_foreach(map, key, value)
    {
        if (!json_is_string(value))
            return error_set(err, ERROR_INPUT, "annotation %.100s: not a text", key);
        list[(*count)++] = (struct annotation){arena_strdup(arena, key),
                                               arena_strdup(arena, json_string_value(value))};
    }
    *out = list;
    return true;
}

static bool parse_platform(struct arena *arena, const json_t *object, struct descriptor *out,
                           struct error *err)
{
    json_t *platform;
    struct platform raw = {.os = "", .architecture = "", .variant = "", .os_version = ""};
    out->platform = raw;
    if (!json_read_object(object, "platform", &platform, err))
        return false;
    if (!platform)
        return true;
    if (!json_read_text(platform, "os", arena, &raw.os, err) ||
        !json_read_text(platform, "architecture", arena, &raw.architecture, err) ||
        !json_read_text(platform, "variant", arena, &raw.variant, err) ||
        !json_read_text(platform, "os.version", arena, &raw.os_version, err))
        return error_wrap(err, "platform");
    out->has_platform = true;
    out->platform = platform_normalise(arena, raw);
    return true;
}

static bool parse_descriptor(struct arena *arena, const json_t *object, struct descriptor *out,
                             struct error *err)
{
    json_t *urls;
    *out = (struct descriptor){0};
    if (!json_is_object(object))
        return error_set(err, ERROR_INPUT, "descriptor: not an object");
    if (!json_read_text(object, "mediaType", arena, &out->media_type, err) ||
        !json_read_text(object, "digest", arena, &out->digest, err) ||
        !json_read_text(object, "artifactType", arena, &out->artifact_type, err) ||
        !json_read_i64(object, "size", -1, &out->size, err) ||
        !json_read_array(object, "urls", 1000, &urls, err) ||
        !parse_platform(arena, object, out, err) ||
        !parse_annotations(arena, object, &out->annotations, &out->annotation_count, err))
        return false;
    out->has_urls = urls && json_array_size(urls) > 0;
    if (!reference_is_digest(slice_of(out->digest)))
        return error_set(err, ERROR_INPUT, "malformed digest '%.100s'", out->digest);
    if (out->size < 0)
        return error_set(err, ERROR_INPUT, "%s: no size", out->digest);
    return true;
}

static bool parse_descriptors(struct arena *arena, const json_t *object, const char *name,
                              size_t most, const struct descriptor **out, size_t *count,
                              struct error *err)
{
    json_t *array;
    *out = NULL;
    *count = 0;
    if (!json_read_array(object, name, most, &array, err))
        return false;
    if (!array)
        return true;
    struct descriptor *list = arena_new_array(arena, struct descriptor, json_array_size(array));
    for (size_t i = 0; i < json_array_size(array); i++)
        if (!parse_descriptor(arena, json_array_get(array, i), &list[i], err))
            return error_wrap(err, "%s[%zu]", name, i);
    *out = list;
    *count = json_array_size(array);
    return true;
}

static enum manifest_kind kind_of_type(const char *type)
{
    if (strcmp(type, "application/vnd.in-toto+json") == 0 ||
        has_prefix(type, "application/vnd.dsse.envelope."))
        return MANIFEST_ATTESTATION;
    if (has_prefix(type, "application/vnd.dev.cosign.") ||
        has_prefix(type, "application/vnd.dev.sigstore.bundle") ||
        has_prefix(type, "application/vnd.cncf.notary."))
        return MANIFEST_SIGNATURE;
    if (has_prefix(type, "application/vnd.cncf.helm."))
        return MANIFEST_CHART;
    return MANIFEST_ARTIFACT;
}

/* Of a manifest with config and layers. */
static enum manifest_kind kind_of_manifest(const struct manifest *manifest)
{
    bool image_config =
        media_type_is_image_config(manifest->config.media_type) || !*manifest->config.media_type;
    bool tars = true;
    enum manifest_kind kind = kind_of_type(manifest->artifact_type);
    for (size_t i = 0; i < manifest->layer_count; i++) {
        const char *type = manifest->layers[i].media_type;
        tars = tars && (media_type_is_layer(type) || !*type);
        if (kind == MANIFEST_ARTIFACT)
            kind = kind_of_type(type);
    }
    if (image_config && tars)
        return MANIFEST_IMAGE;
    return kind == MANIFEST_ARTIFACT ? kind_of_type(manifest->config.media_type) : kind;
}

enum manifest_kind descriptor_kind(const struct descriptor *child)
{
    const char *type =
        annotation_find(child->annotations, child->annotation_count, "vnd.docker.reference.type");
    if (strcmp(type, "attestation-manifest") == 0)
        return MANIFEST_ATTESTATION;
    if (media_type_is_index(child->media_type))
        return MANIFEST_INDEX;
    if (*child->artifact_type && !media_type_is_image_config(child->artifact_type))
        return kind_of_type(child->artifact_type);
    return media_type_is_manifest(child->media_type) || !*child->media_type
               ? MANIFEST_IMAGE
               : kind_of_type(child->media_type);
}

/* Schema 1 lists the newest layer first and has no config blob. */
static bool parse_schema1(struct arena *arena, const json_t *root, struct manifest *out,
                          struct error *err)
{
    json_t *array;
    if (!json_read_array(root, "fsLayers", LIMIT_LAYERS, &array, err))
        return false;
    if (!array)
        return error_set(err, ERROR_INPUT, "schema 1 without fsLayers");
    size_t count = json_array_size(array);
    struct descriptor *list = arena_new_array(arena, struct descriptor, count);
    for (size_t i = 0; i < count; i++) {
        struct descriptor *layer = &list[count - 1 - i];
        *layer = (struct descriptor){
            .media_type = MEDIA_DOCKER_LAYER_GZIP, .artifact_type = "", .size = -1};
        if (!json_read_text(json_array_get(array, i), "blobSum", arena, &layer->digest, err))
            return false;
        if (!reference_is_digest(slice_of(layer->digest)))
            return error_set(err, ERROR_INPUT, "fsLayers[%zu]: malformed digest", i);
    }
    out->layers = list;
    out->layer_count = count;
    out->is_schema1 = out->is_docker = true;
    out->kind = MANIFEST_IMAGE;
    if (!*out->media_type)
        out->media_type = json_object_get(root, "signatures") ? MEDIA_DOCKER_SCHEMA1_SIGNED
                                                              : MEDIA_DOCKER_SCHEMA1;
    return true;
}

static bool parse_index(struct arena *arena, const json_t *root, struct manifest *out,
                        struct error *err)
{
    out->kind = MANIFEST_INDEX;
    if (!*out->media_type)
        out->media_type = MEDIA_OCI_INDEX;
    return parse_descriptors(arena, root, "manifests", LIMIT_INDEX_CHILDREN, &out->children,
                             &out->child_count, err);
}

static bool parse_image(struct arena *arena, const json_t *root, struct manifest *out,
                        struct error *err)
{
    json_t *config;
    bool blobs = json_object_get(root, "blobs") != NULL && !json_object_get(root, "layers");
    if (!json_read_object(root, "config", &config, err) ||
        !parse_descriptors(arena, root, blobs ? "blobs" : "layers", LIMIT_LAYERS, &out->layers,
                           &out->layer_count, err))
        return false;
    if (config && !parse_descriptor(arena, config, &out->config, err))
        return error_wrap(err, "config");
    if (!config && !blobs && !*out->artifact_type)
        return error_set(err, ERROR_INPUT, "no config");
    if (!*out->media_type)
        out->media_type = strcmp(out->config.media_type, MEDIA_DOCKER_CONFIG) == 0
                              ? MEDIA_DOCKER_MANIFEST
                              : MEDIA_OCI_MANIFEST;
    out->kind = config ? kind_of_manifest(out) : MANIFEST_ARTIFACT;
    if (!*out->artifact_type && !media_type_is_image_config(out->config.media_type))
        out->artifact_type = out->config.media_type;
    return true;
}

/* What the registry called it, without parameters; "" for types that say nothing. */
static const char *named_type(struct arena *arena, const char *content_type)
{
    struct slice type = slice_of(content_type);
    type = slice_trim(slice_sub(type, 0, slice_find_byte(type, ';')));
    const char *text = slice_string(arena, type);
    return media_type_is_index(text) || media_type_is_manifest(text) ? text : "";
}

bool manifest_parse(struct arena *arena, struct slice bytes, const char *content_type,
                    struct manifest *out, struct error *err)
{
    static const struct descriptor none = {
        .media_type = "", .digest = "", .artifact_type = "", .size = -1};
    const char *named = named_type(arena, content_type);
    json_t *root = json_read_document(arena, "manifest", bytes, LIMIT_MANIFEST_BYTES, false, err);
    json_t *subject;
    int64_t version;
    *out = (struct manifest){.config = none, .subject = none};
    if (!root || !json_read_text(root, "mediaType", arena, &out->media_type, err) ||
        !json_read_text(root, "artifactType", arena, &out->artifact_type, err) ||
        !json_read_i64(root, "schemaVersion", 2, &version, err) ||
        !json_read_object(root, "subject", &subject, err) ||
        !parse_annotations(arena, root, &out->annotations, &out->annotation_count, err))
        return error_wrap(err, "manifest");
    if (*out->media_type && *named &&
        media_type_is_index(out->media_type) != media_type_is_index(named))
        return error_set(err, ERROR_INPUT,
                         "manifest: the registry says %.100s, the manifest %.100s", named,
                         out->media_type);
    if (!*out->media_type)
        out->media_type = named;
    if (subject && !parse_descriptor(arena, subject, &out->subject, err))
        return error_wrap(err, "manifest: subject");
    bool index = json_object_get(root, "manifests") != NULL;
    bool image = json_object_get(root, "layers") || json_object_get(root, "config");
    bool schema1 = json_object_get(root, "fsLayers") != NULL;
    if (index + image + schema1 > 1)
        return error_set(err, ERROR_INPUT, "manifest: it is an index and an image at once");
    if ((index && media_type_is_manifest(out->media_type)) ||
        (image && media_type_is_index(out->media_type)))
        return error_set(err, ERROR_INPUT, "manifest: its shape is not that of %.100s",
                         out->media_type);
    bool good = version == 1 || schema1 ? parse_schema1(arena, root, out, err)
                : index || media_type_is_index(out->media_type)
                    ? parse_index(arena, root, out, err)
                    : parse_image(arena, root, out, err);
    out->is_docker = out->is_docker || has_prefix(out->media_type, "application/vnd.docker.");
    return good || error_wrap(err, "manifest");
}

static bool is_candidate(const struct descriptor *child)
{
    enum manifest_kind kind = descriptor_kind(child);
    return child->has_platform && (kind == MANIFEST_IMAGE || kind == MANIFEST_INDEX);
}

static const struct descriptor *find_variant(const struct manifest *index, struct platform wanted,
                                             bool exact)
{
    for (size_t i = 0; i < index->child_count; i++) {
        const struct descriptor *child = &index->children[i];
        if (is_candidate(child) && platform_matches(wanted, child->platform) &&
            (!exact || strcmp(child->platform.variant, wanted.variant) == 0))
            return child;
    }
    return NULL;
}

const struct descriptor *manifest_find_platform(const struct manifest *index,
                                                struct platform wanted)
{
    const struct descriptor *found = find_variant(index, wanted, true);
    /* An ARM machine runs the code of the versions below its own, an unknown one the oldest. */
    static const char *const older[] = {"v8", "v7", "v6", "v5"};
    bool below = false;
    for (size_t i = 0; i < array_count(older) && !found; i++) {
        below = below || strcmp(wanted.variant, older[i]) == 0 || i + 1 == array_count(older);
        struct platform lower = wanted;
        lower.variant = older[i];
        if (below && strcmp(wanted.architecture, "arm") == 0)
            found = find_variant(index, lower, true);
    }
    return found ? found : find_variant(index, wanted, false);
}

static void put_text_member(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, ",\"%s\":", name);
    buf_put_json(out, slice_of(value));
}

static void put_annotations(struct buf *out, const struct annotation *annotations, size_t count)
{
    if (count == 0)
        return;
    buf_put_text(out, ",\"annotations\":{");
    for (size_t i = 0; i < count; i++) {
        buf_put_text(out, i ? "," : "");
        buf_put_json(out, slice_of(annotations[i].key));
        buf_put_byte(out, ':');
        buf_put_json(out, slice_of(annotations[i].value));
    }
    buf_put_byte(out, '}');
}

static void put_descriptor(struct buf *out, const struct descriptor *descriptor)
{
    buf_put_text(out, "{\"mediaType\":");
    buf_put_json(out, slice_of(descriptor->media_type));
    put_text_member(out, "digest", descriptor->digest);
    buf_printf(out, ",\"size\":%lld", (long long)descriptor->size);
    if (descriptor->has_platform) {
        const struct platform *platform = &descriptor->platform;
        buf_put_text(out, ",\"platform\":{\"architecture\":");
        buf_put_json(out, slice_of(platform->architecture));
        put_text_member(out, "os", platform->os);
        if (platform->os_version && *platform->os_version)
            put_text_member(out, "os.version", platform->os_version);
        if (platform->variant && *platform->variant)
            put_text_member(out, "variant", platform->variant);
        buf_put_byte(out, '}');
    }
    if (descriptor->artifact_type && *descriptor->artifact_type)
        put_text_member(out, "artifactType", descriptor->artifact_type);
    put_annotations(out, descriptor->annotations, descriptor->annotation_count);
    buf_put_byte(out, '}');
}

static void put_descriptors(struct buf *out, const char *name, const struct descriptor *list,
                            size_t count)
{
    buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        buf_put_text(out, i ? "," : "");
        put_descriptor(out, &list[i]);
    }
    buf_put_byte(out, ']');
}

bool manifest_encode(struct arena *arena, const struct manifest *manifest, struct slice *out,
                     struct error *err)
{
    struct buf text scoped(buf_release) = {0};
    bool index = manifest->kind == MANIFEST_INDEX;
    const char *type = manifest->is_docker ? (index ? MEDIA_DOCKER_LIST : MEDIA_DOCKER_MANIFEST)
                                           : (index ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST);
    buf_put_text(&text, "{\"schemaVersion\":2");
    put_text_member(&text, "mediaType", type);
    if (manifest->artifact_type && *manifest->artifact_type && !manifest->is_docker)
        put_text_member(&text, "artifactType", manifest->artifact_type);
    if (index) {
        put_descriptors(&text, "manifests", manifest->children, manifest->child_count);
    } else {
        buf_put_text(&text, ",\"config\":");
        put_descriptor(&text, &manifest->config);
        put_descriptors(&text, "layers", manifest->layers, manifest->layer_count);
    }
    if (manifest->subject.digest && *manifest->subject.digest && !manifest->is_docker) {
        buf_put_text(&text, ",\"subject\":");
        put_descriptor(&text, &manifest->subject);
    }
    if (!manifest->is_docker)
        put_annotations(&text, manifest->annotations, manifest->annotation_count);
    buf_put_byte(&text, '}');
    if (text.length > LIMIT_MANIFEST_BYTES)
        return error_set(err, ERROR_INPUT, "manifest: more than %d bytes", LIMIT_MANIFEST_BYTES);
    *out = (struct slice){.data = arena_memdup(arena, text.data, text.length + 1),
                          .length = text.length};
    return true;
}
