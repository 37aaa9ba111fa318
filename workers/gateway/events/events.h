/* Push events of registries: body and headers in, events out. Pure: no clock, no socket, no SQL.
 * What is no push or delete of a manifest is ignored with a reason, never an error: a registry that
 * is answered with an error sends the same envelope for ever. ERROR_INPUT only for a body that is
 * not JSON or not of this kind at all. All texts live in the arena. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

enum {
    EVENTS_MOST = 1000, /* in one envelope; distribution sends one to ten */
    EVENT_REPOSITORY_MOST = 255,
    EVENT_TAG_MOST = 128, /* distribution-spec 1.1, "Pulling manifests" */
};

struct push_event {
    const char *host;       /* as the event names it, a hint; or NULL */
    const char *repository; /* "team/app" */
    const char *tag;        /* NULL: by digest only */
    const char *digest;     /* NULL: by tag only */
    const char *media_type; /* or NULL */
    const char *action;     /* "push" | "delete" */
    const char *id;         /* as the sender names this event; NULL when it has no name, since then
                               a repeated envelope and a second push look the same */
};

struct ignored_event {
    const char *what, *reason;
};

struct events {
    struct push_event *items;
    size_t count, capacity;
    struct ignored_event *ignored;
    size_t ignored_count, ignored_capacity;
    const char *reply; /* JSON that the sender wants back (Event Grid's handshake), or NULL */
};

struct event_header {
    const char *name, *value;
};

struct event_request {
    struct slice body;
    const struct event_header *headers;
    size_t header_count;
};

/* How a kind of registry can prove who it is; more than one may hold. */
enum event_proof {
    PROOF_BEARER = 1,       /* Authorization: Bearer SECRET, or SECRET alone */
    PROOF_BASIC = 2,        /* Authorization: Basic, the password is SECRET */
    PROOF_GITHUB = 4,       /* X-Hub-Signature-256: sha256=HMAC-SHA256 of the body */
    PROOF_GITLAB = 8,       /* X-Gitlab-Token: SECRET */
    PROOF_NEXUS = 16,       /* X-Nexus-Webhook-Signature: HMAC-SHA1 of the body */
    PROOF_ARTIFACTORY = 32, /* X-JFrog-Event-Auth: SECRET or HMAC-SHA256 of the body */
    PROOF_STANDARD = 64,    /* webhook-signature over id.timestamp.body (Standard Webhooks) */
    PROOF_QUERY = 128,      /* ?token=SECRET, for senders that can set no header */
};

struct registry_kind {
    const char *name;
    unsigned proofs; /* enum event_proof */
    bool (*parse)(struct arena *arena, const struct event_request *request, struct events *out,
                  struct error *err);
};

extern const struct registry_kind registry_kinds[];
extern const size_t registry_kind_count;
const struct registry_kind *registry_kind_find(const char *name); /* NULL: none */

bool events_parse(const struct registry_kind *kind, struct arena *arena,
                  const struct event_request *request, struct events *out, struct error *err)
    must_check;
/* Header by name, ASCII case ignored; NULL when absent. */
const char *event_header(const struct event_request *request, const char *name);
/* `secret` itself, or its SHA-256 in hex where no signature is needed. `now_s` bounds the age of a
 * signed timestamp. `query_token` may be NULL. */
bool event_proof_holds(const struct registry_kind *kind, const struct event_request *request,
                       const char *query_token, const char *secret, long long now_s);
