#include "janitor/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "image/registry.h"
#include "janitor/janitor.h"
#include "shared/registry_access.h"
#include "sql_worker_janitor.h"

enum { SLICE_MS = 1000, REPOSITORIES_MOST = 100000 };

#define SWEEP_SCHEDULE "catalogue.sweep"

struct place {
    int64_t registry_id;
    struct registry_access access;
    bool unusable; /* its secret does not open */
};

struct sweep {
    struct arena *arena; /* of the sweep under way; NULL: none */
    struct place *places;
    size_t place_count, place_at;
    struct registry *registry; /* of places[place_at], opened */
    struct name_list repositories;
    size_t repository_at;
    int64_t tags, told;
};

struct sweep *sweep_new(void)
{
    struct sweep *sweep = calloc(1, sizeof(*sweep));
    if (!sweep)
        abort();
    return sweep;
}

static void end(struct sweep *sweep)
{
    registry_free(sweep->registry);
    arena_free(sweep->arena);
    *sweep = (struct sweep){0};
}

void sweep_free(void *sweep)
{
    if (sweep)
        end(sweep);
    free(sweep);
}

/* The schedule's turn: which registries there are. */
static bool begin(struct job *job, struct sweep *sweep, struct error *err)
{
    const struct janitor_settings *settings = job->settings;
    struct db_rows held, rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx ||
        !db_run(tx, &sql_schedule_seed, DB_ARGS(db_text(SWEEP_SCHEDULE), db_i64(settings->sweep_s)),
                NULL, err) ||
        !db_run(tx, &sql_schedule_hold, DB_ARGS(db_text(SWEEP_SCHEDULE)), &held, err) ||
        !db_run(tx, &sql_registry_list, DB_NO_ARGS, &rows, err) || !db_commit(tx, err))
        return false;
    if (!held.count)
        return true;
    const struct access_house house = {.ca_file = settings->ca_file,
                                       .docker_config = settings->docker_config,
                                       .private_hosts = settings->private_hosts,
                                       .seal_key_file = settings->key_file};
    sweep->arena = arena_new();
    sweep->places = arena_new_array(sweep->arena, struct place, rows.count);
    for (size_t i = 0; i < rows.count; i++) {
        struct error trouble = {0};
        sweep->places[i].registry_id = row_i64(&rows, i, 0);
        if (registry_access_read(sweep->arena, &rows, i, 1, &house, &sweep->places[i].access,
                                 &trouble))
            continue;
        log_warning("registry not swept", LOG_TEXT("registry", row_text(&rows, i, 1)),
                    LOG_TEXT("reason", trouble.text));
        sweep->places[i].unusable = true;
    }
    sweep->place_count = rows.count;
    return true;
}

static void next_place(struct sweep *sweep)
{
    registry_free(sweep->registry);
    sweep->registry = NULL;
    sweep->repositories = (struct name_list){0};
    sweep->repository_at = 0;
    sweep->place_at++;
}

static bool open_place(struct sweep *sweep, struct error *err)
{
    struct place *place = &sweep->places[sweep->place_at];
    bool supported = false;
    sweep->registry = registry_new(&place->access.settings);
    if (!registry_catalog(sweep->registry, sweep->arena, place->access.address, REPOSITORIES_MOST,
                          &sweep->repositories, &supported, err))
        return false;
    if (!supported) {
        log_info("registry has no catalogue", LOG_TEXT("registry", place->access.name));
        sweep->repositories = (struct name_list){0};
    }
    return true;
}

struct known {
    const char *digest;
    bool busy, found;
};

/* What our rows say of one tag. */
static const struct known *find(const struct db_rows *rows, const char *tag, struct known *out,
                                bool *seen)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (strcmp(row_text(rows, i, 0), tag) != 0)
            continue;
        seen[i] = true;
        *out = (struct known){row_text(rows, i, 1), row_bool(rows, i, 2), true};
        return out;
    }
    *out = (struct known){0};
    return out;
}

static bool tell(struct job *job, struct db_tx *tx, struct sweep *sweep, const char *repository,
                 const char *tag, const char *digest, struct error *err)
{
    const struct janitor_settings *settings = job->settings;
    struct db_rows claimed;
    struct image_pushed out = {
        .registry = sweep->places[sweep->place_at].access.name,
        .repository = repository,
        .tag = tag,
        .digest = digest,
        .action = digest ? "push" : "delete",
        .cause = "sweep",
    };
    const char *key = arena_printf(job->arena, "%s/%s:%s@%s", out.registry, repository, tag,
                                   digest ? digest : "");
    if (!db_run(tx, &sql_repair_claim,
                DB_ARGS(db_text("sweep"), db_text(key), db_i64(settings->stuck_s)), &claimed, err))
        return false;
    if (!claimed.count)
        return true;
    sweep->told++;
    log_info("found by the sweep", LOG_TEXT("key", key), LOG_TEXT("action", out.action));
    return outbox_put_bulk(tx, &out, err) && janitor_count(tx, "sweep", 1, err);
}

/* What the registry holds of one repository; the digest is empty for what went meanwhile. */
static bool look(struct job *job, struct sweep *sweep, const char *repository,
                 struct name_list *tags, const char ***digests, struct error *err)
{
    const struct janitor_settings *settings = job->settings;
    struct reference where = {.host = sweep->places[sweep->place_at].access.address,
                              .repository = repository,
                              .tag = "",
                              .digest = ""};
    if (!registry_tag_list(sweep->registry, job->arena, &where, (size_t)settings->sweep_most, tags,
                           err))
        return false;
    *digests = arena_new_array(job->arena, const char *, tags->count);
    for (size_t i = 0; i < tags->count; i++) {
        struct registry_manifest head = {0};
        where.tag = tags->names[i];
        if (!registry_manifest_head(sweep->registry, job->arena, &where, &head, err))
            return false;
        (*digests)[i] = head.found && head.digest ? head.digest : "";
    }
    return true;
}

static bool compare(struct job *job, struct db_tx *tx, struct sweep *sweep, const char *repository,
                    const struct name_list *tags, const char *const *digests, struct error *err)
{
    const struct janitor_settings *settings = job->settings;
    const struct place *place = &sweep->places[sweep->place_at];
    struct db_rows rows;
    if (!db_run(tx, &sql_tag_known,
                DB_ARGS(db_i64(place->registry_id), db_text(place->access.name),
                        db_text(repository), db_i64(settings->stuck_s)),
                &rows, err))
        return false;
    bool *seen = arena_new_array(db_arena(tx), bool, rows.count + 1);
    for (size_t i = 0; i < tags->count; i++) {
        struct known known;
        find(&rows, tags->names[i], &known, seen);
        if (!digests[i][0] || known.busy || (known.found && strcmp(known.digest, digests[i]) == 0))
            continue;
        if (!tell(job, tx, sweep, repository, tags->names[i], digests[i], err))
            return false;
    }
    for (size_t i = 0; i < rows.count; i++) {
        if (!seen[i] && !row_bool(&rows, i, 2) &&
            !tell(job, tx, sweep, repository, row_text(&rows, i, 0), NULL, err))
            return false;
    }
    sweep->tags += (int64_t)tags->count;
    return true;
}

static bool sweep_repository(struct job *job, struct sweep *sweep, const char *repository,
                             struct error *err)
{
    struct name_list tags = {0};
    const char **digests = NULL;
    if (!look(job, sweep, repository, &tags, &digests, err))
        return false;
    int64_t puts = outbox_count(job_db(job));
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    return tx && compare(job, tx, sweep, repository, &tags, digests, err) &&
           janitor_commit(job, tx, puts, err);
}

static bool finish(struct job *job, struct sweep *sweep, struct error *err)
{
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    const char *result = arena_printf(job->arena, "%lld tags, %lld found", (long long)sweep->tags,
                                      (long long)sweep->told);
    log_info("catalogues swept", LOG_I64("tags", sweep->tags), LOG_I64("found", sweep->told));
    end(sweep);
    return tx &&
           db_run(tx, &sql_schedule_done, DB_ARGS(db_text(SWEEP_SCHEDULE), db_text(result)), NULL,
                  err) &&
           db_commit(tx, err);
}

/* One registry opened, or one repository compared. */
static bool one_thing(struct job *job, struct sweep *sweep, struct error *err)
{
    if (sweep->places[sweep->place_at].unusable) {
        next_place(sweep);
        return true;
    }
    if (!sweep->registry)
        return open_place(sweep, err);
    if (sweep->repository_at < sweep->repositories.count)
        return sweep_repository(job, sweep, sweep->repositories.names[sweep->repository_at++], err);
    next_place(sweep);
    return true;
}

bool sweep_step(struct job *job, struct sweep *sweep, struct error *err)
{
    int64_t until = clock_monotonic_ms() + SLICE_MS;
    if (!sweep->arena && !begin(job, sweep, err))
        return false;
    while (sweep->arena && clock_monotonic_ms() < until && !job_is_stopping(job)) {
        struct error trouble = {0};
        if (sweep->place_at >= sweep->place_count)
            return finish(job, sweep, err);
        if (one_thing(job, sweep, &trouble))
            continue;
        log_warning("registry not swept to the end",
                    LOG_TEXT("registry", sweep->places[sweep->place_at].access.name),
                    LOG_TEXT("reason", trouble.text));
        next_place(sweep);
    }
    return true;
}
