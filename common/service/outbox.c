#include "service/outbox.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/digest.h"
#include "service/bus.h"
#include "service/db_internal.h"
#include "service/metrics.h"
#include "service/worker.h"
#include "sql_resole_service.h"

enum { FLUSH_TIMEOUT_MS = 60000, FLUSH_MOST = 500 };

static bool lane_is_bulk(const struct db_tx *tx, enum outbox_lane lane)
{
    return lane == LANE_INHERIT ? tx->bulk : lane == LANE_BULK;
}

bool outbox_put_raw(struct db_tx *tx, const char *topic_name, const char *key, struct slice value,
                    const struct outbox_how *how, struct error *err)
{
    char id[37], trace[56], headers[80];
    const struct topic *topic = topic_find(topic_name);
    const char *worker = db_name(tx->db);
    const char *source = how->source;
    if (!topic)
        return error_set(err, ERROR_FATAL, "outbox: no topic %s", topic_name);
    if (!source)
        source = arena_printf(tx->arena, "resole/%s", worker);
    uuid_new(id);
    traceparent_new(tx->traceparent, trace);
    snprintf(headers, sizeof(headers), "{\"traceparent\":\"%s\"}", trace);
    tx->db->puts++;
    bool bulk = topic->has_bulk && lane_is_bulk(tx, how->lane);
    return db_run(tx, &sql_outbox_put,
                  DB_ARGS(db_text(worker), db_text(topic_name), db_bool(bulk),
                          db_text(key ? key : ""), db_text(source), db_text(how->id ? how->id : id),
                          db_text(headers), db_bytes(value), db_i64(how->delay_s)),
                  NULL, err);
}

bool outbox_put_topic(struct db_tx *tx, const struct topic *topic, const void *message,
                      const struct outbox_how *how, struct error *err)
{
    struct buf value scoped(buf_release) = {0};
    return message_encode(topic, message, &value, err) &&
           outbox_put_raw(tx, topic->name, message_key(topic, message), buf_slice(&value), how,
                          err);
}

static void fill_record(struct arena *arena, const struct db_rows *rows, size_t i,
                        struct bus_record *record)
{
    const char *topic = row_text(rows, i, 1);
    *record = (struct bus_record){
        .topic = topic,
        .bulk = row_bool(rows, i, 2),
        .key = row_text(rows, i, 3),
        .value = row_bytes(rows, i, 7),
        .envelope = {.source = row_text(rows, i, 4),
                     .id = row_text(rows, i, 5),
                     .traceparent = row_text(rows, i, 6),
                     .time = row_text(rows, i, 8),
                     .type = envelope_type(arena, topic)},
    };
}

static bool flush_some(struct db *db, struct arena *arena, struct bus *bus, size_t most,
                       size_t *taken, size_t *published, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(db, arena, err);
    if (!tx || !db_run(tx, &sql_outbox_take, DB_ARGS(db_text(db_name(db)), db_i64((int64_t)most)),
                       &rows, err))
        return false;
    *taken = rows.count;
    if (!rows.count)
        return true;
    struct bus_record *records = arena_new_array(arena, struct bus_record, rows.count);
    int64_t *ids = arena_new_array(arena, int64_t, rows.count);
    size_t delivered = 0;
    for (size_t i = 0; i < rows.count; i++)
        fill_record(arena, &rows, i, &records[i]);
    struct error trouble = {0};
    bool all = bus_publish(bus, records, rows.count, FLUSH_TIMEOUT_MS, &trouble);
    crash_point("after-publish"); /* told, and nobody knows: it is told again */
    for (size_t i = 0; i < rows.count; i++) {
        if (records[i].state == BUS_DELIVERED)
            ids[delivered++] = row_i64(&rows, i, 0);
    }
    if (delivered &&
        (!db_run(tx, &sql_outbox_delete, DB_ARGS(db_i64_array(ids, delivered)), NULL, err) ||
         !db_commit(tx, err)))
        return false;
    *published += delivered;
    metric_add(metric_counter("resole_outbox_published_total",
                              "Outbox rows acknowledged by the broker and deleted", NULL),
               (int64_t)delivered);
    if (!all)
        *err = trouble;
    return all;
}

int64_t outbox_count(const struct db *db)
{
    return db->puts;
}

bool outbox_flush(struct db *db, struct bus *bus, size_t most, size_t *published, struct error *err)
{
    size_t taken = 0, wanted = 0;
    *published = 0;
    do {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        wanted = most - *published < FLUSH_MOST ? most - *published : FLUSH_MOST;
        if (!flush_some(db, arena, bus, wanted, &taken, published, err))
            return false;
    } while (taken == FLUSH_MOST && *published < most);
    return true;
}
