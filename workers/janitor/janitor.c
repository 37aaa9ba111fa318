#include "janitor/janitor.h"

#include "janitor/sweep.h"
#include "service/metrics.h"
#include "service/secret.h"
#include "sql_worker_janitor.h"

static struct janitor_settings settings;

#define ROW(setting, member, fallback_text, low, about)                                            \
    {                                                                                              \
        .name = (setting), .kind = setting_kind_of(struct janitor_settings, member),               \
        .offset = offsetof(struct janitor_settings, member), .fallback = (fallback_text),          \
        .least = (low), .most = 315360000000, .help = (about)                                      \
    }

#define TEXT(setting, member, about)                                                               \
    {                                                                                              \
        .name = (setting), .kind = setting_kind_of(struct janitor_settings, member),               \
        .offset = offsetof(struct janitor_settings, member), .help = (about)                       \
    }

static const struct setting setting_rows[] = {
    ROW("RESOLE_JANITOR_TICK_MS", tick_ms, "1000", 10, "how often it looks what is due"),
    ROW("RESOLE_RECHECK_EVERY_S", recheck_s, "86400", 1,
        "how often managed images are looked up in their registries again"),
    ROW("RESOLE_FEEDS_EVERY_S", feeds_s, "86400", 1,
        "how often advisory sources and repository indices are asked for changes"),
    ROW("RESOLE_SWEEP_EVERY_S", sweep_s, "86400", 1,
        "how often registry catalogues are compared with what events told"),
    ROW("RESOLE_SWEEP_TAGS", sweep_most, "100000", 1, "most tags looked at in one repository"),
    ROW("RESOLE_RETENTION_EVERY_S", retention_s, "3600", 1, "how often old rows are deleted"),
    ROW("RESOLE_STUCK_AFTER_S", stuck_s, "1800", 1,
        "a stage that stands still so long, though its queue has passed it, is woken again"),
    ROW("RESOLE_REPAIRS_MOST", repairs_most, "5", 1, "repairs of one stage before it is parked"),
    ROW("RESOLE_TASK_KEEP_S", task_keep_s, "1209600", 3600,
        "how long finished tasks are remembered; longer than topics keep messages"),
    TEXT(SECRET_KEY_SETTING, key_file, SECRET_KEY_HELP),
    TEXT("RESOLE_CA_FILE", ca_file,
         "PEM file of certificate authorities, in place of the system's"),
    TEXT("RESOLE_DOCKER_CONFIG_FILE", docker_config,
         "config.json with registry credentials; default: the usual places"),
    TEXT("RESOLE_PRIVATE_HOSTS", private_hosts, "hosts and networks that may be private addresses"),
    ROW("RESOLE_RUN_KEEP_S", run_keep_s, "7776000", 3600, "how long finished runs are kept"),
};

bool janitor_commit(struct job *job, struct db_tx *tx, int64_t puts, struct error *err)
{
    bool told = outbox_count(job_db(job)) != puts;
    if (told)
        crash_point("before-commit");
    if (!db_commit(tx, err))
        return false;
    if (told)
        crash_point("after-commit");
    return true;
}

/* One tick in one transaction. Another replica's tick holds the lock: nothing to do here. */
static bool tick(struct job *job, bool *active, struct error *err)
{
    struct db_rows rows;
    int64_t puts = outbox_count(job_db(job));
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !db_run(tx, &sql_lock, DB_ARGS(db_i64(JANITOR_LOCK)), &rows, err))
        return false;
    *active = row_bool(&rows, 0, 0);
    metric_set(metric_gauge("resole_janitor_active", "1 when this replica did the last tick", NULL),
               *active);
    return !*active || (janitor_resend(job, tx, err) && janitor_schedule(job, tx, err) &&
                        janitor_repair(job, tx, err) && janitor_commit(job, tx, puts, err));
}

static bool on_idle(struct job *job, struct error *err)
{
    bool active = false;
    return tick(job, &active, err) && (!active || sweep_step(job, job->state, err));
}

static bool on_start(struct job *job, struct error *err)
{
    (void)err;
    job->state = sweep_new();
    return true;
}

int janitor_main(int argc, char **argv)
{
    static const struct worker janitor = {
        .name = "janitor",
        .about = "The clock: sends what is due or stuck again, counts repairs, rechecks images, "
                 "feeds and catalogues on a schedule, keeps the house. Any number may stand by.",
        .tables = {{setting_rows, array_count(setting_rows), &settings}},
        .settings = &settings,
        .start = on_start,
        .stop = sweep_free,
        .idle = on_idle,
        .idle_every_ms = &settings.tick_ms,
    };
    return worker_main(argc, argv, &janitor);
}
