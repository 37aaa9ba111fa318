/* Package readers: one per file format, pure over bytes, in one table (readers/table.c).
 * A reader is offered the files it wants and puts what it learns into the sink. It never fails:
 * what it cannot read becomes a warning, and the rest goes on. `path` is relative to the image's
 * root, without "./" or "/". Bytes are the whole file (up to `most_bytes`; a longer file is not
 * offered and leaves a warning). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "inventory/evidence.h"

/* Counted up whenever any reader would say something else of the same bytes. */
enum { READER_VERSION = 6 };

struct reader_file {
    const char *path;
    struct slice bytes;
    bool executable; /* any x bit */
};

struct reader_sink; /* sink.h */

struct package_reader {
    const char *name;
    bool (*wants)(const char *path);
    void (*read)(const struct reader_file *file, struct reader_sink *sink);
    void (*finish)(struct reader_sink *sink); /* after the last file (may be NULL); sees stashes */
    int64_t most_bytes;
    bool database; /* states a whole database: an upper layer's file replaces it */
};

extern const struct package_reader *const package_readers[];
extern const size_t package_reader_count;

/* Does any reader of files (not of databases) want the path? For ownership lists. */
bool reader_wants_any(const char *path);
/* Offers a file to every reader that wants it, and to the scan of executables if it is one. */
void reader_offer(const struct reader_file *file, struct reader_sink *sink);
/* After the last file: readers that had to wait for a companion file read now. Then the evidence is
 * sorted and whole, and the sink holds nothing. */
void reader_finish(struct reader_sink *sink);
