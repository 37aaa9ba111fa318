/* An IMAGE argument of any transport → its inventory: opens the source, reads every layer in the
 * confined reader (several at once), composes. Shared by `inventory`, `scan`, `patch`. */
#pragma once

#include "image/source.h"
#include "inventory/sbom.h"

struct inspect_settings {
    const char *platform; /* "" or NULL: this machine's */
};

struct inspected {
    struct sbom_image image;
    struct inventory inventory;
    struct evidence *evidence; /* lowest first; NULL for sbom: */
    size_t layer_count;
};

bool inspect_image(const char *text, const struct inspect_settings *settings, struct arena *arena,
                   struct inspected *out, struct error *err);
/* The settings of sources as the environment gives them (docker config, CA file, plain hosts). */
struct source_settings inspect_source_settings(void);
