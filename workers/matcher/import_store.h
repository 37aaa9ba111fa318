/* SQL of the import. */
#pragma once

#include "service/worker.h"

struct import_outcome {
    bool first_load;
    int64_t revision, added, retracted;
    const char **types, **names; /* that moved, sorted */
    size_t name_count;
};

struct repository_index {
    const char *blob, *name; /* name: "bookworm-security/main/amd64" */
};

struct repository_list {
    struct repository_index *items;
    size_t count;
};

/* One import of a source at a time; ERROR_INPUT if there is no such row. */
bool import_lock(struct db_tx *tx, const char *source, struct error *err);
/* Makes the staging table and begins the COPY into it. */
bool import_begin(struct db_tx *tx, struct error *err);
/* Merges the difference; names bumped to one new revision. A source that suddenly has a tenth of
 * its rows is ERROR_INPUT. */
bool import_merge(struct db_tx *tx, const char *source, struct import_outcome *out,
                  struct error *err);
bool import_finish(struct db_tx *tx, const char *source, int64_t as_of, uint64_t records,
                   uint64_t assertions, const struct import_outcome *outcome, struct error *err);
bool import_list_repositories(struct job *job, const char *source, struct repository_list *out,
                              struct error *err);
/* A feed that was refused: the source says why, its rows stay. */
bool import_failed(struct db_tx *tx, const char *source, const char *why, struct error *err);
