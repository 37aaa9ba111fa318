/* Between the files of the registry client. */
#pragma once

#include "image/registry.h"

struct token {
    struct token *next;
    const char *key; /* host, scopes */
    const char *text;
    int64_t until_ms;
};

struct login {
    struct login *next;
    const char *key; /* host/repository */
    struct credentials credentials;
};

/* How a host wants to be asked, learned from its first 401. */
struct host_auth {
    struct host_auth *next;
    const char *host;
    bool basic, bearer;
    const char *realm, *service;
};

struct registry {
    struct registry_settings settings;
    struct http_client *http;
    struct arena *arena; /* tokens and what is learned; lives as long as the registry */
    struct token *tokens;
    struct login *logins;
    struct host_auth *hosts;
};

/* One request to a registry, with its authentication. */
struct registry_call {
    const char *method;
    const char *host;       /* as in a reference */
    const char *repository; /* "" : the catalogue */
    const char *path;       /* below "/v2/", or an absolute URL from a Location */
    const char *actions;    /* "pull", "pull,push", "delete", … */
    const char *mount_from; /* another repository to be read; NULL or "" */
    struct http_header headers[4];
    size_t header_count;
    struct slice body;
    struct stream *body_stream; /* not sent twice: a 401 is the answer then */
    int64_t body_bytes, range_from, body_most;
    bool blob; /* identity encoding */
};

/* Any status is true. `stream` NULL: the whole body into out->body. */
bool registry_call(struct registry *registry, struct arena *arena, const struct registry_call *call,
                   struct http_response *out, struct stream **stream, struct error *err);
/* http_status_error with a hint for 401 and 403. */
bool registry_status_error(const struct registry_call *call, const struct http_response *response,
                           const char *what, struct error *err);
const char *registry_base_url(struct registry *registry, struct arena *arena, const char *host);
void registry_add_header(struct registry_call *call, const char *name, const char *value);

/* The Authorization header for this call, NULL: none. */
bool registry_authorize(struct registry *registry, struct arena *arena,
                        const struct registry_call *call, const char **out, struct error *err);
/* Learns from a 401; false if there is nothing new to try. */
bool registry_learn(struct registry *registry, const struct registry_call *call,
                    const struct http_response *response);
void registry_forget_token(struct registry *registry, const struct registry_call *call);
