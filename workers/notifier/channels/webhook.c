#include <openssl/evp.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "notifier/channels/channel.h"

static struct slice signing_key(struct arena *arena, const char *secret)
{
    const char *text = strncmp(secret, "whsec_", 6) == 0 ? secret + 6 : "";
    size_t length = strlen(text);
    if (length == 0 || length % 4 != 0)
        return slice_of(secret);
    unsigned char *key = arena_alloc(arena, length);
    int got = EVP_DecodeBlock(key, (const unsigned char *)text, (int)length);
    if (got < 0)
        return slice_of(secret);
    size_t padding = (text[length - 1] == '=') + (size_t)(text[length - 2] == '=');
    return (struct slice){(const char *)key, (size_t)got - padding};
}

const char *webhook_signature(struct arena *arena, const char *secret, const char *id,
                              const char *timestamp, const char *body)
{
    unsigned char mac[DIGEST_BYTES];
    char text[64];
    struct buf content scoped(buf_release) = {0};
    buf_printf(&content, "%s.%s.", id, timestamp);
    buf_put_text(&content, body);
    hmac_sha256(signing_key(arena, secret), buf_slice(&content), mac);
    EVP_EncodeBlock((unsigned char *)text, mac, DIGEST_BYTES);
    return arena_printf(arena, "v1,%s", text);
}

bool webhook_send(const struct channel_tools *tools, const struct delivery_item *item,
                  struct error *err)
{
    const char *timestamp = arena_printf(tools->arena, "%lld", (long long)tools->now_s);
    const char *type = arena_printf(tools->arena, "resole.alert.%s.v1", item->kind);
    struct http_header headers[] = {
        {"Content-Type", "application/json", false},
        {"webhook-id", item->id, false},
        {"webhook-timestamp", timestamp, false},
        {"ce-type", type, false},
        {"webhook-signature",
         webhook_signature(tools->arena, item->secret, item->id, timestamp, item->body), false},
    };
    struct http_request request = {
        .method = "POST",
        .url = item->address,
        .headers = headers,
        .header_count = item->secret && *item->secret ? 5 : 4,
        .body = slice_of(item->body),
        .body_most = 64 * 1024,
        .total_ms = 20000,
        .no_redirect = true,
    };
    struct http_response response = {0};
    if (!http_send(tools->http, tools->arena, &request, &response, err))
        return false;
    if (response.status >= 200 && response.status < 300)
        return true;
    return http_status_error(&response, "webhook", err);
}
