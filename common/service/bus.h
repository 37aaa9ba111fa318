/* Kafka by librdkafka: one idempotent producer, one consumer, the admin calls of setup. Topic names
 * are <prefix><topic>.v1 and <prefix><topic>.bulk.v1. Offsets are stored by hand and committed by
 * the library. Broker trouble is ERROR_RETRY with `outside` set; what the library calls fatal is
 * ERROR_FATAL. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "message/envelope.h"
#include "message/messages.h"

struct bus;

struct bus_settings {
    const char *brokers, *prefix;
    const char *security_protocol; /* plaintext ssl sasl_plaintext sasl_ssl */
    const char *ca_file, *certificate_file, *key_file, *key_password;
    const char *sasl_mechanism, *sasl_user, *sasl_password;
    int64_t session_ms;
};

extern const struct setting bus_setting_rows[];
extern const size_t bus_setting_count;

enum bus_lane { BUS_INTERACTIVE = 1, BUS_BULK = 2 };

/* <prefix><name>.v1 or its bulk twin. */
char *bus_topic_name(struct arena *arena, const char *prefix, const char *name, bool bulk);

struct bus *bus_open(const struct bus_settings *settings, const char *client, struct error *err);
void bus_close(struct bus *bus); /* waits up to 10 s for what is in flight; NULL is fine */
/* Any thread: the process is leaving, bus_publish waits 3 s at most from now on. */
void bus_hurry(struct bus *bus);
const char *bus_prefix(const struct bus *bus);

/* One message to publish; `state` says how it went after bus_wait. */
struct bus_record {
    const char *topic; /* without prefix and version: "image.pushed" */
    bool bulk;
    const char *key;
    struct slice value;
    struct envelope envelope;
    enum { BUS_PENDING, BUS_DELIVERED, BUS_FAILED } state;
    int failure; /* the library's code */
};

/* Hands all to the library and waits for the reports, at most timeout_ms. True when the library
 * took them and every report is in; each record's state says which arrived. */
bool bus_publish(struct bus *bus, struct bus_record *records, size_t count, int timeout_ms,
                 struct error *err) must_check;

/* What was received. */
struct bus_message {
    const struct topic *topic;
    bool bulk;
    const char *full_topic; /* with prefix */
    int32_t partition;
    int64_t offset;
    struct slice key, value;
    struct envelope_header headers[ENVELOPE_HEADERS_MOST];
    size_t header_count;
    int64_t timestamp_ms;
    void *handle; /* the library's, until bus_message_done */
};

struct bus_consumer;
/* Topics without twin are heard in the interactive group only. */
struct bus_consumer *bus_subscribe(struct bus *bus, const char *group, const struct topic *const *t,
                                   size_t count, bool bulk, struct error *err);
/* Waits up to timeout_ms. *out NULL: nothing came. While `hold` is set partitions are paused and
 * only rebalances are served; a message already on its way may still come out, once. A closed
 * consumer or a fatal error is ERROR_FATAL. */
bool bus_poll(struct bus_consumer *consumer, int timeout_ms, bool hold, struct bus_message **out,
              struct error *err) must_check;
/* Stores offset + 1 when the partition is still ours, and frees. */
void bus_message_done(struct bus_consumer *consumer, struct bus_message *message, bool store);
bool bus_commit(struct bus_consumer *consumer, struct error *err) must_check;
/* Has joined its group at least once. */
bool bus_has_joined(const struct bus_consumer *consumer);
/* A byte is written to fd when something may have come. */
void bus_wake_by(struct bus_consumer *consumer, int fd);
void bus_unsubscribe(struct bus_consumer *consumer);

/* Setup: creates what is missing and waits until a broker serves it with its partitions. `changed`
 * counts topics created or grown.
 * With check_only nothing is changed and a difference is ERROR_INPUT. */
struct bus_topic_plan {
    const char *full_name;
    int partitions;
    int replication;
    const char *retention_ms;
};
bool bus_topics_ensure(struct bus *bus, const struct bus_topic_plan *plans, size_t count,
                       bool check_only, size_t *changed, struct error *err) must_check;
