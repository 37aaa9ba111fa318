#include "image/layer_stream.h"

#include <bzlib.h>
#include <isa-l.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/limits.h"

enum {
    IN_BYTES = 256 * 1024,
    RATIO_FROM_BYTES = 64 * 1024 * 1024,
    XZ_MEMORY_BYTES = 128 * 1024 * 1024, /* xz -9 needs 65 MiB */
    ZSTD_WINDOW_LOG = 27,                /* 128 MiB: zstd's own default limit */
};

struct layer_stream {
    struct stream stream;
    struct stream *from;
    enum compression compression;
    struct digest_stream digest, diff_id;
    bool no_digest, no_diff_id;
    int64_t inflated_most, ratio_most;
    int64_t bytes, inflated;
    bool source_ended, ended;
    bool between; /* a member was whole: what follows begins another one, or is padding */
    bool padding; /* zeros were seen after the last member: nothing else may come */
    size_t at, have;
    struct inflate_state *gzip;
    ZSTD_DCtx *zstd;
    lzma_stream xz;
    bz_stream bzip2;
    bool bzip2_open;
    unsigned char in[IN_BYTES];
};

/* What one call of an inflater did: from in[at..have) to the caller's memory. */
struct step {
    size_t wrote;
    bool member_done;
};

const char *compression_name(enum compression compression)
{
    static const char *const names[] = {"none", "gzip", "zstd", "xz", "bzip2"};
    return (size_t)compression < array_count(names) ? names[compression] : "unknown";
}

enum compression compression_detect(struct slice first)
{
    static const struct {
        const char *magic;
        size_t length;
        enum compression compression;
    } table[] = {
        {"\x1f\x8b", 2, COMPRESSION_GZIP},
        {"\x28\xb5\x2f\xfd", 4, COMPRESSION_ZSTD},
        {"\xfd"
         "7zXZ\0",
         6, COMPRESSION_XZ},
        {"BZh", 3, COMPRESSION_BZIP2},
    };
    for (size_t i = 0; i < array_count(table); i++)
        if (first.length >= table[i].length &&
            memcmp(first.data, table[i].magic, table[i].length) == 0)
            return table[i].compression;
    /* A zstd skippable frame in front: 0x184D2A50 to 5F, little endian. */
    if (first.length >= 4 && (first.data[0] & (char)0xf0) == 0x50 && first.data[1] == 0x2a &&
        first.data[2] == 0x4d && first.data[3] == 0x18)
        return COMPRESSION_ZSTD;
    return COMPRESSION_NONE;
}

/* A plain tar's diff_id is its digest: hashed once. */
static bool hashes_output(const struct layer_stream *layer)
{
    return !layer->no_diff_id && (layer->compression != COMPRESSION_NONE || layer->no_digest);
}

static bool fill(struct layer_stream *layer, struct error *err)
{
    if (layer->at < layer->have || layer->source_ended)
        return true;
    size_t got;
    if (!stream_read(layer->from, layer->in, sizeof(layer->in), &got, err))
        return false;
    layer->at = 0;
    layer->have = got;
    layer->source_ended = got == 0;
    layer->bytes += (int64_t)got;
    if (!layer->no_digest)
        digest_update(&layer->digest, layer->in, got);
    return true;
}

static bool gzip_step(struct layer_stream *layer, unsigned char *out, size_t size,
                      struct step *step, struct error *err)
{
    struct inflate_state *state = layer->gzip;
    if (layer->between) {
        isal_inflate_reset(state);
        state->crc_flag = ISAL_GZIP;
    }
    state->next_in = layer->in + layer->at;
    state->avail_in = (uint32_t)(layer->have - layer->at);
    state->next_out = out;
    state->avail_out = (uint32_t)size;
    int result = isal_inflate(state);
    if (result < 0)
        return error_set(err, ERROR_INPUT, "gzip stream is damaged (%s)",
                         result == ISAL_INCORRECT_CHECKSUM ? "checksum" : "format");
    layer->at = layer->have - state->avail_in;
    step->wrote = size - state->avail_out;
    step->member_done = state->block_state == ISAL_BLOCK_FINISH;
    return true;
}

static bool zstd_step(struct layer_stream *layer, unsigned char *out, size_t size,
                      struct step *step, struct error *err)
{
    ZSTD_inBuffer in = {.src = layer->in, .size = layer->have, .pos = layer->at};
    ZSTD_outBuffer to = {.dst = out, .size = size};
    size_t result = ZSTD_decompressStream(layer->zstd, &to, &in);
    if (ZSTD_isError(result))
        return error_set(err, ERROR_INPUT, "zstd stream is damaged (%s)",
                         ZSTD_getErrorName(result));
    layer->at = in.pos;
    step->wrote = to.pos;
    step->member_done = result == 0;
    return true;
}

static bool xz_step(struct layer_stream *layer, unsigned char *out, size_t size, struct step *step,
                    struct error *err)
{
    lzma_stream *xz = &layer->xz;
    if (layer->between && lzma_stream_decoder(xz, XZ_MEMORY_BYTES, 0) != LZMA_OK) /* begins anew */
        return error_set(err, ERROR_FATAL, "xz: no decoder");
    xz->next_in = layer->in + layer->at;
    xz->avail_in = layer->have - layer->at;
    xz->next_out = out;
    xz->avail_out = size;
    lzma_ret result = lzma_code(xz, LZMA_RUN);
    if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR)
        return error_set(err, ERROR_INPUT, "xz stream is damaged (%s)",
                         result == LZMA_MEMLIMIT_ERROR ? "needs too much memory" : "format");
    layer->at = layer->have - xz->avail_in;
    step->wrote = size - xz->avail_out;
    step->member_done = result == LZMA_STREAM_END;
    return true;
}

static bool bzip2_begin(struct layer_stream *layer, struct error *err)
{
    if (layer->bzip2_open)
        BZ2_bzDecompressEnd(&layer->bzip2);
    layer->bzip2 = (bz_stream){0};
    layer->bzip2_open = BZ2_bzDecompressInit(&layer->bzip2, 0, 0) == BZ_OK;
    return layer->bzip2_open || error_set(err, ERROR_FATAL, "bzip2: no decoder");
}

static bool bzip2_step(struct layer_stream *layer, unsigned char *out, size_t size,
                       struct step *step, struct error *err)
{
    if (layer->between && !bzip2_begin(layer, err))
        return false;
    bz_stream *bz = &layer->bzip2;
    bz->next_in = (char *)layer->in + layer->at;
    bz->avail_in = (unsigned)(layer->have - layer->at);
    bz->next_out = (char *)out;
    bz->avail_out = (unsigned)size;
    int result = BZ2_bzDecompress(bz);
    if (result != BZ_OK && result != BZ_STREAM_END)
        return error_set(err, ERROR_INPUT, "bzip2 stream is damaged (%d)", result);
    layer->at = layer->have - bz->avail_in;
    step->wrote = size - bz->avail_out;
    step->member_done = result == BZ_STREAM_END;
    return true;
}

static bool plain_step(struct layer_stream *layer, unsigned char *out, size_t size,
                       struct step *step, struct error *err)
{
    (void)err;
    size_t count = layer->have - layer->at < size ? layer->have - layer->at : size;
    memcpy(out, layer->in + layer->at, count);
    layer->at += count;
    step->wrote = count;
    step->member_done = true; /* may end anywhere */
    return true;
}

static bool (*const steps[])(struct layer_stream *, unsigned char *, size_t, struct step *,
                             struct error *) = {
    [COMPRESSION_NONE] = plain_step,  [COMPRESSION_GZIP] = gzip_step,
    [COMPRESSION_ZSTD] = zstd_step,   [COMPRESSION_XZ] = xz_step,
    [COMPRESSION_BZIP2] = bzip2_step,
};

/* After a whole member: zeros to the end, or another member of the same kind. */
static bool skip_padding(struct layer_stream *layer, struct error *err)
{
    if (layer->compression == COMPRESSION_NONE)
        return true;
    while (layer->at < layer->have && layer->in[layer->at] == 0) {
        layer->at++;
        layer->padding = true;
    }
    if (layer->padding && layer->at < layer->have)
        return error_set(err, ERROR_INPUT, "bytes after the end of the %s stream",
                         compression_name(layer->compression));
    return true;
}

static bool check_caps(const struct layer_stream *layer, struct error *err)
{
    if (layer->inflated > layer->inflated_most)
        return error_set(err, ERROR_INPUT, "inflates to more than %lld bytes",
                         (long long)layer->inflated_most);
    if (layer->inflated > RATIO_FROM_BYTES && layer->inflated / layer->ratio_most > layer->bytes)
        return error_set(err, ERROR_INPUT, "inflates to more than %lld times its size",
                         (long long)layer->ratio_most);
    return true;
}

static bool layer_read(struct stream *stream, void *data, size_t size, size_t *got,
                       struct error *err)
{
    struct layer_stream *layer = (struct layer_stream *)stream;
    if (size > IN_BYTES * 16)
        size = IN_BYTES * 16; /* the inflaters count in 32 bits */
    while (!layer->ended && size > 0) {
        if (!fill(layer, err))
            return false;
        if (layer->between && !skip_padding(layer, err))
            return false;
        bool dry = layer->at == layer->have;
        if (dry && layer->source_ended && layer->between) {
            layer->ended = true;
            break;
        }
        if (dry && !layer->source_ended)
            continue;
        struct step step = {0};
        size_t before = layer->at;
        if (!steps[layer->compression](layer, data, size, &step, err))
            return false;
        if (dry && step.wrote == 0 && !step.member_done)
            return error_set(err, ERROR_INPUT, "%s stream is cut off after %lld bytes",
                             compression_name(layer->compression), (long long)layer->bytes);
        if (!dry && step.wrote == 0 && layer->at == before && !step.member_done)
            return error_set(err, ERROR_INPUT, "%s stream makes no progress",
                             compression_name(layer->compression));
        layer->between = step.member_done;
        if (step.wrote == 0)
            continue;
        layer->inflated += (int64_t)step.wrote;
        if (hashes_output(layer))
            digest_update(&layer->diff_id, data, step.wrote);
        *got = step.wrote;
        return check_caps(layer, err);
    }
    return true;
}

static void layer_close(struct stream *stream)
{
    struct layer_stream *layer = (struct layer_stream *)stream;
    digest_release(&layer->digest);
    digest_release(&layer->diff_id);
    free(layer->gzip);
    ZSTD_freeDCtx(layer->zstd);
    if (layer->compression == COMPRESSION_XZ)
        lzma_end(&layer->xz);
    if (layer->bzip2_open)
        BZ2_bzDecompressEnd(&layer->bzip2);
    free(layer);
}

static bool begin(struct layer_stream *layer, struct error *err)
{
    layer->between = true;
    switch (layer->compression) {
    case COMPRESSION_GZIP:
        layer->gzip = calloc(1, sizeof(*layer->gzip));
        if (!layer->gzip)
            abort();
        isal_inflate_init(layer->gzip);
        return true;
    case COMPRESSION_ZSTD:
        layer->zstd = ZSTD_createDCtx();
        if (!layer->zstd)
            abort();
        ZSTD_DCtx_setParameter(layer->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
        return true;
    case COMPRESSION_XZ:
        layer->xz = (lzma_stream)LZMA_STREAM_INIT;
        return true;
    case COMPRESSION_BZIP2:
        return bzip2_begin(layer, err);
    case COMPRESSION_NONE:
        return true;
    }
    return error_set(err, ERROR_FATAL, "unknown compression");
}

bool layer_stream_open(struct stream *from, const struct layer_stream_settings *settings,
                       struct stream **out, struct error *err)
{
    struct layer_stream *layer = calloc(1, sizeof(*layer));
    if (!layer)
        abort();
    layer->stream = (struct stream){.read = layer_read, .close = layer_close};
    layer->from = from;
    layer->inflated_most = settings && settings->inflated_most > 0 ? settings->inflated_most
                                                                   : LIMIT_LAYER_INFLATED_BYTES;
    layer->ratio_most =
        settings && settings->ratio_most > 0 ? settings->ratio_most : LIMIT_LAYER_RATIO;
    layer->no_digest = settings && settings->no_digest;
    layer->no_diff_id = settings && settings->no_diff_id;
    digest_init(&layer->digest);
    digest_init(&layer->diff_id);
    size_t got = 0, more = 1;
    while (got < 6 && more > 0) { /* a short first read must not hide the magic */
        if (!stream_read(from, layer->in + got, sizeof(layer->in) - got, &more, err)) {
            layer_close(&layer->stream);
            return false;
        }
        got += more;
    }
    layer->have = got;
    layer->bytes = (int64_t)got;
    if (!layer->no_digest)
        digest_update(&layer->digest, layer->in, got);
    layer->compression =
        compression_detect((struct slice){.data = (const char *)layer->in, .length = got});
    if (!begin(layer, err)) {
        layer_close(&layer->stream);
        return false;
    }
    *out = &layer->stream;
    return true;
}

bool layer_stream_finish(struct stream *stream, struct layer_totals *out, struct error *err)
{
    struct layer_stream *layer = (struct layer_stream *)stream;
    if (!stream_drain(stream, err))
        return false;
    *out = (struct layer_totals){
        .bytes = layer->bytes,
        .inflated_bytes = layer->inflated,
        .compression = layer->compression,
    };
    if (!layer->no_digest)
        digest_final(&layer->digest, out->digest);
    if (hashes_output(layer))
        digest_final(&layer->diff_id, out->diff_id);
    else if (!layer->no_diff_id)
        memcpy(out->diff_id, out->digest, sizeof(out->diff_id));
    return true;
}
