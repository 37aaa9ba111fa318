#include "patch_builder/build.h"

#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "patch/image_patch.h"
#include "patch_builder/settings.h"
#include "sql_worker_patch_builder.h"

/* One platform. */
struct member {
    const char *old_digest, *platform, *state, *rule, *reason;
    size_t child; /* of the index */
    struct image image;
    struct image_patch patch;
    struct published made;
};

struct build {
    struct job *job;
    const struct managed *managed;
    struct http_client *http;
    struct repository_set repositories;
    struct published old;
    struct manifest top;
    struct member *members;
    size_t count, built, refused, dropped; /* dropped: attestations of replaced children */
    struct published made;
    int64_t number;
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

static void refuse(struct build *b, struct member *member, const char *rule, const char *reason)
{
    member->state = "refused";
    member->rule = rule;
    member->reason = reason;
    member->patch.built = false;
    b->refused++;
}

/* ERROR_INPUT is a finding about this platform, all else ends the build. */
static bool build_member(struct build *b, struct member *member, struct error *err)
{
    const struct patch_builder_settings *settings = b->job->settings;
    const struct place *place = &b->managed->place;
    struct arena *arena = b->job->arena;
    struct image_source *source scoped(image_source_scope_close) = NULL;
    struct patch_settings how = {.http = b->http,
                                 .repositories = &b->repositories,
                                 .temporary = settings->temporary,
                                 .origin_name =
                                     arena_printf(arena, "%s/%s:%s", place->access.address,
                                                  place->repository, b->managed->tag)};

    if (!place_open(arena, place, member->old_digest, &source, &member->image, err) ||
        !image_patch_build(arena, source, &member->image, &how, &member->patch, err)) {
        if (err->kind != ERROR_INPUT)
            return false;
        refuse(b, member, NULL, arena_strdup(arena, err->text));
        *err = (struct error){0};
        return true;
    }
    if (!*member->platform)
        member->platform = platform_text(arena, member->image.config.platform);
    const struct plan *plan = &member->patch.plan;
    if (member->patch.built) {
        member->state = "patched";
        b->built++;
    } else if (plan->refusal_count) {
        refuse(b, member, plan->refusals[0].rule,
               arena_printf(arena, "%s: %s", plan->refusals[0].package, plan->refusals[0].text));
    } else {
        member->state = "unchanged";
        member->reason = "nothing newer in the package repositories";
    }
    return true;
}

static void add_member(struct build *b, const char *digest, const char *platform, size_t child)
{
    b->members[b->count++] =
        (struct member){.old_digest = digest,
                        .platform = platform,
                        .child = child,
                        .patch = {.spool = {.fd = -1}, .layer_file = {.fd = -1}}};
}

/* The image, or the managed platforms of the index. */
static bool read_top(struct build *b, struct error *err)
{
    const struct patch_builder_settings *settings = b->job->settings;
    struct arena *arena = b->job->arena;

    if (!publish_find(arena, &b->managed->place, b->managed->digest, &b->old, err) ||
        !manifest_parse(arena, b->old.bytes, b->old.media_type, &b->top, err))
        return false;
    b->members = arena_new_array(arena, struct member, b->top.child_count + 1);
    if (b->top.kind != MANIFEST_INDEX) {
        add_member(b, b->managed->digest, "", 0);
        return true;
    }
    if (b->top.child_count > LIMIT_INDEX_CHILDREN)
        return error_set(err, ERROR_INPUT, "index %s: more than %d children", b->managed->digest,
                         LIMIT_INDEX_CHILDREN);
    for (size_t i = 0; i < b->top.child_count; i++) {
        const struct descriptor *child = &b->top.children[i];
        if (descriptor_kind(child) != MANIFEST_IMAGE ||
            (child->has_platform &&
             !platform_is_listed(arena, settings->platforms, child->platform)))
            continue;
        add_member(b, child->digest,
                   child->has_platform ? platform_text(arena, child->platform) : "", i);
    }
    return b->count > 0 ||
           error_set(err, ERROR_INPUT, "index %s: no image of a managed platform (%s)",
                     b->managed->digest, settings->platforms);
}

/* One plan of all platforms: the same plan again is the same patch. */
static void plan_of_all(const struct build *b, char out[static DIGEST_TEXT_SIZE])
{
    struct buf all scoped(buf_release) = {0};

    for (size_t i = 0; i < b->count; i++) {
        char one[DIGEST_TEXT_SIZE];
        plan_digest(&b->members[i].patch.plan, one);
        if (b->top.kind != MANIFEST_INDEX) {
            memcpy(out, one, DIGEST_TEXT_SIZE);
            return;
        }
        buf_printf(&all, "%s %s %s\n", b->members[i].old_digest, b->members[i].state, one);
    }
    digest_of(buf_text(&all), all.length, out);
}

static bool is_replaced(const struct build *b, const char *digest)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->members[i].patch.built && strcmp(b->members[i].old_digest, digest) == 0)
            return true;
    return false;
}

/* The index with its patched children; what attested a replaced child goes. */
static bool push_index(struct build *b, struct error *err)
{
    struct arena *arena = b->job->arena;
    struct manifest index = b->top;
    struct descriptor *children = arena_new_array(arena, struct descriptor, b->top.child_count);

    index.children = children;
    index.child_count = 0;
    for (size_t i = 0; i < b->top.child_count; i++) {
        struct descriptor child = b->top.children[i];
        for (size_t m = 0; m < b->count; m++) {
            const struct member *member = &b->members[m];
            if (member->child != i || !member->patch.built)
                continue;
            child.digest = member->made.digest;
            child.size = (int64_t)member->made.bytes.length;
            child.media_type = member->made.media_type;
        }
        if (descriptor_kind(&child) == MANIFEST_ATTESTATION &&
            is_replaced(b, annotation_find(child.annotations, child.annotation_count,
                                           "vnd.docker.reference.digest"))) {
            b->dropped++;
            continue;
        }
        children[index.child_count++] = child;
    }
    if (!index.is_docker) {
        struct annotation *list =
            arena_new_array(arena, struct annotation, index.annotation_count + 1);
        for (size_t i = 0; i < index.annotation_count; i++)
            list[i] = index.annotations[i];
        list[index.annotation_count++] =
            (struct annotation){"resole.patch.origin.digest", b->managed->digest};
        index.annotations = list;
    }
    return publish_index(arena, &b->managed->place, &index, &b->made, err);
}

static bool push(struct build *b, struct error *err)
{
    for (size_t i = 0; i < b->count; i++) {
        struct member *member = &b->members[i];
        if (!member->patch.built)
            continue;
        if (!publish_image(b->job->arena, &b->managed->place, &member->patch.draft, &member->made,
                           err))
            return false;
        b->made = member->made;
    }
    if (b->top.kind == MANIFEST_INDEX && !push_index(b, err))
        return false;
    crash_point("pushed");
    return publish_number(b->job, &b->managed->place, b->managed->tag, &b->made, &b->number, err);
}

static bool save_members(struct build *b, struct db_tx *tx, int64_t patch, struct error *err)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct member *member = &b->members[i];
        bool made = member->patch.built && b->number;
        if (!db_run(tx, &sql_patch_member_save,
                    DB_ARGS(db_i64(patch), db_text(member->old_digest),
                            db_text(made ? member->made.digest : member->old_digest),
                            db_text(member->platform), db_text(member->state),
                            db_text(member->rule), db_text(member->reason),
                            db_json(packages_json(b->job->arena, &member->patch.plan)),
                            db_i64_or_null(made ? member->patch.layer.bytes : 0)),
                    NULL, err))
            return false;
    }
    return db_run(tx, &sql_patch_sum, DB_ARGS(db_i64(patch)), NULL, err);
}

/* "linux/arm64: R2-hold: …", of the first that is not patched. */
static const char *reason_of(const struct build *b, const char *why, const char **rule)
{
    *rule = NULL;
    for (size_t i = 0; i < b->count && !why; i++) {
        const struct member *member = &b->members[i];
        if (!member->reason || (b->refused && strcmp(member->state, "refused") != 0))
            continue;
        *rule = member->rule;
        return b->count > 1
                   ? arena_printf(b->job->arena, "%s: %s", member->platform, member->reason)
                   : member->reason;
    }
    if (!why && b->dropped)
        return arena_printf(b->job->arena,
                            "%zu attestations of the old images are not carried over", b->dropped);
    return why;
}

static bool save_rows(struct build *b, struct db_tx *tx, const char *why, struct error *err)
{
    const struct managed *managed = b->managed;
    struct arena *arena = b->job->arena;
    struct db_rows rows;
    char plan[DIGEST_TEXT_SIZE];
    const char *rule, *reason = reason_of(b, why, &rule);
    bool made = b->number > 0;

    plan_of_all(b, plan);
    if (!db_run(tx, &sql_patch_save,
                DB_ARGS(db_i64(managed->id), db_text(managed->digest),
                        db_text(made ? b->made.digest : NULL), db_i64_or_null(b->number),
                        db_text(made ? publish_reference(arena, &managed->place, managed->tag,
                                                         b->number)
                                     : NULL),
                        db_text(made                ? "pushed"
                                : why || b->refused ? "refused"
                                                    : "not-better"),
                        db_text(!made                      ? "needs-rebuild"
                                : b->refused || b->dropped ? "needs-test"
                                                           : "automatic"),
                        db_text(reason), db_text(rule), db_text(plan)),
                &rows, err))
        return false;
    if (rows.count == 0 || !b->count)
        return true; /* known already; or not one platform could be read */
    if (!save_members(b, tx, row_i64(&rows, 0, 0), err))
        return false;
    if (!made)
        return true;
    struct image_pushed out = {
        .registry = managed->place.access.name,
        .repository = managed->place.repository,
        .tag = arena_printf(arena, "%s-resole.%lld", managed->tag, (long long)b->number),
        .digest = b->made.digest,
        .media_type = b->made.media_type,
        .action = "push",
        .cause = "patch"};
    return outbox_put(tx, &out, err);
}

static bool save(struct build *b, const struct claim *claim, const char *why, bool *known,
                 struct error *err)
{
    struct job *job = b->job;
    struct db_rows rows;
    char plan[DIGEST_TEXT_SIZE] = "";
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);

    if (b->count)
        plan_of_all(b, plan);
    if (!tx || !db_run(tx, &sql_patch_same,
                       DB_ARGS(db_i64(b->managed->id), db_text(b->managed->digest), db_text(plan)),
                       &rows, err))
        return false;
    *known = rows.count > 0;
    if (b->built && !b->number && !*known && !why)
        return true; /* to be pushed first */
    if ((!*known && !save_rows(b, tx, why, err)) || !claim_end(tx, claim, b->managed->digest, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    crash_point("saving");
    if (!db_commit(mine, err))
        return false;
    *known = true;
    crash_point("saved");
    job_wake(job);
    return true;
}

static bool prepare(struct build *b, struct error *err)
{
    if (!repository_machine(b->job->arena, &b->repositories, err) || !read_top(b, err))
        return false;
    for (size_t i = 0; i < b->count; i++)
        if (!build_member(b, &b->members[i], err))
            return error_wrap(err, "%s", b->members[i].platform);
    return true;
}

static bool run(struct build *b, const struct claim *claim, struct error *err)
{
    const char *why = claim->given_up;
    bool done = false;

    if (!why && !prepare(b, err)) {
        if (err->kind != ERROR_INPUT)
            return false;
        why = arena_strdup(b->job->arena, err->text);
        *err = (struct error){0};
    }
    if (!save(b, claim, why, &done, err) || done)
        return done;
    if (!push(b, err)) {
        if (err->kind != ERROR_INPUT)
            return false;
        why = arena_strdup(b->job->arena, err->text);
        *err = (struct error){0};
        b->number = 0;
    }
    return save(b, claim, why, &done, err);
}

bool build_managed(struct job *job, const struct managed *managed, const struct claim *claim,
                   struct error *err)
{
    struct http_settings http_settings = {
        .ca_file = ((const struct patch_builder_settings *)job->settings)->ca_file,
        .allow_private = true}; /* the operator names the package sources */
    struct http_client *http scoped(http_client_scope_free) = http_client_new(&http_settings);
    struct build b = {.job = job, .managed = managed, .http = http};

    log_info("patch begun", LOG_TEXT("repository", managed->place.repository),
             LOG_TEXT("tag", managed->tag), LOG_TEXT("digest", managed->digest));
    bool ok = run(&b, claim, err);
    for (size_t i = 0; i < b.count; i++)
        image_patch_release(&b.members[i].patch);
    if (ok)
        log_info("patch ended", LOG_TEXT("repository", managed->place.repository),
                 LOG_I64("platforms", b.count), LOG_I64("patched", b.built),
                 LOG_I64("number", b.number));
    return ok;
}
