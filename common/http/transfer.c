#include "http/transfer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/address.h"

enum {
    BUFFER_MOST = 1024 * 1024, /* past it a transfer pauses until somebody reads */
    HEADERS_MOST = 200,
    HEADER_BYTES_MOST = 64 * 1024,
    CONNECT_MS = 10000,
    IDLE_MS = 60000,
};

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
            return network_error(
                transfer,
                arena_printf(transfer->arena, "no byte for %lld s", (long long)(idle / 1000)), err);
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

/* ---- what is asked ---- */

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

bool transfer_begin(struct http_client *client, struct arena *arena,
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
