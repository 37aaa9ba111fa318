/* The skeleton's parts: worker.c starts, stops and polls (main thread); worker_job.c takes one
 * message through its life (handler thread); breaker.c knows which hosts are unwell. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "service/bus.h"
#include "service/http_server.h"
#include "service/task.h"
#include "service/worker.h"

enum { BREAKER_HOSTS_MOST = 64, PENDING_MOST = 64 };

struct breaker {
    struct {
        char host[128];
        int64_t failures, open_until_ms;
    } hosts[BREAKER_HOSTS_MOST];
};

/* Milliseconds until the host may be asked again, 0: now. After five failures in a row the breaker
 * opens for 5 s, doubling to 5 min; then one try is let through. */
int64_t breaker_wait_ms(const struct breaker *breaker, const char *host, int64_t now_ms);
void breaker_failed(struct breaker *breaker, const char *host, int64_t now_ms);
void breaker_succeeded(struct breaker *breaker, const char *host);

struct service_settings {
    const char *database_url, *log_level, *log_format, *serves, *admin_address;
    int64_t admin_port;
};

struct worker_run {
    const struct worker *worker;
    struct service_settings settings;
    struct bus_settings bus_settings;
    struct arena *arena; /* of the process */
    void *state;
    struct db *db; /* the handler thread's */
    struct db_tx *tx;
    struct bus *bus;
    struct bus_consumer *consumers[2];
    size_t consumer_count;
    struct http_server *admin;
    /* Came although their partitions were being paused; next in line. Main thread only. */
    struct {
        struct bus_consumer *from;
        struct bus_message *message;
    } pending[PENDING_MOST];
    size_t pending_count;
    struct breaker breaker;
    struct job process_job; /* given to the start hook, lives as long as the process */

    pthread_mutex_t mutex; /* of what follows up to `wake` */
    pthread_cond_t turn;
    struct bus_message *message; /* in the handler's hands */
    struct bus_consumer *message_from;
    bool quit, wake;
    int wake_fds[2]; /* anything → main thread */

    atomic_bool stopping, failed, ready;
    atomic_llong tick_ms, begun_ms; /* main loop's last turn; when the work in hand began, or 0 */
    atomic_bool in_hand;
    struct task *hand; /* the task in hand, while in_hand */
};

/* The handler thread. */
void *worker_handle(void *run);
void worker_poke(struct worker_run *run); /* wakes the main thread */
/* begin, task_begin, handler, commit …; returns false when the process must leave. */
bool worker_message(struct worker_run *run, struct bus_consumer *from, struct bus_message *message);
bool worker_idle(struct worker_run *run);
/* Sleeps (interruptible by a stop) and reconnects until it works; false: told to leave. */
bool worker_reconnect(struct worker_run *run, const char *why);
bool crash_is_armed(const char *name);
