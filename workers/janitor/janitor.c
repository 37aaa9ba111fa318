#include "janitor/janitor.h"

#include "service/metrics.h"
#include "sql_worker_janitor.h"

static struct janitor_settings settings;

#define ROW(setting, member, fallback_text, low, about)                                            \
    {                                                                                              \
        .name = (setting), .kind = setting_kind_of(struct janitor_settings, member),               \
        .offset = offsetof(struct janitor_settings, member), .fallback = (fallback_text),          \
        .least = (low), .most = 315360000000, .help = (about)                                      \
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
    ROW("RESOLE_RUN_KEEP_S", run_keep_s, "7776000", 3600, "how long finished runs are kept"),
};

/* One tick. Another replica's tick holds the lock: nothing to do here. */
static bool on_idle(struct job *job, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx = job_tx(job, err);
    if (!tx || !db_run(tx, &sql_lock, DB_ARGS(db_i64(JANITOR_LOCK)), &rows, err))
        return false;
    bool active = row_bool(&rows, 0, 0);
    metric_set(metric_gauge("resole_janitor_active", "1 when this replica did the last tick", NULL),
               active);
    return !active || (janitor_resend(job, tx, err) && janitor_schedule(job, tx, err) &&
                       janitor_repair(job, tx, err));
}

int janitor_main(int argc, char **argv)
{
    static const struct worker janitor = {
        .name = "janitor",
        .about = "The clock: sends what is due or stuck again, counts repairs, rechecks images, "
                 "feeds and catalogues on a schedule, keeps the house. Any number may stand by.",
        .tables = {{setting_rows, array_count(setting_rows), &settings}},
        .settings = &settings,
        .idle = on_idle,
        .idle_every_ms = &settings.tick_ms,
    };
    return worker_main(argc, argv, &janitor);
}
