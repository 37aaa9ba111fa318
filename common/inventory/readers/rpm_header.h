/* RPM headers (rpm's "Header format", v3/v4 without the lead's magic, as databases keep them) and
 * the databases that hold them. */
#pragma once

#include "base/slice.h"
#include "inventory/sink.h"

/* One header blob → the package and its files under `source`. A damaged one is a warning. */
void rpm_header_read(struct slice blob, struct reader_sink *sink, const char *source);
/* "bash-5.1-2.src.rpm" → source name and version (no epoch is in there). */
void rpm_source_split(struct arena *arena, const char *source_rpm, struct component *out);

/* Each walks a whole database file and gives its blobs; what is damaged is a warning. */
void rpm_sqlite_read(struct slice bytes, struct slice wal, struct reader_sink *sink,
                     const char *source);
void rpm_ndb_read(struct slice bytes, struct reader_sink *sink, const char *source);
void rpm_bdb_read(struct slice bytes, struct reader_sink *sink, const char *source);
/* The texts of one column of any SQLite file, told to on_text(sink, …). */
void rpm_sqlite_query(struct slice bytes, struct slice wal, const char *query,
                      void (*on_text)(void *context, const char *text), struct reader_sink *sink);
