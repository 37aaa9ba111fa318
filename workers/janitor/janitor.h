/* The clock (architecture.md 2): one replica at a time, by a transaction's advisory lock; every
 * action is conditional on its row, since a lock does not fence. Each tick is one transaction: what
 * is due goes to the outbox and is marked in the same commit. */
#pragma once

#include "service/worker.h"

struct janitor_settings {
    int64_t tick_ms, recheck_s, feeds_s, sweep_s, retention_s, stuck_s, task_keep_s, run_keep_s;
    int64_t repairs_most, sweep_most;
    const char *key_file, *ca_file, *docker_config, *private_hosts; /* to reach registries */
};

enum { JANITOR_LOCK = 7411100, JANITOR_BATCH = 500 };

/* Deferred tasks whose time has come, and deferrals whose copy went astray. */
bool janitor_resend(struct job *job, struct db_tx *tx, struct error *err) must_check;
/* Stages that stand still though their queue has passed them: a new message, counted; after
 * repairs_most the row is parked. */
bool janitor_repair(struct job *job, struct db_tx *tx, struct error *err) must_check;
/* What the schedule says is due now. */
bool janitor_schedule(struct job *job, struct db_tx *tx, struct error *err) must_check;
/* *due: this schedule's time has come, and its next time is set. */
bool janitor_is_due(struct db_tx *tx, const char *name, int64_t every_s, bool *due,
                    struct error *err) must_check;
/* Commits what began when outbox_count was `puts`. */
bool janitor_commit(struct job *job, struct db_tx *tx, int64_t puts, struct error *err) must_check;
bool janitor_count(struct db_tx *tx, const char *what, int64_t n, struct error *err) must_check;

int janitor_main(int argc, char **argv);
