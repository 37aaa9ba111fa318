#include <string.h>

#include "base/log.h"
#include "patch/image_rebase.h"
#include "patch_builder/claim.h"
#include "patch_builder/publish.h"
#include "patch_builder/settings.h"
#include "patch_builder/work.h"
#include "sql_worker_patch_builder.h"

struct rebase {
    struct job *job;
    int64_t patch;
    const char *application, *top, *tag;
    struct place place, base; /* where the application's image lies, and its base */
    struct published made;
    int64_t number;
};

/* Bases of the application's manifests, old and new. */
static bool read_members(struct rebase *r, struct db_rows *rows, struct error *err)
{
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(r->job), r->job->arena, err);

    if (!tx ||
        !db_run(tx, &sql_consent_members,
                DB_ARGS(db_i64(r->patch), db_text(r->application), db_text(r->top)), rows, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    return db_commit(mine, err);
}

/* One platform. Blobs of the base are mounted where it lies in the same registry, else copied. */
static bool rebase_member(struct rebase *r, const char *digest, const char *old_base,
                          const char *new_base, struct published *out, struct error *err)
{
    const struct patch_builder_settings *settings = r->job->settings;
    struct arena *arena = r->job->arena;
    struct image_source *app_source scoped(image_source_scope_close) = NULL;
    struct image_source *old_source scoped(image_source_scope_close) = NULL;
    struct image_source *new_source scoped(image_source_scope_close) = NULL;
    struct image_rebase rebase scoped(image_rebase_release) = {.spool = {.fd = -1},
                                                               .layer_file = {.fd = -1}};
    struct image app, old, new;
    bool same = strcmp(r->place.access.address, r->base.access.address) == 0;
    struct rebase_settings how = {
        .temporary = settings->temporary,
        .base_name = arena_printf(arena, "%s/%s", r->base.access.address, r->base.repository),
        .mount_from = same ? r->base.repository : ""};

    if (!place_open(arena, &r->place, digest, &app_source, &app, err) ||
        !place_open(arena, &r->base, new_base, &new_source, &new, err) ||
        !place_open(arena, &r->base, old_base, &old_source, &old, err))
        return false;
    /* On an earlier patch of ours the layers tell; else the old base is named. */
    bool on_patch = rebase_find_base(&app, &new, NULL) > old.config.diff_id_count;
    if (!image_rebase_build(
            arena, (struct rebase_side){app_source, &app}, (struct rebase_side){new_source, &new},
            on_patch ? (struct rebase_side){0} : (struct rebase_side){old_source, &old}, &how,
            &rebase, err))
        return false;
    if (!rebase.built)
        return error_set(err, ERROR_INPUT, "%s: %s: %s", rebase.refusals[0].rule,
                         rebase.refusals[0].package, rebase.refusals[0].text);
    return publish_image(arena, &r->place, &rebase.draft, out, err);
}

/* The children that stand on the base are rebased, the others stay. */
static bool rebase_index(struct rebase *r, struct manifest *index, const struct db_rows *members,
                         struct error *err)
{
    struct arena *arena = r->job->arena;
    struct descriptor *children = arena_new_array(arena, struct descriptor, index->child_count);
    size_t count = 0;

    for (size_t i = 0; i < index->child_count; i++) {
        struct descriptor child = index->children[i];
        const char *about = annotation_find(child.annotations, child.annotation_count,
                                            "vnd.docker.reference.digest");
        bool keep = true;
        for (size_t m = 0; m < members->count; m++) {
            struct published made;
            if (strcmp(about, row_text(members, m, 0)) == 0)
                keep = false; /* attests what is replaced */
            if (strcmp(child.digest, row_text(members, m, 0)) != 0)
                continue;
            if (!rebase_member(r, child.digest, row_text(members, m, 1), row_text(members, m, 2),
                               &made, err))
                return error_wrap(err, "%s", platform_text(arena, child.platform));
            child.digest = made.digest;
            child.size = (int64_t)made.bytes.length;
            child.media_type = made.media_type;
            break;
        }
        if (keep)
            children[count++] = child;
    }
    index->children = children;
    index->child_count = count;
    return publish_index(arena, &r->place, index, &r->made, err);
}

static bool rebase_and_push(struct rebase *r, struct error *err)
{
    struct published old;
    struct manifest top;
    struct db_rows members;
    bool moved = false;

    if (!r->tag)
        return error_set(err, ERROR_INPUT, "no tag points at %s any more: the application moved on",
                         r->top);
    if (!read_members(r, &members, err))
        return false;
    if (!members.count)
        return error_set(err, ERROR_INPUT, "%s does not stand on the old base any more", r->top);
    if (!publish_find(r->job->arena, &r->place, r->top, &old, err) ||
        !manifest_parse(r->job->arena, old.bytes, old.media_type, &top, err))
        return false;
    if (top.kind == MANIFEST_INDEX ? !rebase_index(r, &top, &members, err)
                                   : !rebase_member(r, r->top, row_text(&members, 0, 1),
                                                    row_text(&members, 0, 2), &r->made, err))
        return false;
    crash_point("pushed");
    if (!publish_number(r->job, &r->place, r->tag, &r->made, &r->number, err) ||
        !publish_move(r->job, &r->place, r->tag, r->made.digest, NULL, &moved, err))
        return false;
    crash_point("moved");
    return true;
}

static bool tell(struct rebase *r, struct db_tx *tx, struct error *err)
{
    struct image_pushed pushed = {.registry = r->place.access.name,
                                  .repository = r->place.repository,
                                  .tag = arena_printf(r->job->arena, "%s-resole", r->tag),
                                  .digest = r->made.digest,
                                  .media_type = r->made.media_type,
                                  .action = "push",
                                  .cause = "rebase"};
    struct image_rebased rebased = {
        .patch = r->patch,
        .application = r->application,
        .old_digest = r->top,
        .new_digest = r->made.digest,
        .reference = publish_reference(r->job->arena, &r->place, r->tag, r->number)};

    return outbox_put(tx, &pushed, err) && outbox_put(tx, &rebased, err);
}

static bool save(struct rebase *r, const struct claim *claim, const char *why, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(r->job), r->job->arena, err);

    if (!tx ||
        !db_run(
            tx, &sql_consent_done,
            DB_ARGS(db_i64(r->patch), db_text(r->application), db_text(r->top),
                    db_text(why ? "failed" : "applied"), db_text(why ? NULL : r->made.digest),
                    db_text(why ? NULL
                                : publish_reference(r->job->arena, &r->place, r->tag, r->number)),
                    db_text(why)),
            &rows, err) ||
        (!why && rows.affected && !tell(r, tx, err)) || !claim_end(tx, claim, NULL, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    crash_point("saving");
    if (!db_commit(mine, err))
        return false;
    crash_point("saved");
    job_wake(r->job);
    return true;
}

/* Between the list and the claim another replica may have done it, or a person taken it back: then
 * the claim is given back and nothing is pushed. */
static bool stands(struct rebase *r, const struct claim *claim, bool *yes, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(r->job), r->job->arena, err);

    if (!tx ||
        !db_run(tx, &sql_consent_stands,
                DB_ARGS(db_i64(r->patch), db_text(r->application), db_text(r->top)), &rows, err))
        return false;
    *yes = rows.count > 0;
    if (!*yes && !claim_end(tx, claim, NULL, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    return db_commit(mine, err);
}

static bool run_one(struct rebase *r, const struct claim *claim, struct error *err)
{
    const char *why = claim->given_up;
    bool due = false;

    if (!stands(r, claim, &due, err))
        return false;
    if (!due)
        return true;

    log_info("rebase begun", LOG_TEXT("application", r->application), LOG_TEXT("digest", r->top));
    if (!why && !rebase_and_push(r, err)) {
        if (err->kind != ERROR_INPUT)
            return false;
        why = arena_strdup(r->job->arena, err->text);
        *err = (struct error){0};
    }
    log_info("rebase ended", LOG_TEXT("application", r->application), LOG_TEXT("reason", why));
    return save(r, claim, why, err);
}

static bool take(struct rebase *r, const struct db_rows *rows, size_t i, bool *did,
                 struct error *err)
{
    struct job *job = r->job;
    struct claim claim;

    r->patch = row_i64(rows, i, 0);
    r->application = row_text(rows, i, 1);
    r->top = row_text(rows, i, 3);
    r->place.registry_id = row_i64(rows, i, 4);
    r->place.repository = row_text(rows, i, 12);
    r->tag = row_text(rows, i, 13);
    r->base.repository = row_text(rows, i, 21);
    const char *subject =
        arena_printf(job->arena, "%lld %s %s", (long long)r->patch, r->application, r->top);
    if (!claim_take(job, row_text(rows, i, 2), subject, &claim, did, err))
        return false;
    if (!*did || (place_read(job, rows, i, 5, &r->place, err) &&
                  place_read(job, rows, i, 14, &r->base, err) && run_one(r, &claim, err)))
        return true;
    if (err->kind == ERROR_FATAL)
        return false;
    claim_failed(job, &claim, err);
    *err = (struct error){0};
    return true;
}

bool work_rebase(struct job *job, bool *did, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);

    if (!tx || !db_run(tx, &sql_consent_due, DB_NO_ARGS, &rows, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    if (!db_commit(mine, err))
        return false;
    for (size_t i = 0; i < rows.count && !*did; i++) {
        struct rebase r = {.job = job};
        if (!take(&r, &rows, i, did, err))
            return false;
    }
    return true;
}
