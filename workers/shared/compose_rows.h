/* An image composed from its layers' stored evidence, and what of it becomes rows: visible sets,
 * hidden components, context, judged components, packages with tier, layer, paths and owner. Called
 * by whoever hears image.unpacked (the matcher), in its transaction; running twice writes nothing
 * new. */
#pragma once

#include "inventory/compose.h"
#include "service/db.h"

struct composed_image {
    int64_t image_id;
    int64_t context_id; /* of the image's OS packages */
    int64_t *judged;    /* ids of all judged components of the image, sorted */
    size_t judged_count;
    struct inventory inventory;
    bool found; /* false: no such image, nothing done */
    bool whole; /* false: some layer has no evidence yet, nothing done */
};

bool compose_rows(struct db_tx *tx, struct arena *arena, const char *image_digest,
                  struct composed_image *out, struct error *err);
