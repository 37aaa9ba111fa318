#include "service/bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "service/bus_internal.h"

enum { HURRY_MS = 3000 };

#define ROW(setting, member, fallback_text, about)                                                 \
    {                                                                                              \
        .name = (setting), .kind = SETTING_TEXT, .offset = offsetof(struct bus_settings, member),  \
        .fallback = (fallback_text), .help = (about)                                               \
    }

const struct setting bus_setting_rows[] = {
    ROW("RESOLE_KAFKA_BROKERS", brokers, "localhost:9092", "Kafka brokers, host:port,host:port"),
    ROW("RESOLE_TOPIC_PREFIX", prefix, "resole.", "what every topic and group name begins with"),
    ROW("RESOLE_KAFKA_SECURITY", security_protocol, "plaintext",
        "plaintext, ssl, sasl_plaintext or sasl_ssl"),
    ROW("RESOLE_KAFKA_CA_FILE", ca_file, NULL, "certificates that sign the brokers', PEM"),
    ROW("RESOLE_KAFKA_CERTIFICATE_FILE", certificate_file, NULL, "our certificate, PEM"),
    ROW("RESOLE_KAFKA_KEY_FILE", key_file, NULL, "our private key, PEM"),
    {.name = "RESOLE_KAFKA_KEY_PASSWORD",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct bus_settings, key_password),
     .secret = true,
     .help = "password of the private key"},
    ROW("RESOLE_KAFKA_SASL_MECHANISM", sasl_mechanism, NULL,
        "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"),
    ROW("RESOLE_KAFKA_SASL_USER", sasl_user, NULL, "SASL user"),
    {.name = "RESOLE_KAFKA_SASL_PASSWORD",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct bus_settings, sasl_password),
     .secret = true,
     .help = "SASL password"},
    {.name = "RESOLE_KAFKA_SESSION_MS",
     .kind = SETTING_I64,
     .offset = offsetof(struct bus_settings, session_ms),
     .fallback = "10000",
     .least = 1000,
     .most = 300000,
     .help = "after how long a silent replica's partitions go to others"},
};
const size_t bus_setting_count = array_count(bus_setting_rows);

char *bus_topic_name(struct arena *arena, const char *prefix, const char *name, bool bulk)
{
    return arena_printf(arena, "%s%s%s.v1", prefix, name, bulk ? ".bulk" : "");
}

bool bus_fail(rd_kafka_resp_err_t code, const char *what, struct error *err)
{
    bool fatal = code == RD_KAFKA_RESP_ERR__FATAL ||
                 code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                 code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
                 code == RD_KAFKA_RESP_ERR__INVALID_ARG;
    error_fill(err, fatal ? ERROR_FATAL : ERROR_RETRY, "kafka: %s: %s", what,
               rd_kafka_err2str(code));
    err->outside = !fatal;
    return false;
}

bool bus_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *err)
{
    char text[300];
    if (!value || !*value)
        return true;
    if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) == RD_KAFKA_CONF_OK)
        return true;
    return error_set(err, ERROR_FATAL, "kafka: %s: %s", name, text);
}

static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    log_write(level <= 3 ? LOG_WARNING : LOG_DEBUG, "kafka", LOG_TEXT("facility", facility),
              LOG_TEXT("text", text));
}

static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    (void)client;
    (void)opaque;
    log_warning("kafka trouble", LOG_TEXT("code", rd_kafka_err2name((rd_kafka_resp_err_t)code)),
                LOG_TEXT("reason", reason));
}

rd_kafka_conf_t *bus_conf(const struct bus *bus, struct error *err)
{
    const struct bus_settings *s = &bus->settings;
    const struct {
        const char *name, *value;
    } all[] = {
        {"bootstrap.servers", s->brokers},
        {"client.id", bus->client},
        {"security.protocol", s->security_protocol},
        {"ssl.ca.location", s->ca_file},
        {"ssl.certificate.location", s->certificate_file},
        {"ssl.key.location", s->key_file},
        {"ssl.key.password", s->key_password},
        {"sasl.mechanisms", s->sasl_mechanism},
        {"sasl.username", s->sasl_user},
        {"sasl.password", s->sasl_password},
        {"reconnect.backoff.max.ms", "2000"},
        {"topic.metadata.refresh.interval.ms", "30000"},
        {"allow.auto.create.topics", "false"},
        {"log.connection.close", "false"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < array_count(all); i++) {
        if (!bus_conf_set(conf, all[i].name, all[i].value, err)) {
            rd_kafka_conf_destroy(conf);
            return NULL;
        }
    }
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return conf;
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct bus_record *record = message->_private;
    (void)client;
    (void)opaque;
    record->state = message->err ? BUS_FAILED : BUS_DELIVERED;
    record->failure = message->err;
}

static bool producer_open(struct bus *bus, struct error *err)
{
    char text[300];
    rd_kafka_conf_t *conf = bus_conf(bus, err);
    if (!conf)
        return false;
    /* Idempotence: a retry inside the library is never a second copy. */
    if (!bus_conf_set(conf, "enable.idempotence", "true", err) ||
        !bus_conf_set(conf, "linger.ms", "0", err) ||
        !bus_conf_set(conf, "message.timeout.ms", "300000", err)) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    bus->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (bus->producer)
        return true;
    rd_kafka_conf_destroy(conf);
    return error_set(err, ERROR_FATAL, "kafka: producer: %s", text);
}

struct bus *bus_open(const struct bus_settings *settings, const char *client, struct error *err)
{
    struct bus *bus = calloc(1, sizeof(*bus));
    if (!bus)
        abort();
    bus->settings = *settings;
    snprintf(bus->client, sizeof(bus->client), "%s", client);
    if (producer_open(bus, err))
        return bus;
    free(bus);
    return NULL;
}

void bus_close(struct bus *bus)
{
    if (!bus)
        return;
    rd_kafka_flush(bus->producer, 10000);
    rd_kafka_destroy(bus->producer);
    free(bus);
}

void bus_hurry(struct bus *bus)
{
    atomic_store(&bus->hurry, true);
}

const char *bus_prefix(const struct bus *bus)
{
    return bus->settings.prefix;
}

static bool produce(struct bus *bus, struct bus_record *record, struct error *err)
{
    char topic[256];
    struct envelope_header headers[8];
    size_t count = envelope_encode(&record->envelope, headers);
    snprintf(topic, sizeof(topic), "%s%s%s.v1", bus->settings.prefix, record->topic,
             record->bulk ? ".bulk" : "");
    rd_kafka_headers_t *list = rd_kafka_headers_new(count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_header_add(list, headers[i].name, -1, headers[i].value.data,
                            (ssize_t)headers[i].value.length);
    rd_kafka_vu_t values[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {(void *)(uintptr_t)record->key, strlen(record->key)}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {(void *)(uintptr_t)record->value.data, record->value.length}},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = list},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = record},
    };
    record->state = BUS_PENDING;
    rd_kafka_error_t *trouble = rd_kafka_produceva(bus->producer, values, array_count(values));
    if (!trouble)
        return true;
    rd_kafka_resp_err_t code = rd_kafka_error_code(trouble);
    rd_kafka_headers_destroy(list);
    rd_kafka_error_destroy(trouble);
    record->state = BUS_FAILED;
    record->failure = (int)code;
    return bus_fail(code, topic, err);
}

static size_t pending(const struct bus_record *records, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += records[i].state == BUS_PENDING;
    return n;
}

/* After the library's fatal error (the broker forgot our sequence) only a new producer helps. */
static bool renew(struct bus *bus, struct error *err)
{
    char text[300];
    if (!rd_kafka_fatal_error(bus->producer, text, sizeof(text)))
        return true;
    log_warning("kafka producer renewed", LOG_TEXT("reason", text));
    rd_kafka_destroy(bus->producer);
    return producer_open(bus, err);
}

bool bus_publish(struct bus *bus, struct bus_record *records, size_t count, int timeout_ms,
                 struct error *err)
{
    int64_t until = clock_monotonic_ms() + timeout_ms;
    bool good = true;
    for (size_t i = 0; i < count; i++)
        records[i].state = BUS_FAILED; /* until it is handed over */
    for (size_t i = 0; i < count && good; i++)
        good = produce(bus, &records[i], err);
    while (pending(records, count) && clock_monotonic_ms() < until) {
        rd_kafka_poll(bus->producer, 50);
        if (atomic_load(&bus->hurry) && until > clock_monotonic_ms() + HURRY_MS)
            until = clock_monotonic_ms() + HURRY_MS;
    }
    if (pending(records, count)) { /* the records die with the caller: take them back */
        rd_kafka_purge(bus->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        while (pending(records, count))
            rd_kafka_poll(bus->producer, 50);
    }
    for (size_t i = 0; i < count && good; i++) {
        if (records[i].state == BUS_FAILED)
            good = bus_fail((rd_kafka_resp_err_t)records[i].failure, records[i].topic, err);
    }
    struct error trouble = {0};
    if (!renew(bus, &trouble)) {
        *err = trouble;
        return false;
    }
    return good;
}
