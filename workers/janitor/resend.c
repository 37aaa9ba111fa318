#include <string.h>

#include "base/log.h"
#include "janitor/janitor.h"
#include "service/metrics.h"
#include "sql_worker_janitor.h"

bool janitor_count(struct db_tx *tx, const char *what, int64_t n, struct error *err)
{
    const char *name = arena_printf(db_arena(tx), "repair:%s", what);
    metric_add(metric_counter("resole_repairs_total", "What the janitor had to repair",
                              arena_printf(db_arena(tx), "what=\"%s\"", what)),
               n);
    return db_run(tx, &sql_counter_add, DB_ARGS(db_text(name), db_i64(n)), NULL, err);
}

bool janitor_resend(struct job *job, struct db_tx *tx, struct error *err)
{
    const struct janitor_settings *settings = job->settings;
    struct db_rows rows;
    if (!db_run(tx, &sql_task_due, DB_ARGS(db_i64(settings->stuck_s), db_i64(JANITOR_BATCH)), &rows,
                err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        const char *topic = row_text(&rows, i, 2);
        if (!topic_find(topic)) /* of a version that is gone: visible in the task row */
            continue;
        struct outbox_how how = {
            .source = row_text(&rows, i, 0),
            .id = row_text(&rows, i, 1),
            .lane = row_bool(&rows, i, 3) ? LANE_BULK : LANE_INTERACTIVE,
        };
        if (!outbox_put_raw(tx, topic, row_text(&rows, i, 4), row_bytes(&rows, i, 5), &how, err))
            return false;
    }
    if (rows.count)
        log_debug("deferred messages sent again", LOG_I64("messages", rows.count));
    return true;
}

static bool send_image_due(struct db_tx *tx, const char *digest, struct error *err)
{
    struct db_rows rows;
    struct image_due out = {.digest = digest, .cause = "repair"};
    if (!db_run(tx, &sql_image_place_of, DB_ARGS(db_text(digest)), &rows, err))
        return false;
    if (!rows.count) /* no repository is known to hold it: nobody can be asked */
        return true;
    out.registry = row_text(&rows, 0, 0);
    out.repository = row_text(&rows, 0, 1);
    return outbox_put_bulk(tx, &out, err);
}

static bool send_layer(struct db_tx *tx, const char *digest, struct error *err)
{
    struct db_rows rows;
    struct layer_fetched out = {.digest = digest};
    if (!db_run(tx, &sql_layer_of, DB_ARGS(db_text(digest)), &rows, err) || !rows.count)
        return rows.count == 0;
    out.media_type = row_text(&rows, 0, 0);
    out.bytes = row_i64(&rows, 0, 1);
    out.diff_id = row_text(&rows, 0, 2);
    return outbox_put_bulk(tx, &out, err);
}

static bool send_unpacked(struct db_tx *tx, const char *digest, struct error *err)
{
    struct image_unpacked out = {.digest = digest, .cause = "repair"};
    return outbox_put_bulk(tx, &out, err);
}

/* How each stage is woken again, and what is parked when it does not help. */
static const struct stage {
    const char *what;
    bool (*send)(struct db_tx *tx, const char *digest, struct error *err);
    const struct sql *park;
} stages[] = {
    {"fetched", send_image_due, &sql_image_park}, {"pulled", send_image_due, &sql_image_park},
    {"read", send_layer, &sql_layer_park},        {"composed", send_image_due, &sql_image_park},
    {"matched", send_unpacked, &sql_image_park},
};

static bool repair_one(const struct janitor_settings *settings, struct db_tx *tx, const char *what,
                       const char *key, int64_t count, struct error *err)
{
    const struct stage *stage = NULL;
    for (size_t i = 0; i < array_count(stages); i++) {
        if (strcmp(stages[i].what, what) == 0)
            stage = &stages[i];
    }
    if (!stage)
        return error_set(err, ERROR_FATAL, "no stage %s", what);
    if (count >= settings->repairs_most) {
        const char *reason =
            arena_printf(db_arena(tx), "not %s after %d repairs", what, (int)count);
        log_warning("parked after repairs", LOG_TEXT("what", what), LOG_TEXT("key", key));
        return db_run(tx, stage->park, DB_ARGS(db_text(key), db_text(reason)), NULL, err);
    }
    log_info("repair", LOG_TEXT("what", what), LOG_TEXT("key", key));
    return stage->send(tx, key, err) &&
           db_run(tx, &sql_repair_put, DB_ARGS(db_text(what), db_text(key)), NULL, err) &&
           janitor_count(tx, what, 1, err);
}

bool janitor_repair(struct job *job, struct db_tx *tx, struct error *err)
{
    const struct janitor_settings *settings = job->settings;
    struct db_rows rows;
    if (!db_run(tx, &sql_stuck, DB_ARGS(db_i64(settings->stuck_s), db_i64(JANITOR_BATCH)), &rows,
                err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        if (!repair_one(settings, tx, row_text(&rows, i, 0), row_text(&rows, i, 1),
                        row_i64(&rows, i, 2), err))
            return false;
    }
    return true;
}
