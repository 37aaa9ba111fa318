#include "http/client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/version_text.h"
#include "http/address.h"

enum {
    BUFFER_MOST = 1024 * 1024, /* past it a transfer pauses until somebody reads */
    HEADERS_MOST = 200,
    HEADER_BYTES_MOST = 64 * 1024,
    REDIRECTS_MOST = 10,
    BODY_MOST = 16 * 1024 * 1024,
    CONNECT_MS = 10000,
    IDLE_MS = 60000,
};

struct http_client {
    CURLM *multi;
    struct http_settings settings;
    struct arena *arena;
};

/* One exchange; also the body's stream. */
struct transfer {
    struct stream stream;
    struct http_client *client;
    CURL *easy;
    struct curl_slist *list;
    /* what is asked */
    struct slice body;
    size_t body_at;
    struct stream *body_stream;
    struct error body_error;
    bool allow_private;
    char host[256], host_port[280];
    char refused[64]; /* the address that the check turned away */
    int64_t body_most, deadline_ms;
    /* what came */
    struct arena *arena; /* the caller's, while headers come; then NULL */
    struct http_header *headers;
    size_t header_count, header_capacity, header_bytes;
    int status;
    bool headers_done, done, paused, too_many_headers;
    CURLcode result;
    struct buf buffer;
    size_t buffer_at;
    int64_t received, activity;
    char curl_text[CURL_ERROR_SIZE];
};

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

/* ---- libcurl's callbacks ---- */

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = context;
    const struct http_settings *settings = &transfer->client->settings;
    (void)purpose;
    bool proxied = settings->proxy && *settings->proxy; /* then the proxy decides */
    bool free_pass =
        address->family == AF_UNIX || proxied || settings->allow_private || transfer->allow_private;
    if (!free_pass && address_is_private(&address->addr) &&
        !address_is_listed(settings->allow_private_hosts, transfer->host, transfer->host_port,
                           &address->addr)) {
        address_text(&address->addr, transfer->refused, sizeof(transfer->refused));
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void add_header(struct transfer *transfer, struct slice line)
{
    size_t colon = slice_find_byte(line, ':');
    if (colon == line.length)
        return;
    char *name = slice_string(transfer->arena, slice_sub(line, 0, colon));
    for (char *p = name; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    struct http_header header = {
        .name = name,
        .value =
            slice_string(transfer->arena, slice_trim(slice_sub(line, colon + 1, line.length)))};
    arena_push(transfer->arena, transfer->headers, transfer->header_count,
               transfer->header_capacity);
    transfer->headers[transfer->header_count++] = header;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    struct slice line = slice_trim((struct slice){.data = data, .length = length});
    transfer->activity++;
    if (!transfer->arena) /* trailers */
        return length;
    if (slice_has_prefix(line, "HTTP/")) {
        transfer->header_count = 0;
        transfer->status = 0;
        struct slice rest = line, word;
        uint64_t status = 0;
        (void)(slice_take_word(&rest, &word) && slice_take_word(&rest, &word) &&
               slice_parse_u64(word, &status));
        transfer->status = (int)status;
        return length;
    }
    if (line.length == 0) {
        transfer->headers_done = transfer->status >= 200;
        return length;
    }
    transfer->header_bytes += length;
    if (transfer->header_count >= HEADERS_MOST || transfer->header_bytes > HEADER_BYTES_MOST) {
        transfer->too_many_headers = true;
        return 0;
    }
    add_header(transfer, line);
    return length;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    if (transfer->buffer.length - transfer->buffer_at > BUFFER_MOST) {
        transfer->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (transfer->buffer_at == transfer->buffer.length) {
        buf_clear(&transfer->buffer);
        transfer->buffer_at = 0;
    }
    buf_put(&transfer->buffer, data, length);
    transfer->activity++;
    return length;
}

static size_t give_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t got = 0, room = size * count;
    transfer->activity++;
    if (transfer->body_stream) {
        if (!stream_read(transfer->body_stream, data, room, &got, &transfer->body_error))
            return CURL_READFUNC_ABORT;
        return got;
    }
    struct slice part = slice_sub(transfer->body, transfer->body_at, room);
    if (part.length > 0)
        memcpy(data, part.data, part.length);
    transfer->body_at += part.length;
    return part.length;
}

static int rewind_body(void *context, curl_off_t offset, int origin)
{
    struct transfer *transfer = context;
    if (transfer->body_stream || origin != SEEK_SET || offset < 0 ||
        (size_t)offset > transfer->body.length)
        return CURL_SEEKFUNC_CANTSEEK;
    transfer->body_at = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* ---- waiting ---- */

static void collect_results(struct http_client *client)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left));) {
        struct transfer *transfer = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        if (!transfer)
            continue;
        transfer->done = true;
        transfer->result = message->data.result;
    }
}

static bool network_error(struct transfer *transfer, const char *text, struct error *err)
{
    error_fill(err, ERROR_RETRY, "%s: %s", transfer->host_port, text);
    err->outside = true;
    snprintf(err->host, sizeof(err->host), "%.127s", transfer->host_port);
    return false;
}

static bool transfer_error(struct transfer *transfer, struct error *err)
{
    const char *text =
        *transfer->curl_text ? transfer->curl_text : curl_easy_strerror(transfer->result);
    if (transfer->body_error.kind != ERROR_NONE) {
        *err = transfer->body_error;
        return error_wrap(err, "%s: sending", transfer->host_port);
    }
    if (transfer->too_many_headers)
        return error_set(err, ERROR_INPUT, "%s: too many header bytes", transfer->host_port);
    if (*transfer->refused && transfer->result == CURLE_COULDNT_CONNECT)
        return error_set(err, ERROR_INPUT,
                         "%s: its address %s is private; an operator may allow it by name",
                         transfer->host_port, transfer->refused);
    switch ((int)transfer->result) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return error_set(err, ERROR_INPUT, "%s: %s", transfer->host_port, text);
    case CURLE_SSL_CACERT_BADFILE:
        return error_set(err, ERROR_FATAL, "CA file: %s", text);
    default:
        return network_error(transfer, text, err);
    }
}

/* Until `ready`, the end of the transfer, or silence. */
static bool pump(struct transfer *transfer, bool (*ready)(const struct transfer *),
                 struct error *err)
{
    struct http_client *client = transfer->client;
    int64_t idle = client->settings.idle_ms > 0 ? client->settings.idle_ms : IDLE_MS;
    int64_t silent_since = clock_monotonic_ms(), activity = transfer->activity;
    if (transfer->paused) {
        transfer->paused = false;
        curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
    }
    while (!transfer->done && !ready(transfer)) {
        int running;
        if (curl_multi_perform(client->multi, &running) != CURLM_OK)
            return error_set(err, ERROR_FATAL, "libcurl: multi");
        collect_results(client);
        if (transfer->done || ready(transfer))
            break;
        int64_t now = clock_monotonic_ms();
        if (transfer->activity != activity)
            silent_since = now;
        activity = transfer->activity;
        if (now - silent_since > idle)
            return network_error(transfer, "no byte for too long", err);
        if (transfer->deadline_ms > 0 && now > transfer->deadline_ms)
            return network_error(transfer, "the whole took too long", err);
        curl_multi_poll(client->multi, NULL, 0, 200, NULL);
    }
    return !transfer->done || transfer->result == CURLE_OK || transfer_error(transfer, err);
}

static bool headers_ready(const struct transfer *transfer)
{
    return transfer->headers_done;
}

static bool body_ready(const struct transfer *transfer)
{
    return transfer->buffer.length > transfer->buffer_at;
}

static bool transfer_read(struct stream *stream, void *data, size_t size, size_t *got,
                          struct error *err)
{
    struct transfer *transfer = (struct transfer *)stream;
    if (!body_ready(transfer) && !pump(transfer, body_ready, err))
        return false;
    struct slice part = slice_sub(buf_slice(&transfer->buffer), transfer->buffer_at, size);
    if (part.length > 0)
        memcpy(data, part.data, part.length);
    transfer->buffer_at += part.length;
    transfer->received += (int64_t)part.length;
    *got = part.length;
    if (transfer->body_most > 0 && transfer->received > transfer->body_most)
        return error_set(err, ERROR_INPUT, "%s: the answer is longer than %lld bytes",
                         transfer->host_port, (long long)transfer->body_most);
    return true;
}

static void transfer_close(struct stream *stream)
{
    struct transfer *transfer = (struct transfer *)stream;
    curl_multi_remove_handle(transfer->client->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->list);
    buf_release(&transfer->buffer);
    free(transfer);
}

/* ---- one hop ---- */

struct hop {
    const char *url, *method;
    bool first_origin; /* secrets may be sent */
    bool with_body;
};

static bool set_headers(struct transfer *transfer, const struct http_request *request,
                        const struct hop *hop, struct error *err)
{
    struct buf line scoped(buf_release) = {0};
    transfer->list = curl_slist_append(transfer->list, "Expect:");
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (header->secret && !hop->first_origin)
            continue;
        if (strpbrk(header->name, "\r\n:") || strpbrk(header->value, "\r\n"))
            return error_set(err, ERROR_INPUT, "%s: a header holds a line break",
                             transfer->host_port);
        buf_clear(&line);
        buf_printf(&line, *header->value ? "%s: %s" : "%s;", header->name, header->value);
        transfer->list = curl_slist_append(transfer->list, buf_text(&line));
    }
    if (request->range_from > 0) {
        buf_clear(&line);
        buf_printf(&line, "Range: bytes=%lld-", (long long)request->range_from);
        transfer->list = curl_slist_append(transfer->list, buf_text(&line));
    }
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->list);
    return true;
}

static void set_body(struct transfer *transfer, const struct http_request *request,
                     const struct hop *hop)
{
    CURL *easy = transfer->easy;
    bool sends = hop->with_body && strcmp(hop->method, "GET") != 0 &&
                 strcmp(hop->method, "HEAD") != 0 && strcmp(hop->method, "DELETE") != 0;
    if (strcmp(hop->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (sends) {
        transfer->body = request->body;
        transfer->body_stream = request->body_stream;
        int64_t bytes = request->body_stream ? request->body_bytes : (int64_t)request->body.length;
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
        curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, rewind_body);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)bytes);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, hop->method);
    } else if (strcmp(hop->method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, hop->method);
    }
}

static void set_options(struct transfer *transfer, const struct http_request *request,
                        const struct hop *hop)
{
    const struct http_settings *settings = &transfer->client->settings;
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_URL, hop->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_text);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, settings->user_agent);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(settings->connect_ms > 0 ? settings->connect_ms : CONNECT_MS));
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
    if (settings->ca_file && *settings->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file);
    if (settings->proxy && *settings->proxy)
        curl_easy_setopt(easy, CURLOPT_PROXY, settings->proxy);
    if (!request->identity_only && request->range_from == 0)
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    if (request->unix_socket)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
}

/* A kept connection may have been opened by a request that was allowed more. */
static bool check_reused(struct transfer *transfer, struct error *err)
{
    const struct http_settings *settings = &transfer->client->settings;
    char *address = NULL;
    long opened = 1;
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &opened);
    curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_IP, &address);
    if (opened > 0 || transfer->allow_private || settings->allow_private ||
        (settings->proxy && *settings->proxy) || !address || !*address ||
        !http_address_is_private(address) ||
        address_is_listed(settings->allow_private_hosts, transfer->host, transfer->host_port, NULL))
        return true;
    return error_set(err, ERROR_INPUT,
                     "%s: its address %s is private; an operator may allow it by name",
                     transfer->host_port, address);
}

static bool begin_hop(struct http_client *client, struct arena *arena,
                      const struct http_request *request, const struct hop *hop, int64_t deadline,
                      struct transfer **out, struct error *err)
{
    const char *host_port = http_url_host(arena, hop->url);
    if (!host_port)
        return error_set(err, ERROR_INPUT, "%.200s: no http or https address", hop->url);
    struct transfer *transfer = calloc(1, sizeof(*transfer));
    if (!transfer || !(transfer->easy = curl_easy_init()))
        abort();
    transfer->stream = (struct stream){.read = transfer_read, .close = transfer_close};
    transfer->client = client;
    transfer->arena = arena;
    transfer->deadline_ms = deadline;
    transfer->allow_private = request->allow_private && hop->first_origin;
    snprintf(transfer->host_port, sizeof(transfer->host_port), "%.270s", host_port);
    snprintf(transfer->host, sizeof(transfer->host), "%.255s", host_port);
    char *colon = strrchr(transfer->host, ':');
    if (colon && !strchr(colon, ']'))
        *colon = 0;
    set_options(transfer, request, hop);
    set_body(transfer, request, hop);
    if (!set_headers(transfer, request, hop, err)) {
        transfer_close(&transfer->stream);
        return false;
    }
    curl_multi_add_handle(client->multi, transfer->easy);
    if (!pump(transfer, headers_ready, err) || !check_reused(transfer, err)) {
        transfer_close(&transfer->stream);
        return false;
    }
    *out = transfer;
    return true;
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
        if (!begin_hop(client, arena, request, &hop, deadline, &transfer, err))
            return false;
        fill_response(transfer, hop.url, out);
        struct error refused = {0};
        const char *next = redirect_of(arena, request, out, &hop, &refused);
        if (!next && refused.kind == ERROR_NONE) {
            transfer->body_most = request->body_most;
            *body = &transfer->stream;
            return true;
        }
        transfer_close(&transfer->stream);
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
