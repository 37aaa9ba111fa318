/* The skeleton of every long-running program (house.md 2.3): settings, log, admin port, database,
 * bus; then each message: attempt committed → on_… → rows, task done and outbox in one commit →
 * offset → outbox published. Handlers say how it went by the error's kind: true = done, INPUT =
 * park now, RETRY = later (janitor sends it again), FATAL = the process leaves. One handler runs at
 * a time, on its own thread; it may take as long as deadline_s. A program that hears nothing
 * (gateway, janitor) has only start and idle. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "message/envelope.h"
#include "message/messages.h"
#include "service/db.h"
#include "service/outbox.h"

struct worker_run; /* the skeleton's own */
struct http_incoming;
struct http_answer;

struct job {
    struct arena *arena;             /* of this message (start hook: of the process) */
    const struct topic *topic;       /* NULL in start and idle */
    struct slice message;            /* the JSON value */
    const struct envelope *envelope; /* NULL in start and idle */
    bool bulk;                       /* came by the bulk twin */
    int64_t attempt;                 /* 1 = the first */
    const void *settings;            /* the worker's own struct */
    void *state;                     /* what the start hook left here */
    const char *database_url;        /* for pools (gateway) */
    struct worker_run *run;
};

/* job_decode(job, &in, err) */
#define job_decode(job, out, err)                                                                  \
    message_decode((job)->arena, topic_of(out), (job)->message, (out), (err))

/* The job's one transaction, begun at the first call; the skeleton commits it with the task row
 * when the handler returns true, and rolls it back otherwise. Call it after the slow work. */
struct db_tx *job_tx(struct job *job, struct error *err);
/* Rows before the slow work (leases, look-ups): db_begin(job_db(job), job->arena, err), commit at
 * once. Not while job_tx is open. */
struct db *job_db(struct job *job);
bool job_is_bulk(const struct job *job);
/* The worker was told to stop: long loops may return ERROR_RETRY with outside set. */
bool job_is_stopping(const struct job *job);
/* Milliseconds left of deadline_s, at least 0. */
int64_t job_left_ms(const struct job *job);
/* Any thread: outbox rows were committed elsewhere; publish now. */
void job_wake(struct job *job);
/* Circuit breaker, per host and process: false + ERROR_RETRY while the host's breaker is open.
 * Handlers that return ERROR_RETRY with err->host trip it; a success closes it. */
bool job_host_allowed(struct job *job, const char *host, struct error *err) must_check;
void job_host_ok(struct job *job, const char *host);

/* A message that will not be tried again. */
struct parked_message {
    const struct topic *topic; /* NULL: not one of ours */
    struct slice value;
    struct envelope envelope;
    const struct error *why;
};

struct hears {
    const struct topic *topic;
    bool (*on)(struct job *job, struct error *err);
};

enum { WORKER_HEARS_MOST = 12, WORKER_TABLES_MOST = 6 };

struct worker {
    const char *name;  /* "unpacker", "patch-builder": group, role, task.consumer, log */
    const char *about; /* one paragraph for --help */
    struct hears hears[WORKER_HEARS_MOST];
    struct config_table tables[WORKER_TABLES_MOST]; /* its own settings; the skeleton adds its */
    const void *settings;                           /* what job->settings shows */
    int64_t deadline_s;                             /* 0: 600 */
    /* Before the first message; settings are loaded, the schema is checked. Leaves job->state. */
    bool (*start)(struct job *job, struct error *err);
    void (*stop)(void *state);
    /* Between messages, on the handler thread, every idle_ms (0: 1000). May use job_tx and
     * outbox_put. INPUT is logged, RETRY is logged and tried again, FATAL leaves. */
    bool (*idle)(struct job *job, struct error *err);
    int64_t idle_ms;
    /* In the transaction that parks a message: the worker's own rows (run, image) say why. */
    bool (*parked)(struct db_tx *tx, struct arena *arena, const struct parked_message *what,
                   struct error *err);
    const int64_t *idle_every_ms; /* the same as a setting of the worker; or NULL */
    /* Unknown causes (ERROR_RETRY without outside): tries before parking; 0: 8. */
    int64_t budget;
    bool no_schema_check; /* setup only */
};

/* main() is: return worker_main(argc, argv, &the_worker); */
int worker_main(int argc, char **argv, const struct worker *worker);

/* Test hook: RESOLE_CRASH_AT=<point>[:n] kills the process (SIGKILL to itself) when the point is
 * passed the nth time. Points: before-transaction, before-commit, after-commit, after-offset,
 * before-flush, after-publish, after-flush, and whatever a worker names. */
void crash_point(const char *name);
