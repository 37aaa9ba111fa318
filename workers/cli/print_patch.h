/* What `resole patch` tells: what went from which version to which, what was kept back and by which
 * rule, what people should know, where the image is. */
#pragma once

#include "patch/image_patch.h"

struct patch_shown {
    const char *name, *to; /* to NULL: not written */
    struct image image;
    const struct image_patch *patch;
    struct image_written written;
};

void print_patch_table(const struct patch_shown *shown, struct buf *out);
/* schemas/patch.schema.json */
void print_patch_json(struct arena *arena, const struct patch_shown *shown, struct buf *out);
