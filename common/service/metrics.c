#include "service/metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METRICS_MOST = 512, BUCKETS = 12 };
enum metric_kind { COUNTER, GAUGE, HISTOGRAM };

static const struct {
    int64_t ms;
    const char *text; /* as Prometheus writes le="…", in seconds */
} buckets[BUCKETS] = {{1, "0.001"},  {5, "0.005"},    {25, "0.025"},     {100, "0.1"},
                      {250, "0.25"}, {1000, "1"},     {5000, "5"},       {15000, "15"},
                      {60000, "60"}, {300000, "300"}, {1200000, "1200"}, {3600000, "3600"}};

struct metric {
    enum metric_kind kind;
    char name[96], labels[192];
    const char *help;
    atomic_llong value; /* a histogram's count */
    atomic_llong sum_ms;
    atomic_llong counts[BUCKETS];
};

static struct {
    pthread_mutex_t mutex;
    struct metric *items[METRICS_MOST];
    size_t count;
} registry = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct metric *find_or_add(enum metric_kind kind, const char *name, const char *help,
                                  const char *labels)
{
    struct metric *found = NULL;
    pthread_mutex_lock(&registry.mutex);
    for (size_t i = 0; i < registry.count && !found; i++) {
        struct metric *metric = registry.items[i];
        if (strcmp(metric->name, name) == 0 && strcmp(metric->labels, labels ? labels : "") == 0)
            found = metric;
    }
    if (!found && registry.count == METRICS_MOST)
        found = registry.items[METRICS_MOST - 1]; /* too many label values: a bug, not a crash */
    if (!found) {
        found = calloc(1, sizeof(*found));
        if (!found)
            abort();
        found->kind = kind;
        found->help = help;
        snprintf(found->name, sizeof(found->name), "%s", name);
        snprintf(found->labels, sizeof(found->labels), "%s", labels ? labels : "");
        registry.items[registry.count++] = found;
    }
    pthread_mutex_unlock(&registry.mutex);
    return found;
}

struct metric *metric_counter(const char *name, const char *help, const char *labels)
{
    return find_or_add(COUNTER, name, help, labels);
}

struct metric *metric_gauge(const char *name, const char *help, const char *labels)
{
    return find_or_add(GAUGE, name, help, labels);
}

struct metric *metric_histogram(const char *name, const char *help, const char *labels)
{
    return find_or_add(HISTOGRAM, name, help, labels);
}

void metric_add(struct metric *metric, int64_t n)
{
    atomic_fetch_add(&metric->value, n);
}

void metric_set(struct metric *metric, int64_t value)
{
    atomic_store(&metric->value, value);
}

void metric_observe_ms(struct metric *metric, int64_t ms)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        if (ms <= buckets[i].ms) {
            atomic_fetch_add(&metric->counts[i], 1);
            break;
        }
    }
    atomic_fetch_add(&metric->sum_ms, ms);
    atomic_fetch_add(&metric->value, 1);
}

int64_t metric_value(const struct metric *metric)
{
    return atomic_load(&metric->value);
}

static void print_histogram(const struct metric *metric, struct buf *out)
{
    const char *comma = metric->labels[0] ? "," : "";
    long long sum = 0, total = atomic_load(&metric->value);
    long long ms = atomic_load(&metric->sum_ms);
    for (size_t i = 0; i < BUCKETS; i++) {
        sum += atomic_load(&metric->counts[i]);
        buf_printf(out, "%s_bucket{%s%sle=\"%s\"} %lld\n", metric->name, metric->labels, comma,
                   buckets[i].text, sum);
    }
    buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %lld\n", metric->name, metric->labels, comma,
               total);
    buf_printf(out, "%s_sum{%s} %lld.%03lld\n", metric->name, metric->labels, ms / 1000, ms % 1000);
    buf_printf(out, "%s_count{%s} %lld\n", metric->name, metric->labels, total);
}

static void print_one(const struct metric *metric, struct buf *out)
{
    if (metric->kind == HISTOGRAM)
        print_histogram(metric, out);
    else if (metric->labels[0])
        buf_printf(out, "%s{%s} %lld\n", metric->name, metric->labels,
                   (long long)atomic_load(&metric->value));
    else
        buf_printf(out, "%s %lld\n", metric->name, (long long)atomic_load(&metric->value));
}

/* One HELP and TYPE per name, its label sets together, as the format asks. */
void metrics_print(struct buf *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    bool printed[METRICS_MOST] = {0};
    pthread_mutex_lock(&registry.mutex);
    for (size_t i = 0; i < registry.count; i++) {
        const struct metric *first = registry.items[i];
        if (printed[i])
            continue;
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", first->name, first->help, first->name,
                   kinds[first->kind]);
        for (size_t j = i; j < registry.count; j++) {
            if (strcmp(registry.items[j]->name, first->name) != 0)
                continue;
            printed[j] = true;
            print_one(registry.items[j], out);
        }
    }
    pthread_mutex_unlock(&registry.mutex);
}
