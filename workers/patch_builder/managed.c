#include <string.h>

#include "base/log.h"
#include "patch_builder/build.h"
#include "patch_builder/settings.h"
#include "patch_builder/work.h"
#include "sql_worker_patch_builder.h"

/* A managed image that is ours, with what it wants. */
struct step {
    struct managed managed;
    int64_t back,
        was; /* withdrawn patch whose tag is to be moved back; the patch that holds then */
    const char *back_digest, *was_digest;
    int64_t go; /* proved patch that is to be announced */
    const char *go_digest, *go_old, *go_reference;
};

static bool read_rows(struct job *job, struct db_tx *tx, int64_t managed, struct step *out,
                      struct error *err)
{
    struct db_rows rows;

    if (!db_run(tx, &sql_managed_step, DB_ARGS(db_i64(managed)), &rows, err))
        return false;
    if (!rows.count)
        return error_set(err, ERROR_INPUT, "managed image %lld is gone", (long long)managed);
    *out = (struct step){
        .managed = {.id = managed,
                    .place = {.registry_id = row_i64(&rows, 0, 0),
                              .repository = row_text(&rows, 0, 8)},
                    .tag = row_text(&rows, 0, 9),
                    .digest = row_text(&rows, 0, 10),
                    .fixable = row_text(&rows, 0, 11)},
        .back = row_i64(&rows, 0, 12),
        .back_digest = row_text(&rows, 0, 13),
        .was = row_i64(&rows, 0, 14),
        .was_digest = row_text(&rows, 0, 15),
        .go = row_i64(&rows, 0, 16),
        .go_digest = row_text(&rows, 0, 17),
        .go_old = row_text(&rows, 0, 18),
        .go_reference = row_text(&rows, 0, 19),
    };
    return place_read(job, &rows, 0, 1, &out->managed.place, err);
}

/* What the image wants now that it is ours. Between the list and the claim another builder may have
 * done it: then the claim is given back. */
static bool read_step(struct job *job, int64_t managed, const struct claim *claim, bool *due,
                      struct step *out, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);

    if (!tx || !claim_look(tx, claim, err) ||
        !db_run(tx, &sql_managed_due, DB_ARGS(db_i64(managed)), &rows, err))
        return false;
    *due = rows.count == 1;
    if (*due ? !read_rows(job, tx, managed, out, err) : !claim_end(tx, claim, NULL, err))
        return false;
    if (*due && !out->back && !out->go && !claim_plan(tx, claim, out->managed.fixable, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    return db_commit(mine, err);
}

/* The moving tag was set: the chain looks at it. */
static bool tell_moved(struct job *job, struct db_tx *tx, const struct managed *managed,
                       const char *digest, struct error *err)
{
    struct image_pushed out = {.registry = managed->place.access.name,
                               .repository = managed->place.repository,
                               .tag = arena_printf(job->arena, "%s-resole", managed->tag),
                               .digest = digest,
                               .action = "push",
                               .cause = "patch"};

    return outbox_put(tx, &out, err);
}

static bool commit(struct job *job, struct db_tx *tx, struct error *err)
{
    if (!db_commit(tx, err))
        return false;
    crash_point("saved");
    job_wake(job);
    return true;
}

/* What will not go away by waiting ends this step, so that the image goes on without it. */
static bool is_final(struct job *job, struct error *err, const char **why)
{
    if (err->kind != ERROR_INPUT)
        return false;
    *why = arena_strdup(job->arena, err->text);
    *err = (struct error){0};
    return true;
}

static bool save_back(struct job *job, struct db_tx *tx, const struct step *step, bool moved,
                      const char *why, struct error *err)
{
    if (why) {
        log_warning("patch not taken back", LOG_I64("patch", step->back), LOG_TEXT("reason", why));
        return db_run(tx, &sql_patch_not_moved_back, DB_ARGS(db_i64(step->back), db_text(why)),
                      NULL, err);
    }
    log_info("patch taken back", LOG_I64("patch", step->back), LOG_TEXT("to", step->was_digest));
    return db_run(tx, &sql_patch_moved_back, DB_ARGS(db_i64(step->back), db_i64(step->was)), NULL,
                  err) &&
           (!moved || tell_moved(job, tx, &step->managed, step->was_digest, err));
}

/* A withdrawn patch: the tag goes back to what it was, unless someone else has moved it since. */
static bool move_back(struct job *job, const struct step *step, const struct claim *claim,
                      struct error *err)
{
    const struct managed *managed = &step->managed;
    const char *why = claim->given_up;
    bool moved = false;

    if (!why && *step->was_digest &&
        !publish_move(job, &managed->place, managed->tag, step->was_digest, step->back_digest,
                      &moved, err) &&
        !is_final(job, err, &why))
        return false;
    crash_point("moved");
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !save_back(job, tx, step, moved, why, err) || !claim_end(tx, claim, NULL, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    return commit(job, mine, err);
}

static bool begin_move(struct job *job, const struct step *step, bool *go, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);

    if (!tx || !db_run(tx, &sql_patch_moving, DB_ARGS(db_i64(step->go)), &rows, err))
        return false;
    *go = rows.count == 1;
    struct db_tx *mine = tx;
    tx = NULL;
    return db_commit(mine, err);
}

static bool save_announced(struct job *job, struct db_tx *tx, const struct step *step,
                           const char *why, struct error *err)
{
    struct db_rows rows;
    struct patch_built out = {.patch = step->go,
                              .old_digest = step->go_old,
                              .new_digest = step->go_digest,
                              .reference = step->go_reference};

    if (why) {
        log_warning("patch not announced", LOG_I64("patch", step->go), LOG_TEXT("reason", why));
        return db_run(tx, &sql_patch_not_announced, DB_ARGS(db_i64(step->go), db_text(why)), NULL,
                      err);
    }
    if (!db_run(tx, &sql_patch_announce, DB_ARGS(db_i64(step->go)), &rows, err))
        return false;
    if (!rows.count)
        return true; /* withdrawn meanwhile */
    log_info("patch announced", LOG_I64("patch", step->go),
             LOG_TEXT("reference", step->go_reference));
    return outbox_put(tx, &out, err) && tell_moved(job, tx, &step->managed, step->go_digest, err);
}

/* A proved patch: TAG-resole is it, and the teams may know. */
static bool announce(struct job *job, const struct step *step, const struct claim *claim,
                     struct error *err)
{
    const struct managed *managed = &step->managed;
    const char *why = claim->given_up;
    bool go = false, moved = false;

    if (!why && !begin_move(job, step, &go, err))
        return false;
    if (go &&
        !publish_move(job, &managed->place, managed->tag, step->go_digest, NULL, &moved, err) &&
        !is_final(job, err, &why))
        return false;
    crash_point("moved");
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !save_announced(job, tx, step, why, err) || !claim_end(tx, claim, NULL, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    return commit(job, mine, err);
}

static bool nothing_to_do(struct job *job, const struct step *step, const struct claim *claim,
                          struct error *err)
{
    const char *digest = *step->managed.digest ? step->managed.digest : NULL;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);

    if (!tx || !claim_end(tx, claim, digest, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    return db_commit(mine, err);
}

static bool run_step(struct job *job, int64_t managed, const struct claim *claim, bool *due,
                     struct error *err)
{
    struct step step;

    if (!read_step(job, managed, claim, due, &step, err))
        return false;
    if (!*due)
        return true;
    if (step.back)
        return move_back(job, &step, claim, err);
    if (step.go)
        return announce(job, &step, claim, err);
    return step.managed.fixable ? build_managed(job, &step.managed, claim, err)
                                : nothing_to_do(job, &step, claim, err);
}

bool work_managed(struct job *job, bool *did, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);

    if (!tx || !db_run(tx, &sql_managed_due, DB_ARGS(db_null()), &rows, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    if (!db_commit(mine, err))
        return false;
    for (size_t i = 0; i < rows.count && !*did; i++) {
        struct claim claim;
        int64_t managed = row_i64(&rows, i, 0);
        const char *what = arena_printf(job->arena, "managed:%lld", (long long)managed);
        if (!claim_take(job, what, row_text(&rows, i, 1), &claim, did, err))
            return false;
        if (!*did || run_step(job, managed, &claim, did, err))
            continue;
        if (err->kind == ERROR_FATAL)
            return false;
        claim_failed(job, &claim, err);
        *err = (struct error){0};
    }
    return true;
}

bool work_judge(struct job *job, struct error *err)
{
    const struct patch_builder_settings *settings = job->settings;
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);

    if (!tx || !db_run(tx, &sql_patch_judge, DB_ARGS(db_i64(settings->consent_days)), &rows, err) ||
        !db_run(tx, &sql_patch_expire, DB_NO_ARGS, NULL, err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        struct patch_built out = {.patch = row_i64(&rows, i, 0),
                                  .old_digest = row_text(&rows, i, 1),
                                  .new_digest = row_text(&rows, i, 2),
                                  .reference = row_text(&rows, i, 3)};
        const char *state = row_text(&rows, i, 4);
        log_info("patch judged", LOG_I64("patch", out.patch), LOG_TEXT("state", state));
        if (strcmp(state, "proposed") == 0 && !outbox_put(tx, &out, err))
            return false;
    }
    struct db_tx *mine = tx;
    tx = NULL;
    return db_commit(mine, err) && (!rows.count || (job_wake(job), true));
}
