#include "notifier/facts.h"

#include <string.h>

#include "notifier/alerts.h"
#include "sql_worker_notifier.h"

enum { GATHERED_MOST = 50 };

/* What a team's other channels get of one commit: one message, the worst first. */
struct gathered {
    const char *team, *severity, *at, *application;
    struct buf details;
    size_t count;
};

static void gathered_release(struct gathered *gathered)
{
    buf_release(&gathered->details);
}

static int rank(const char *severity)
{
    static const char *const order[] = {"critical", "high", "medium", "low", "unknown"};
    for (int i = 0; i < 5; i++) {
        if (severity && strcmp(order[i], severity) == 0)
            return i;
    }
    return 5;
}

static bool gathered_send(struct gathered *gathered, struct db_tx *tx, struct arena *arena,
                          const char *step, struct error *err)
{
    if (gathered->count == 0)
        return true;
    buf_printf(&gathered->details, "],\"count\":%zu}", gathered->count);
    const bool one = gathered->count == 1;
    const struct alert_draft draft = {
        .topic = ALERT_VULNERABILITY,
        .team = gathered->team,
        .application = gathered->application,
        .step = step,
        .severity = gathered->severity,
        .vulnerability = "several",
        .at = gathered->at,
        .title = arena_printf(
            arena, "%zu %s%s: %s", gathered->count, one ? "vulnerability" : "vulnerabilities",
            strcmp(step, "resolved") == 0 ? " resolved" : "", gathered->application),
        .details = arena_strdup(arena, buf_text(&gathered->details)),
    };
    bool ok = alert_to_subscribers(tx, arena, &draft, err);
    buf_clear(&gathered->details);
    gathered->count = 0;
    return ok;
}

static void gathered_add(struct gathered *gathered, const struct alert_draft *draft)
{
    if (gathered->count == 0) {
        gathered->team = draft->team;
        gathered->application = draft->application;
        gathered->severity = draft->severity;
        gathered->at = draft->at;
        buf_put_text(&gathered->details, "{\"alerts\":[");
    }
    if (rank(draft->severity) < rank(gathered->severity))
        gathered->severity = draft->severity;
    if (strcmp(gathered->application, draft->application) != 0)
        gathered->application = "several applications";
    if (gathered->count < GATHERED_MOST)
        buf_printf(&gathered->details, "%s%s", gathered->count ? "," : "", draft->details);
    gathered->count++;
}

/* Rows: fact, application, team, family, severity, title, details, at; by team, worst first. */
static bool tell(struct db_tx *tx, struct arena *arena, const struct db_rows *rows,
                 const char *step, struct error *err)
{
    struct gathered gathered scoped(gathered_release) = {0};
    for (size_t i = 0; i < rows->count; i++) {
        const struct alert_draft draft = {
            .topic = ALERT_VULNERABILITY,
            .fact = row_i64(rows, i, 0),
            .application = row_text(rows, i, 1),
            .team = row_text(rows, i, 2),
            .vulnerability = row_text(rows, i, 3),
            .severity = row_text(rows, i, 4),
            .title = row_text(rows, i, 5),
            .details = row_text(rows, i, 6),
            .at = row_text(rows, i, 7),
            .step = step,
        };
        if (gathered.count && strcmp(gathered.team, draft.team) != 0 &&
            !gathered_send(&gathered, tx, arena, step, err))
            return false;
        if (!alert_to_kafka(tx, arena, &draft, err))
            return false;
        gathered_add(&gathered, &draft);
    }
    return gathered_send(&gathered, tx, arena, step, err);
}

static struct db_value findings_value(const struct fact_scope *scope)
{
    return scope->findings.count ? db_i64_array(scope->findings.items, scope->findings.count)
                                 : db_null();
}

bool facts_open(struct job *job, struct db_tx *tx, const struct fact_scope *scope,
                struct error *err)
{
    const struct notifier_settings *settings = job->settings;
    struct db_rows rows;
    if (!db_run(tx, &sql_fact_open,
                DB_ARGS(db_text(scope->application), db_text(scope->image), findings_value(scope),
                        db_text(scope->cause), db_i64(settings->hold_down_s)),
                &rows, err))
        return false;
    return scope->silent || tell(tx, job->arena, &rows, "found", err);
}

bool facts_close(struct job *job, struct db_tx *tx, const struct fact_scope *scope,
                 struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_fact_close,
                DB_ARGS(db_text(scope->application), db_text(scope->image), findings_value(scope)),
                &rows, err))
        return false;
    return scope->silent || tell(tx, job->arena, &rows, "resolved", err);
}

bool facts_summary(struct job *job, struct db_tx *tx, const char *source,
                   const struct i64_list *findings, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_summary_open,
                DB_ARGS(db_text(source), db_i64_array(findings->items, findings->count)), &rows,
                err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        const struct alert_draft draft = {
            .topic = ALERT_VULNERABILITY,
            .team = row_text(&rows, i, 0),
            .application = "",
            .severity = row_text(&rows, i, 1),
            .title = row_text(&rows, i, 2),
            .details = row_text(&rows, i, 3),
            .at = row_text(&rows, i, 4),
            .vulnerability = "several",
            .step = "summary",
        };
        if (!alert_to_kafka(tx, job->arena, &draft, err) ||
            !alert_to_subscribers(tx, job->arena, &draft, err))
            return false;
    }
    return true;
}

/* Rows: fact, application, team, severity, title, details, at, patch. */
static bool tell_patch(struct job *job, struct db_tx *tx, const struct db_rows *rows,
                       const char *step, struct error *err)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct alert_draft draft = {
            .topic = ALERT_PATCH,
            .fact = row_i64(rows, i, 0),
            .application = row_text(rows, i, 1),
            .team = row_text(rows, i, 2),
            .severity = row_text(rows, i, 3),
            .title = row_text(rows, i, 4),
            .details = row_text(rows, i, 5),
            .at = row_text(rows, i, 6),
            .patch = row_i64(rows, i, 7),
            .step = step,
        };
        if (!alert_to_kafka(tx, job->arena, &draft, err) ||
            !alert_to_subscribers(tx, job->arena, &draft, err))
            return false;
    }
    return true;
}

static bool open_patch(struct job *job, struct db_tx *tx, int64_t patch, const char *application,
                       struct error *err)
{
    const struct notifier_settings *settings = job->settings;
    struct db_rows rows;
    if (!db_run(
            tx, &sql_patch_open,
            DB_ARGS(db_i64_or_null(patch), db_text(application), db_i64(settings->consent_days)),
            &rows, err))
        return false;
    return tell_patch(job, tx, &rows, "available", err);
}

/* Rows as tell_patch takes them, of a statement over one patch (0: over all). */
static bool tell_step(struct job *job, struct db_tx *tx, const struct sql *sql, int64_t patch,
                      const char *step, struct error *err)
{
    struct db_rows rows;
    struct db_args args = patch ? DB_ARGS(db_i64(patch)) : DB_NO_ARGS;

    return db_run(tx, sql, args, &rows, err) && tell_patch(job, tx, &rows, step, err);
}

bool facts_patch(struct job *job, struct db_tx *tx, int64_t patch, struct error *err)
{
    return open_patch(job, tx, patch, NULL, err) &&
           tell_step(job, tx, &sql_patch_proposed, patch, "proposed", err);
}

bool facts_withdrawn(struct job *job, struct db_tx *tx, int64_t patch, struct error *err)
{
    return tell_step(job, tx, &sql_patch_withdrawn, patch, "withdrawn", err);
}

bool facts_patches_of(struct job *job, struct db_tx *tx, const char *application, struct error *err)
{
    return open_patch(job, tx, 0, application, err);
}

bool facts_rebased(struct job *job, struct db_tx *tx, const struct image_rebased *rebased,
                   struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_patch_applied,
                DB_ARGS(db_i64(rebased->patch), db_text(rebased->application),
                        db_text(rebased->old_digest), db_text(rebased->new_digest),
                        db_text(rebased->reference)),
                &rows, err))
        return false;
    return tell_patch(job, tx, &rows, "applied", err);
}

static bool tell_lifecycle(struct job *job, struct db_tx *tx, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_lifecycle_open, DB_NO_ARGS, &rows, err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        const struct alert_draft draft = {
            .topic = ALERT_LIFECYCLE,
            .fact = row_i64(&rows, i, 0),
            .application = row_text(&rows, i, 1),
            .team = row_text(&rows, i, 2),
            .severity = row_text(&rows, i, 3),
            .title = row_text(&rows, i, 4),
            .details = row_text(&rows, i, 5),
            .at = row_text(&rows, i, 6),
            .step = row_text(&rows, i, 7),
        };
        if (!alert_to_kafka(tx, job->arena, &draft, err) ||
            !alert_to_subscribers(tx, job->arena, &draft, err))
            return false;
    }
    return true;
}

bool facts_sweep(struct job *job, struct db_tx *tx, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_patch_untold, DB_NO_ARGS, &rows, err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        if (!facts_patch(job, tx, row_i64(&rows, i, 0), err))
            return false;
    }
    return tell_step(job, tx, &sql_patch_failed, 0, "failed", err) && tell_lifecycle(job, tx, err);
}
