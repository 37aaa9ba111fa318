/* layer.fetched → the layer's evidence, and image.unpacked for each image that waited for it. */
#pragma once

#include "service/worker.h"

struct unpacker_settings {
    const char *blob_directory;
    int64_t reader_s;
};

bool unpacker_start(struct job *job, struct error *err);
void unpacker_stop(void *state);
bool unpacker_parked(struct db_tx *tx, struct arena *arena, const struct parked_message *what,
                     struct error *err);
bool on_layer_fetched(struct job *job, struct error *err);
