/* The fetcher's SQL. Every write is by natural key: running twice changes nothing. */
#pragma once

#include "fetcher/resolve.h"
#include "service/db.h"
#include "shared/registry_access.h"

struct store_registry {
    int64_t id;
    struct registry_access access;
};

/* found false: no registry of that name is configured. */
bool store_registry_find(struct db_tx *tx, struct arena *arena, const char *name,
                         const struct access_house *house, struct store_registry *out, bool *found,
                         struct error *err);

/* One row per event (source, id), however often it comes. */
struct store_run {
    const char *cause, *registry, *repository, *tag, *digest, *event_source, *event_id;
};
bool store_run_open(struct db_tx *tx, const struct store_run *what, int64_t *run,
                    struct error *err);
/* state: running, done, ignored, parked */
bool store_run_state(struct db_tx *tx, int64_t run, const char *state, const char *reason,
                     const char *digest, struct error *err);
/* The run (0: the one that this event opened) ends parked. */
bool store_run_parked(struct db_tx *tx, int64_t run, const char *event_source, const char *event_id,
                      const char *why, struct error *err);
bool store_run_step(struct db_tx *tx, int64_t run, const char *step, const char *state,
                    const char *detail, struct error *err);

bool store_tag_delete(struct db_tx *tx, int64_t registry, const char *repository, const char *tag,
                      const char *digest, struct error *err);

struct store_layer {
    const char *digest, *diff_id; /* diff_id NULL until read */
    bool is_read, is_parked, stored, confirmed;
    bool is_told; /* in this lane; after the lock */
    const char *reason;
};

/* Inserts the missing, then tells the state of each (sorted by digest, no duplicates). */
bool store_layers_begin(struct db_tx *tx, struct arena *arena, int64_t registry,
                        const char *repository, const struct fetched *fetched,
                        struct store_layer **out, size_t *count, struct error *err);
/* Locks them and reads their state again. bulk: the lane they would be told in. */
bool store_layers_lock(struct db_tx *tx, struct arena *arena, struct text_list digests, bool bulk,
                       struct store_layer **out, size_t *count, struct error *err);
/* layer.fetched was put out for these, in the same transaction. */
bool store_layers_told(struct db_tx *tx, struct text_list digests, bool bulk, struct error *err);
bool store_layers_stored(struct db_tx *tx, struct text_list digests, struct error *err);
bool store_layers_place(struct db_tx *tx, int64_t registry, const char *repository,
                        struct text_list digests, struct error *err);
const struct store_layer *store_layer_of(const struct store_layer *layers, size_t count,
                                         const char *digest);

struct store_saved {
    bool news;    /* the image was not known, or had been parked */
    bool placed;  /* this repository was not known to hold it */
    bool waiting; /* some layer is unread */
    bool settled; /* it was matched before: nothing is missing */
};

/* `layers`: the locked state; gives what became of it. */
bool store_node_save(struct db_tx *tx, struct arena *arena, int64_t registry,
                     const char *repository, const struct fetched_node *node,
                     const struct store_layer *layers, size_t layer_count, struct store_saved *out,
                     struct error *err);
/* moved: the tag is new, points elsewhere, or came back. */
bool store_tag_save(struct db_tx *tx, int64_t registry, const char *repository, const char *tag,
                    const char *digest, bool *moved, struct error *err);
