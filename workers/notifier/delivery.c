#include "notifier/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "notifier/channels/channel.h"
#include "service/metrics.h"
#include "service/secret.h"
#include "sql_worker_notifier.h"

enum { CLAIM_MOST = 16, LEASE_S = 120, BUDGET = 8 };

struct delivery {
    struct http_client *http;
    const struct notifier_settings *settings;
};

struct delivery *delivery_new(const struct notifier_settings *settings, struct error *err)
{
    struct delivery *delivery = calloc(1, sizeof(*delivery));
    const struct http_settings http = {
        .ca_file = settings->ca_file,
        .allow_private_hosts = settings->webhook_private_hosts,
        .connect_ms = 5000,
        .idle_ms = 10000,
    };
    if (!delivery) {
        error_fill(err, ERROR_FATAL, "out of memory");
        return NULL;
    }
    delivery->settings = settings;
    delivery->http = http_client_new(&http);
    return delivery;
}

void delivery_free(struct delivery *delivery)
{
    if (!delivery)
        return;
    http_client_free(delivery->http);
    free(delivery);
}

int64_t delivery_backoff_s(int64_t attempts, double jitter)
{
    int64_t wait = 3600;
    if (attempts < 10)
        wait = (int64_t)5 << (attempts > 0 ? attempts - 1 : 0);
    if (wait > 3600)
        wait = 3600;
    return wait + (int64_t)((double)wait * jitter / 4);
}

static double jitter(void)
{
    unsigned char byte;
    random_bytes(&byte, 1);
    return (double)byte / 255;
}

struct claim {
    struct delivery_item item;
    const char *channel, *stored_secret;
    int64_t attempts, age_s;
};

/* Leases rows that are due by moving their next_at, in one commit. */
static bool claim(struct job *job, struct arena *arena, struct claim **out, size_t *count,
                  struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), arena, err);
    struct db_tx *mine = tx;
    if (!tx ||
        !db_run(tx, &sql_alert_claim, DB_ARGS(db_i64(CLAIM_MOST), db_i64(LEASE_S)), &rows, err))
        return false;
    *count = rows.count;
    *out = arena_new_array(arena, struct claim, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        (*out)[i] = (struct claim){
            .item = {.id = arena_strdup(arena, row_text(&rows, i, 0)),
                     .kind = arena_strdup(arena, row_text(&rows, i, 1)),
                     .step = arena_strdup(arena, row_text(&rows, i, 2)),
                     .address = arena_strdup(arena, row_text(&rows, i, 4)),
                     .body = arena_strdup(arena, row_text(&rows, i, 5)),
                     .team = arena_strdup(arena, row_text(&rows, i, 6)),
                     .application = arena_strdup(arena, row_text(&rows, i, 7)),
                     .created_s = row_i64(&rows, i, 11)},
            .channel = arena_strdup(arena, row_text(&rows, i, 3)),
            .stored_secret = arena_strdup(arena, row_text(&rows, i, 8)),
            .attempts = row_i64(&rows, i, 9),
            .age_s = row_i64(&rows, i, 10),
        };
    }
    tx = NULL;
    return db_commit(mine, err);
}

static bool send_one(struct delivery *delivery, struct arena *arena, struct claim *claim,
                     struct error *err)
{
    const struct channel *channel = channel_find(claim->channel);
    const struct channel_tools tools = {.http = delivery->http,
                                        .settings = delivery->settings,
                                        .arena = arena,
                                        .now_s = clock_unix_s()};
    if (!channel)
        return error_set(err, ERROR_INPUT, "no channel %s", claim->channel);
    return secret_open(arena, claim->stored_secret, delivery->settings->seal_key_file,
                       &claim->item.secret, err) &&
           channel->send(&tools, &claim->item, err);
}

static const char *fate_of(const struct delivery *delivery, const struct claim *claim,
                           const struct error *err)
{
    if (err->kind == ERROR_NONE)
        return "sent";
    bool spent = !err->outside && claim->attempts >= BUDGET;
    bool old = claim->age_s > delivery->settings->give_up_s;
    return err->kind == ERROR_INPUT || spent || old ? "parked" : "failed";
}

static bool record(struct delivery *delivery, struct job *job, struct arena *arena,
                   const struct claim *claim, const struct error *fate, struct error *err)
{
    const char *state = fate_of(delivery, claim, fate);
    int64_t wait = delivery_backoff_s(claim->attempts, jitter());
    if (fate->retry_after_s > wait)
        wait = fate->retry_after_s < 86400 ? fate->retry_after_s : 86400;
    const char *host = http_url_host(arena, claim->item.address);
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), arena, err);
    struct db_tx *mine = tx;
    if (!tx || !db_run(tx, &sql_alert_fate,
                       DB_ARGS(db_text(claim->item.id), db_text(state),
                               db_text(fate->kind == ERROR_NONE ? NULL : fate->text), db_i64(wait)),
                       NULL, err))
        return false;
    if (host && !db_run(tx, strcmp(state, "sent") == 0 ? &sql_breaker_close : &sql_breaker_trip,
                        DB_ARGS(db_text(host)), NULL, err))
        return false;
    tx = NULL;
    if (!db_commit(mine, err))
        return false;
    metric_add(
        metric_counter("resole_notifier_deliveries_total", "Deliveries by outcome",
                       arena_printf(arena, "channel=\"%s\",outcome=\"%s\"", claim->channel, state)),
        1);
    if (strcmp(state, "sent") == 0)
        log_info("alert delivered", LOG_TEXT("alert", claim->item.id),
                 LOG_TEXT("channel", claim->channel), LOG_TEXT("team", claim->item.team));
    else
        log_warning("alert not delivered", LOG_TEXT("alert", claim->item.id),
                    LOG_TEXT("channel", claim->channel), LOG_TEXT("state", state),
                    LOG_TEXT("reason", fate->text));
    return true;
}

bool delivery_run(struct delivery *delivery, struct job *job, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct claim *claims;
    size_t count;

    if (!claim(job, arena, &claims, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct error fate = {0};
        if (!send_one(delivery, arena, &claims[i], &fate) && fate.kind == ERROR_FATAL)
            fate.kind = ERROR_RETRY; /* a secret that does not open: the operator mends it */
        crash_point("after-send");
        if (!record(delivery, job, arena, &claims[i], &fate, err))
            return false;
    }
    return true;
}
