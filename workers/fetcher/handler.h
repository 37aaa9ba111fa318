/* What the fetcher does with a message. */
#pragma once

#include "fetcher/settings.h"
#include "image/blob_store.h"
#include "service/worker.h"

struct fetcher_state {
    struct blob_store *store;
    char holder[64]; /* of leases: this process */
};

bool fetcher_start(struct job *job, struct error *err);
void fetcher_stop(void *state);
bool fetcher_parked(struct db_tx *tx, struct arena *arena, const struct parked_message *what,
                    struct error *err);
bool on_image_pushed(struct job *job, struct error *err);
bool on_image_due(struct job *job, struct error *err);
