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

/* What a scan adds to an SBOM; members may be NULL, both write JSON with a leading comma. */
struct sbom_extra {
    void (*references)(void *context, size_t package,
                       struct buf *out);              /* into externalRefs (SPDX) */
    void (*document)(void *context, struct buf *out); /* members after the components (CycloneDX) */
    void *context;
};

/* The bom-ref of the inventory's package of that number. */
const char *sbom_cyclonedx_ref(const struct inventory *inventory, size_t package,
                               struct arena *arena);
void sbom_write_cyclonedx_with(const struct sbom_image *image, const struct inventory *inventory,
                               const struct sbom_extra *extra, struct buf *out);
void sbom_write_spdx_with(const struct sbom_image *image, const struct inventory *inventory,
                          const struct sbom_extra *extra, struct buf *out);
void sbom_write_cyclonedx(const struct sbom_image *image, const struct inventory *inventory,
                          struct buf *out);
void sbom_write_spdx(const struct sbom_image *image, const struct inventory *inventory,
                     struct buf *out);
/* The JSON of interfaces.md, schemas/inventory.schema.json. */
void inventory_write_json(const struct sbom_image *image, const struct inventory *inventory,
                          struct buf *out);
