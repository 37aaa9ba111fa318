/* Facts become alerts: rows in the caller's transaction, Kafka's through the outbox. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "notifier/handler.h"
#include "service/db.h"

/* Which facts to look for; NULL and empty members narrow nothing. */
struct fact_scope {
    const char *application;
    const char *image; /* digest, as pushed or as reported */
    struct i64_list findings;
    const char *cause;
    bool silent; /* open the facts, tell nobody: a summary follows */
};

/* Vulnerability facts that hold now and were not open: opened, and told. */
bool facts_open(struct job *job, struct db_tx *tx, const struct fact_scope *scope,
                struct error *err) must_check;
/* Vulnerability facts that hold no more: closed, and told. */
bool facts_close(struct job *job, struct db_tx *tx, const struct fact_scope *scope,
                 struct error *err) must_check;
/* One summary per team of what a source's first load brought. */
bool facts_summary(struct job *job, struct db_tx *tx, const char *source,
                   const struct i64_list *findings, struct error *err) must_check;
/* Everyone whose application stands on the patched image, who was not told yet; of a proposed patch
 * the team that looks after the image. */
bool facts_patch(struct job *job, struct db_tx *tx, int64_t patch, struct error *err) must_check;
/* Announced patches that concern this application. */
bool facts_patches_of(struct job *job, struct db_tx *tx, const char *application, struct error *err)
    must_check;
/* The application's image was put on the patched base. */
bool facts_rebased(struct job *job, struct db_tx *tx, const struct image_rebased *rebased,
                   struct error *err) must_check;
/* Whoever was told of the patch is told that it is withdrawn. */
bool facts_withdrawn(struct job *job, struct db_tx *tx, int64_t patch, struct error *err)
    must_check;
/* Announced patches that no message led to, applications that could not be rebased, and managed
 * images that grow old. */
bool facts_sweep(struct job *job, struct db_tx *tx, struct error *err) must_check;
