#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "service/bus_internal.h"

struct heard {
    const struct topic *topic;
    char *full_name;
};

struct bus_consumer {
    struct bus *bus;
    rd_kafka_t *client;
    bool bulk, joined, paused;
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
