#include "service/http_server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"

enum { HEADER_MEMORY_BYTES = 32 * 1024, CONNECTIONS_MOST = 512, CONNECTIONS_PER_CLIENT = 256 };

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_server_options options;
    int port;
};

/* One request in hand. */
struct exchange {
    struct arena *arena;
    struct buf body;
    bool too_large;
};

const char *http_incoming_header(const struct http_incoming *request, const char *name)
{
    return MHD_lookup_connection_value(request->handle, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_incoming *request, const char *name)
{
    return MHD_lookup_connection_value(request->handle, MHD_GET_ARGUMENT_KIND, name);
}

void http_answer_header(struct http_answer *answer, const char *name, const char *value)
{
    if (answer->header_count < HTTP_ANSWER_HEADERS_MOST) {
        answer->headers[answer->header_count].name = name;
        answer->headers[answer->header_count++].value = value;
    }
}

void http_answer_text(struct http_answer *answer, int status, const char *text)
{
    answer->status = status;
    answer->content_type = "text/plain; charset=utf-8";
    answer->body = slice_of(text);
}

void http_answer_problem(struct http_incoming *request, struct http_answer *answer, int status,
                         const char *title, const char *detail)
{
    struct buf json scoped(buf_release) = {0};
    buf_put_text(&json, "{\"type\":\"about:blank\",\"title\":");
    buf_put_json(&json, slice_of(title));
    buf_printf(&json, ",\"status\":%d", status);
    if (detail) {
        buf_put_text(&json, ",\"detail\":");
        buf_put_json(&json, slice_of(detail));
    }
    buf_put_text(&json, "}\n");
    answer->status = status;
    answer->content_type = "application/problem+json";
    answer->body.data = arena_memdup(request->arena, json.data, json.length);
    answer->body.length = json.length;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection,
                                   const struct http_answer *answer)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.length, (void *)(uintptr_t)answer->body.data, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    if (answer->content_type)
        MHD_add_response_header(response, "Content-Type", answer->content_type);
    for (size_t i = 0; i < answer->header_count; i++)
        MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
    enum MHD_Result result =
        MHD_queue_response(connection, answer->status ? (unsigned)answer->status : 200, response);
    MHD_destroy_response(response);
    return result;
}

static const char *client_of(struct MHD_Connection *connection, char out[static 64])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    snprintf(out, 64, "unknown");
    if (info && info->client_addr)
        getnameinfo(info->client_addr,
                    info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                             : sizeof(struct sockaddr_in),
                    out, 64, NULL, 0, NI_NUMERICHOST);
    return out;
}

static enum MHD_Result answer_now(struct http_server *server, struct MHD_Connection *connection,
                                  const char *path, const char *method, struct exchange *exchange)
{
    char client[64];
    struct http_answer answer = {.status = 200};
    struct http_incoming request = {
        .arena = exchange->arena,
        .method = method,
        .path = path,
        .body = buf_slice(&exchange->body),
        .client = client_of(connection, client),
        .handle = connection,
    };
    if (exchange->too_large)
        http_answer_problem(&request, &answer, 413, "Content Too Large", "the body is too large");
    else
        server->options.answer(&request, &answer, server->options.context);
    return send_answer(connection, &answer);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *data_length, void **state)
{
    struct http_server *server = context;
    struct exchange *exchange = *state;
    (void)version;
    if (!exchange) {
        exchange = calloc(1, sizeof(*exchange));
        if (!exchange)
            abort();
        exchange->arena = arena_new();
        *state = exchange;
        return MHD_YES;
    }
    if (*data_length) {
        if (exchange->body.length + *data_length > server->options.body_most)
            exchange->too_large = true;
        else
            buf_put(&exchange->body, data, *data_length);
        *data_length = 0;
        return MHD_YES;
    }
    return answer_now(server, connection, path, method, exchange);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *state;
    (void)context;
    (void)connection;
    (void)code;
    if (!exchange)
        return;
    buf_release(&exchange->body);
    arena_free(exchange->arena);
    free(exchange);
    *state = NULL;
}

static void free_addresses(struct addrinfo **list)
{
    if (*list)
        freeaddrinfo(*list);
}

static void start_daemon(struct http_server *server, const struct addrinfo *at)
{
    const struct http_server_options *o = &server->options;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL;
    if (at->ai_family == AF_INET6)
        flags |= MHD_USE_DUAL_STACK;
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)o->threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    server->daemon = MHD_start_daemon(
        flags, (uint16_t)o->port, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, at->ai_addr,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)o->timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MOST, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_PER_CLIENT, MHD_OPTION_ARRAY, o->threads > 1 ? pool : &pool[1],
        MHD_OPTION_END);
}

struct http_server *http_server_open(const struct http_server_options *options, struct error *err)
{
    char port[16];
    struct addrinfo *list scoped(free_addresses) = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST};
    const char *address = options->address && *options->address ? options->address : "127.0.0.1";
    snprintf(port, sizeof(port), "%d", (int)options->port);
    if (getaddrinfo(address, port, &hints, &list)) {
        error_fill(err, ERROR_FATAL, "http: '%s' is no address to listen on", address);
        return NULL;
    }
    struct http_server *server = calloc(1, sizeof(*server));
    if (!server)
        abort();
    server->options = *options;
    if (!server->options.body_most)
        server->options.body_most = LIMIT_BODY_BYTES;
    if (!server->options.timeout_s)
        server->options.timeout_s = 30;
    start_daemon(server, list);
    if (!server->daemon) {
        free(server);
        error_fill(err, ERROR_FATAL, "http: cannot listen on %s port %s: is it taken?", address,
                   port);
        return NULL;
    }
    server->port = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return server;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_close(struct http_server *server)
{
    if (!server)
        return;
    MHD_stop_daemon(server->daemon);
    free(server);
}
