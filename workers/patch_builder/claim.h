/* Who works at what: a row in PostgreSQL that belongs to the database session of its holder and
 * ends with it, so that a killed builder's work is free at once and two replicas never do the same.
 * Work that was begun twice and never ended, or failed for unknown causes too often, is not begun
 * again: the caller says so in the rows that people read. A start that ended with its database
 * session alone is given back. */
#pragma once

#include "service/worker.h"

struct claim {
    const char *what, *subject;
    int64_t session; /* the database session that it was taken by */
    const char *session_at;
    const char *given_up; /* NULL: go; else why it is not to be tried again */
};

/* A failure that is not in the rows yet; its texts are on the heap. */
struct claim_debt {
    struct claim claim; /* what NULL: none */
    struct error why;
};

/* The work of one claim: commits its own rows, by claim_end in the same transaction. */
bool claim_take(struct job *job, const char *what, const char *subject, struct claim *out,
                bool *taken, struct error *err) must_check;
/* In the transaction that reads what is to be done: its subject is looked at from now on, and for
 * which findings it is planned. What changes later is a reason to plan again, the same is none. */
bool claim_look(struct db_tx *tx, const struct claim *claim, struct error *err) must_check;
bool claim_plan(struct db_tx *tx, const struct claim *claim, const char *fixable, struct error *err)
    must_check;
/* In the transaction that records the result. ERROR_RETRY: the claim was lost, nothing may be
 * recorded. looked NULL: no content was planned. */
bool claim_end(struct db_tx *tx, const struct claim *claim, const char *looked, struct error *err)
    must_check;
/* After a failure, no transaction open: tried again later. While the database is away that is kept
 * in mind, and written by the next claim_settle. */
void claim_failed(struct job *job, const struct claim *claim, const struct error *why);
/* Before anything else is claimed. */
bool claim_settle(struct job *job, struct error *err) must_check;
