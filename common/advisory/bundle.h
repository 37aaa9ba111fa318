/* Local advisory data: a directory with one shelf a source. The same lookup that the server takes
 * from its tables. */
#pragma once

#include "advisory/match.h"
#include "advisory/shelf.h"

struct bundle;

/* RESOLE_ADVISORY_DIR, else the user's cache directory. */
const char *bundle_default_dir(struct arena *arena);
/* A missing directory is an empty bundle; a damaged shelf is ERROR_INPUT. `now` decides staleness;
 * max_age_s 0: each source's own limit. */
struct bundle *bundle_open(const char *dir, int64_t now, struct error *err);
void bundle_close(struct bundle *bundle);
void bundle_scope_close(struct bundle **bundle);
struct assertion_lookup bundle_lookup(const struct bundle *bundle);
/* Every source of the table, absent ones too. */
const struct source_status *bundle_sources(const struct bundle *bundle, size_t *count);
/* NULL: not there. */
const struct shelf *bundle_shelf(const struct bundle *bundle, const char *source);

struct bundle_files {
    const char *const *paths;
    size_t count;
    const char *source; /* NULL: recognised, file by file */
    bool force;         /* even if far less, or far more, than before */
};

struct bundle_imports {
    struct shelf_meta *metas; /* one a source, the same arena; without contexts */
    size_t count;
};

/* Imports feed files (feed_import's kinds): those of one source together become its shelf, whole or
 * not at all. What is refused leaves the old shelf, and the source is stale, with the reason, until
 * an import succeeds. */
bool bundle_import(const char *dir, const struct bundle_files *files, int64_t now,
                   struct bundle_imports *out, struct arena *arena, struct error *err);

struct bundle_options {
    const char *key;   /* export: Ed25519 private key (PEM) to sign with, NULL none */
    const char *trust; /* unpack: public key (PEM) that must have signed, NULL: any bundle */
    const char *since; /* export: an older bundle; shelves that it has already are left out */
};
/* Every shelf in one compressed file: a list of checksums, its signature, the shelves. The same
 * shelves give the same bytes. */
bool bundle_export(const char *dir, const char *path, const struct bundle_options *options,
                   struct error *err);
bool bundle_is_export(const char *path);
/* Whole or not at all: every shelf that the list names must be there (in a delta: here already)
 * with its checksum. ERROR_INPUT otherwise, and nothing changes. */
bool bundle_unpack(const char *dir, const char *path, const struct bundle_options *options,
                   size_t *sources, struct error *err);
