/* Bytes that come (stream) and bytes that go (sink): two structs of functions, so that a registry
 * blob, a file, a tar entry and an inflater look alike. The maker embeds the struct as its first
 * member. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

struct stream {
    /* 1..size bytes to data, *got says how many; *got = 0 is the end. After false nothing more. */
    bool (*read)(struct stream *stream, void *data, size_t size, size_t *got, struct error *err);
    void (*close)(struct stream *stream); /* frees the stream itself */
};

struct sink {
    bool (*write)(struct sink *sink, const void *data, size_t size, struct error *err);
};

bool stream_read(struct stream *stream, void *data, size_t size, size_t *got, struct error *err);
void stream_close(struct stream *stream);        /* NULL is fine */
void stream_scope_close(struct stream **stream); /* for scoped() */
/* Exactly size bytes unless the end comes first (then *got is less). */
bool stream_read_full(struct stream *stream, void *data, size_t size, size_t *got,
                      struct error *err);
/* Everything to the end, appended to out; more than `most` bytes is ERROR_INPUT. */
bool stream_read_all(struct stream *stream, size_t most, struct buf *out, struct error *err);
bool stream_copy(struct stream *from, struct sink *to, int64_t *bytes, struct error *err);
bool stream_drain(struct stream *stream, struct error *err);

/* Over a descriptor, which the stream closes if `owned`. Begins at the descriptor's position. */
struct stream *stream_of_fd(int fd, bool owned);
/* Over [offset, offset + length) of a regular file by pread: several may share one descriptor.
 * length -1: to the end. */
struct stream *stream_of_file_range(int fd, bool owned, int64_t offset, int64_t length);
/* Over borrowed memory. */
struct stream *stream_of_memory(struct slice bytes);

struct buf_sink {
    struct sink sink;
    struct buf *buf;
    size_t most; /* more is ERROR_INPUT; 0: no cap */
};
struct buf_sink buf_sink_of(struct buf *buf, size_t most);

struct fd_sink {
    struct sink sink;
    int fd; /* borrowed */
};
struct fd_sink fd_sink_of(int fd);
