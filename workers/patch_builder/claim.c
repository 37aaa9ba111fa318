#include "patch_builder/claim.h"

#include "base/log.h"
#include "sql_worker_patch_builder.h"

enum { STARTS_MOST = 3, CHARGED_MOST = 8 };

bool claim_take(struct job *job, const char *what, const char *subject, struct claim *out,
                bool *taken, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);

    *out = (struct claim){.what = what};
    if (!tx || !db_run(tx, &sql_claim_take, DB_ARGS(db_text(what), db_text(subject)), &rows, err))
        return false;
    *taken = rows.count == 1;
    if (*taken && row_i64(&rows, 0, 0) > STARTS_MOST)
        out->given_up = arena_printf(job->arena, "%d starts that never ended", STARTS_MOST);
    else if (*taken && row_i64(&rows, 0, 1) >= CHARGED_MOST)
        out->given_up =
            arena_printf(job->arena, "%d tries, the last: %s", CHARGED_MOST, row_text(&rows, 0, 2));
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

void claim_failed(struct job *job, const struct claim *claim, const struct error *why)
{
    struct error err = {0};
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, &err);

    log_warning("put off", LOG_TEXT("what", claim->what), LOG_TEXT("reason", why->text));
    if (tx && db_run(tx, &sql_claim_failed,
                     DB_ARGS(db_text(claim->what), db_text(why->text), db_i64(why->retry_after_s),
                             db_bool(why->outside)),
                     NULL, &err)) {
        struct db_tx *mine = tx;
        tx = NULL;
        if (db_commit(mine, &err))
            return;
    }
    log_warning("not recorded", LOG_TEXT("what", claim->what), LOG_TEXT("reason", err.text));
}
