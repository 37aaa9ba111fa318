#include "fetcher/download.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* "file:///dir/x" and "copy:/dir/x" are the machine's own files; NULL for anything else. */
static const char *local_path(const char *url)
{
    const char *path = NULL;
    if (strncmp(url, "file:", 5) == 0 || strncmp(url, "copy:", 5) == 0)
        path = url + 5;
    if (path && strncmp(path, "//", 2) == 0)
        path += 2;
    return path;
}

static bool open_local(const char *path, struct stream **out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, errno == ENOENT ? ERROR_INPUT : ERROR_RETRY, "%s: %s", path,
                         strerror(errno));
    *out = stream_of_fd(fd, true);
    return true;
}

static bool open_url(struct http_client *client, struct arena *arena, struct download *what,
                     struct stream **body, struct error *err)
{
    struct http_header header = {"If-None-Match", what->etag, false};
    struct http_request request = {.url = what->url,
                                   .headers = &header,
                                   .header_count = what->etag && what->etag[0] ? 1 : 0,
                                   .body_most = what->most,
                                   .allow_private = true,
                                   .identity_only = true};
    struct http_response response = {0};
    if (!http_open(client, arena, &request, &response, body, err))
        return false;
    what->unchanged = response.status == 304;
    if (what->unchanged)
        return true;
    if (response.status != 200)
        return http_status_error(&response, what->url, err);
    const char *etag = http_header_find(&response, "etag");
    const char *modified = http_header_find(&response, "last-modified");
    what->new_etag = etag ? etag : "";
    what->modified = modified ? modified : "";
    return true;
}

bool download_blob(struct http_client *client, struct arena *arena, struct blob_store *store,
                   struct download *what, struct error *err)
{
    struct stream *body scoped(stream_scope_close) = NULL;
    struct blob_write *write = NULL;
    int64_t copied = 0;
    const char *path = local_path(what->url);
    what->new_etag = what->modified = "";
    if (path ? !open_local(path, &body, err) : !open_url(client, arena, what, &body, err))
        return error_wrap(err, "%s", what->url);
    if (what->unchanged)
        return true;
    if (!blob_write_begin(store, what->digest, what->bytes, &write, err))
        return false;
    if (!stream_copy(body, blob_write_sink(write), &copied, err)) {
        blob_write_abort(write);
        return error_wrap(err, "%s", what->url);
    }
    return blob_write_commit(write, what->stored, err) || error_wrap(err, "%s", what->url);
}

bool download_small(struct http_client *client, struct arena *arena, const char *url, size_t most,
                    struct slice *out, struct error *err)
{
    struct stream *body scoped(stream_scope_close) = NULL;
    struct buf bytes scoped(buf_release) = {0};
    struct download what = {.url = url, .most = (int64_t)most, .bytes = -1};
    const char *path = local_path(url);
    if (path ? !open_local(path, &body, err) : !open_url(client, arena, &what, &body, err))
        return error_wrap(err, "%s", url);
    if (!stream_read_all(body, most, &bytes, err))
        return error_wrap(err, "%s", url);
    *out = (struct slice){arena_strndup(arena, bytes.data, bytes.length), bytes.length};
    return true;
}
