/* A zip archive in memory (APPNOTE 6.3): central directory first, found from the end, so that a
 * stub before it does not matter; zip64; stored and deflated entries. Names are as written. */
#pragma once

#include "base/buf.h"

struct zip_entry {
    const char *name;
    int method;
    struct slice packed;
    uint64_t size; /* as claimed */
    bool encrypted;
};

struct zip {
    struct slice bytes;
    struct zip_entry *entries; /* in the directory's order; at most LIMIT_ARCHIVE_ENTRIES */
    size_t count;
    bool truncated; /* entries were left out: past the cap, or damaged */
};

/* False: no archive. */
bool zip_open(struct slice bytes, struct arena *arena, struct zip *out);
/* Appends the entry's bytes; false if damaged, over `most`, or packed in another way. */
bool zip_extract(const struct zip *zip, const struct zip_entry *entry, int64_t most,
                 struct buf *out);
