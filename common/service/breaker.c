#include <stdio.h>
#include <string.h>

#include "service/worker_internal.h"

enum { FAILURES_BEFORE_OPEN = 5, OPEN_LEAST_MS = 5000, OPEN_MOST_MS = 300000 };

/* The host's row, or -1. */
static int find(const struct breaker *breaker, const char *host)
{
    for (int i = 0; i < BREAKER_HOSTS_MOST; i++) {
        if (*host && strcmp(breaker->hosts[i].host, host) == 0)
            return i;
    }
    return -1;
}

int64_t breaker_wait_ms(const struct breaker *breaker, const char *host, int64_t now_ms)
{
    int at = find(breaker, host);
    if (at < 0 || breaker->hosts[at].open_until_ms <= now_ms)
        return 0;
    return breaker->hosts[at].open_until_ms - now_ms;
}

/* A free row, or that of the host with the fewest failures. */
static int place(const struct breaker *breaker)
{
    int best = 0;
    for (int i = 0; i < BREAKER_HOSTS_MOST; i++) {
        if (!breaker->hosts[i].host[0])
            return i;
        if (breaker->hosts[i].failures < breaker->hosts[best].failures)
            best = i;
    }
    return best;
}

void breaker_failed(struct breaker *breaker, const char *host, int64_t now_ms)
{
    int at = find(breaker, host);
    if (!*host)
        return;
    if (at < 0) {
        at = place(breaker);
        memset(&breaker->hosts[at], 0, sizeof(breaker->hosts[at]));
        snprintf(breaker->hosts[at].host, sizeof(breaker->hosts[at].host), "%s", host);
    }
    int64_t failures = ++breaker->hosts[at].failures;
    if (failures < FAILURES_BEFORE_OPEN)
        return;
    int64_t open = OPEN_LEAST_MS;
    for (int64_t i = FAILURES_BEFORE_OPEN; i < failures && open < OPEN_MOST_MS; i++)
        open *= 2;
    breaker->hosts[at].open_until_ms = now_ms + (open < OPEN_MOST_MS ? open : OPEN_MOST_MS);
}

void breaker_succeeded(struct breaker *breaker, const char *host)
{
    int at = find(breaker, host);
    if (at >= 0)
        memset(&breaker->hosts[at], 0, sizeof(breaker->hosts[at]));
}
