/* HTTP out, over libcurl. One client per thread; it keeps connections alive. An answer of any
 * status is `true`; network trouble is ERROR_RETRY with outside = true and the host's name.
 *
 * Addresses are checked when connecting, after resolution: private, loopback, link-local, multicast
 * and unspecified ones are refused (ERROR_INPUT) unless the request allows them. Redirects are
 * followed here, not by libcurl: a header marked `secret` never goes to another scheme, host or
 * port, https never becomes http, and every hop's address is checked again. TLS is verified always.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/stream.h"

struct http_settings {
    const char *ca_file;             /* PEM, in place of the system's; NULL or "" */
    const char *user_agent;          /* NULL: "resole/VERSION" */
    const char *proxy;               /* NULL or "": as the environment says */
    int64_t connect_ms;              /* 0: 10 s */
    int64_t idle_ms;                 /* no byte for so long is a cut; 0: 60 s */
    bool allow_private;              /* for every request */
    const char *allow_private_hosts; /* "host host:port 10.0.0.0/8 …": these may be private */
};

struct http_header {
    const char *name, *value;
    bool secret; /* Authorization, cookies, tokens: never across hosts, never in a log */
};

struct http_request {
    const char *method; /* NULL: GET */
    const char *url;    /* http or https only */
    const struct http_header *headers;
    size_t header_count;
    struct slice body;          /* sent with its length; used when body_stream is NULL */
    struct stream *body_stream; /* borrowed, of body_bytes bytes; never sent twice: a redirect or a
                                   401 then comes back as the answer */
    int64_t body_bytes;
    int64_t range_from;      /* > 0: "Range: bytes=N-" */
    int64_t body_most;       /* cap of the answer's body; 0: 16 MiB; http_open: 0 is no cap */
    int64_t total_ms;        /* deadline of the whole exchange; 0: none (idle_ms still holds) */
    bool allow_private;      /* the operator named this address */
    bool no_redirect;        /* 3xx comes back as the answer */
    bool identity_only;      /* do not offer compression of the body (blobs) */
    const char *unix_socket; /* path: talk to a local daemon; address checks do not apply */
};

struct http_response {
    int status;
    const struct http_header *headers; /* the last hop's; names lower case */
    size_t header_count;
    const char *url;        /* the last hop's */
    struct slice body;      /* http_send only; in the arena, NUL after it */
    int64_t content_length; /* -1: not said */
    uint32_t retry_after_s; /* Retry-After in seconds (a date becomes the difference); 0: none */
};

struct http_client;

struct http_client *http_client_new(const struct http_settings *settings); /* copies */
void http_client_free(struct http_client *client);
void http_client_scope_free(struct http_client **client); /* for scoped() */

/* The whole exchange. HEAD has an empty body. */
bool http_send(struct http_client *client, struct arena *arena, const struct http_request *request,
               struct http_response *out, struct error *err);
/* Headers first, then the body through *body as it comes (close it before the next request of this
 * client is fine, several at once too). A body shorter than Content-Length is ERROR_RETRY. */
bool http_open(struct http_client *client, struct arena *arena, const struct http_request *request,
               struct http_response *out, struct stream **body, struct error *err);

/* The first header of that name (any case) or NULL. */
const char *http_header_find(const struct http_response *response, const char *name);
/* Fills err from a status that the caller did not want: 408, 425, 429 and 5xx are ERROR_RETRY with
 * outside, host and retry_after_s; other statuses ERROR_INPUT. `what` begins the text; a few words
 * of the body follow. Has the value false. */
bool http_status_error(const struct http_response *response, const char *what, struct error *err);

/* "host" or "host:port" of an http(s) URL, lower case, in the arena; NULL if it is none. */
const char *http_url_host(struct arena *arena, const char *url);
/* `relative` seen from `base`; NULL if nonsense. */
const char *http_url_resolve(struct arena *arena, const char *base, const char *relative);
/* Percent-encodes everything but unreserved characters. */
const char *http_url_escape(struct arena *arena, const char *text);
/* True for addresses that an outsider must not make us reach ("10.1.2.3", "::1", …); also for text
 * that is no address. */
bool http_address_is_private(const char *address);
