/* One way to reach a team. send fills err: INPUT for what will never work, RETRY for the rest. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "http/client.h"
#include "notifier/handler.h"

struct delivery_item {
    const char *id, *kind, *step, *address, *body, *team, *application;
    const char *secret; /* open; signs webhooks */
    int64_t created_s;  /* a copy has the same bytes: dates are the alert's, not the try's */
};

struct channel_tools {
    struct http_client *http;
    const struct notifier_settings *settings;
    struct arena *arena;
    int64_t now_s;
};

struct channel {
    const char *name;
    bool (*send)(const struct channel_tools *tools, const struct delivery_item *item,
                 struct error *err);
};

const struct channel *channel_find(const char *name);

bool webhook_send(const struct channel_tools *tools, const struct delivery_item *item,
                  struct error *err);
bool chat_send(const struct channel_tools *tools, const struct delivery_item *item,
               struct error *err);
bool mail_send(const struct channel_tools *tools, const struct delivery_item *item,
               struct error *err);
/* "v1,BASE64": HMAC-SHA256 over id.timestamp.body (Standard Webhooks). A secret of the form
 * whsec_BASE64 is decoded first, as that specification says. */
const char *webhook_signature(struct arena *arena, const char *secret, const char *id,
                              const char *timestamp, const char *body);
