#include "http/client.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/version_text.h"
#include "http/address.h"
#include "http/transfer.h"

enum { REDIRECTS_MOST = 10, BODY_MOST = 16 * 1024 * 1024 };

static void global_init(void)
{
    curl_global_init(CURL_GLOBAL_ALL);
}

struct http_client *http_client_new(const struct http_settings *settings)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, global_init);
    struct http_client *client = calloc(1, sizeof(*client));
    if (!client || !(client->multi = curl_multi_init()))
        abort();
    client->arena = arena_new();
    client->settings = *settings;
    client->settings.ca_file = arena_strdup(client->arena, settings->ca_file);
    client->settings.proxy = arena_strdup(client->arena, settings->proxy);
    client->settings.allow_private_hosts =
        arena_strdup(client->arena, settings->allow_private_hosts);
    client->settings.user_agent = arena_strdup(
        client->arena, settings->user_agent ? settings->user_agent : "resole/" RESOLE_VERSION);
    return client;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    curl_multi_cleanup(client->multi);
    arena_free(client->arena);
    free(client);
}

void http_client_scope_free(struct http_client **client)
{
    http_client_free(*client);
}

static uint32_t retry_after(const struct http_response *response)
{
    const char *text = http_header_find(response, "retry-after");
    uint64_t seconds;
    int64_t at;
    if (!text)
        return 0;
    if (!slice_parse_u64(slice_of(text), &seconds)) {
        int64_t now = clock_unix_s();
        if (!clock_parse_http(slice_of(text), &at) || at <= now)
            return 0;
        seconds = (uint64_t)(at - now);
    }
    return seconds > 86400 ? 86400 : (uint32_t)seconds;
}

static void fill_response(struct transfer *transfer, const char *url, struct http_response *out)
{
    uint64_t length;
    *out = (struct http_response){.status = transfer->status,
                                  .headers = transfer->headers,
                                  .header_count = transfer->header_count,
                                  .url = url,
                                  .content_length = -1};
    const char *text = http_header_find(out, "content-length");
    if (text && slice_parse_u64(slice_of(text), &length) && length < INT64_MAX)
        out->content_length = (int64_t)length;
    out->retry_after_s = retry_after(out);
    transfer->arena = NULL;
}

/* Where a 3xx leads, or NULL: it is the answer. */
static const char *redirect_of(struct arena *arena, const struct http_request *request,
                               const struct http_response *response, struct hop *hop,
                               struct error *err)
{
    const char *location = http_header_find(response, "location");
    int status = response->status;
    bool reads = strcmp(hop->method, "GET") == 0 || strcmp(hop->method, "HEAD") == 0;
    bool keeps = (status == 307 || status == 308) && !request->body_stream;
    bool moves = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    if (request->no_redirect || !moves || !location || !(reads || keeps || status == 303))
        return NULL;
    const char *next = http_url_resolve(arena, hop->url, location);
    if (!next || !http_url_host(arena, next) ||
        (strncmp(hop->url, "https:", 6) == 0 && strncmp(next, "https:", 6) != 0)) {
        error_fill(err, ERROR_INPUT, "%.200s: refused redirect to %.200s", hop->url, location);
        return NULL;
    }
    if (status == 303 && !reads) {
        hop->method = "GET";
        hop->with_body = false;
    }
    return next;
}

static bool same_origin(struct arena *arena, const char *a, const char *b)
{
    const char *host_a = http_url_host(arena, a), *host_b = http_url_host(arena, b);
    return host_a && host_b && strcmp(host_a, host_b) == 0 &&
           (strncmp(a, "https:", 6) == 0) == (strncmp(b, "https:", 6) == 0);
}

bool http_open(struct http_client *client, struct arena *arena, const struct http_request *request,
               struct http_response *out, struct stream **body, struct error *err)
{
    struct hop hop = {.url = request->url,
                      .method = request->method ? request->method : "GET",
                      .first_origin = true,
                      .with_body = true};
    int64_t deadline = request->total_ms > 0 ? clock_monotonic_ms() + request->total_ms : 0;
    for (int hops = 0; hops <= REDIRECTS_MOST; hops++) {
        struct transfer *transfer;
        if (!transfer_begin(client, arena, request, &hop, deadline, &transfer, err))
            return false;
        fill_response(transfer, hop.url, out);
        struct error refused = {0};
        const char *next = redirect_of(arena, request, out, &hop, &refused);
        if (!next && refused.kind == ERROR_NONE) {
            transfer->body_most = request->body_most;
            *body = &transfer->stream;
            return true;
        }
        stream_close(&transfer->stream);
        if (!next) {
            *err = refused;
            return false;
        }
        hop.url = next;
        hop.first_origin = same_origin(arena, request->url, next);
    }
    return error_set(err, ERROR_INPUT, "%.200s: more than %d redirects", request->url,
                     REDIRECTS_MOST);
}

bool http_send(struct http_client *client, struct arena *arena, const struct http_request *request,
               struct http_response *out, struct error *err)
{
    struct stream *body scoped(stream_scope_close) = NULL;
    struct buf bytes scoped(buf_release) = {0};
    size_t most = request->body_most > 0 ? (size_t)request->body_most : BODY_MOST;
    if (!http_open(client, arena, request, out, &body, err))
        return false;
    if (!stream_read_all(body, most, &bytes, err))
        return error_wrap(err, "%.200s", request->url);
    out->body = (struct slice){.data = arena_memdup(arena, buf_text(&bytes), bytes.length + 1),
                               .length = bytes.length};
    return true;
}

const char *http_header_find(const struct http_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (slice_is_nocase(slice_of(response->headers[i].name), name))
            return response->headers[i].value;
    return NULL;
}

bool http_status_error(const struct http_response *response, const char *what, struct error *err)
{
    int status = response->status;
    bool retry = status == 408 || status == 425 || status == 429 || status >= 500;
    char words[160];
    size_t length = 0;
    for (size_t i = 0; i < response->body.length && length + 1 < sizeof(words); i++) {
        char c = response->body.data[i];
        words[length++] = c < ' ' || c == 0x7f ? ' ' : c; /* no control bytes into a log */
    }
    words[length] = 0;
    error_fill(err, retry ? ERROR_RETRY : ERROR_INPUT, "%s: HTTP status %d%s%s", what, status,
               length ? ": " : "", words);
    if (!retry)
        return false;
    struct arena *arena scoped(arena_scope_free) = arena_new();
    const char *host = http_url_host(arena, response->url);
    err->outside = true;
    err->retry_after_s = response->retry_after_s;
    snprintf(err->host, sizeof(err->host), "%.127s", host ? host : "");
    return false;
}
