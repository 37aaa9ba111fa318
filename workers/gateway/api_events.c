/* POST /v1/events/{registry}: 2xx only after the run row and the outbox row are committed. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "gateway/events/events.h"
#include "gateway/routes.h"
#include "service/metrics.h"
#include "service/secret.h"
#include "sql_worker_gateway.h"

enum { EVENT_HEADERS_MOST = 20 };

static const char *const event_header_names[] = {
    "Authorization",
    "X-GitHub-Event",
    "X-GitHub-Delivery",
    "X-Hub-Signature-256",
    "X-Gitlab-Token",
    "X-Nexus-Webhook-Id",
    "X-Nexus-Webhook-Delivery",
    "X-Nexus-Webhook-Signature",
    "X-JFrog-Event-Auth",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "ce-id",
    "ce-type",
    "ce-source",
};

bool gateway_quota_left(struct gateway *gateway, const char *registry, int64_t events)
{
    int64_t minute = clock_monotonic_ms() / 60000;
    struct event_quota *quota = NULL;
    bool left = true;

    pthread_mutex_lock(&gateway->lock);
    for (size_t i = 0; i < gateway->quota_count && !quota; i++) {
        if (strcmp(gateway->quotas[i].registry, registry) == 0)
            quota = &gateway->quotas[i];
    }
    if (!quota && gateway->quota_count < array_count(gateway->quotas) &&
        strlen(registry) < sizeof(quota->registry)) {
        quota = &gateway->quotas[gateway->quota_count++];
        memcpy(quota->registry, registry, strlen(registry) + 1);
    }
    if (quota) {
        if (quota->minute != minute) {
            quota->minute = minute;
            quota->events = 0;
        }
        quota->events += events;
        left = quota->events <= gateway->settings->events_per_minute;
    }
    pthread_mutex_unlock(&gateway->lock);
    return left;
}

struct intake {
    struct call *call;
    const char *registry, *source;
    enum outbox_lane lane;
    size_t accepted, repeated;
};

static bool take_event(struct intake *intake, const struct push_event *event, struct error *err)
{
    struct call *call = intake->call;
    struct db_rows rows;
    char fresh[37];
    const char *id = event->id;

    if (!id) {
        uuid_new(fresh);
        id = arena_strdup(call->arena, fresh);
    }
    if (!db_run(call->tx, &sql_run_open,
                DB_ARGS(db_text(intake->registry), db_text(event->repository), db_text(event->tag),
                        db_text(event->digest), db_text(intake->source), db_text(id),
                        db_text("push")),
                &rows, err))
        return false;
    if (rows.count == 0) {
        intake->repeated++;
        return true;
    }
    struct image_pushed out = {
        .registry = intake->registry,
        .repository = event->repository,
        .tag = event->tag,
        .digest = event->digest,
        .media_type = event->media_type,
        .action = event->action,
        .cause = "push",
        .run = row_i64(&rows, 0, 0),
    };
    const struct outbox_how how = {.id = id, .source = intake->source, .lane = intake->lane};
    intake->accepted++;
    return outbox_put_how(call->tx, &out, &how, err);
}

static const char *intake_report(struct intake *intake, const struct events *events)
{
    struct buf out scoped(buf_release) = {0};
    buf_printf(&out, "{\"accepted\":%zu,\"repeated\":%zu,\"ignored\":[", intake->accepted,
               intake->repeated);
    for (size_t i = 0; i < events->ignored_count; i++) {
        buf_printf(&out, "%s{\"what\":", i ? "," : "");
        buf_put_json(&out, slice_of(events->ignored[i].what));
        buf_put_text(&out, ",\"reason\":");
        buf_put_json(&out, slice_of(events->ignored[i].reason));
        buf_put_text(&out, "}");
    }
    buf_put_text(&out, "]}");
    return arena_strdup(intake->call->arena, buf_text(&out));
}

static void count_events(const char *what, size_t count)
{
    char label[64];
    snprintf(label, sizeof(label), "verdict=\"%s\"", what);
    metric_add(metric_counter("resole_gateway_events_total", "Push events by verdict", label),
               (int64_t)count);
}

static bool take_events(struct call *call, const char *registry, const struct events *events,
                        struct error *err)
{
    struct intake intake = {
        .call = call,
        .registry = registry,
        .source = arena_printf(call->arena, "registry/%s", registry),
        .lane = LANE_INTERACTIVE,
    };
    if (events->count > 0 && !gateway_quota_left(call->gateway, registry, (int64_t)events->count))
        intake.lane = LANE_BULK;
    for (size_t i = 0; i < events->count; i++) {
        if (!take_event(&intake, &events->items[i], err))
            return false;
    }
    count_events("accepted", intake.accepted);
    count_events("repeated", intake.repeated);
    count_events("ignored", events->ignored_count);
    if (intake.accepted)
        log_info("push events accepted", LOG_TEXT("registry", registry),
                 LOG_I64("events", intake.accepted));
    return call_json(call, events->reply ? 200 : 202,
                     events->reply ? events->reply : intake_report(&intake, events));
}

bool api_events(struct call *call, struct error *err)
{
    struct event_header headers[EVENT_HEADERS_MOST];
    struct event_request request = {.body = call->request->body, .headers = headers};
    struct db_rows rows;
    struct events events;
    const char *registry = call->arguments[0], *secret;

    for (size_t i = 0; i < array_count(event_header_names); i++) {
        const char *value = http_incoming_header(call->request, event_header_names[i]);
        if (value)
            headers[request.header_count++] = (struct event_header){event_header_names[i], value};
    }
    if (!db_run(call->tx, &sql_registry_find, DB_ARGS(db_text(registry)), &rows, err))
        return false;
    if (rows.count == 0)
        return call_refuse(call, 401, "Unauthorized", "the registry or its secret is not known");
    const struct registry_kind *kind = registry_kind_find(row_text(&rows, 0, 0));
    if (!kind)
        return call_refuse(call, 500, "Internal error", "the registry is of an unknown kind");
    if (!secret_open(call->arena, row_text(&rows, 0, 1), call->gateway->settings->seal_key_file,
                     &secret, err))
        return false;
    if (!event_proof_holds(kind, &request, http_query(call->request, "token"), secret,
                           clock_unix_s())) {
        count_events("unproved", 1);
        return call_refuse(call, 401, "Unauthorized", "the registry or its secret is not known");
    }
    if (atomic_load(&call->gateway->full)) {
        call_refuse(call, 503, "Service unavailable", "too much waits for the bus: try later");
        http_answer_header(call->answer, "Retry-After", "30");
        return true;
    }
    if (!events_parse(kind, call->arena, &request, &events, err))
        return false;
    return take_events(call, registry, &events, err);
}
