#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/bus_internal.h"

enum { ADMIN_TIMEOUT_MS = 30000, VISIBLE_POLL_US = 50000 };

/* Partitions the topic has; 0: there is none. */
static int partitions_of(const struct rd_kafka_metadata *metadata, const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (strcmp(metadata->topics[i].topic, name) == 0 && !metadata->topics[i].err)
            return metadata->topics[i].partition_cnt;
    }
    return 0;
}

/* Waits for one admin answer; each topic's own error counts, "exists already" does not. */
static bool await(rd_kafka_queue_t *queue, rd_kafka_event_type_t type, const char *what,
                  struct error *err)
{
    size_t count = 0;
    const rd_kafka_topic_result_t **results = NULL;
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ADMIN_TIMEOUT_MS + 5000);
    bool good = true;
    if (!event || rd_kafka_event_error(event)) {
        good =
            bus_fail(event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT, what, err);
    } else if (type == RD_KAFKA_EVENT_CREATETOPICS_RESULT) {
        results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    } else {
        results = rd_kafka_CreatePartitions_result_topics(
            rd_kafka_event_CreatePartitions_result(event), &count);
    }
    for (size_t i = 0; i < count && good; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            good = error_set(err, ERROR_RETRY, "kafka: %s %s: %s", what,
                             rd_kafka_topic_result_name(results[i]),
                             rd_kafka_topic_result_error_string(results[i]));
        }
    }
    if (event)
        rd_kafka_event_destroy(event);
    return good;
}

static bool create(struct bus *bus, rd_kafka_queue_t *queue, const struct bus_topic_plan *plan,
                   struct error *err)
{
    char text[300];
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(bus->producer, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_operation_timeout(options, ADMIN_TIMEOUT_MS, text, sizeof(text));
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(plan->full_name, plan->partitions,
                                                       plan->replication, text, sizeof(text));
    bool good = topic != NULL;
    if (good) {
        rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "delete");
        if (plan->retention_ms)
            rd_kafka_NewTopic_set_config(topic, "retention.ms", plan->retention_ms);
        rd_kafka_CreateTopics(bus->producer, &topic, 1, options, queue);
        good = await(queue, RD_KAFKA_EVENT_CREATETOPICS_RESULT, "create topic", err);
        rd_kafka_NewTopic_destroy(topic);
    } else {
        error_fill(err, ERROR_FATAL, "kafka: topic %s: %s", plan->full_name, text);
    }
    rd_kafka_AdminOptions_destroy(options);
    return good;
}

static bool grow(struct bus *bus, rd_kafka_queue_t *queue, const struct bus_topic_plan *plan,
                 struct error *err)
{
    char text[300];
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(bus->producer, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS);
    rd_kafka_NewPartitions_t *more =
        rd_kafka_NewPartitions_new(plan->full_name, (size_t)plan->partitions, text, sizeof(text));
    bool good = more != NULL;
    if (good) {
        rd_kafka_CreatePartitions(bus->producer, &more, 1, options, queue);
        good = await(queue, RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT, "grow topic", err);
        rd_kafka_NewPartitions_destroy(more);
    } else {
        error_fill(err, ERROR_FATAL, "kafka: topic %s: %s", plan->full_name, text);
    }
    rd_kafka_AdminOptions_destroy(options);
    return good;
}

static bool ensure(struct bus *bus, rd_kafka_queue_t *queue, const struct bus_topic_plan *plan,
                   int partitions, bool check_only, size_t *changed, struct error *err)
{
    if (partitions >= plan->partitions) /* more than asked is fine: they cannot be taken back */
        return true;
    if (check_only && !partitions)
        return error_set(err, ERROR_INPUT, "topic %s is missing: run resole-setup",
                         plan->full_name);
    if (check_only)
        return error_set(err, ERROR_INPUT, "topic %s has %d partitions, not %d: run resole-setup",
                         plan->full_name, partitions, plan->partitions);
    ++*changed;
    return partitions ? grow(bus, queue, plan, err) : create(bus, queue, plan, err);
}

static bool ensure_all(struct bus *bus, const struct bus_topic_plan *plans, size_t count,
                       bool check_only, size_t *changed, struct error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(bus->producer, 1, NULL, &metadata, ADMIN_TIMEOUT_MS);
    if (code)
        return bus_fail(code, "list topics", err);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(bus->producer);
    bool good = true;
    for (size_t i = 0; i < count && good; i++)
        good = ensure(bus, queue, &plans[i], partitions_of(metadata, plans[i].full_name),
                      check_only, changed, err);
    rd_kafka_queue_destroy(queue);
    rd_kafka_metadata_destroy(metadata);
    return good;
}

bool bus_topics_ensure(struct bus *bus, const struct bus_topic_plan *plans, size_t count,
                       bool check_only, size_t *changed, struct error *err)
{
    *changed = 0;
    if (!ensure_all(bus, plans, count, check_only, changed, err))
        return false;
    if (*changed == 0)
        return true;
    /* The controller has made them; a broker serves them once it has read the controller's log. */
    int64_t deadline = clock_monotonic_ms() + ADMIN_TIMEOUT_MS;
    size_t none = 0;
    struct error missing = {0};
    while (!ensure_all(bus, plans, count, true, &none, &missing)) {
        if (clock_monotonic_ms() > deadline)
            return error_set(err, ERROR_RETRY, "kafka: after %d s: %s", ADMIN_TIMEOUT_MS / 1000,
                             missing.text);
        usleep(VISIBLE_POLL_US);
        missing = (struct error){0};
    }
    return true;
}
