#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "image/registry_inner.h"

enum { RESUMES_MOST = 5, UPLOADS_MOST = 3 };

static struct registry_call blob_call(struct arena *arena, const char *method,
                                      const struct reference *where, const char *digest)
{
    return (struct registry_call){
        .method = method,
        .host = where->host,
        .repository = where->repository,
        .path = arena_printf(arena, "%s/blobs/%s", where->repository, digest),
        .actions = "pull",
        .blob = true,
    };
}

bool registry_blob_find(struct registry *registry, const struct reference *where,
                        const char *digest, int64_t *bytes, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct registry_call call = blob_call(arena, "HEAD", where, digest);
    struct http_response response;
    *bytes = -1;
    if (!registry_call(registry, arena, &call, &response, NULL, err))
        return false;
    if (response.status == 404)
        return true;
    if (response.status != 200)
        return registry_status_error(&call, &response, digest, err);
    *bytes = response.content_length >= 0 ? response.content_length : 0;
    return true;
}

/* ---- reading ---- */

struct blob_stream {
    struct stream stream;
    struct registry *registry;
    struct arena *arena;
    struct reference where;
    const char *digest;
    int64_t size, offset; /* size -1: not known */
    int resumes;
    struct stream *body;
};

/* (Re)opens at the offset. */
static bool open_body(struct blob_stream *blob, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct registry_call call = blob_call(arena, "GET", &blob->where, blob->digest);
    struct http_response response;
    call.range_from = blob->offset;
    stream_close(blob->body);
    blob->body = NULL;
    if (!registry_call(blob->registry, arena, &call, &response, &blob->body, err))
        return false;
    if (response.status != 200 && response.status != 206) {
        stream_close(blob->body);
        blob->body = NULL;
        return registry_status_error(&call, &response, blob->digest, err);
    }
    const char *range = http_header_find(&response, "content-range");
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "bytes %lld-", (long long)blob->offset);
    if (response.status == 206 && (!range || !slice_has_prefix(slice_of(range), wanted)))
        return error_set(err, ERROR_INPUT, "%s: the registry answered another range", blob->digest);
    int64_t skip = response.status == 200 ? blob->offset : 0; /* it knows no ranges */
    while (skip > 0) {
        char data[16 * 1024];
        size_t got, want = skip < (int64_t)sizeof(data) ? (size_t)skip : sizeof(data);
        if (!stream_read(blob->body, data, want, &got, err))
            return false;
        if (got == 0)
            return error_set(err, ERROR_INPUT, "%s: shorter than before", blob->digest);
        skip -= (int64_t)got;
    }
    return true;
}

static bool blob_read(struct stream *stream, void *data, size_t size, size_t *got,
                      struct error *err)
{
    struct blob_stream *blob = (struct blob_stream *)stream;
    int most = blob->registry->settings.resumes_most;
    most = most > 0 ? most : RESUMES_MOST;
    for (;;) {
        bool good = blob->body && stream_read(blob->body, data, size, got, err);
        bool whole = blob->size < 0 || blob->offset >= blob->size;
        if (good && (*got > 0 || whole))
            break;
        bool cut = good || !blob->body || err->kind == ERROR_RETRY;
        if (!cut || blob->resumes >= most) {
            if (!good)
                return error_wrap(err, "%s after %lld bytes", blob->digest,
                                  (long long)blob->offset);
            error_fill(err, ERROR_RETRY, "%s: ends after %lld of %lld bytes", blob->digest,
                       (long long)blob->offset, (long long)blob->size);
            err->outside = true;
            snprintf(err->host, sizeof(err->host), "%.127s", blob->where.host);
            return false;
        }
        blob->resumes++;
        if (!open_body(blob, err) && err->kind != ERROR_RETRY)
            return false;
    }
    blob->offset += (int64_t)*got;
    if (blob->size >= 0 && blob->offset > blob->size)
        return error_set(err, ERROR_INPUT, "%s: longer than the %lld bytes announced", blob->digest,
                         (long long)blob->size);
    return true;
}

static void blob_close(struct stream *stream)
{
    struct blob_stream *blob = (struct blob_stream *)stream;
    stream_close(blob->body);
    arena_free(blob->arena);
    free(blob);
}

bool registry_blob_open(struct registry *registry, const struct reference *where,
                        const struct descriptor *descriptor, struct stream **out, struct error *err)
{
    struct blob_stream *blob = calloc(1, sizeof(*blob));
    if (!blob)
        abort();
    blob->stream = (struct stream){.read = blob_read, .close = blob_close};
    blob->registry = registry;
    blob->arena = arena_new();
    blob->where.host = arena_strdup(blob->arena, where->host);
    blob->where.repository = arena_strdup(blob->arena, where->repository);
    blob->digest = arena_strdup(blob->arena, descriptor->digest);
    blob->size = descriptor->size;
    if (!open_body(blob, err)) {
        blob_close(&blob->stream);
        return false;
    }
    *out = &blob->stream;
    return true;
}

bool registry_blob_fetch(struct registry *registry, struct arena *arena,
                         const struct reference *where, const struct descriptor *blob, size_t most,
                         struct slice *out, struct error *err)
{
    struct stream *stream scoped(stream_scope_close) = NULL;
    struct buf bytes scoped(buf_release) = {0};
    char digest[DIGEST_TEXT_SIZE];
    if (!registry_blob_open(registry, where, blob, &stream, err) ||
        !stream_read_all(stream, most, &bytes, err))
        return error_wrap(err, "%s", blob->digest);
    digest_of(bytes.data, bytes.length, digest);
    if (strcmp(digest, blob->digest) != 0)
        return error_set(err, ERROR_INPUT, "%s: its bytes have digest %s", blob->digest, digest);
    *out = (struct slice){.data = arena_memdup(arena, buf_text(&bytes), bytes.length + 1),
                          .length = bytes.length};
    return true;
}

/* ---- writing ---- */

static bool is_success(int status)
{
    return status == 201 || status == 204 || status == 200;
}

/* A session's address, or "" when a mount made it needless. */
static bool begin_upload(struct registry *registry, struct arena *arena,
                         const struct reference *where, const char *digest, const char *mount_from,
                         const char **location, struct error *err)
{
    bool mount = mount_from && *mount_from;
    struct registry_call call = {
        .method = "POST",
        .host = where->host,
        .repository = where->repository,
        .path =
            mount ? arena_printf(arena, "%s/blobs/uploads/?mount=%s&from=%s", where->repository,
                                 http_url_escape(arena, digest), http_url_escape(arena, mount_from))
                  : arena_printf(arena, "%s/blobs/uploads/", where->repository),
        .actions = "pull,push",
        .mount_from = mount_from,
    };
    struct http_response response;
    if (!registry_call(registry, arena, &call, &response, NULL, err))
        return false;
    if (mount && response.status == 201) {
        *location = "";
        return true;
    }
    if (mount && response.status != 202) /* a registry may refuse to mount: then without */
        return begin_upload(registry, arena, where, digest, NULL, location, err);
    if (response.status != 202)
        return registry_status_error(&call, &response, "upload", err);
    *location = http_url_resolve(arena, response.url, http_header_find(&response, "location"));
    return *location || error_set(err, ERROR_INPUT, "%s: upload without a Location", where->host);
}

static bool finish_upload(struct registry *registry, struct arena *arena,
                          const struct reference *where, const char *location, const char *digest,
                          struct stream *body, int64_t bytes, struct error *err)
{
    struct registry_call call = {
        .method = "PUT",
        .host = where->host,
        .repository = where->repository,
        .path = arena_printf(arena, "%s%cdigest=%s", location, strchr(location, '?') ? '&' : '?',
                             http_url_escape(arena, digest)),
        .actions = "pull,push",
        .body_stream = body,
        .body_bytes = bytes,
    };
    struct http_response response;
    registry_add_header(&call, "Content-Type", "application/octet-stream");
    if (!registry_call(registry, arena, &call, &response, NULL, err))
        return false;
    return is_success(response.status) ||
           registry_status_error(&call, &response, "blob upload", err);
}

/* A window of `left` bytes of another stream. */
struct window {
    struct stream stream;
    struct stream *from;
    int64_t left;
};

static bool window_read(struct stream *stream, void *data, size_t size, size_t *got,
                        struct error *err)
{
    struct window *window = (struct window *)stream;
    if ((int64_t)size > window->left)
        size = (size_t)window->left;
    if (size == 0)
        return true;
    if (!stream_read(window->from, data, size, got, err))
        return false;
    window->left -= (int64_t)*got;
    return *got > 0 || error_set(err, ERROR_INPUT, "blob is shorter than announced");
}

static bool send_chunks(struct registry *registry, struct arena *arena,
                        const struct reference *where, const char **location, struct stream *body,
                        int64_t bytes, int64_t chunk_bytes, struct error *err)
{
    for (int64_t offset = 0; offset < bytes; offset += chunk_bytes) {
        int64_t length = bytes - offset < chunk_bytes ? bytes - offset : chunk_bytes;
        struct window window = {.stream = {.read = window_read}, .from = body, .left = length};
        struct registry_call call = {
            .method = "PATCH",
            .host = where->host,
            .repository = where->repository,
            .path = *location,
            .actions = "pull,push",
            .body_stream = &window.stream,
            .body_bytes = length,
        };
        struct http_response response;
        registry_add_header(&call, "Content-Type", "application/octet-stream");
        registry_add_header(
            &call, "Content-Range",
            arena_printf(arena, "%lld-%lld", (long long)offset, (long long)(offset + length - 1)));
        if (!registry_call(registry, arena, &call, &response, NULL, err))
            return false;
        if (response.status != 202 && !is_success(response.status))
            return registry_status_error(&call, &response, "blob chunk", err);
        const char *next = http_header_find(&response, "location");
        *location = next ? http_url_resolve(arena, response.url, next) : *location;
        if (!*location)
            return error_set(err, ERROR_INPUT, "%s: malformed Location", where->host);
    }
    return true;
}

static bool upload_once(struct registry *registry, const struct reference *where,
                        const char *digest, int64_t bytes, struct blob_opener opener,
                        const char *mount_from, int64_t chunk_bytes, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct stream *body scoped(stream_scope_close) = NULL;
    struct stream *none scoped(stream_scope_close) = stream_of_memory((struct slice){0});
    const char *location;
    if (!begin_upload(registry, arena, where, digest, mount_from, &location, err))
        return false;
    if (!*location)
        return true;
    if (!opener.open(opener.context, &body, err))
        return false;
    if (chunk_bytes <= 0 || bytes <= chunk_bytes)
        return finish_upload(registry, arena, where, location, digest, body, bytes, err);
    return send_chunks(registry, arena, where, &location, body, bytes, chunk_bytes, err) &&
           finish_upload(registry, arena, where, location, digest, none, 0, err);
}

bool registry_blob_push(struct registry *registry, const struct reference *where,
                        const char *digest, int64_t bytes, struct blob_opener opener,
                        const char *mount_from, int64_t chunk_bytes, struct error *err)
{
    int64_t there;
    if (!registry_blob_find(registry, where, digest, &there, err))
        return false;
    for (int attempt = 1; there < 0; attempt++) {
        if (upload_once(registry, where, digest, bytes, opener, mount_from, chunk_bytes, err))
            return true;
        /* A cut connection is tried again at once; a registry that says "later" is not. */
        if (attempt == UPLOADS_MOST || err->kind != ERROR_RETRY || err->retry_after_s > 0)
            return error_wrap(err, "push of %s", digest);
    }
    return true;
}

static bool open_memory(void *context, struct stream **out, struct error *err)
{
    (void)err;
    *out = stream_of_memory(*(struct slice *)context);
    return true;
}

bool registry_blob_push_bytes(struct registry *registry, const struct reference *where,
                              struct slice bytes, char digest[static DIGEST_TEXT_SIZE],
                              struct error *err)
{
    struct blob_opener opener = {.open = open_memory, .context = &bytes};
    digest_of(bytes.data, bytes.length, digest);
    return registry_blob_push(registry, where, digest, (int64_t)bytes.length, opener, NULL, 0, err);
}
