/* Walks a layer (or a directory) once and gives its evidence: offers each wanted file to the
 * readers and notes what the layer does to lower ones. A damaged tar is ERROR_INPUT. */
#pragma once

#include "image/layer_walk.h"
#include "inventory/evidence.h"

struct layer_read_settings {
    bool source_mode; /* dir: lock files count in full */
};

/* Layer streams: the walk is opened here, so that its warnings land in the evidence. */
bool layer_read_tar(struct stream *tar, const struct layer_read_settings *settings,
                    struct arena *arena, struct evidence *out, struct error *err);
bool layer_read_directory(const char *path, const struct layer_read_settings *settings,
                          struct arena *arena, struct evidence *out, struct error *err);
