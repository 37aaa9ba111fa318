#include "base/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COPY_BYTES = 64 * 1024 };

bool stream_read(struct stream *stream, void *data, size_t size, size_t *got, struct error *err)
{
    *got = 0;
    return stream->read(stream, data, size, got, err);
}

void stream_close(struct stream *stream)
{
    if (stream)
        stream->close(stream);
}

void stream_scope_close(struct stream **stream)
{
    stream_close(*stream);
}

bool stream_read_full(struct stream *stream, void *data, size_t size, size_t *got,
                      struct error *err)
{
    size_t have = 0, more = 1;
    while (have < size && more > 0) {
        if (!stream_read(stream, (char *)data + have, size - have, &more, err))
            return false;
        have += more;
    }
    *got = have;
    return true;
}

bool stream_read_all(struct stream *stream, size_t most, struct buf *out, struct error *err)
{
    size_t total = 0;
    for (;;) {
        buf_reserve(out, COPY_BYTES);
        size_t got;
        if (!stream_read(stream, out->data + out->length, COPY_BYTES, &got, err))
            return false;
        if (got == 0)
            break;
        total += got;
        out->length += got;
        out->data[out->length] = 0;
        if (total > most)
            return error_set(err, ERROR_INPUT, "more than %zu bytes", most);
    }
    out->data[out->length] = 0;
    return true;
}

bool stream_copy(struct stream *from, struct sink *to, int64_t *bytes, struct error *err)
{
    char data[COPY_BYTES];
    size_t got;
    *bytes = 0;
    for (;;) {
        if (!stream_read(from, data, sizeof(data), &got, err))
            return false;
        if (got == 0)
            return true;
        if (!to->write(to, data, got, err))
            return false;
        *bytes += (int64_t)got;
    }
}

bool stream_drain(struct stream *stream, struct error *err)
{
    char data[COPY_BYTES];
    size_t got = 1;
    while (got > 0)
        if (!stream_read(stream, data, sizeof(data), &got, err))
            return false;
    return true;
}

struct file_stream {
    struct stream stream;
    int fd;
    bool owned, ranged;
    int64_t offset, left; /* left -1: to the end */
};

static bool file_read(struct stream *stream, void *data, size_t size, size_t *got,
                      struct error *err)
{
    struct file_stream *file = (struct file_stream *)stream;
    if (file->left >= 0 && (int64_t)size > file->left)
        size = (size_t)file->left;
    if (size == 0)
        return true;
    ssize_t count;
    do
        count = file->ranged ? pread(file->fd, data, size, (off_t)file->offset)
                             : read(file->fd, data, size);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return error_set(err, ERROR_RETRY, "read: %s", strerror(errno));
    file->offset += count;
    if (file->left >= 0) {
        file->left -= count;
        if (count == 0)
            return error_set(err, ERROR_INPUT, "file ends %lld bytes early", (long long)file->left);
    }
    *got = (size_t)count;
    return true;
}

static void file_close(struct stream *stream)
{
    struct file_stream *file = (struct file_stream *)stream;
    if (file->owned)
        close(file->fd);
    free(file);
}

static struct file_stream *file_new(int fd, bool owned)
{
    struct file_stream *file = calloc(1, sizeof(*file));
    if (!file)
        abort();
    file->stream = (struct stream){.read = file_read, .close = file_close};
    file->fd = fd;
    file->owned = owned;
    file->left = -1;
    return file;
}

struct stream *stream_of_fd(int fd, bool owned)
{
    return &file_new(fd, owned)->stream;
}

struct stream *stream_of_file_range(int fd, bool owned, int64_t offset, int64_t length)
{
    struct file_stream *file = file_new(fd, owned);
    file->ranged = true;
    file->offset = offset;
    file->left = length;
    return &file->stream;
}

struct memory_stream {
    struct stream stream;
    struct slice left;
};

static bool memory_read(struct stream *stream, void *data, size_t size, size_t *got,
                        struct error *err)
{
    struct memory_stream *memory = (struct memory_stream *)stream;
    (void)err;
    *got = size < memory->left.length ? size : memory->left.length;
    if (*got > 0)
        memcpy(data, memory->left.data, *got);
    memory->left.data += *got;
    memory->left.length -= *got;
    return true;
}

static void memory_close(struct stream *stream)
{
    free(stream);
}

struct stream *stream_of_memory(struct slice bytes)
{
    struct memory_stream *memory = calloc(1, sizeof(*memory));
    if (!memory)
        abort();
    memory->stream = (struct stream){.read = memory_read, .close = memory_close};
    memory->left = bytes;
    return &memory->stream;
}

static bool buf_sink_write(struct sink *sink, const void *data, size_t size, struct error *err)
{
    struct buf_sink *to = (struct buf_sink *)sink;
    if (to->most > 0 && (size > to->most || to->buf->length > to->most - size))
        return error_set(err, ERROR_INPUT, "more than %zu bytes", to->most);
    buf_put(to->buf, data, size);
    return true;
}

struct buf_sink buf_sink_of(struct buf *buf, size_t most)
{
    return (struct buf_sink){.sink = {.write = buf_sink_write}, .buf = buf, .most = most};
}

static bool fd_sink_write(struct sink *sink, const void *data, size_t size, struct error *err)
{
    struct fd_sink *to = (struct fd_sink *)sink;
    const char *at = data;
    while (size > 0) {
        ssize_t count = write(to->fd, at, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return error_set(err, ERROR_RETRY, "write: %s", strerror(errno));
        at += count;
        size -= (size_t)count;
    }
    return true;
}

struct fd_sink fd_sink_of(int fd)
{
    return (struct fd_sink){.sink = {.write = fd_sink_write}, .fd = fd};
}
