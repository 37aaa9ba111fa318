#include "service/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/version_text.h"
#include "service/db_internal.h"
#include "service/metrics.h"
#include "service/worker_internal.h"
#include "sql_resole_service.h"

enum {
    TURN_MS = 200,       /* how long the main thread waits at most */
    HOLD_AFTER_MS = 500, /* a handler longer than this has its partitions paused */
    DEADLINE_DEFAULT_S = 600,
    DEADLINE_GRACE_S = 30,
    TICK_LATE_MS = 60000, /* /healthz */
    BACKOFF_MOST_MS = 5000,
    SECOND_AFTER_MS = 1000,
};

#define ROW(setting, setting_kind, member, fallback_text, about)                                   \
    {                                                                                              \
        .name = (setting), .kind = (setting_kind),                                                 \
        .offset = offsetof(struct service_settings, member), .fallback = (fallback_text),          \
        .help = (about)                                                                            \
    }

#define WORD_ROW(setting, member, fallback_text, allowed, about)                                   \
    {                                                                                              \
        .name = (setting), .kind = SETTING_TEXT,                                                   \
        .offset = offsetof(struct service_settings, member), .fallback = (fallback_text),          \
        .help = (about), .words = (allowed)                                                        \
    }

static const struct setting setting_rows[] = {
    {.name = "RESOLE_DATABASE_URL",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct service_settings, database_url),
     .required = true,
     .secret = true,
     .help = "PostgreSQL, as libpq writes it: postgresql://user@host/name"},
    {.name = "RESOLE_ADMIN_PORT",
     .kind = SETTING_I64,
     .offset = offsetof(struct service_settings, admin_port),
     .most = 65535,
     .fallback = "0",
     .help = "port of /metrics, /healthz and /readyz; 0: any free one, see the log"},
    ROW("RESOLE_ADMIN_ADDRESS", SETTING_TEXT, admin_address, "127.0.0.1",
        "address that the admin port listens on"),
    WORD_ROW("RESOLE_WORKER_SERVES", serves, "both", "pushes bulk both",
             "pushes, bulk or both: which lane of its topics this replica takes"),
    WORD_ROW("RESOLE_LOG_LEVEL", log_level, "info", "debug info warning error",
             "debug, info, warning or error"),
    WORD_ROW("RESOLE_LOG_FORMAT", log_format, "logfmt", "logfmt json", "logfmt or json"),
};

static struct {
    atomic_int stops;
    atomic_llong first_ms;
    int wake_fd;
} signals = {.wake_fd = -1};

static void on_signal(int number)
{
    (void)number;
    int saved = errno;
    int64_t now = clock_monotonic_ms();
    /* Supervisors that signal a process and its group send two at once: that is one request. */
    if (atomic_load(&signals.stops) == 0)
        atomic_store(&signals.first_ms, now);
    if (atomic_load(&signals.stops) == 0 || now - atomic_load(&signals.first_ms) > SECOND_AFTER_MS)
        atomic_fetch_add(&signals.stops, 1);
    ssize_t ignored = write(signals.wake_fd, "s", 1);
    (void)ignored;
    errno = saved;
}

void worker_poke(struct worker_run *run)
{
    ssize_t ignored = write(run->wake_fds[1], "h", 1); /* a full pipe wakes too */
    (void)ignored;
}

struct db_tx *job_tx(struct job *job, struct error *err)
{
    struct worker_run *run = job->run;
    if (run->tx)
        return run->tx;
    run->tx = db_begin(run->db, job->arena, err);
    if (run->tx) {
        run->tx->bulk = job->bulk;
        run->tx->traceparent = job->envelope ? job->envelope->traceparent : NULL;
    }
    return run->tx;
}

struct db *job_db(struct job *job)
{
    return job->run->db;
}

bool job_is_bulk(const struct job *job)
{
    return job->bulk;
}

bool job_is_stopping(const struct job *job)
{
    return atomic_load(&job->run->stopping);
}

static int64_t deadline_s(const struct worker_run *run)
{
    return run->worker->deadline_s ? run->worker->deadline_s : DEADLINE_DEFAULT_S;
}

int64_t job_left_ms(const struct job *job)
{
    int64_t begun = atomic_load(&job->run->begun_ms);
    if (!begun)
        begun = clock_monotonic_ms();
    int64_t left = begun + deadline_s(job->run) * 1000 - clock_monotonic_ms();
    return left > 0 ? left : 0;
}

void job_wake(struct job *job)
{
    pthread_mutex_lock(&job->run->mutex);
    job->run->wake = true;
    pthread_cond_signal(&job->run->turn);
    pthread_mutex_unlock(&job->run->mutex);
}

bool job_host_allowed(struct job *job, const char *host, struct error *err)
{
    int64_t wait = breaker_wait_ms(&job->run->breaker, host, clock_monotonic_ms());
    if (!wait)
        return true;
    error_fill(err, ERROR_RETRY, "%s failed too often, not asked for %lld s", host,
               (long long)(wait / 1000 + 1));
    err->outside = true;
    err->retry_after_s = (uint32_t)(wait / 1000 + 1);
    return false;
}

void job_host_ok(struct job *job, const char *host)
{
    breaker_succeeded(&job->run->breaker, host);
}

bool worker_reconnect(struct worker_run *run, const char *why)
{
    struct error err = {0};
    int64_t backoff = 50;
    metric_set(metric_gauge("resole_database_up", "1 while connected", NULL), 0);
    while (!atomic_load(&run->stopping)) {
        if (db_ensure(run->db, &err)) {
            metric_set(metric_gauge("resole_database_up", "1 while connected", NULL), 1);
            return true;
        }
        log_warning("database away", LOG_TEXT("reason", err.text), LOG_TEXT("first", why));
        for (int64_t slept = 0; slept < backoff && !atomic_load(&run->stopping); slept += 50)
            usleep(50000);
        backoff = backoff * 2 < BACKOFF_MOST_MS ? backoff * 2 : BACKOFF_MOST_MS;
    }
    return false;
}

/* The admin port, on its own thread: reads atomics only. */
static void on_admin(struct http_incoming *request, struct http_answer *answer, void *context)
{
    struct worker_run *run = context;
    struct buf text scoped(buf_release) = {0};
    int64_t late = clock_monotonic_ms() - atomic_load(&run->tick_ms);
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
        http_answer_problem(request, answer, 405, "Method Not Allowed", NULL);
    } else if (strcmp(request->path, "/healthz") == 0) {
        http_answer_text(answer, late < TICK_LATE_MS ? 200 : 503,
                         late < TICK_LATE_MS ? "ok\n" : "the main loop hangs\n");
    } else if (strcmp(request->path, "/readyz") == 0) {
        bool ready = atomic_load(&run->ready) && !atomic_load(&run->stopping);
        http_answer_text(answer, ready ? 200 : 503, ready ? "ready\n" : "not ready\n");
    } else if (strcmp(request->path, "/metrics") == 0) {
        metrics_print(&text);
        http_answer_text(answer, 200, arena_strndup(request->arena, text.data, text.length));
        answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    } else {
        http_answer_problem(request, answer, 404, "Not Found", NULL);
    }
}

static bool open_admin(struct worker_run *run, struct error *err)
{
    const struct http_server_options options = {
        .address = run->settings.admin_address,
        .port = run->settings.admin_port,
        .answer = on_admin,
        .context = run,
    };
    run->admin = http_server_open(&options, err);
    if (!run->admin)
        return error_wrap(err, "RESOLE_ADMIN_PORT");
    log_info("admin port open", LOG_I64("admin_port", http_server_port(run->admin)));
    return true;
}

static bool check_schema(struct worker_run *run, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(run->db, arena, err);
    if (!tx)
        return false;
    if (!db_run(tx, &sql_schema_version, DB_NO_ARGS, &rows, err))
        return error_wrap(err, "no schema here: run resole-setup");
    int64_t version = row_i64(&rows, 0, 0), least = row_i64(&rows, 0, 1);
    if (version < RESOLE_SCHEMA_VERSION)
        return error_set(err, ERROR_FATAL,
                         "schema %lld is older than this program's %d: run "
                         "resole-setup",
                         (long long)version, RESOLE_SCHEMA_VERSION);
    if (RESOLE_SCHEMA_VERSION < least)
        return error_set(err, ERROR_FATAL,
                         "schema %lld wants programs of %lld or newer, this one is of %d",
                         (long long)version, (long long)least, RESOLE_SCHEMA_VERSION);
    return true;
}

static bool open_database(struct worker_run *run, struct error *err)
{
    int64_t backoff = 100;
    while (!(run->db = db_open(run->settings.database_url, run->worker->name, err))) {
        if (atomic_load(&signals.stops))
            return false;
        log_warning("database away", LOG_TEXT("reason", err->text));
        usleep((useconds_t)backoff * 1000);
        backoff = backoff * 2 < BACKOFF_MOST_MS ? backoff * 2 : BACKOFF_MOST_MS;
    }
    metric_set(metric_gauge("resole_database_up", "1 while connected", NULL), 1);
    return run->worker->no_schema_check || check_schema(run, err);
}

static bool subscribe(struct worker_run *run, bool bulk, struct error *err)
{
    const struct topic *heard[WORKER_HEARS_MOST];
    size_t count = 0, twins = 0;
    char group[128];
    for (size_t i = 0; i < WORKER_HEARS_MOST && run->worker->hears[i].topic; i++) {
        heard[count++] = run->worker->hears[i].topic;
        twins += run->worker->hears[i].topic->has_bulk;
    }
    if (!count || (bulk && !twins))
        return true;
    snprintf(group, sizeof(group), "%s%s%s", run->bus_settings.prefix, run->worker->name,
             bulk ? ".bulk" : "");
    struct bus_consumer *consumer = bus_subscribe(run->bus, group, heard, count, bulk, err);
    if (!consumer)
        return false;
    bus_wake_by(consumer, run->wake_fds[1]);
    run->consumers[run->consumer_count++] = consumer;
    return true;
}

static bool subscribe_lanes(struct worker_run *run, struct error *err)
{
    const char *serves = run->settings.serves;
    bool both = strcmp(serves, "both") == 0;
    if ((both || *serves == 'p') && !subscribe(run, false, err))
        return false;
    return (!both && *serves == 'p') || subscribe(run, true, err);
}

static bool run_start_hook(struct worker_run *run, struct error *err)
{
    bool good = !run->worker->start || run->worker->start(&run->process_job, err);
    if (good && run->tx)
        good = db_commit(run->tx, err);
    db_rollback(&run->db->tx);
    run->tx = NULL;
    return good;
}

static bool start(struct worker_run *run, struct error *err)
{
    size_t published = 0;
    struct error leftover = {0};
    if (!open_admin(run, err) || !open_database(run, err))
        return false;
    run->bus = bus_open(&run->bus_settings, run->worker->name, err);
    if (!run->bus)
        return false;
    run->process_job = (struct job){
        .arena = run->arena,
        .settings = run->worker->settings,
        .database_url = run->settings.database_url,
        .run = run,
    };
    if (!run_start_hook(run, err) || !subscribe_lanes(run, err))
        return false;
    if (!outbox_flush(run->db, run->bus, 1000, &published, &leftover)) {
        log_warning("outbox not flushed", LOG_TEXT("reason", leftover.text));
        db_rollback(&run->db->tx);
    }
    return true;
}

/* A second SIGTERM: the message in hand is handed back without waiting for it. */
static void leave_now(struct worker_run *run)
{
    struct error err = {0};
    if (atomic_load(&run->in_hand)) {
        struct arena *arena = arena_new();
        struct db *db = db_open(run->settings.database_url, run->worker->name, &err);
        struct db_tx *tx = db ? db_begin(db, arena, &err) : NULL;
        if (!tx || !task_give_back(tx, run->hand, &err) || !db_commit(tx, &err))
            log_warning("message not handed back", LOG_TEXT("reason", err.text));
    }
    log_info("leaving at once");
    _exit(0);
}

static void check_deadline(struct worker_run *run)
{
    int64_t begun = atomic_load(&run->begun_ms);
    int64_t most = (deadline_s(run) + DEADLINE_GRACE_S) * 1000;
    if (!begun || clock_monotonic_ms() - begun <= most)
        return;
    log_error("handler over its deadline", LOG_I64("deadline_s", deadline_s(run)));
    _exit(1); /* counts as a start that never finished */
}

static void wait_for_wake(struct worker_run *run)
{
    char drain[256];
    struct pollfd fd = {.fd = run->wake_fds[0], .events = POLLIN};
    if (poll(&fd, 1, TURN_MS) > 0) {
        while (read(run->wake_fds[0], drain, sizeof(drain)) == (ssize_t)sizeof(drain))
            continue;
    }
}

static bool is_busy(struct worker_run *run)
{
    pthread_mutex_lock(&run->mutex);
    bool busy = run->message != NULL;
    pthread_mutex_unlock(&run->mutex);
    return busy;
}

static void give(struct worker_run *run, struct bus_consumer *from, struct bus_message *message)
{
    pthread_mutex_lock(&run->mutex);
    run->message = message;
    run->message_from = from;
    pthread_cond_signal(&run->turn);
    pthread_mutex_unlock(&run->mutex);
}

static bool give_pending(struct worker_run *run)
{
    if (!run->pending_count)
        return false;
    give(run, run->pending[0].from, run->pending[0].message);
    run->pending_count--;
    memmove(&run->pending[0], &run->pending[1], run->pending_count * sizeof(run->pending[0]));
    return true;
}

/* One turn over the consumers, the interactive one first. True: a message was handed over. */
static bool poll_consumers(struct worker_run *run, bool hold, struct error *err)
{
    for (size_t i = 0; i < run->consumer_count; i++) {
        struct bus_message *message = NULL;
        if (!bus_poll(run->consumers[i], 0, hold, &message, err)) {
            atomic_store(&run->failed, true);
            return false;
        }
        if (message && hold && run->pending_count < PENDING_MOST) {
            run->pending[run->pending_count].from = run->consumers[i];
            run->pending[run->pending_count++].message = message;
        } else if (message && hold) {
            atomic_store(&run->failed, true);
            return error_set(err, ERROR_FATAL, "kafka: paused partitions keep sending");
        } else if (message) {
            give(run, run->consumers[i], message);
            return true;
        }
    }
    return false;
}

static void note_ready(struct worker_run *run)
{
    bool ready = true;
    if (atomic_load(&run->ready))
        return;
    for (size_t i = 0; i < run->consumer_count; i++)
        ready = ready && bus_has_joined(run->consumers[i]);
    if (ready) {
        atomic_store(&run->ready, true);
        log_info("ready");
    }
}

static void poll_until_stopped(struct worker_run *run, struct error *err)
{
    int64_t busy_since = 0;
    while (!atomic_load(&run->failed)) {
        int64_t now = clock_monotonic_ms();
        int stops = atomic_load(&signals.stops);
        bool busy = is_busy(run);
        atomic_store(&run->tick_ms, now);
        check_deadline(run);
        if (stops && !atomic_exchange(&run->stopping, true)) {
            log_info("stopping");
            bus_hurry(run->bus);
        }
        if (stops > 1)
            leave_now(run);
        if (stops && !busy)
            return;
        busy_since = busy ? (busy_since ? busy_since : now) : 0;
        bool hold = stops || (busy && now - busy_since > HOLD_AFTER_MS);
        if (!busy && give_pending(run))
            continue;
        if ((!busy || hold) && poll_consumers(run, hold, err))
            continue;
        note_ready(run);
        wait_for_wake(run);
    }
}

static void finish(struct worker_run *run, pthread_t handler, bool started)
{
    if (started) {
        pthread_mutex_lock(&run->mutex);
        run->quit = true;
        pthread_cond_signal(&run->turn);
        pthread_mutex_unlock(&run->mutex);
        pthread_join(handler, NULL);
    }
    for (size_t i = 0; i < run->pending_count; i++)
        bus_message_done(run->pending[i].from, run->pending[i].message, false);
    if (run->worker->stop && run->process_job.state)
        run->worker->stop(run->process_job.state);
    for (size_t i = 0; i < run->consumer_count; i++)
        bus_unsubscribe(run->consumers[i]);
    bus_close(run->bus);
    db_close(run->db);
    http_server_close(run->admin);
}

static bool open_wakes(struct worker_run *run, struct error *err)
{
    struct sigaction action = {.sa_handler = on_signal};
    pthread_condattr_t clock;
    if (pipe2(run->wake_fds, O_CLOEXEC | O_NONBLOCK))
        return error_set(err, ERROR_FATAL, "pipe: %s", strerror(errno));
    signals.wake_fd = run->wake_fds[1];
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    pthread_mutex_init(&run->mutex, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&run->turn, &clock);
    pthread_condattr_destroy(&clock);
    atomic_store(&run->tick_ms, clock_monotonic_ms());
    return true;
}

static int run_worker(struct worker_run *run)
{
    struct error err = {0};
    pthread_t handler = 0;
    bool started = false;
    log_info("starting", LOG_TEXT("version", RESOLE_VERSION),
             LOG_I64("schema", RESOLE_SCHEMA_VERSION));
    if (!open_wakes(run, &err))
        return 1;
    bool good = start(run, &err);
    if (good) {
        started = pthread_create(&handler, NULL, worker_handle, run) == 0;
        poll_until_stopped(run, &err);
    }
    bool asked = atomic_load(&signals.stops) > 0;
    if (!asked && err.kind != ERROR_NONE)
        log_error("leaving", LOG_TEXT("reason", err.text));
    finish(run, handler, started);
    log_info("stopped");
    return asked ? 0 : 1;
}

int worker_main(int argc, char **argv, const struct worker *worker)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct worker_run *run = arena_new_object(arena, struct worker_run);
    struct config_table tables[WORKER_TABLES_MOST + 2];
    struct error err = {0};
    enum log_level level = LOG_INFO;
    size_t count = 0;
    char *program = arena_printf(arena, "resole-%s", worker->name);
    setlocale(LC_CTYPE, "C.UTF-8");
    for (; count < WORKER_TABLES_MOST && worker->tables[count].rows; count++)
        tables[count] = worker->tables[count];
    tables[count++] =
        (struct config_table){setting_rows, array_count(setting_rows), &run->settings};
    tables[count++] =
        (struct config_table){bus_setting_rows, bus_setting_count, &run->bus_settings};
    run->worker = worker;
    run->arena = arena;
    enum config_verdict verdict =
        config_load(program, worker->about, tables, count, argc, argv, arena, &err);
    if (verdict == CONFIG_WRONG)
        fprintf(stderr, "%s: %s\n", program, err.text);
    if (verdict != CONFIG_RUN)
        return verdict == CONFIG_LEAVE ? 0 : 2;
    (void)log_level_parse(run->settings.log_level, &level); /* one of the words */
    log_open(program, level, strcmp(run->settings.log_format, "json") == 0);
    return run_worker(run);
}
