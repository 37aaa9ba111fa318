#include "patch_builder/claim.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "patch_builder/state.h"
#include "service/task.h"
#include "sql_worker_patch_builder.h"

enum { CHARGED_MOST = 8 };

/* As messages do: parked at the third start, or when the budget of unknown causes is spent. */
static const char *give_up(struct arena *arena, const struct db_rows *rows)
{
    if (row_i64(rows, 0, 0) >= TASK_STARTS_MOST)
        return arena_printf(arena, "started %d times and never finished", TASK_STARTS_MOST - 1);
    if (row_i64(rows, 0, 1) >= CHARGED_MOST)
        return arena_printf(arena, "%d tries, the last: %s", CHARGED_MOST, row_text(rows, 0, 2));
    return NULL;
}

bool claim_take(struct job *job, const char *what, const char *subject, struct claim *out,
                bool *taken, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);

    *out = (struct claim){.what = what, .subject = subject};
    if (!tx || !db_run(tx, &sql_claim_take, DB_ARGS(db_text(what), db_text(subject)), &rows, err))
        return false;
    *taken = rows.count == 1;
    if (*taken) {
        out->session = row_i64(&rows, 0, 3);
        out->session_at = row_text(&rows, 0, 4);
        out->given_up = give_up(job->arena, &rows);
    }
    struct db_tx *mine = tx;
    tx = NULL;
    if (!db_commit(mine, err))
        return false;
    if (*taken)
        crash_point("claimed");
    return true;
}

static bool is_ours(const struct claim *claim, const struct db_rows *rows, struct error *err)
{
    if (rows->count == 1)
        return true;
    error_fill(err, ERROR_RETRY, "%s: the claim was lost on the way", claim->what);
    err->outside = true;
    return false;
}

bool claim_look(struct db_tx *tx, const struct claim *claim, struct error *err)
{
    struct db_rows rows;

    return db_run(tx, &sql_claim_look, DB_ARGS(db_text(claim->what)), &rows, err) &&
           is_ours(claim, &rows, err);
}

bool claim_plan(struct db_tx *tx, const struct claim *claim, const char *fixable, struct error *err)
{
    return db_run(tx, &sql_claim_plan, DB_ARGS(db_text(claim->what), db_text(fixable)), NULL, err);
}

bool claim_end(struct db_tx *tx, const struct claim *claim, const char *looked, struct error *err)
{
    struct db_rows rows;

    return db_run(tx, &sql_claim_end, DB_ARGS(db_text(claim->what), db_text(looked)), &rows, err) &&
           is_ours(claim, &rows, err);
}

static void forget(struct claim_debt *debt)
{
    free((char *)(uintptr_t)debt->claim.what);
    free((char *)(uintptr_t)debt->claim.subject);
    free((char *)(uintptr_t)debt->claim.session_at);
    *debt = (struct claim_debt){0};
}

static void keep(struct claim_debt *debt, const struct claim *claim, const struct error *why)
{
    forget(debt);
    debt->claim = (struct claim){.what = strdup(claim->what),
                                 .subject = strdup(claim->subject),
                                 .session = claim->session,
                                 .session_at = strdup(claim->session_at)};
    debt->why = *why;
}

bool claim_settle(struct job *job, struct error *err)
{
    struct claim_debt *debt = &((struct patch_builder_state *)job->state)->debt;
    const struct claim *claim = &debt->claim;
    struct db_rows rows;

    if (!claim->what)
        return true;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !db_run(tx, &sql_claim_failed,
                       DB_ARGS(db_text(claim->what), db_text(debt->why.text),
                               db_i64(debt->why.retry_after_s), db_bool(debt->why.outside),
                               db_i64(claim->session), db_text(claim->session_at)),
                       &rows, err))
        return false;
    /* Taken by somebody else since our session was lost: all that is ours is the start. */
    if (!rows.affected &&
        !db_run(tx, &sql_claim_give_back, DB_ARGS(db_text(claim->what), db_text(claim->subject)),
                NULL, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    if (!db_commit(mine, err))
        return false;
    forget(debt);
    return true;
}

void claim_failed(struct job *job, const struct claim *claim, const struct error *why)
{
    struct error err = {0};

    log_warning("put off", LOG_TEXT("what", claim->what), LOG_TEXT("reason", why->text));
    keep(&((struct patch_builder_state *)job->state)->debt, claim, why);
    if (!claim_settle(job, &err))
        log_warning("not recorded yet", LOG_TEXT("what", claim->what),
                    LOG_TEXT("reason", err.text));
}
