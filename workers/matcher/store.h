/* All SQL of the matcher. */
#pragma once

#include "advisory/assertion.h"
#include "advisory/match.h"
#include "service/worker.h"

struct judged {
    int64_t id;
    struct match_package package;
};

struct judged_list {
    struct judged *items;
    size_t count, capacity;
};

struct id_list {
    int64_t *items;
    size_t count, capacity;
};

void id_list_add(struct id_list *list, int64_t id, struct arena *arena);

/* 0: no such image. */
bool store_find_image(struct job *job, const char *digest, int64_t *image, bool *has_layers,
                      struct error *err);
bool store_image_digest(struct db_tx *tx, int64_t image, const char **digest, struct error *err);
/* Components of the image never matched, or matched before one of their names changed. */
bool store_list_unmatched(struct job *job, int64_t image, struct judged_list *out,
                          struct error *err);
/* Components that bear one of the names, as binary or source. */
bool store_list_named(struct job *job, const char *type, const struct text_list *names,
                      struct judged_list *out, struct error *err);

/* Rows of the table of sources that are missing; `enabled`: names, or "*" for all with an address.
 */
bool store_seed_sources(struct db_tx *tx, const char *enabled, struct error *err);

struct name_revision {
    const char *type, *name;
    int64_t revision;
};

/* Everything said of the names, and how far the names had come when it was read. */
struct name_facts {
    struct name_revision *names; /* sorted by type, name */
    size_t count, capacity;
    struct assertion_list assertions; /* sorted by type, name, id */
    int64_t *assertion_ids;
    int64_t revision; /* the newest of the names */
    struct source_status *sources;
    size_t source_count;
};

bool store_read_facts(struct db_tx *tx, struct name_facts *facts, struct error *err);
/* Locks the names FOR SHARE, sorted; *moved when a revision is not the one in `facts`. */
bool store_lock_names(struct db_tx *tx, const struct name_facts *facts, bool *moved,
                      struct error *err);
/* Findings of these components become exactly `result`; the ids of rows that appeared, changed or
 * were retracted are appended to `changed`. */
bool store_save_findings(struct db_tx *tx, const struct judged_list *judged,
                         const struct name_facts *facts, const struct match_result *result,
                         struct id_list *changed, struct error *err);

/* Exceptions (owners) and counters; *revision: how far the image's findings have come. */
bool store_count_image(struct db_tx *tx, int64_t image, int64_t *revision, struct error *err);
bool store_note_runs(struct db_tx *tx, const char *digest, struct error *err);
bool store_list_images_of(struct db_tx *tx, const struct id_list *findings, struct id_list *images,
                          struct error *err);
