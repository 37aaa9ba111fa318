/* Manifests and indexes: OCI image-spec 1.0/1.1 (manifest.md, image-index.md, descriptor.md),
 * Docker image manifest v2 schema 2 and manifest list, schema 1 (read only). Pure. Everything in
 * the arena; strings are never NULL after a parse. Caps: limits.h. Unknown keys are ignored (the
 * bytes are what is kept). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "image/platform.h"

#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_OCI_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_OCI_EMPTY "application/vnd.oci.empty.v1+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define MEDIA_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define MEDIA_DOCKER_SCHEMA1 "application/vnd.docker.distribution.manifest.v1+json"
#define MEDIA_DOCKER_SCHEMA1_SIGNED "application/vnd.docker.distribution.manifest.v1+prettyjws"

struct annotation {
    const char *key, *value;
};

struct descriptor {
    const char *media_type;
    const char *digest;        /* checked form; "" in a schema 1 config */
    int64_t size;              /* -1: not said (schema 1) */
    const char *artifact_type; /* "" */
    struct platform platform;  /* of an index's child; normalised */
    bool has_platform;
    bool has_urls; /* foreign: the addresses are never fetched */
    const struct annotation *annotations;
    size_t annotation_count;
};

enum manifest_kind {
    MANIFEST_IMAGE,
    MANIFEST_INDEX,
    MANIFEST_ATTESTATION, /* BuildKit's child: in-toto statements */
    MANIFEST_SIGNATURE,   /* cosign (tag or bundle), notation */
    MANIFEST_CHART,       /* Helm */
    MANIFEST_ARTIFACT,    /* any other: SBOM, wasm, policy, ORAS files … */
};

struct manifest {
    enum manifest_kind kind;
    const char *media_type; /* its own, else by shape */
    const char
        *artifact_type; /* artifactType, else the config's media type if that is no image's */
    bool is_docker, is_schema1;
    struct descriptor config;        /* image, artifact */
    const struct descriptor *layers; /* image, artifact: lowest first */
    size_t layer_count;
    const struct descriptor *children; /* index */
    size_t child_count;
    struct descriptor subject; /* digest "" if none: what this refers to */
    const struct annotation *annotations;
    size_t annotation_count;
};

/* content_type is what the registry said (NULL or "": not known). Refused: one that the registry
 * calls an index and that calls itself an image, or the reverse; one that is index and image at
 * once. */
bool manifest_parse(struct arena *arena, struct slice bytes, const char *content_type,
                    struct manifest *out, struct error *err);
/* The kind that an index's entry announces before it is fetched: attestation by annotation
 * "vnd.docker.reference.type" or platform unknown/unknown with that annotation; else by media type
 * and artifact type. */
enum manifest_kind descriptor_kind(const struct descriptor *child);
const char *manifest_kind_name(enum manifest_kind kind); /* "image", "index", "attestation", … */
/* "" if absent. */
const char *annotation_find(const struct annotation *annotations, size_t count, const char *key);

bool media_type_is_index(const char *media_type);
bool media_type_is_manifest(const char *media_type); /* of one image or artifact */
bool media_type_is_image_config(const char *media_type);
bool media_type_is_layer(const char *media_type);   /* a tar, compressed or not, foreign too */
bool media_type_is_foreign(const char *media_type); /* nondistributable, foreign */
/* A tag that registries use for relations rather than images: sha256-HEX(.sig|.att|.sbom)? */
bool tag_is_referrer(const char *tag);

/* The child for a platform: an exact match before a looser one, first listed wins; attestations
 * never. NULL if none. */
const struct descriptor *manifest_find_platform(const struct manifest *index,
                                                struct platform wanted);
/* Canonical bytes of a new manifest or index (the key order of the specifications, no blanks);
 * Docker media types if is_docker. */
bool manifest_encode(struct arena *arena, const struct manifest *manifest, struct slice *out,
                     struct error *err);
