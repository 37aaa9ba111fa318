/* A layer written: tar (ustar; pax records only for what ustar cannot say), then gzip, zstd or
 * nothing. The same entries and settings give the same bytes on every machine: no names of users
 * unless given, no clock, no gzip name or time, one compressor and level. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/stream.h"
#include "image/layer_stream.h"
#include "image/layer_walk.h"

struct layer_write_settings {
    enum compression compression; /* NONE, GZIP or ZSTD */
    int level;                    /* gzip 1..9, zstd 1..19; 0: 6 and 3 */
    int64_t mtime_most_s;         /* SOURCE_DATE_EPOCH: later times are clamped to it; 0: kept */
};

struct layer_writer;

/* `to` stays the caller's. */
bool layer_writer_open(struct sink *to, const struct layer_write_settings *settings,
                       struct layer_writer **out, struct error *err);
/* Entries come in the order of layer_entry_compare, each once (else ERROR_FATAL). A file's `size`
 * bytes follow through layer_writer_data before the next entry. */
bool layer_writer_entry(struct layer_writer *writer, const struct layer_entry *entry,
                        struct error *err);
bool layer_writer_data(struct layer_writer *writer, const void *data, size_t size,
                       struct error *err);
bool layer_writer_finish(struct layer_writer *writer, struct layer_totals *out, struct error *err);
void layer_writer_close(struct layer_writer *writer); /* finished or not; NULL is fine */
void layer_writer_scope_close(struct layer_writer **writer);

/* By the name as written (whiteouts with their ".wh."), parts compared bytewise, so a directory
 * comes right before what is in it; hard links after all others. For qsort. */
int layer_entry_compare(const struct layer_entry *a, const struct layer_entry *b);
