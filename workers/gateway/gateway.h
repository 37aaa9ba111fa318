/* The gateway: HTTP in. One call = one caller, one route, one transaction: a route's function
 * either fills the answer (committed unless its status is an error) or returns false with err
 * (INPUT 400, RETRY 503, FATAL 500). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"
#include "service/db.h"
#include "service/http_server.h"
#include "service/worker.h"

struct gateway_settings {
    const char *address, *admin_token_file, *seal_key_file;
    int64_t port, threads, events_per_minute, consent_days, outbox_most;
    bool dashboard_public;
};

extern const struct setting gateway_setting_rows[];
extern const size_t gateway_setting_count;

struct event_quota {
    char registry[64];
    int64_t minute, events;
};

struct gateway {
    const struct gateway_settings *settings;
    struct job *job; /* of the process: job_wake */
    struct db_pool *pool;
    struct http_server *server;
    pthread_mutex_t lock; /* of quotas */
    struct event_quota quotas[256];
    size_t quota_count;
    atomic_bool full; /* more waits for the bus than RESOLE_OUTBOX_MOST: no new events */
};

/* Token roles as bits; ROLE_PUBLIC: no token; ROLE_EVENT: the registry's own proof. */
enum {
    ROLE_ADMIN = 1,
    ROLE_OPERATOR = 2,
    ROLE_READER = 4,
    ROLE_TEAM = 8,
    ROLE_USAGE = 16,
    ROLE_PUBLIC = 32,
    ROLE_EVENT = 64,
    ROLES_MANAGE = ROLE_ADMIN | ROLE_OPERATOR,
    ROLES_READ = ROLE_ADMIN | ROLE_OPERATOR | ROLE_READER | ROLE_TEAM,
};

struct caller {
    unsigned role;
    int64_t token;
    const char *name;
    const char *team; /* of roles team and usage; else NULL: sees every team */
};

enum { CALL_ARGUMENTS_MOST = 3 };

struct call {
    struct gateway *gateway;
    struct http_incoming *request;
    struct http_answer *answer;
    struct arena *arena;
    struct db_tx *tx;
    struct caller caller;
    const char *arguments[CALL_ARGUMENTS_MOST]; /* what stood for {…} in the path */
};

/* For http_server_options. */
void gateway_answer(struct http_incoming *request, struct http_answer *answer, void *gateway);
/* The role bit of a token's role; 0: none. */
unsigned role_parse(const char *name);

/* Sets a problem answer; has the value true, so that a route can return it. */
bool call_refuse(struct call *call, int status, const char *title, const char *format, ...)
    like_printf(4, 5);
/* 404 in the same words whether it is not there or not the caller's. */
bool call_unknown(struct call *call, const char *what);
bool call_json(struct call *call, int status, const char *json);
/* The first row's first column as JSON; no row: 404 "no such WHAT". */
bool call_show(struct call *call, const struct sql *sql, struct db_args args, const char *what,
               struct error *err) must_check;
/* Rows (key, json) → {"items": […], "next": key}. The statement gets $1 = after, $2 = how many,
 * then `args`. */
bool call_list(struct call *call, const struct sql *sql, const struct db_value *args, size_t count,
               struct error *err) must_check;
/* Query parameter, NULL when absent or empty. */
const char *call_query(struct call *call, const char *name);
/* An argument that must be a positive number; 0: it is none. */
int64_t call_number(struct call *call, size_t argument);
/* Decodes the body, unknown keys refused. */
#define call_decode(call, what, fields, out, err)                                                  \
    codec_decode((what), (fields), array_count(fields), CODEC_REFUSE_UNKNOWN,                      \
                 (call)->request->body, (call)->arena, (out), (err))
/* May this registry's events have the interactive lane now? */
bool gateway_quota_left(struct gateway *gateway, const char *registry, int64_t events);
