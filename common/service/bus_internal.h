/* What the bus files share. */
#pragma once

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "service/bus.h"

enum { BUS_TOPICS_MOST = 128 };

struct bus {
    struct bus_settings settings;
    char client[64];
    rd_kafka_t *producer;
    atomic_bool hurry; /* the process is leaving: wait seconds, not a minute */
};

/* A configuration with what every client needs; the caller owns it until rd_kafka_new took it. */
rd_kafka_conf_t *bus_conf(const struct bus *bus, struct error *err);
bool bus_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *err);
/* err from a library code: outside trouble, or fatal. Has the value false. */
bool bus_fail(rd_kafka_resp_err_t code, const char *what, struct error *err);
