#include "base/log.h"
#include "janitor/janitor.h"
#include "sql_worker_janitor.h"

bool janitor_is_due(struct db_tx *tx, const char *name, int64_t every_s, bool *due,
                    struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_schedule_seed, DB_ARGS(db_text(name), db_i64(every_s)), NULL, err) ||
        !db_run(tx, &sql_schedule_due, DB_ARGS(db_text(name)), &rows, err))
        return false;
    *due = rows.count == 1;
    return true;
}

static bool recheck_images(const struct janitor_settings *settings, struct db_tx *tx,
                           struct error *err)
{
    struct db_rows rows;
    (void)settings;
    if (!db_run(tx, &sql_managed_list, DB_NO_ARGS, &rows, err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        struct image_due out = {
            .registry = row_text(&rows, i, 0),
            .repository = row_text(&rows, i, 1),
            .tag = row_text(&rows, i, 2),
            .cause = "recheck",
        };
        if (!outbox_put_bulk(tx, &out, err))
            return false;
    }
    return true;
}

static bool refresh_feeds(const struct janitor_settings *settings, struct db_tx *tx,
                          struct error *err)
{
    struct db_rows rows;
    (void)settings;
    if (!db_run(tx, &sql_source_list, DB_NO_ARGS, &rows, err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        struct feed_due out = {.source = row_text(&rows, i, 0), .cause = "schedule"};
        if (!outbox_put_bulk(tx, &out, err))
            return false;
    }
    return true;
}

static bool keep_house(const struct janitor_settings *settings, struct db_tx *tx, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_retention,
                DB_ARGS(db_i64(settings->task_keep_s), db_i64(settings->run_keep_s)), &rows, err))
        return false;
    if (row_i64(&rows, 0, 0))
        log_info("old rows deleted", LOG_I64("rows", row_i64(&rows, 0, 0)));
    return true;
}

static bool look_at_dates(const struct janitor_settings *settings, struct db_tx *tx,
                          struct error *err)
{
    (void)settings;
    return db_run(tx, &sql_source_stale, DB_NO_ARGS, NULL, err) &&
           db_run(tx, &sql_consent_expire, DB_NO_ARGS, NULL, err);
}

bool janitor_schedule(struct job *job, struct db_tx *tx, struct error *err)
{
    const struct janitor_settings *settings = job->settings;
    const struct {
        const char *name;
        int64_t every_s;
        bool (*run)(const struct janitor_settings *settings, struct db_tx *tx, struct error *err);
    } rows[] = {
        {"image.recheck", settings->recheck_s, recheck_images},
        {"feed.refresh", settings->feeds_s, refresh_feeds},
        {"retention", settings->retention_s, keep_house},
        {"dates", 60, look_at_dates},
    };
    for (size_t i = 0; i < array_count(rows); i++) {
        bool due = false;
        if (!janitor_is_due(tx, rows[i].name, rows[i].every_s, &due, err))
            return false;
        if (due && !rows[i].run(settings, tx, err))
            return error_wrap(err, "%s", rows[i].name);
        if (due)
            log_debug("schedule", LOG_TEXT("name", rows[i].name));
    }
    return true;
}
