/* Where an image is read from: one struct of functions over a registry, an OCI layout or archive, a
 * docker-archive of any generation, a directory, the local daemon. And one image made of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/stream.h"
#include "image/config.h"
#include "image/layer_walk.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "image/registry.h"

struct image_source {
    enum image_transport transport; /* what it turned out to be, for IMAGE_PATH and "-" too */
    /* Bytes and descriptor of the manifest or index that the name selects. digest "": the one the
     * name selects, else that child. */
    bool (*manifest)(struct image_source *source, struct arena *arena, const char *digest,
                     struct descriptor *descriptor, struct slice *bytes, struct error *err);
    /* Bytes as stored, compressed or not, and not verified here: layer_stream gives the digest and
     * diff_id that the reader compares. Several may be open at once. */
    bool (*blob)(struct image_source *source, const struct descriptor *blob, struct stream **out,
                 struct error *err);
    void (*close)(struct image_source *source);
    const char *directory; /* IMAGE_DIRECTORY: walk this; IMAGE_SBOM: the file */
};

struct source_settings {
    struct registry_settings registry;
    const char *docker_socket, *podman_socket; /* "" : the usual ones */
    const char *temporary; /* where a compressed or piped archive is spooled; "": $TMPDIR, /tmp */
};

/* IMAGE_DIRECTORY and IMAGE_SBOM have no manifest: only `directory` is set. One source serves one
 * thread; open another for the next. */
bool image_source_open(const struct image_name *name, const struct source_settings *settings,
                       struct image_source **out, struct error *err);
void image_source_close(struct image_source *source);
void image_source_scope_close(struct image_source **source);

struct image_layer {
    struct descriptor descriptor; /* in a docker-archive: as its file names claim, or computed */
    const char *diff_id;          /* as the config says; the reader compares */
    bool foreign;                 /* from elsewhere: the source may not hold it */
};

struct image {
    struct descriptor manifest; /* digest of the platform's manifest; a docker-archive's is ours */
    const char *index_digest;   /* "" unless an index was resolved */
    struct slice manifest_bytes, config_bytes;
    struct manifest parsed;
    const char *config_digest;
    struct image_config config;
    const struct image_layer *layers; /* lowest first */
    size_t layer_count;
};

/* Resolves index → platform (NULL: this machine's, else the only one) → config, checks that config
 * and manifest agree in the number of layers. An artifact that is no image is ERROR_INPUT. */
bool image_load(struct image_source *source, struct arena *arena, const struct platform *platform,
                struct image *out, struct error *err);
/* Every image of an index, depth first; attestations and artifacts left out. */
bool image_load_all(struct image_source *source, struct arena *arena, struct image **out,
                    size_t *count, struct error *err);
