/* The task row: inbox, attempt counter, deferral and parking of one message for one consumer, keyed
 * (consumer, ce_source, ce_id) (architecture.md 3.2, 3.5). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "service/db.h"

enum task_start {
    TASK_RUN,    /* this attempt is recorded: go */
    TASK_DONE,   /* was finished before: skip */
    TASK_WAITS,  /* is deferred to a later time, when the janitor sends it: skip this copy */
    TASK_PARKED, /* is parked, or this would be the third start that never finished: skip */
};

struct task {
    const char *consumer, *source, *id; /* the key */
    const char *topic;                  /* "image.pushed" */
    bool bulk;
    const char *key, *traceparent;
    struct slice value; /* as received, for replay */
    int64_t sent_ms;    /* when the message entered the topic */
    int64_t attempt;    /* out */
};

enum { TASK_STARTS_MOST = 3 };

/* One live session works on a task at a time; the lock goes with the connection. taken false:
 * another replica has the message in hand (a rebalance during its work). Outside transactions. */
bool task_lock(struct db *db, const struct task *task, bool *taken, struct error *err) must_check;
void task_unlock(struct db *db, const struct task *task);
/* In a transaction of its own, committed before the work. Parks a third start itself. `again`: this
 * process starts it once more after it lost the database, which is no new start. */
bool task_begin(struct db_tx *tx, struct task *task, bool again, enum task_start *out,
                struct error *err) must_check;
/* In the work's transaction. */
bool task_done(struct db_tx *tx, const struct task *task, struct error *err) must_check;
/* In its own, after the roll-back. */
bool task_park(struct db_tx *tx, const struct task *task, const struct error *why,
               struct error *err) must_check;
/* Sets next_at by capped exponential backoff with jitter, or retry_after_s if later; parks when the
 * cause is not outside and `budget` tries are spent (*parked). */
bool task_defer(struct db_tx *tx, const struct task *task, const struct error *why, int64_t budget,
                bool *parked, struct error *err) must_check;
/* The try is given back (shutdown before the work was finished, database lost). */
bool task_give_back(struct db_tx *tx, const struct task *task, struct error *err) must_check;
/* Operator: a parked task runs again; its original message goes to the outbox with its own id. */
bool task_replay(struct db_tx *tx, int64_t task_row, bool *found, struct error *err) must_check;
