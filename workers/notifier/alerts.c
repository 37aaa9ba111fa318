#include "notifier/alerts.h"

#include <string.h>

#include "base/digest.h"
#include "sql_worker_notifier.h"

static const char *const topic_names[] = {"vulnerability", "patch", "lifecycle"};

/* The message as every channel carries it. */
static bool encode(struct arena *arena, const struct alert_draft *draft, const char **body,
                   struct error *err)
{
    struct buf out scoped(buf_release) = {0};
    struct alert_vulnerability vulnerability = {
        draft->application, draft->team,          draft->step, draft->title,
        draft->severity,    draft->vulnerability, draft->at,   {draft->details}};
    struct alert_patch patch = {draft->application, draft->team, draft->step,  draft->title,
                                draft->severity,    draft->at,   draft->patch, {draft->details}};
    struct alert_lifecycle lifecycle = {draft->application, draft->team,     draft->step,
                                        draft->title,       draft->severity, draft->at,
                                        {draft->details}};
    const void *const messages[] = {&vulnerability, &patch, &lifecycle};
    const struct topic *const kinds[] = {&topic_alert_vulnerability, &topic_alert_patch,
                                         &topic_alert_lifecycle};
    if (!message_encode(kinds[draft->topic], messages[draft->topic], &out, err))
        return false;
    *body = arena_strdup(arena, buf_text(&out));
    return true;
}

static const char *new_id(struct arena *arena)
{
    char id[37];
    uuid_new(id);
    return arena_strdup(arena, id);
}

bool alert_to_kafka(struct db_tx *tx, struct arena *arena, const struct alert_draft *draft,
                    struct error *err)
{
    static const char *const topics_out[] = {"alert.vulnerability", "alert.patch",
                                             "alert.lifecycle"};
    struct db_rows rows;
    const char *body, *id = new_id(arena);
    if (!encode(arena, draft, &body, err) ||
        !db_run(tx, &sql_alert_put,
                DB_ARGS(db_text(id), db_i64_or_null(draft->fact), db_text(draft->team),
                        db_text(draft->application), db_text(topic_names[draft->topic]),
                        db_text("kafka"), db_null(), db_text(body), db_text("sent"),
                        db_text(topics_out[draft->topic]), db_text(draft->step)),
                &rows, err))
        return false;
    if (rows.count == 0)
        return true; /* told before */
    const struct outbox_how how = {.id = id, .lane = LANE_INTERACTIVE};
    return outbox_put_raw(tx, topics_out[draft->topic], draft->application, slice_of(body), &how,
                          err);
}

bool alert_to_subscribers(struct db_tx *tx, struct arena *arena, const struct alert_draft *draft,
                          struct error *err)
{
    struct db_rows rows;
    const char *body;
    if (!db_run(tx, &sql_subscribers,
                DB_ARGS(db_text(draft->team), db_text(topic_names[draft->topic]),
                        db_text(draft->severity)),
                &rows, err))
        return false;
    if (rows.count == 0)
        return true;
    if (!encode(arena, draft, &body, err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        if (!db_run(tx, &sql_alert_put,
                    DB_ARGS(db_text(new_id(arena)), db_i64_or_null(draft->fact),
                            db_text(draft->team), db_text(draft->application),
                            db_text(topic_names[draft->topic]), db_text(row_text(&rows, i, 1)),
                            db_i64(row_i64(&rows, i, 0)), db_text(body), db_text("due"),
                            db_text(row_text(&rows, i, 2)), db_text(draft->step)),
                    NULL, err))
            return false;
    }
    return true;
}
