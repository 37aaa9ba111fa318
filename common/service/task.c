#include "service/task.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "service/db_internal.h"
#include "service/outbox.h"
#include "sql_resole_service.h"

static int64_t lock_key(const struct task *task)
{
    struct buf text scoped(buf_release) = {0};
    char digest[DIGEST_TEXT_SIZE];
    int64_t key = 0;
    buf_printf(&text, "%s\n%s\n%s", task->consumer, task->source, task->id);
    digest_of(text.data, text.length, digest);
    (void)hex_decode(slice_sub(slice_of(digest), 7, 16), &key, sizeof(key));
    return key;
}

bool task_lock(struct db *db, const struct task *task, bool *taken, struct error *err)
{
    return db_try_lock(db, lock_key(task), taken, err);
}

void task_unlock(struct db *db, const struct task *task)
{
    char text[80];
    struct error ignored = {0};
    snprintf(text, sizeof(text), "select pg_advisory_unlock(%" PRId64 ")", lock_key(task));
    if (!db_is_lost(db))
        (void)db_exec(db, text, &ignored);
}

/* What replay needs besides key and value. */
static const char *headers_of(struct db_tx *tx, const struct task *task)
{
    struct buf json scoped(buf_release) = {0};
    buf_put_byte(&json, '{');
    if (task->traceparent) {
        buf_put_text(&json, "\"traceparent\":");
        buf_put_json(&json, slice_of(task->traceparent));
    }
    buf_put_byte(&json, '}');
    return arena_strdup(db_arena(tx), buf_text(&json));
}

static bool park_crashed(struct db_tx *tx, const struct task *task, struct error *err)
{
    const char *reason =
        arena_printf(db_arena(tx), "started %d times and never finished", TASK_STARTS_MOST - 1);
    return db_run(tx, &sql_task_park_crashed,
                  DB_ARGS(db_text(task->consumer), db_text(task->source), db_text(task->id),
                          db_text(reason), db_text(task->key), db_bytes(task->value),
                          db_json(headers_of(tx, task))),
                  NULL, err);
}

bool task_begin(struct db_tx *tx, struct task *task, bool again, enum task_start *out,
                struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_task_begin,
                DB_ARGS(db_text(task->consumer), db_text(task->source), db_text(task->id),
                        db_text(task->topic), db_bool(task->bulk), db_text(task->key),
                        db_i64(TASK_STARTS_MOST), db_i64(again ? 0 : 1), db_i64(task->sent_ms)),
                &rows, err))
        return false;
    const char *state = row_text(&rows, 0, 0);
    task->attempt = row_i64(&rows, 0, 1);
    if (strcmp(state, "run") == 0) {
        *out = TASK_RUN;
        return true;
    }
    *out = strcmp(state, "done") == 0       ? TASK_DONE
           : strcmp(state, "deferred") == 0 ? TASK_WAITS
                                            : TASK_PARKED;
    return strcmp(state, "started") != 0 || park_crashed(tx, task, err);
}

bool task_done(struct db_tx *tx, const struct task *task, struct error *err)
{
    return db_run(tx, &sql_task_done,
                  DB_ARGS(db_text(task->consumer), db_text(task->source), db_text(task->id)), NULL,
                  err);
}

bool task_park(struct db_tx *tx, const struct task *task, const struct error *why,
               struct error *err)
{
    return db_run(tx, &sql_task_park,
                  DB_ARGS(db_text(task->consumer), db_text(task->source), db_text(task->id),
                          db_text(error_kind_name(why->kind)), db_text(why->text),
                          db_text(task->key), db_bytes(task->value), db_json(headers_of(tx, task))),
                  NULL, err);
}

bool task_defer(struct db_tx *tx, const struct task *task, const struct error *why, int64_t budget,
                bool *parked, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_task_defer,
                DB_ARGS(db_text(task->consumer), db_text(task->source), db_text(task->id),
                        db_text(error_kind_name(why->kind)), db_text(why->text), db_text(task->key),
                        db_bytes(task->value), db_json(headers_of(tx, task)),
                        db_i64(why->retry_after_s), db_bool(why->outside), db_i64(budget),
                        db_text(why->host)),
                &rows, err))
        return false;
    *parked = rows.count == 1 && strcmp(row_text(&rows, 0, 0), "parked") == 0;
    return true;
}

bool task_give_back(struct db_tx *tx, const struct task *task, struct error *err)
{
    return db_run(tx, &sql_task_give_back,
                  DB_ARGS(db_text(task->consumer), db_text(task->source), db_text(task->id)), NULL,
                  err);
}

bool task_replay(struct db_tx *tx, int64_t task_row, bool *found, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_task_replay, DB_ARGS(db_i64(task_row)), &rows, err))
        return false;
    *found = rows.count == 1;
    if (!*found)
        return true;
    struct outbox_how how = {.id = row_text(&rows, 0, 2), .source = row_text(&rows, 0, 1)};
    how.lane = row_bool(&rows, 0, 4) ? LANE_BULK : LANE_INTERACTIVE;
    return outbox_put_raw(tx, row_text(&rows, 0, 3), row_text(&rows, 0, 5), row_bytes(&rows, 0, 6),
                          &how, err);
}
