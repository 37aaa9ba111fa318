/* An image written to where a name says: registry reference, oci:DIR[:tag], oci-archive:FILE[:tag],
 * docker-archive:FILE[:reference]. Blobs that the target has are not written again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "image/registry.h"

struct image_blob {
    struct descriptor descriptor; /* media type, digest, size: final */
    const char *diff_id;          /* docker-archive writes layers plain, under it */
    struct blob_opener opener;    /* the bytes of `descriptor` */
    const char *mount_from; /* registry: repository on the same host that may hold it; or "" */
};

struct image_draft {
    struct slice config; /* bytes as they shall stand */
    const struct image_blob *layers;
    size_t layer_count;
    bool docker; /* Docker schema 2 media types; else OCI */
    const struct annotation *annotations;
    size_t annotation_count;
    struct descriptor subject; /* digest "" : none */
};

struct image_written {
    char manifest_digest[DIGEST_TEXT_SIZE], config_digest[DIGEST_TEXT_SIZE];
    int64_t manifest_bytes;
    const char *media_type;
};

/* The manifest that image_write would write; pure. */
bool image_draft_manifest(struct arena *arena, const struct image_draft *draft, struct slice *out,
                          struct error *err);
/* registry may be NULL unless `to` is one. Archives are written beside and renamed; an OCI layout
 * gains or replaces the tag and keeps the rest. */
bool image_write(struct registry *registry, struct arena *arena, const struct image_name *to,
                 const struct image_draft *draft, struct image_written *out, struct error *err);
/* An index over children that the target already holds. */
bool image_write_index(struct registry *registry, struct arena *arena, const struct image_name *to,
                       const struct manifest *index, struct image_written *out, struct error *err);
