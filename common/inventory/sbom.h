/* SBOMs out: CycloneDX 1.6 and SPDX 2.3, and the inventory's own JSON. The same bytes for the same
 * image: no clock, no random ids. SBOMs in are read by readers/sbom.c. */
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
