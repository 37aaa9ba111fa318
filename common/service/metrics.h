/* Counters, gauges and histograms as atomics, printed in Prometheus' text format 0.0.4. Asking
 * again for a (name, labels) pair gives the same metric, so ask where it is used, keep the pointer.
 * Thread-safe. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct metric;

/* labels: 'topic="image.pushed",lane="bulk"' or NULL. */
struct metric *metric_counter(const char *name, const char *help, const char *labels);
struct metric *metric_gauge(const char *name, const char *help, const char *labels);
/* Seconds, buckets from 1 ms to 1 h. */
struct metric *metric_histogram(const char *name, const char *help, const char *labels);

void metric_add(struct metric *metric, int64_t n); /* counter, gauge */
void metric_set(struct metric *metric, int64_t value);
void metric_observe_ms(struct metric *metric, int64_t ms);
int64_t metric_value(const struct metric *metric); /* for tests; a histogram's count */
void metrics_print(struct buf *out);
