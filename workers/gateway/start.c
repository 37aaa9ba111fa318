#include "gateway/start.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/log.h"
#include "gateway/gateway.h"
#include "service/secret.h"
#include "sql_worker_gateway.h"

#define ROW(setting_name, member, default_text, low, high, about)                                  \
    {                                                                                              \
        .name = (setting_name), .kind = setting_kind_of(struct gateway_settings, member),          \
        .offset = offsetof(struct gateway_settings, member), .fallback = (default_text),           \
        .help = (about), .least = (low), .most = (high)                                            \
    }

const struct setting gateway_setting_rows[] = {
    ROW("RESOLE_GATEWAY_ADDRESS", address, "127.0.0.1", 0, 0, "address that the API listens on"),
    ROW("RESOLE_GATEWAY_PORT", port, "8080", 0, 65535, "port of the API; 0: any free one"),
    ROW("RESOLE_GATEWAY_THREADS", threads, "8", 1, 256,
        "requests answered at once, each with a database connection"),
    ROW("RESOLE_GATEWAY_ADMIN_TOKEN_FILE", admin_token_file, "", 0, 0,
        "file with an API token that becomes the token `bootstrap` of role admin"),
    ROW(SECRET_KEY_SETTING, seal_key_file, "", 0, 0, SECRET_KEY_HELP),
    ROW("RESOLE_EVENTS_PER_MINUTE", events_per_minute, "600", 1, 10000000,
        "push events of one registry that go the fast way; what overruns waits with the bulk"),
    ROW("RESOLE_CONSENT_DAYS", consent_days, "14", 1, 365, "a consent asked for expires after"),
    ROW("RESOLE_OUTBOX_MOST", outbox_most, "100000", 1, 10000000,
        "messages waiting for the bus above which new events are answered with 503"),
    ROW("RESOLE_DASHBOARD_PUBLIC", dashboard_public, "false", 0, 0,
        "show the dashboard to callers without a token"),
};
const size_t gateway_setting_count = array_count(gateway_setting_rows);

static struct gateway_settings settings;

static bool read_token(struct arena *arena, const char *path, const char **out, struct error *err)
{
    char text[512];
    FILE *file = fopen(path, "re");
    if (!file)
        return error_set(err, ERROR_FATAL, "admin token file %s: %s", path, strerror(errno));
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    struct slice token = slice_trim((struct slice){text, length});
    if (token.length < 20)
        return error_set(err, ERROR_FATAL, "admin token file %s: shorter than 20 characters", path);
    *out = slice_string(arena, token);
    return true;
}

static bool bootstrap(struct job *job, struct error *err)
{
    char hash[DIGEST_TEXT_SIZE];
    const char *token;
    if (!*settings.admin_token_file)
        return true;
    if (!read_token(job->arena, settings.admin_token_file, &token, err))
        return false;
    digest_of(token, strlen(token), hash);
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    struct db_tx *mine = tx;
    if (!tx || !db_run(tx, &sql_token_bootstrap, DB_ARGS(db_text(hash + 7)), NULL, err))
        return false;
    tx = NULL;
    return db_commit(mine, err);
}

static bool start(struct job *job, struct error *err)
{
    struct gateway *gateway = arena_new_object(job->arena, struct gateway);

    if (!bootstrap(job, err))
        return false;
    gateway->settings = &settings;
    gateway->job = job;
    pthread_mutex_init(&gateway->lock, NULL);
    gateway->pool = db_pool_new(job->database_url, "gateway", (size_t)settings.threads);
    const struct http_server_options options = {
        .address = settings.address,
        .port = settings.port,
        .threads = (size_t)settings.threads,
        .answer = gateway_answer,
        .context = gateway,
    };
    gateway->server = http_server_open(&options, err);
    if (!gateway->server) {
        db_pool_free(gateway->pool);
        return error_wrap(err, "API");
    }
    log_info("API listens", LOG_TEXT("address", settings.address),
             LOG_I64("port", http_server_port(gateway->server)));
    job->state = gateway;
    return true;
}

/* Counted between requests, so that no request pays for it. */
static bool idle(struct job *job, struct error *err)
{
    struct gateway *gateway = job->state;
    struct db_rows rows;
    struct db_tx *tx = job_tx(job, err);
    if (!tx || !db_run(tx, &sql_outbox_full, DB_ARGS(db_i64(settings.outbox_most)), &rows, err))
        return false;
    bool full = row_bool(&rows, 0, 0);
    if (full != atomic_exchange(&gateway->full, full))
        log_warning(full ? "events refused: the bus does not keep up" : "events taken again",
                    LOG_I64("outbox_most", settings.outbox_most));
    return true;
}

static void stop(void *state)
{
    struct gateway *gateway = state;
    if (!gateway)
        return;
    http_server_close(gateway->server);
    db_pool_free(gateway->pool);
    pthread_mutex_destroy(&gateway->lock);
}

int gateway_main(int argc, char **argv)
{
    const struct worker worker = {
        .name = "gateway",
        .about = "Takes push events of registries and usage reports, answers the REST API and the "
                 "dashboard, and takes consent to patches.",
        .tables = {{gateway_setting_rows, array_count(gateway_setting_rows), &settings}},
        .settings = &settings,
        .start = start,
        .stop = stop,
        .idle = idle,
    };
    return worker_main(argc, argv, &worker);
}
