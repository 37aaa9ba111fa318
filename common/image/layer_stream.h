/* A layer's blob, inflated as it is read, with both digests in the one pass. gzip (several members,
 * ISA-L), zstd (several and skippable frames), xz (several streams), bzip2, plain tar; told apart
 * by the first bytes, never by the media type. Zero padding after a stream is allowed, other
 * trailing bytes are ERROR_INPUT, so is a truncated stream, an overrun cap or a wrong checksum. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/stream.h"

enum compression {
    COMPRESSION_NONE,
    COMPRESSION_GZIP,
    COMPRESSION_ZSTD,
    COMPRESSION_XZ,
    COMPRESSION_BZIP2,
};

struct layer_stream_settings {
    int64_t inflated_most; /* bytes; 0: LIMIT_LAYER_INFLATED_BYTES */
    int64_t ratio_most;    /* inflated : read, looked at past 64 MiB; 0: LIMIT_LAYER_RATIO */
    bool no_digest;        /* leave the digest of the compressed bytes out */
    bool no_diff_id;
};

struct layer_totals {
    char digest[DIGEST_TEXT_SIZE];  /* of the bytes read; "" if left out */
    char diff_id[DIGEST_TEXT_SIZE]; /* of the bytes given; the same as digest for a plain tar */
    int64_t bytes, inflated_bytes;
    enum compression compression;
};

/* `from` stays the caller's and must outlive the stream; settings may be NULL. The result is a
 * struct stream of the inflated bytes. */
bool layer_stream_open(struct stream *from, const struct layer_stream_settings *settings,
                       struct stream **out, struct error *err);
/* Reads what is left and gives the totals; once, after the reader has had enough. */
bool layer_stream_finish(struct stream *layer, struct layer_totals *out, struct error *err);

const char *compression_name(enum compression compression); /* "none", "gzip", … */
/* By magic; needs up to 6 bytes. */
enum compression compression_detect(struct slice first);
