/* Google Artifact Registry and Container Registry: Pub/Sub push, or the notification itself. */
#include <openssl/evp.h>
#include <string.h>

#include "gateway/events/event_json.h"

/* Base64 with padding, white space not allowed; NULL when it is none. */
static const char *base64_text(struct arena *arena, const char *text, size_t *length)
{
    size_t n = strlen(text);
    if (n == 0 || n % 4 != 0)
        return NULL;
    unsigned char *out = arena_alloc(arena, n / 4 * 3 + 1);
    int got = EVP_DecodeBlock(out, (const unsigned char *)text, (int)n);
    if (got < 0)
        return NULL;
    size_t padding = (text[n - 1] == '=') + (size_t)(text[n - 2] == '=');
    *length = (size_t)got - padding;
    return (const char *)out;
}

static void notification(struct arena *arena, json_t *root, const char *id, struct events *out)
{
    const char *action = text_at(root, "action");
    struct push_event e = {.id = id}, by_digest = {0};

    if (action && strcmp(action, "INSERT") == 0)
        e.action = "push";
    else if (action && strcmp(action, "DELETE") == 0)
        e.action = "delete";
    if (!e.action) {
        events_ignore(arena, out, action, "neither an insert nor a delete");
        return;
    }
    event_reference(arena, text_at(root, "tag"), &e);
    if (event_reference(arena, text_at(root, "digest"), &by_digest)) {
        e.digest = by_digest.digest;
        e.repository = e.repository ? e.repository : by_digest.repository;
        e.host = e.host ? e.host : by_digest.host;
    }
    events_add(arena, out, &e);
}

bool artifact_registry_parse(struct arena *arena, const struct event_request *request,
                             struct events *out, struct error *err)
{
    json_t *root = event_json(arena, request->body, err);
    if (!root)
        return false;
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "not an object");
    const char *data = text_at(root, "message.data"), *id = text_at(root, "message.messageId");
    if (!json_object_get(root, "message")) {
        notification(arena, root, NULL, out);
        return true;
    }
    size_t length = 0;
    const char *inner = data ? base64_text(arena, data, &length) : NULL;
    if (!inner)
        return error_set(err, ERROR_INPUT, "message.data is not base64");
    root = event_json(arena, (struct slice){inner, length}, err);
    if (!root)
        return error_wrap(err, "message.data");
    notification(arena, root, id, out);
    return true;
}
