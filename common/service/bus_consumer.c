#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/bus_internal.h"

enum { RECOVER_FIRST_MS = 2000, RECOVER_MOST_MS = 64000, COMMITTED_MS = 1000 };

struct heard {
    const struct topic *topic;
    char *full_name;
};

struct bus_consumer {
    struct bus *bus;
    rd_kafka_t *client;
    bool bulk, joined, paused;
    bool lost;       /* a broker went; cleared when fetching was begun anew often enough */
    int64_t anew_ms; /* when to do so next */
    int64_t wait_ms; /* and how long after that once more */
    struct heard heard[BUS_TOPICS_MOST];
    size_t heard_count;
};

/* What a broker's restart interrupted while partitions were paused is not always fetched again by
 * librdkafka 2.0 after the resume: fetching is started anew where the application stands. */
static void fetch_anew(struct bus_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    if (rd_kafka_position(consumer->client, list))
        return;
    for (int i = list->cnt - 1; i >= 0; i--) {
        if (list->elems[i].offset < 0)
            rd_kafka_topic_partition_list_del_by_idx(list, i);
    }
    rd_kafka_error_t *trouble =
        list->cnt ? rd_kafka_seek_partitions(consumer->client, list, 0) : NULL;
    if (trouble)
        rd_kafka_error_destroy(trouble);
}

/* Where nothing was consumed since the partition was assigned, the group's offset says. */
static bool place_unread(struct bus_consumer *consumer, rd_kafka_topic_partition_list_t *list)
{
    if (rd_kafka_position(consumer->client, list))
        return false;
    rd_kafka_topic_partition_list_t *committed = rd_kafka_topic_partition_list_copy(list);
    bool good = !rd_kafka_committed(consumer->client, committed, COMMITTED_MS);
    for (int i = 0; good && i < list->cnt; i++) {
        if (list->elems[i].offset >= 0)
            continue;
        list->elems[i].offset = committed->elems[i].offset >= 0 ? committed->elems[i].offset
                                                                : RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_topic_partition_list_destroy(committed);
    return good;
}

/* A broker that went and came back leaves some partitions unfetched for ever, seen with librdkafka
 * 2.0.2 in one of a handful of restarts on a busy machine: the group is stable, the offset stands
 * before the end, nothing comes. Resuming and seeking where the application stands begins their
 * fetching anew; that is done a few times after a loss, further and further apart. What is read
 * twice by it is known by its task row. */
static void recover(struct bus_consumer *consumer)
{
    int64_t now = clock_monotonic_ms();
    rd_kafka_topic_partition_list_t *list = NULL;
    if (!consumer->lost || consumer->paused || now < consumer->anew_ms)
        return;
    consumer->lost = consumer->wait_ms < RECOVER_MOST_MS;
    consumer->anew_ms = now + consumer->wait_ms;
    consumer->wait_ms *= 2;
    if (rd_kafka_assignment(consumer->client, &list) || !list)
        return;
    if (list->cnt && !rd_kafka_resume_partitions(consumer->client, list) &&
        place_unread(consumer, list)) {
        rd_kafka_error_t *trouble = rd_kafka_seek_partitions(consumer->client, list, 0);
        log_debug("fetching begun anew", LOG_I64("partitions", list->cnt));
        if (trouble)
            rd_kafka_error_destroy(trouble);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

static void on_lost(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct bus_consumer *consumer = opaque;
    (void)client;
    log_warning("kafka trouble", LOG_TEXT("code", rd_kafka_err2name((rd_kafka_resp_err_t)code)),
                LOG_TEXT("reason", reason));
    consumer->lost = true;
    consumer->wait_ms = RECOVER_FIRST_MS;
    consumer->anew_ms = clock_monotonic_ms() + RECOVER_FIRST_MS;
}

static void pause_all(struct bus_consumer *consumer, bool pause)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    consumer->paused = pause;
    if (rd_kafka_assignment(consumer->client, &list) || !list)
        return;
    if (list->cnt && pause)
        rd_kafka_pause_partitions(consumer->client, list);
    else if (list->cnt && !rd_kafka_resume_partitions(consumer->client, list))
        fetch_anew(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
}

static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct bus_consumer *consumer = opaque;
    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        log_debug("partitions revoked", LOG_I64("partitions", partitions->cnt));
        rd_kafka_assign(client, NULL); /* commits what is stored */
        return;
    }
    rd_kafka_assign(client, partitions);
    if (consumer->paused && partitions->cnt)
        rd_kafka_pause_partitions(client, partitions);
    log_debug("partitions assigned", LOG_I64("partitions", partitions->cnt));
    consumer->joined = true;
}

static rd_kafka_t *consumer_client(struct bus_consumer *consumer, const char *group,
                                   struct error *err)
{
    char text[300], session[24], heartbeat[24];
    const struct bus_settings *settings = &consumer->bus->settings;
    snprintf(session, sizeof(session), "%" PRId64, settings->session_ms);
    snprintf(heartbeat, sizeof(heartbeat), "%" PRId64, settings->session_ms / 4);
    const struct {
        const char *name, *value;
    } all[] = {
        {"group.id", group},
        {"enable.auto.commit", "true"},
        {"auto.commit.interval.ms", "1000"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"partition.assignment.strategy", "range"},
        {"session.timeout.ms", session},
        {"heartbeat.interval.ms", heartbeat},
        {"fetch.error.backoff.ms", "200"},
        {"queued.max.messages.kbytes", "4096"},
    };
    rd_kafka_conf_t *conf = bus_conf(consumer->bus, err);
    for (size_t i = 0; conf && i < array_count(all); i++) {
        if (!bus_conf_set(conf, all[i].name, all[i].value, err)) {
            rd_kafka_conf_destroy(conf);
            return NULL;
        }
    }
    if (!conf)
        return NULL;
    rd_kafka_conf_set_opaque(conf, consumer);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_error_cb(conf, on_lost);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
    if (!client) {
        rd_kafka_conf_destroy(conf);
        error_fill(err, ERROR_FATAL, "kafka: consumer: %s", text);
        return NULL;
    }
    rd_kafka_poll_set_consumer(client);
    return client;
}

static void hear(struct bus_consumer *consumer, const struct topic *topic)
{
    char name[256];
    if (consumer->heard_count == BUS_TOPICS_MOST || (consumer->bulk && !topic->has_bulk))
        return;
    snprintf(name, sizeof(name), "%s%s%s.v1", consumer->bus->settings.prefix, topic->name,
             consumer->bulk ? ".bulk" : "");
    consumer->heard[consumer->heard_count++] = (struct heard){topic, strdup(name)};
}

struct bus_consumer *bus_subscribe(struct bus *bus, const char *group, const struct topic *const *t,
                                   size_t count, bool bulk, struct error *err)
{
    struct bus_consumer *consumer = calloc(1, sizeof(*consumer));
    if (!consumer)
        abort();
    consumer->bus = bus;
    consumer->bulk = bulk;
    for (size_t i = 0; i < count; i++)
        hear(consumer, t[i]);
    consumer->client = consumer_client(consumer, group, err);
    if (!consumer->client) {
        bus_unsubscribe(consumer);
        return NULL;
    }
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)consumer->heard_count);
    for (size_t i = 0; i < consumer->heard_count; i++)
        rd_kafka_topic_partition_list_add(list, consumer->heard[i].full_name,
                                          RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->client, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (!code)
        return consumer;
    bus_fail(code, "subscribe", err);
    bus_unsubscribe(consumer);
    return NULL;
}

static struct bus_message *message_of(struct bus_consumer *consumer, rd_kafka_message_t *raw)
{
    struct bus_message *message = calloc(1, sizeof(*message));
    if (!message)
        abort();
    *message = (struct bus_message){
        .bulk = consumer->bulk,
        .full_topic = rd_kafka_topic_name(raw->rkt),
        .partition = raw->partition,
        .offset = raw->offset,
        .key = {raw->key, raw->key_len},
        .value = {raw->payload, raw->len},
        .handle = raw,
    };
    message->timestamp_ms = rd_kafka_message_timestamp(raw, NULL);
    for (size_t i = 0; i < consumer->heard_count; i++) {
        if (strcmp(consumer->heard[i].full_name, message->full_topic) == 0)
            message->topic = consumer->heard[i].topic;
    }
    rd_kafka_headers_t *list = NULL;
    if (rd_kafka_message_headers(raw, &list))
        return message;
    const void *value;
    size_t length;
    size_t i = 0;
    const char *name;
    while (i < ENVELOPE_HEADERS_MOST && !rd_kafka_header_get_all(list, i, &name, &value, &length)) {
        message->headers[i++] = (struct envelope_header){name, {value, length}};
    }
    message->header_count = i;
    return message;
}

/* Errors that come as messages: most mend themselves. */
static bool on_trouble(const rd_kafka_message_t *raw, struct error *err)
{
    if (raw->err == RD_KAFKA_RESP_ERR__FATAL)
        return error_set(err, ERROR_FATAL, "kafka: consumer: %s", rd_kafka_message_errstr(raw));
    if (raw->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
        log_warning("kafka consumer trouble", LOG_TEXT("code", rd_kafka_err2name(raw->err)),
                    LOG_TEXT("reason", rd_kafka_message_errstr(raw)));
    return true;
}

bool bus_poll(struct bus_consumer *consumer, int timeout_ms, bool hold, struct bus_message **out,
              struct error *err)
{
    *out = NULL;
    if (hold != consumer->paused)
        pause_all(consumer, hold);
    recover(consumer);
    rd_kafka_message_t *raw = rd_kafka_consumer_poll(consumer->client, timeout_ms);
    if (!raw)
        return true;
    if (raw->err) {
        bool good = on_trouble(raw, err);
        rd_kafka_message_destroy(raw);
        return good;
    }
    *out = message_of(consumer, raw);
    return true;
}

void bus_message_done(struct bus_consumer *consumer, struct bus_message *message, bool store)
{
    if (store) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(list, message->full_topic, message->partition)->offset =
            message->offset + 1;
        /* Refused when the partition went to another replica: its task row says done. */
        (void)rd_kafka_offsets_store(consumer->client, list);
        rd_kafka_topic_partition_list_destroy(list);
    }
    rd_kafka_message_destroy(message->handle);
    free(message);
}

bool bus_commit(struct bus_consumer *consumer, struct error *err)
{
    rd_kafka_resp_err_t code = rd_kafka_commit(consumer->client, NULL, 0);
    if (code && code != RD_KAFKA_RESP_ERR__NO_OFFSET)
        return bus_fail(code, "commit", err);
    return true;
}

bool bus_has_joined(const struct bus_consumer *consumer)
{
    return consumer->joined;
}

void bus_wake_by(struct bus_consumer *consumer, int fd)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer->client);
    rd_kafka_queue_io_event_enable(queue, fd, "m", 1);
    rd_kafka_queue_destroy(queue);
}

void bus_unsubscribe(struct bus_consumer *consumer)
{
    if (!consumer)
        return;
    if (consumer->client) {
        rd_kafka_consumer_close(consumer->client);
        rd_kafka_destroy(consumer->client);
    }
    for (size_t i = 0; i < consumer->heard_count; i++)
        free(consumer->heard[i].full_name);
    free(consumer);
}
