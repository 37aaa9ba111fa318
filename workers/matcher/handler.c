#include "matcher/handler.h"

#include "matcher/claims.h"
#include "matcher/import.h"
#include "matcher/rematch.h"
#include "matcher/settings.h"
#include "matcher/store.h"
#include "shared/compose_rows.h"

static struct matcher_settings settings;

static const struct setting rows[] = {
    {"RESOLE_BLOB_DIR", SETTING_TEXT, offsetof(struct matcher_settings, blob_dir),
     "/var/lib/resole/blobs", "where blobs lie, shared by all workers"},
    {"RESOLE_ADVISORY_SOURCES", SETTING_TEXT, offsetof(struct matcher_settings, sources),
     "debian-tracker osv-debian alpine-secdb ubuntu-osv osv-maven osv-pypi osv-npm osv-golang kev "
     "epss",
     "advisory sources that are switched on when their rows are first made: names, or * for all"},
};

/* What the image's layers say becomes its packages: in a transaction of its own, before matching.
 */
static bool compose(struct job *job, const char *digest, struct error *err)
{
    struct composed_image composed;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !compose_rows(tx, job->arena, digest, &composed, err))
        return false;
    if (composed.found && !composed.whole)
        return error_set(err, ERROR_INPUT, "image %s: a layer of it was never read", digest);
    bool ok = db_commit(tx, err);
    tx = NULL;
    return ok;
}

/* One image's components, then its counters. */
static bool on_image_unpacked(struct job *job, struct error *err)
{
    struct image_unpacked in = {0};
    struct judged_list judged;
    struct id_list changed = {0};
    int64_t image = 0, revision = 0;
    bool has_layers = false;

    if (!job_decode(job, &in, err) || !store_find_image(job, in.digest, &image, &has_layers, err))
        return false;
    if (image == 0)
        return error_set(err, ERROR_INPUT, "image %s is not known", in.digest);
    if ((has_layers && !compose(job, in.digest, err)) ||
        !store_list_unmatched(job, image, &judged, err) ||
        !rematch(job, &judged, &changed, &revision, err))
        return error_wrap(err, "image %s", in.digest);
    struct db_tx *tx = job_tx(job, err);
    if (!tx || !claims_want(tx, "", image, err) || !store_count_image(tx, image, &revision, err) ||
        !store_note_runs(tx, in.digest, err))
        return false;
    struct image_matched out = {.digest = in.digest, .cause = in.cause, .revision = revision};
    return outbox_put(tx, &out, err) &&
           rematch_announce(tx, &changed, in.cause, "", in.digest, false, err);
}

static bool on_advisory_changed(struct job *job, struct error *err)
{
    struct advisory_changed in = {0};
    struct judged_list judged;
    struct id_list changed = {0}, images = {0};
    int64_t revision = 0;

    if (!job_decode(job, &in, err) || !store_list_named(job, in.type, &in.names, &judged, err) ||
        !rematch(job, &judged, &changed, &revision, err))
        return error_wrap(err, "%s", in.source ? in.source : "");
    struct db_tx *tx = job_tx(job, err);
    if (!tx || !rematch_announce(tx, &changed, "advisory", in.source, "", in.first_load, err) ||
        !store_list_images_of(tx, &changed, &images, err))
        return false;
    for (size_t i = 0; i < images.count; i++) {
        int64_t at = 0;
        struct image_matched out = {.cause = "advisory"};
        if (!store_count_image(tx, images.items[i], &at, err) ||
            !store_image_digest(tx, images.items[i], &out.digest, err))
            return false;
        out.revision = at;
        if (!outbox_put(tx, &out, err))
            return false;
    }
    return true;
}

static bool on_feed_fetched(struct job *job, struct error *err)
{
    struct feed_fetched in = {0};
    return job_decode(job, &in, err) &&
           (import_feed(job, &in, err) || error_wrap(err, "source %s", in.source));
}

static bool start(struct job *job, struct error *err)
{
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !store_seed_sources(tx, settings.sources, err))
        return false;
    bool ok = db_commit(tx, err);
    tx = NULL;
    return ok;
}

const struct worker matcher = {
    .name = "matcher",
    .about = "Judges every component against every advisory source, once, and again when an "
             "advisory changes.",
    .hears = {{&topic_image_unpacked, on_image_unpacked},
              {&topic_advisory_changed, on_advisory_changed},
              {&topic_feed_fetched, on_feed_fetched}},
    .tables = {{rows, array_count(rows), &settings}},
    .settings = &settings,
    .deadline_s = 1800,
    .start = start,
    .parked = import_parked,
};
