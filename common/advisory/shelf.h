/* One source's assertions in one file, sorted and memory-mapped: opened in microseconds, read only
 * where asked. Every offset is checked when used, so a damaged file
 * gives ERROR_INPUT, never a crash.
 *
 * File: 8 bytes magic, then little-endian u64: sections' offsets and lengths (shelf.c), then
 *   meta      JSON object
 *   strings   every text once, each ended by NUL
 *   records   assertions, fields as base-128 numbers; texts as offsets into strings
 *   index     per key: u32 key text, u32 first record's offset / count … sorted by key bytes
 * A key is "type\x1f distro\x1f release\x1f name" without the blanks. */
#pragma once

#include "advisory/assertion.h"
#include "advisory/feed.h"
#include "advisory/match.h"
#include "base/error.h"

struct shelf_meta {
    const char *source, *format;
    int64_t as_of;      /* the publisher's date, else the file's; Unix s, 0: neither is known */
    int64_t loaded_at;  /* Unix s, where as_of is 0: the bytes depend on the input alone */
    const char *origin; /* name of the file it came from */
    struct feed_counts counts;
    uint64_t keys;
    /* Read only: the contexts its keys lie in. */
    const struct source_context *contexts;
    size_t context_count;
};

struct shelf_builder;
struct shelf_builder *shelf_builder_new(void);
void shelf_builder_free(struct shelf_builder *builder);
void shelf_builder_scope_free(struct shelf_builder **builder);
bool shelf_builder_add(struct shelf_builder *builder, const struct assertion *a, struct error *err);
/* A sink's `take` over a builder. */
bool shelf_builder_take(void *builder, const struct assertion *a, struct error *err);
/* The source that all of them are of, known only at the end. */
void shelf_builder_rename(struct shelf_builder *builder, const char *source);
/* The same assertions in any order give the same bytes, save for the meta. Equal ones are written
 * once and counted as repeated. The builder is spent. */
bool shelf_builder_write_fd(struct shelf_builder *builder, int fd, const struct shelf_meta *meta,
                            struct error *err);

struct shelf;
struct shelf *shelf_open(const char *path, struct error *err);
/* Maps the whole file behind fd, which stays the caller's. */
struct shelf *shelf_open_fd(int fd, const char *name, struct error *err);
void shelf_close(struct shelf *shelf);
/* Every byte against the checksum at the file's end: ERROR_INPUT if one was altered. */
bool shelf_verify(const struct shelf *shelf, struct error *err);
const struct shelf_meta *shelf_meta(const struct shelf *shelf);
/* Appends what stands under the key; texts point into the map. */
bool shelf_find(const struct shelf *shelf, const char *type, const char *distro,
                const char *release, const char *name, struct arena *arena,
                struct assertion_list *out, struct error *err);
/* Every assertion, in key order. */
bool shelf_each(const struct shelf *shelf,
                bool (*take)(void *context, const struct assertion *a, struct error *err),
                void *context, struct error *err);
