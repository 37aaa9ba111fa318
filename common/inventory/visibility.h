/* What upper layers hide of lower ones. */
#pragma once

#include "inventory/evidence.h"

/* Does the layer itself write a file or link of that path? */
bool layer_writes(const struct evidence *layer, const char *path);
/* Is `path` (its outer part, before "!/") as `layer` has it hidden by layers above it? */
bool path_is_hidden(const struct evidence *const *layers, size_t count, size_t layer,
                    const char *path);
/* Removed rather than replaced: whiteout or opaque directory. */
bool path_is_removed(const struct evidence *const *layers, size_t count, size_t layer,
                     const char *path);
