#include "patch_builder/work.h"

#include <string.h>

#include "base/log.h"
#include "patch/image_patch.h"
#include "patch/image_rebase.h"
#include "patch_builder/place.h"
#include "patch_builder/settings.h"
#include "sql_worker_patch_builder.h"

/* Rows before the slow work: read in a transaction of their own. */
static bool due(struct job *job, const struct sql *sql, struct db_rows *rows, struct error *err)
{
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);

    if (!tx || !db_run(tx, sql, DB_NO_ARGS, rows, err))
        return false;
    bool ok = db_commit(tx, err);
    tx = NULL;
    return ok;
}

struct patch_task {
    int64_t managed, number;
    const char *tag, *digest, *reference;
    struct place place;
    struct image image;
    struct image_patch patch;
    struct image_written written;
    bool pushed;
};

static const char *packages_json(struct arena *arena, const struct plan *plan)
{
    struct buf out scoped(buf_release) = {0};

    buf_put_byte(&out, '[');
    for (size_t i = 0; i < plan->count; i++) {
        buf_put_text(&out, i ? ",{\"name\":" : "{\"name\":");
        buf_put_json(&out, slice_of(plan->items[i].old->name));
        buf_put_text(&out, ",\"old\":");
        buf_put_json(&out, slice_of(plan->items[i].old->version));
        buf_put_text(&out, ",\"new\":");
        buf_put_json(&out, slice_of(plan->items[i].new->package.version));
        buf_put_byte(&out, '}');
    }
    buf_put_byte(&out, ']');
    return arena_strdup(arena, buf_text(&out));
}

static bool save_patch(struct job *job, struct patch_task *task, const char *why, struct error *err)
{
    struct db_tx *tx = job_tx(job, err);
    struct db_rows rows;
    const struct plan *plan = &task->patch.plan;
    char plan_text[DIGEST_TEXT_SIZE];
    const char *state = task->pushed                 ? "pushed"
                        : why || plan->refusal_count ? "refused"
                                                     : "not-better";
    const char *rule = NULL, *reason = why;

    plan_digest(plan, plan_text);
    if (!task->pushed && !why && plan->refusal_count) {
        rule = plan->refusals[0].rule;
        reason =
            arena_printf(job->arena, "%s: %s", plan->refusals[0].package, plan->refusals[0].text);
    } else if (!task->pushed && !why) {
        reason = "nothing newer in the package repositories";
    }
    if (!tx ||
        !db_run(tx, &sql_patch_save,
                DB_ARGS(db_i64(task->managed), db_text(task->digest),
                        db_text(task->pushed ? task->written.manifest_digest : NULL),
                        db_i64_or_null(task->pushed ? task->number : 0),
                        db_text(task->pushed ? task->reference : NULL), db_text(state),
                        db_text(task->pushed ? "automatic" : "needs-rebuild"), db_text(reason),
                        db_text(rule), db_json(packages_json(job->arena, plan)), db_text(plan_text),
                        db_i64_or_null(task->patch.layer.bytes)),
                &rows, err))
        return false;
    if (!task->pushed)
        return true;
    int64_t patch = row_i64(&rows, 0, 0);
    struct image_pushed out = {.registry = task->place.registry,
                               .repository = task->place.repository,
                               .tag = arena_printf(job->arena, "%s-resole", task->tag),
                               .digest = task->written.manifest_digest,
                               .media_type = task->written.media_type,
                               .action = "push",
                               .cause = "patch"};
    return db_run(tx, &sql_patch_member_save,
                  DB_ARGS(db_i64(patch), db_text(task->image.manifest.digest),
                          db_text(task->written.manifest_digest),
                          db_text(platform_text(job->arena, task->image.config.platform))),
                  NULL, err) &&
           db_run(tx, &sql_patch_supersede, DB_ARGS(db_i64(patch)), NULL, err) &&
           outbox_put(tx, &out, err);
}

static bool patch_and_push(struct job *job, struct patch_task *task, struct error *err)
{
    const struct patch_builder_settings *settings = job->settings;
    struct arena *arena = job->arena;
    struct image_source *source scoped(image_source_scope_close) = NULL;
    struct repository_set set;
    struct http_settings http_settings = {.ca_file = settings->ca_file};
    struct http_client *http scoped(http_client_scope_free) = http_client_new(&http_settings);

    if (!repository_machine(arena, &set, err) ||
        !place_open(arena, &task->place, task->place.repository, task->digest, &source,
                    &task->image, err))
        return false;
    struct patch_settings how = {.http = http,
                                 .repositories = &set,
                                 .temporary = settings->temporary,
                                 .origin_name = arena_printf(arena, "%s/%s:%s", task->place.address,
                                                             task->place.repository, task->tag)};
    if (!image_patch_build(arena, source, &task->image, &how, &task->patch, err))
        return false;
    if (!task->patch.built)
        return true;
    const char *tag = arena_printf(arena, "%s-resole.%lld", task->tag, (long long)task->number);
    task->reference =
        arena_printf(arena, "%s/%s:%s", task->place.address, task->place.repository, tag);
    if (!place_write(arena, &task->place, &task->patch.draft, tag,
                     arena_printf(arena, "%s-resole", task->tag), &task->written, err))
        return false;
    task->pushed = true;
    return true;
}

static bool build_one(struct job *job, bool *did, struct error *err)
{
    struct db_rows rows;
    struct patch_task task = {.patch = {.spool = {.fd = -1}, .layer_file = {.fd = -1}}};
    const char *why = NULL;

    if (!due(job, &sql_patch_due, &rows, err) || !rows.count)
        return rows.count == 0 && err->kind == ERROR_NONE;
    *did = true;
    task.managed = row_i64(&rows, 0, 0);
    task.tag = row_text(&rows, 0, 9);
    task.digest = row_text(&rows, 0, 10);
    task.number = row_i64(&rows, 0, 11);
    if (!place_read(job, &rows, 1, row_text(&rows, 0, 8), &task.place, err))
        return false;
    log_info("patch begun", LOG_TEXT("repository", task.place.repository),
             LOG_TEXT("tag", task.tag), LOG_TEXT("digest", task.digest));
    bool ok = patch_and_push(job, &task, err);
    if (!ok && err->kind == ERROR_INPUT) {
        why = arena_strdup(job->arena, err->text);
        *err = (struct error){0};
        ok = true;
    }
    ok = ok && save_patch(job, &task, why, err);
    image_patch_release(&task.patch);
    return ok;
}

static bool announce(struct job *job, bool *did, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx = job_tx(job, err);

    if (!tx || !db_run(tx, &sql_patch_announce, DB_NO_ARGS, &rows, err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        struct patch_built out = {.patch = row_i64(&rows, i, 0),
                                  .old_digest = row_text(&rows, i, 1),
                                  .new_digest = row_text(&rows, i, 2),
                                  .reference = row_text(&rows, i, 3)};
        *did = true;
        if (strcmp(row_text(&rows, i, 4), "announced") == 0 && !outbox_put(tx, &out, err))
            return false;
    }
    return db_run(tx, &sql_consent_auto, DB_NO_ARGS, NULL, err);
}

struct rebase_task {
    int64_t patch;
    const char *application, *old, *tag, *base_repository, *new_base, *reference;
    bool same_registry;
    int64_t number;
    struct place place;
    struct image_rebase rebase;
    struct image_written written;
};

static bool rebase_and_push(struct job *job, struct rebase_task *task, struct error *err)
{
    const struct patch_builder_settings *settings = job->settings;
    struct arena *arena = job->arena;
    struct image_source *app_source scoped(image_source_scope_close) = NULL;
    struct image_source *new_source scoped(image_source_scope_close) = NULL;
    struct image app, new;

    if (!task->same_registry)
        return error_set(err, ERROR_INPUT, "the base lies in another registry");
    if (!place_open(arena, &task->place, task->place.repository, task->old, &app_source, &app,
                    err) ||
        !place_open(arena, &task->place, task->base_repository, task->new_base, &new_source, &new,
                    err))
        return false;
    struct rebase_settings how = {
        .temporary = settings->temporary,
        .base_name = arena_printf(arena, "%s/%s", task->place.address, task->base_repository),
        .mount_from = task->base_repository};
    if (!image_rebase_build(arena, (struct rebase_side){app_source, &app},
                            (struct rebase_side){new_source, &new}, (struct rebase_side){0}, &how,
                            &task->rebase, err))
        return false;
    if (!task->rebase.built)
        return error_set(err, ERROR_INPUT, "%s: %s: %s", task->rebase.refusals[0].rule,
                         task->rebase.refusals[0].package, task->rebase.refusals[0].text);
    const char *tag = arena_printf(arena, "%s-resole.%lld", task->tag, (long long)task->number);
    task->reference =
        arena_printf(arena, "%s/%s:%s", task->place.address, task->place.repository, tag);
    return place_write(arena, &task->place, &task->rebase.draft, tag,
                       arena_printf(arena, "%s-resole", task->tag), &task->written, err);
}

static bool save_rebase(struct job *job, struct rebase_task *task, const char *why,
                        struct error *err)
{
    struct db_tx *tx = job_tx(job, err);

    if (!tx || !db_run(tx, &sql_consent_done,
                       DB_ARGS(db_i64(task->patch), db_text(task->application), db_text(task->old),
                               db_text(why ? "failed" : "applied"),
                               db_text(why ? NULL : task->written.manifest_digest),
                               db_text(why ? NULL : task->reference), db_text(why)),
                       NULL, err))
        return false;
    if (why)
        return true;
    struct image_pushed pushed = {.registry = task->place.registry,
                                  .repository = task->place.repository,
                                  .tag = arena_printf(job->arena, "%s-resole", task->tag),
                                  .digest = task->written.manifest_digest,
                                  .media_type = task->written.media_type,
                                  .action = "push",
                                  .cause = "rebase"};
    struct image_rebased rebased = {.patch = task->patch,
                                    .application = task->application,
                                    .old_digest = task->old,
                                    .new_digest = task->written.manifest_digest,
                                    .reference = task->reference};
    return outbox_put(tx, &pushed, err) && outbox_put(tx, &rebased, err);
}

static bool rebase_one(struct job *job, bool *did, struct error *err)
{
    struct db_rows rows;
    struct rebase_task task = {.rebase = {.spool = {.fd = -1}, .layer_file = {.fd = -1}}};
    const char *why = NULL;

    if (!due(job, &sql_consent_due, &rows, err) || !rows.count)
        return rows.count == 0 && err->kind == ERROR_NONE;
    *did = true;
    task.patch = row_i64(&rows, 0, 0);
    task.application = row_text(&rows, 0, 1);
    task.old = row_text(&rows, 0, 2);
    task.tag = row_text(&rows, 0, 11);
    task.base_repository = row_text(&rows, 0, 12);
    task.new_base = row_text(&rows, 0, 13);
    task.same_registry = row_bool(&rows, 0, 15);
    task.number = row_i64(&rows, 0, 16);
    if (!place_read(job, &rows, 3, row_text(&rows, 0, 10), &task.place, err))
        return false;
    log_info("rebase begun", LOG_TEXT("application", task.application),
             LOG_TEXT("digest", task.old));
    bool ok = rebase_and_push(job, &task, err);
    if (!ok && err->kind == ERROR_INPUT) {
        why = arena_strdup(job->arena, err->text);
        *err = (struct error){0};
        ok = true;
    }
    ok = ok && save_rebase(job, &task, why, err);
    image_rebase_release(&task.rebase);
    return ok;
}

bool work_once(struct job *job, struct error *err)
{
    bool did = false;

    return rebase_one(job, &did, err) && (did || build_one(job, &did, err)) &&
           announce(job, &did, err);
}
