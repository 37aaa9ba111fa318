#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/log.h"
#include "gateway/gateway.h"
#include "gateway/routes.h"
#include "service/metrics.h"
#include "sql_worker_gateway.h"

unsigned role_parse(const char *name)
{
    static const struct {
        const char *name;
        unsigned role;
    } roles[] = {{"admin", ROLE_ADMIN},
                 {"operator", ROLE_OPERATOR},
                 {"reader", ROLE_READER},
                 {"team", ROLE_TEAM},
                 {"usage", ROLE_USAGE}};
    for (size_t i = 0; name && i < array_count(roles); i++) {
        if (strcmp(roles[i].name, name) == 0)
            return roles[i].role;
    }
    return 0;
}

bool call_refuse(struct call *call, int status, const char *title, const char *format, ...)
{
    char detail[500];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    http_answer_problem(call->request, call->answer, status, title,
                        arena_strdup(call->arena, detail));
    return true;
}

bool call_unknown(struct call *call, const char *what)
{
    return call_refuse(call, 404, "Not found", "no such %s, or it is not yours to see", what);
}

bool call_json(struct call *call, int status, const char *json)
{
    call->answer->status = status;
    call->answer->content_type = "application/json";
    call->answer->body = slice_of(json);
    return true;
}

bool call_show(struct call *call, const struct sql *sql, struct db_args args, const char *what,
               struct error *err)
{
    struct db_rows rows;
    if (!db_run(call->tx, sql, args, &rows, err))
        return false;
    if (rows.count == 0 || row_is_null(&rows, 0, 0))
        return call_unknown(call, what);
    return call_json(call, 200, arena_strdup(call->arena, row_text(&rows, 0, 0)));
}

const char *call_query(struct call *call, const char *name)
{
    const char *value = http_query(call->request, name);
    return value && *value ? value : NULL;
}

int64_t call_number(struct call *call, size_t argument)
{
    int64_t number = 0;
    const char *text = call->arguments[argument];
    return text && slice_parse_i64(slice_of(text), &number) && number > 0 ? number : 0;
}

enum { LIST_DEFAULT = 50, LIST_MOST = 500, LIST_ARGUMENTS_MOST = 10 };

bool call_list(struct call *call, const struct sql *sql, const struct db_value *args, size_t count,
               struct error *err)
{
    struct db_value values[LIST_ARGUMENTS_MOST + 2];
    int64_t limit = LIST_DEFAULT;
    const char *wanted = call_query(call, "limit");
    struct db_rows rows;

    if (wanted && (!slice_parse_i64(slice_of(wanted), &limit) || limit < 1 || limit > LIST_MOST))
        return call_refuse(call, 400, "Bad request", "limit: a number from 1 to %d", LIST_MOST);
    values[0] = db_text(call_query(call, "after"));
    values[1] = db_i64(limit + 1);
    for (size_t i = 0; i < count && i < LIST_ARGUMENTS_MOST; i++)
        values[2 + i] = args[i];
    if (!db_run(call->tx, sql, (struct db_args){values, count + 2}, &rows, err))
        return false;
    struct buf out scoped(buf_release) = {0};
    size_t shown = rows.count > (size_t)limit ? (size_t)limit : rows.count;
    buf_put_text(&out, "{\"items\":[");
    for (size_t i = 0; i < shown; i++) {
        buf_put_text(&out, i ? "," : "");
        buf_put_text(&out, row_text(&rows, i, 1));
    }
    buf_put_text(&out, "],\"next\":");
    if (rows.count > shown)
        buf_put_json(&out, slice_of(row_text(&rows, shown - 1, 0)));
    else
        buf_put_text(&out, "null");
    buf_put_text(&out, "}");
    return call_json(call, 200, arena_strdup(call->arena, buf_text(&out)));
}

/* Bearer TOKEN; or Basic, of which the password is the token (browsers). */
static const char *token_of(struct call *call)
{
    const char *value = http_incoming_header(call->request, "Authorization");
    if (!value)
        return NULL;
    if (strncasecmp(value, "Bearer ", 7) == 0)
        return value + 7;
    if (strncasecmp(value, "Basic ", 6) != 0)
        return NULL;
    size_t length = strlen(value + 6);
    if (length == 0 || length % 4 != 0 || length > 1024)
        return NULL;
    unsigned char *plain = arena_alloc(call->arena, length);
    if (EVP_DecodeBlock(plain, (const unsigned char *)value + 6, (int)length) < 0)
        return NULL;
    const char *colon = strchr((const char *)plain, ':');
    return colon ? colon + 1 : NULL;
}

static bool find_caller(struct call *call, struct error *err)
{
    char hash[DIGEST_TEXT_SIZE];
    struct db_rows rows;
    const char *token = token_of(call);
    if (!token)
        return true;
    digest_of(token, strlen(token), hash);
    if (!db_run(call->tx, &sql_token_find, DB_ARGS(db_text(hash + 7)), &rows, err))
        return false;
    if (rows.count == 0)
        return true;
    const char *role = row_text(&rows, 0, 2);
    call->caller = (struct caller){
        .token = row_i64(&rows, 0, 0),
        .name = arena_strdup(call->arena, row_text(&rows, 0, 1)),
        .role = role_parse(role),
        .team = arena_strdup(call->arena, row_text(&rows, 0, 3)),
    };
    /* A team token without a team would see everything: it sees nothing. */
    if ((call->caller.role & (ROLE_TEAM | ROLE_USAGE)) && !call->caller.team)
        call->caller.role = 0;
    if (!(call->caller.role & (ROLE_TEAM | ROLE_USAGE)))
        call->caller.team = NULL;
    return true;
}

static void add_etag(struct call *call)
{
    struct http_answer *answer = call->answer;
    char digest[DIGEST_TEXT_SIZE];
    if (answer->status != 200)
        return;
    digest_of(answer->body.data, answer->body.length, digest);
    const char *etag = arena_printf(call->arena, "\"%.32s\"", digest + 7);
    const char *known = http_incoming_header(call->request, "If-None-Match");
    http_answer_header(answer, "ETag", etag);
    if (known && strstr(known, etag)) {
        answer->status = 304;
        answer->body = (struct slice){0};
    }
}

static bool run_route(struct call *call, const struct route *route, struct error *err)
{
    if (!(route->roles & (ROLE_PUBLIC | ROLE_EVENT))) {
        bool open = strcmp(route->path, "/") == 0 && call->gateway->settings->dashboard_public;
        if (!find_caller(call, err))
            return false;
        if (!call->caller.role && !open) {
            call_refuse(call, 401, "Unauthorized", "a valid API token is needed");
            http_answer_header(call->answer, "WWW-Authenticate",
                               strcmp(route->path, "/") == 0 ? "Basic realm=\"resole\""
                                                             : "Bearer realm=\"resole\"");
            return true;
        }
        if (!open && !(route->roles & call->caller.role))
            return call_refuse(call, 403, "Forbidden", "this token's role may not do this");
    }
    return route->run(call, err);
}

static void answer_error(struct call *call, const struct error *err)
{
    int status = err->kind == ERROR_INPUT ? 400 : err->kind == ERROR_RETRY ? 503 : 500;
    if (status == 400) {
        /* The database's details show whole rows, secrets among them. */
        size_t shown = slice_find(slice_of(err->text), " DETAIL:");
        call_refuse(call, 400, "Bad request", "%.*s", (int)shown, err->text);
        return;
    }
    log_error("request failed", LOG_TEXT("method", call->request->method),
              LOG_TEXT("path", call->request->path), LOG_TEXT("error", err->text));
    if (status == 503) {
        call_refuse(call, 503, "Service unavailable", "%s", "try again in a few seconds");
        http_answer_header(call->answer, "Retry-After", "5");
    } else {
        call_refuse(call, 500, "Internal error", "%s", "see the gateway's log");
    }
}

static void count_answer(const struct http_answer *answer)
{
    char label[32];
    snprintf(label, sizeof(label), "status=\"%d\"", answer->status);
    metric_add(metric_counter("resole_gateway_answers_total", "Answers by status", label), 1);
}

static bool in_transaction(struct call *call, struct db *db, const struct route *route,
                           struct error *err)
{
    crash_point("before-transaction");
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(db, call->arena, err);
    if (!tx)
        return false;
    call->tx = tx;
    if (!run_route(call, route, err))
        return false;
    if (call->answer->status >= 400)
        return true;
    tx = NULL;
    crash_point("before-commit");
    if (!db_commit(call->tx, err))
        return false;
    crash_point("after-commit");
    return true;
}

void gateway_answer(struct http_incoming *request, struct http_answer *answer, void *context)
{
    struct call call = {
        .gateway = context, .request = request, .answer = answer, .arena = request->arena};
    const struct route *route = NULL;
    struct error err = {0};

    answer->status = 200;
    switch (route_find(call.arena, request->method, request->path, &route, call.arguments)) {
    case ROUTE_NONE:
        call_refuse(&call, 404, "Not found", "no such path; see /openapi.json");
        break;
    case ROUTE_OTHER_METHOD:
        call_refuse(&call, 405, "Method not allowed", "not with %s", request->method);
        break;
    case ROUTE_FOUND: {
        struct db *db = db_pool_take(call.gateway->pool, &err);
        if (!db || !in_transaction(&call, db, route, &err)) {
            *answer = (struct http_answer){.status = 500};
            answer_error(&call, &err);
        } else if (strcmp(request->method, "POST") == 0 && answer->status < 300) {
            job_wake(call.gateway->job);
        }
        if (db)
            db_pool_give(call.gateway->pool, db);
        if (strcmp(route->method, "GET") == 0)
            add_etag(&call);
        break;
    }
    }
    http_answer_header(answer, "X-Content-Type-Options", "nosniff");
    http_answer_header(answer, "Cache-Control", "private, no-cache");
    count_answer(answer);
}
