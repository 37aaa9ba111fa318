/* What readers write into: collects one layer's evidence. Strings are copied into the arena of the
 * evidence, so that readers may pass what they like. */
#pragma once

#include "inventory/evidence.h"
#include "inventory/reader.h"

/* A file kept until the layer's end, for readers that need two of them. */
struct sink_stash {
    struct sink_stash *next;
    const char *path;
    struct buf bytes;
};

struct reader_sink {
    struct arena *arena;
    struct evidence *evidence;
    const char *reader; /* set by reader_offer: who speaks */
    const char *path;   /* the outer file */
    size_t nesting;     /* archives in archives */
    int64_t opened_bytes;
    size_t item_capacity, owned_capacity, set_capacity, warning_capacity;
    size_t gone_capacity, touched_capacity, link_capacity, fact_capacity;
    bool source_mode; /* dir: scans read lock files with full weight */
    struct sink_stash *stashes;
    int64_t stashed_bytes;
    struct binary_scan *scan; /* sink_scan */
};

void sink_init(struct reader_sink *sink, struct arena *arena, struct evidence *evidence);
/* A package that the file at `path` states alone; `path` may point into an archive:
 * "opt/a.war!/WEB-INF/lib/b.jar". */
void sink_package(struct reader_sink *sink, struct component component, const char *path,
                  enum confidence confidence);
/* A package of the database `source` ("dpkg:var/lib/dpkg"), whose file stands at `path`. */
void sink_database(struct reader_sink *sink, const char *source, const char *path);
void sink_database_package(struct reader_sink *sink, const char *source, struct component component,
                           const char *path);
/* The files that a package of `source` owns, as the file at `path` says. Those that can matter
 * are kept. `paths` without a leading slash. */
void sink_owned(struct reader_sink *sink, const char *source, const char *package, const char *arch,
                const char *path, const char *const *paths, size_t count);
void sink_fact(struct reader_sink *sink, const char *kind, const char *path, const char *name,
               const char *value);
/* `lossy`: something may be missing, so the inventory is not complete. */
void sink_warning(struct reader_sink *sink, const char *code, const char *path, bool lossy,
                  const char *format, ...) like_printf(5, 6);
/* Keeps a copy until reader_finish; over the cap of a database it is left out, with a warning. */
void sink_stash(struct reader_sink *sink, const struct reader_file *file);
const struct sink_stash *sink_stash_find(const struct reader_sink *sink, const char *path);
/* The scan of executables (readers/binary_scan.h), made when first asked for. */
struct binary_scan *sink_scan(struct reader_sink *sink);
/* Stashes and scan: what is not the arena's. */
void sink_release(struct reader_sink *sink);
/* What the layer does to lower ones: for the layer's walk, not for readers. */
void sink_gone(struct reader_sink *sink, const char *path, bool opaque);
void sink_touched(struct reader_sink *sink, const char *path);
void sink_link(struct reader_sink *sink, const char *path, const char *target);
