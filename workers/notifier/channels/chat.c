/* Incoming webhooks as Slack made them and Mattermost, Rocket.Chat and others took over. */
#include "base/buf.h"
#include "notifier/channels/channel.h"
#include "notifier/render.h"

enum { CHAT_MOST = 3500 };

bool chat_send(const struct channel_tools *tools, const struct delivery_item *item,
               struct error *err)
{
    struct buf body scoped(buf_release) = {0}, text scoped(buf_release) = {0};
    if (!render_text(slice_of(item->body), CHAT_MOST, &text, err))
        return false;
    buf_put_text(&body, "{\"text\":");
    buf_put_json(&body, buf_slice(&text));
    buf_put_text(&body, "}");
    struct http_header headers[] = {{"Content-Type", "application/json", false}};
    struct http_request request = {
        .method = "POST",
        .url = item->address,
        .headers = headers,
        .header_count = 1,
        .body = buf_slice(&body),
        .body_most = 64 * 1024,
        .total_ms = 20000,
        .no_redirect = true,
    };
    struct http_response response = {0};
    if (!http_send(tools->http, tools->arena, &request, &response, err))
        return false;
    if (response.status >= 200 && response.status < 300)
        return true;
    return http_status_error(&response, "chat", err);
}
