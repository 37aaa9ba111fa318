/* HTTP in, by libmicrohttpd: the admin port of every program and the gateway's API. One callback
 * answers every request, on one of `threads` threads. Bodies are read whole, capped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

struct http_server;

struct http_incoming {
    struct arena *arena; /* of this request */
    const char *method, *path;
    struct slice body;
    const char *client; /* its address, text */
    void *handle;       /* for http_header and http_query */
};

/* NULL when absent; header names without case. */
const char *http_incoming_header(const struct http_incoming *request, const char *name);
const char *http_query(const struct http_incoming *request, const char *name);

enum { HTTP_ANSWER_HEADERS_MOST = 16 };

struct http_answer {
    int status; /* 200 unless set */
    const char *content_type;
    struct slice body; /* belongs to the request's arena, or static */
    struct {
        const char *name, *value;
    } headers[HTTP_ANSWER_HEADERS_MOST];
    size_t header_count;
};

void http_answer_header(struct http_answer *answer, const char *name, const char *value);
void http_answer_text(struct http_answer *answer, int status, const char *text);
/* RFC 9457: {"type":"about:blank","title":…,"status":…,"detail":…} */
void http_answer_problem(struct http_incoming *request, struct http_answer *answer, int status,
                         const char *title, const char *detail);

struct http_server_options {
    const char *address; /* to bind; NULL or "": 127.0.0.1; "0.0.0.0", "::" */
    int64_t port;        /* 0: any free one */
    size_t threads;      /* 0: 1 */
    size_t body_most;    /* 413 above; 0: LIMIT_BODY_BYTES */
    int64_t timeout_s;   /* of an idle connection; 0: 30 */
    void (*answer)(struct http_incoming *request, struct http_answer *answer, void *context);
    void *context;
};

struct http_server *http_server_open(const struct http_server_options *options, struct error *err);
int http_server_port(const struct http_server *server);
/* Stops accepting, lets requests in hand finish. NULL is fine. */
void http_server_close(struct http_server *server);
