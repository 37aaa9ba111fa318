#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "service/db_internal.h"
#include "service/metrics.h"
#include "service/worker_internal.h"

enum {
    BUSY_DELAY_S = 15,   /* another replica has it in hand: look again after */
    CONFLICTS_MOST = 20, /* serialization failures in a row before it is deferred */
    FLUSH_MOST = 2000,
    BUDGET_DEFAULT = 8,
};

/* What one try of a message came to. */
enum outcome { SETTLED, AGAIN, LEAVE };

struct
try {
    struct worker_run *run;
    struct bus_message *message;
    bool (*on)(struct job * job, struct error * err);
    struct arena *arena; /* of the message; each try of the handler has its own */
    struct envelope envelope;
    struct task task;
    struct error bad; /* the envelope's */
    bool begun;
    int conflicts;
    const char *verdict;
};

static const char *plain_text(struct arena *arena, struct slice s)
{
    if (!s.data || !slice_is_utf8(s) || memchr(s.data, '\0', s.length))
        return NULL;
    return slice_string(arena, s);
}

/* Fills the task's key; a message without identity gets its place in the topic as one. */
static void identify(struct try *try)
{
    struct bus_message *message = try->message;
    struct arena *arena = try->arena;
    const char *topic = message->topic ? message->topic->name : message->full_topic;
    if (!envelope_decode(arena, message->headers, message->header_count, &try->envelope,
                         &try->bad)) {
        try->envelope.source = arena_printf(arena, "kafka:%s", message->full_topic);
        try->envelope.id =
            arena_printf(arena, "%d/%lld", (int)message->partition, (long long)message->offset);
    }
    struct slice value = message->value;
    if (value.length > LIMIT_MESSAGE_BYTES && try->bad.kind == ERROR_NONE)
        error_fill(&try->bad, ERROR_INPUT, "%s: %zu bytes, at most %d", topic, value.length,
                   LIMIT_MESSAGE_BYTES);
    try->task = (struct task){
        .consumer = try->run->worker->name,
        .source = try->envelope.source,
        .id = try->envelope.id,
        .topic = topic,
        .bulk = message->bulk,
        .key = plain_text(arena, message->key),
        .value = slice_sub(value, 0, LIMIT_MESSAGE_BYTES),
        .traceparent = try->envelope.traceparent,
        .sent_ms = message->timestamp_ms,
    };
    for (size_t i = 0; i < WORKER_HEARS_MOST && try->run->worker->hears[i].topic; i++) {
        if (try->run->worker->hears[i].topic == message->topic)
            try->on = try->run->worker->hears[i].on;
    }
}

/* A lost connection or a conflict: the whole transaction once more. */
static bool is_worth_again(const struct try *try, const struct error *err)
{
    const struct db *db = try->run->db;
    return err->kind == ERROR_RETRY && (db_is_lost(db) || db->conflict);
}

static enum outcome failed_step(struct try *try, const struct error *err)
{
    if (err->kind == ERROR_FATAL) {
        log_error("cannot go on", LOG_TEXT("reason", err->text));
        return LEAVE;
    }
    log_warning("database step failed", LOG_TEXT("reason", err->text));
    return worker_reconnect(try->run, err->text) ? AGAIN : LEAVE;
}

/* Someone else has the message in hand: a copy with the same id comes when he should be done, so
 * that the partition goes on and nothing is lost should he die. */
static bool put_delayed_copy(struct try *try, struct error *err)
{
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(try->run->db, try->arena, err);
    struct outbox_how how = {
        .lane = try->task.bulk ? LANE_BULK : LANE_INTERACTIVE,
        .id = try->task.id,
        .source = try->task.source,
        .delay_s = BUSY_DELAY_S,
    };
    if (!tx)
        return false;
    tx->traceparent = try->task.traceparent;
    return outbox_put_raw(tx, try->task.topic, try->task.key, try->task.value, &how, err) &&
           db_commit(tx, err);
}

/* The start is counted and committed. *go: run the handler. */
static enum outcome begin(struct try *try, bool *go)
{
    struct error err = {0};
    struct db *db = try->run->db;
    enum task_start start = TASK_RUN;
    bool taken = false;
    if (!task_lock(db, &try->task, &taken, &err))
        return failed_step(try, &err);
    if (!taken && !try->begun && try->message->topic) {
        try->verdict = "busy";
        return put_delayed_copy(try, &err) ? SETTLED : failed_step(try, &err);
    }
    struct db_tx *tx = db_begin(db, try->arena, &err);
    if (!tx || !task_begin(tx, &try->task, try->begun, &start, &err) || !db_commit(tx, &err)) {
        db_rollback(tx);
        return failed_step(try, &err);
    }
    try->begun = true;
    *go = start == TASK_RUN;
    try->verdict = start == TASK_DONE ? "repeated" : start == TASK_WAITS ? "waits" : "parked";
    return SETTLED;
}

/* The handler's error becomes rows. Database trouble on the way: tried until it works. */
static enum outcome settle(struct try *try, const struct error *why)
{
    int64_t budget = try->run->worker->budget ? try->run->worker->budget : BUDGET_DEFAULT;
    bool told = false; /* a hook that fails once is left out: the message must park */
    for (;;) {
        struct error err = {0};
        bool parked = why->kind == ERROR_INPUT;
        struct db_tx *tx = db_begin(try->run->db, try->arena, &err);
        bool good = tx && (parked ? task_park(tx, &try->task, why, &err)
                                  : task_defer(tx, &try->task, why, budget, &parked, &err));
        if (good && parked && try->run->worker->parked && !told) {
            told = true;
            struct parked_message what = {try->message->topic, try->message->value, try->envelope,
                                          why};
            good = try->run->worker->parked(tx, try->arena, &what, &err);
        }
        if (good && db_commit(tx, &err)) {
            try->verdict = parked ? "parked" : "deferred";
            log_warning(parked ? "message parked" : "message deferred",
                        LOG_TEXT("reason", why->text));
            return SETTLED;
        }
        db_rollback(tx);
        enum outcome outcome = failed_step(try, &err);
        if (outcome != AGAIN)
            return outcome;
    }
}

static bool commit_work(struct try *try, struct job *job, struct error *err)
{
    struct db_tx *tx = job_tx(job, err);
    if (!tx || !task_done(tx, &try->task, err))
        return false;
    crash_point("before-commit");
    if (!db_commit(tx, err))
        return false;
    crash_point("after-commit");
    try->verdict = "done";
    return true;
}

static enum outcome on_verdict(struct try *try, const struct error *err)
{
    if (is_worth_again(try, err) && db_is_lost(try->run->db)) {
        log_warning("database lost", LOG_TEXT("reason", err->text));
        return worker_reconnect(try->run, err->text) ? AGAIN : LEAVE;
    }
    if (is_worth_again(try, err) && ++try->conflicts < CONFLICTS_MOST) {
        log_debug("transaction conflict", LOG_TEXT("reason", err->text));
        usleep((useconds_t)(1000 * try->conflicts));
        return AGAIN;
    }
    if (err->kind == ERROR_FATAL) {
        log_error("cannot go on", LOG_TEXT("reason", err->text));
        return LEAVE;
    }
    if (err->kind == ERROR_RETRY)
        breaker_failed(&try->run->breaker, err->host, clock_monotonic_ms());
    return settle(try, err);
}

static enum outcome run_handler(struct try *try)
{
    struct worker_run *run = try->run;
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    struct job job = run->process_job;
    job.arena = arena;
    job.topic = try->message->topic;
    job.message = try->message->value;
    job.envelope = &try->envelope;
    job.bulk = try->message->bulk;
    job.attempt = try->task.attempt;
    run->tx = NULL;
    crash_point("before-transaction");
    bool good = try->on(&job, &err);
    if (good && (run->tx || !run->db->tx.open))
        good = commit_work(try, &job, &err);
    else if (good)
        good = error_set(&err, ERROR_INPUT, "a transaction was left open: a bug of this worker");
    if (!good && err.kind == ERROR_NONE)
        error_fill(&err, ERROR_INPUT, "failed without a reason: a bug of this worker");
    db_rollback(&run->db->tx);
    run->tx = NULL;
    return good ? SETTLED : on_verdict(try, &err);
}

static enum outcome try_once(struct try *try)
{
    bool go = false;
    enum outcome outcome = begin(try, &go);
    if (outcome != SETTLED || !go)
        return outcome;
    if (try->bad.kind != ERROR_NONE)
        return settle(try, &try->bad);
    if (!try->on) {
        error_fill(&try->bad, ERROR_INPUT, "nobody here hears %s", try->task.topic);
        return settle(try, &try->bad);
    }
    return run_handler(try);
}

static void count(const struct try *try, int64_t ms)
{
    char labels[160];
    snprintf(labels, sizeof(labels), "topic=\"%s\",lane=\"%s\",verdict=\"%s\"", try->task.topic,
             try->task.bulk ? "bulk" : "interactive", try->verdict);
    metric_add(metric_counter("resole_messages_total", "Messages by what became of them", labels),
               1);
    snprintf(labels, sizeof(labels), "topic=\"%s\"", try->task.topic);
    metric_observe_ms(metric_histogram("resole_message_seconds", "From receipt to commit", labels),
                      ms);
    log_debug("message settled", LOG_TEXT("verdict", try->verdict), LOG_I64("ms", ms));
}

bool worker_message(struct worker_run *run, struct bus_consumer *from, struct bus_message *message)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct try try = {.run = run, .message = message, .arena = arena, .verdict = "unknown"};
    enum outcome outcome = AGAIN;
    int64_t begun = clock_monotonic_ms();
    identify(&try);
    const struct log_field fields[] = {LOG_TEXT("topic", try.task.topic),
                                       LOG_TEXT("id", try.task.id),
                                       LOG_TEXT("key", try.task.key),
                                       {0}};
    log_inherit(fields);
    run->hand = &try.task;
    atomic_store(&run->begun_ms, begun);
    atomic_store(&run->in_hand, true);
    while (outcome == AGAIN)
        outcome = try_once(&try);
    atomic_store(&run->in_hand, false);
    atomic_store(&run->begun_ms, 0);
    if (outcome == SETTLED)
        count(&try, clock_monotonic_ms() - begun);
    task_unlock(run->db, &try.task);
    bus_message_done(from, message, outcome == SETTLED);
    if (crash_is_armed("after-offset")) {
        struct error err = {0};
        if (!bus_commit(from, &err)) /* the point means: the broker knows the offset */
            log_warning("offset not committed", LOG_TEXT("reason", err.text));
    }
    crash_point("after-offset");
    log_inherit(NULL);
    return outcome == SETTLED;
}

bool worker_idle(struct worker_run *run)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    struct job job = run->process_job;
    job.arena = arena;
    run->tx = NULL;
    atomic_store(&run->begun_ms, clock_monotonic_ms());
    int64_t puts = run->db->puts;
    bool good = run->worker->idle(&job, &err);
    bool told = good && run->tx && puts != run->db->puts;
    if (told)
        crash_point("before-commit");
    if (good && run->tx)
        good = db_commit(run->tx, &err);
    if (told)
        crash_point("after-commit");
    db_rollback(&run->db->tx);
    run->tx = NULL;
    atomic_store(&run->begun_ms, 0);
    if (good)
        return true;
    log_warning("idle work failed", LOG_TEXT("kind", error_kind_name(err.kind)),
                LOG_TEXT("reason", err.text));
    if (err.kind == ERROR_RETRY && db_is_lost(run->db))
        return worker_reconnect(run, err.text);
    return err.kind != ERROR_FATAL;
}

/* What the handler and other replicas left in the outbox. */
static bool flush(struct worker_run *run, bool own)
{
    struct error err = {0};
    size_t published = 0;
    if (own)
        crash_point("before-flush");
    bool good = outbox_flush(run->db, run->bus, FLUSH_MOST, &published, &err);
    if (good && published)
        crash_point("after-flush");
    if (good)
        return true;
    db_rollback(&run->db->tx);
    log_warning("outbox not flushed", LOG_TEXT("reason", err.text));
    if (db_is_lost(run->db))
        return worker_reconnect(run, err.text);
    return err.kind != ERROR_FATAL;
}

/* Waits for a message, a wake-up, the end, or wait_ms. */
static struct bus_message *await(struct worker_run *run, int64_t wait_ms, bool *quit, bool *wake)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&run->mutex);
    while (!run->message && !run->quit && !run->wake) {
        if (pthread_cond_timedwait(&run->turn, &run->mutex, &until))
            break;
    }
    struct bus_message *message = run->message;
    *quit = run->quit;
    *wake = run->wake;
    run->wake = false;
    pthread_mutex_unlock(&run->mutex);
    return message;
}

static void hand_back(struct worker_run *run)
{
    pthread_mutex_lock(&run->mutex);
    run->message = NULL;
    pthread_mutex_unlock(&run->mutex);
    worker_poke(run);
}

void *worker_handle(void *context)
{
    struct worker_run *run = context;
    int64_t idle_ms = run->worker->idle_ms ? run->worker->idle_ms : 1000;
    if (run->worker->idle_every_ms)
        idle_ms = *run->worker->idle_every_ms;
    int64_t next_flush = 0, next_idle = clock_monotonic_ms(), puts = run->db->puts;
    bool quit = false, wake = false, good = true;
    while (good) {
        int64_t wait = next_flush < next_idle || !run->worker->idle ? next_flush : next_idle;
        wait -= clock_monotonic_ms();
        struct bus_message *message = await(run, wait > 0 ? wait : 0, &quit, &wake);
        if (quit && !message)
            break;
        if (message)
            good = worker_message(run, run->message_from, message);
        if (good && !quit && run->worker->idle && clock_monotonic_ms() >= next_idle) {
            good = worker_idle(run);
            next_idle = clock_monotonic_ms() + idle_ms;
        }
        if (good && (wake || puts != run->db->puts || clock_monotonic_ms() >= next_flush)) {
            good = flush(run, wake || puts != run->db->puts);
            puts = run->db->puts;
            next_flush = clock_monotonic_ms() + 1000;
        }
        if (message)
            hand_back(run);
    }
    if (!good)
        atomic_store(&run->failed, true);
    else
        (void)flush(run, false);
    worker_poke(run);
    return NULL;
}
