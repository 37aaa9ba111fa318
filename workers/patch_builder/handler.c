#include "patch_builder/handler.h"

#include "base/clock.h"
#include "patch_builder/settings.h"
#include "patch_builder/state.h"
#include "patch_builder/work.h"
#include "service/secret.h"
#include "sql_worker_patch_builder.h"

static struct patch_builder_settings settings;

#define ROW(member)                                                                                \
    setting_kind_of(struct patch_builder_settings, member),                                        \
        offsetof(struct patch_builder_settings, member)

static const struct setting rows[] = {
    {"RESOLE_PLATFORMS", ROW(platforms), "all",
     "platforms of an index to patch: all, or linux/amd64,linux/arm64"},
    {"RESOLE_CONSENT_DAYS", ROW(consent_days), "14",
     "a patch that waits for a decision (policy ask) expires after", 1, 365},
    {"RESOLE_CA_FILE", ROW(ca_file), "",
     "PEM file of certificate authorities, in place of the system's"},
    {"RESOLE_DOCKER_CONFIG_FILE", ROW(docker_config), "",
     "config.json with registry credentials; default: the usual places"},
    {"RESOLE_PRIVATE_HOSTS", ROW(private_hosts), "",
     "hosts and networks that may be private addresses"},
    {"RESOLE_REPOSITORIES_FILE", ROW(repositories_file), "",
     "package sources that the operator trusts (sources.list(5)); default: this machine's apt"},
    {SECRET_KEY_SETTING, ROW(seal_key_file), "", SECRET_KEY_HELP},
    {"RESOLE_SPOOL_DIR", ROW(temporary), "", "folder for temporary files; default: TMPDIR, /tmp"},
};

enum { AUTO_EVERY_MS = 5000 };

static bool on_image_matched(struct job *job, struct error *err)
{
    struct image_matched in = {0};
    if (!job_decode(job, &in, err))
        return false;
    struct db_tx *tx = job_tx(job, err);
    return tx && db_run(tx, &sql_image_wanted, DB_ARGS(db_text(in.digest)), NULL, err) &&
           db_run(tx, &sql_image_origin, DB_ARGS(db_text(in.digest)), NULL, err);
}

/* The daily recheck: what failed, or has another fix now, is planned again. */
static bool on_image_due(struct job *job, struct error *err)
{
    struct image_due in = {0};
    if (!job_decode(job, &in, err))
        return false;
    struct db_tx *tx = job_tx(job, err);
    return tx && db_run(tx, &sql_image_due,
                        DB_ARGS(db_text(in.registry), db_text(in.repository), db_text(in.tag)),
                        NULL, err);
}

/* The gateway has written the decision: idle finds it at once. */
static bool on_patch_decided(struct job *job, struct error *err)
{
    struct patch_decided in = {0};
    struct patch_builder_state *state = job->state;
    state->auto_at_ms = 0;
    return job_decode(job, &in, err);
}

static bool approve_by_policy(struct job *job, struct error *err)
{
    struct patch_builder_state *state = job->state;
    if (clock_monotonic_ms() < state->auto_at_ms)
        return true;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !db_run(tx, &sql_consent_auto, DB_NO_ARGS, NULL, err))
        return false;
    state->auto_at_ms = clock_monotonic_ms() + AUTO_EVERY_MS;
    struct db_tx *mine = tx;
    tx = NULL;
    return db_commit(mine, err);
}

/* One slow thing a turn, so that messages are not kept waiting: a person's consent first. */
static bool idle(struct job *job, struct error *err)
{
    bool did = false;

    return claim_settle(job, err) && work_judge(job, err) && approve_by_policy(job, err) &&
           work_rebase(job, &did, err) && (did || work_managed(job, &did, err));
}

static bool start(struct job *job, struct error *err)
{
    (void)err;
    job->state = arena_new_object(job->arena, struct patch_builder_state);
    return true;
}

const struct worker patch_builder = {
    .name = "patch-builder",
    .about = "Patches managed images, announces what is proved better, puts applications on the "
             "new base when their teams agree or the policy says so.",
    .hears = {{&topic_image_matched, on_image_matched},
              {&topic_image_due, on_image_due},
              {&topic_patch_decided, on_patch_decided}},
    .tables = {{rows, array_count(rows), &settings}},
    .settings = &settings,
    .deadline_s = 3600,
    .start = start,
    .idle = idle,
    .idle_ms = 1000,
};
