/* SBOMs out (CycloneDX 1.6, SPDX 2.3; the same bytes for the same image: no clock, no random ids)
 * and in (CycloneDX JSON, SPDX JSON; SPDX tag-value). */
#pragma once

#include "base/buf.h"
#include "inventory/compose.h"

struct sbom_layer {
    const char *diff_id, *digest;
    int64_t bytes; /* compressed */
};

struct sbom_image {
    const char *reference, *manifest_digest, *config_digest, *platform;
    const struct sbom_layer *layers;
    size_t layer_count;
};

void sbom_write_cyclonedx(const struct sbom_image *image, const struct inventory *inventory,
                          struct buf *out);
void sbom_write_spdx(const struct sbom_image *image, const struct inventory *inventory,
                     struct buf *out);
/* The JSON of interfaces.md, schemas/inventory.schema.json. */
void inventory_write_json(const struct sbom_image *image, const struct inventory *inventory,
                          struct buf *out);
/* A document of any known format as an inventory of one layer; ERROR_INPUT if it is none. */
bool sbom_read(struct slice document, struct arena *arena, struct sbom_image *image,
               struct inventory *out, struct error *err);
