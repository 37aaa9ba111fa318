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

/* Imports a feed file (feed_import's kinds) into the source's shelf, whole or not at all. `source`
 * NULL: recognised. A file that holds far less than the one it replaces is refused unless `force`.
 */
bool bundle_import(const char *dir, const char *path, const char *source, int64_t now, bool force,
                   struct shelf_meta *out, struct arena *arena, struct error *err);
/* Every shelf in one compressed file with checksums; and back. */
bool bundle_export(const char *dir, const char *path, struct error *err);
bool bundle_is_export(const char *path);
bool bundle_unpack(const char *dir, const char *path, size_t *sources, struct error *err);
