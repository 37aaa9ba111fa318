/* The unpacker's SQL. Every write is by natural key: running twice changes nothing. */
#pragma once

#include "inventory/evidence.h"
#include "service/db.h"

struct unpacker_layer {
    bool found, is_read;
    int reader_version; /* that read it */
    const char *diff_id;
};

bool unpacker_layer_find(struct db_tx *tx, const char *digest, struct unpacker_layer *out,
                         struct error *err);
/* Takes the layer's row until the transaction ends. */
bool unpacker_layer_lock(struct db_tx *tx, const char *digest, struct unpacker_layer *out,
                         struct error *err);
/* Components, sets and the stored form of what the layer says; once per diff_id and version. */
bool unpacker_evidence_save(struct db_tx *tx, struct arena *arena, const struct evidence *evidence,
                            struct error *err);
/* unread → read: images that hold the layer wait for one less. `ready`: who waits for none now. */
bool unpacker_layer_read(struct db_tx *tx, struct arena *arena, const char *digest,
                         const struct evidence *evidence, struct text_list *ready,
                         struct error *err);
/* The layer will never be read: it and the images that wait for it say why. */
bool unpacker_layer_park(struct db_tx *tx, struct arena *arena, const char *digest,
                         const char *reason, struct error *err);
struct unpacker_home {
    const char *registry, *repository, *image; /* registry NULL: nobody is known to hold it */
};
/* The blob is gone from the store; where to fetch it again. */
bool unpacker_layer_lost(struct db_tx *tx, const char *digest, struct unpacker_home *home,
                         struct error *err);
