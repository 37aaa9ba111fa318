/* One exchange with one server through libcurl: asked, waited for until its headers are there, then
 * a stream of its body. Redirects and what an answer means are client.c's. Private to common/http.
 */
#pragma once

#include <curl/curl.h>

#include "http/client.h"

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

/* A request as one server gets it. */
struct hop {
    const char *url, *method;
    bool first_origin; /* secrets may be sent */
    bool with_body;
};

/* Sends it and waits for the headers. The transfer is its stream's: closing that frees it. */
bool transfer_begin(struct http_client *client, struct arena *arena,
                    const struct http_request *request, const struct hop *hop, int64_t deadline,
                    struct transfer **out, struct error *err);
