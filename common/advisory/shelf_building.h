/* A shelf in the making: shared by shelf_build.c, which takes assertions, and shelf_write.c, which
 * puts them in order. Internal to shelf*.c. */
#pragma once

#include "advisory/shelf.h"
#include "advisory/shelf_format.h"
#include "base/buf.h"

struct entry {
    uint32_t key; /* number of the key's text */
    uint32_t length;
    uint64_t offset; /* into records */
};

/* While it is built, records name texts by the number they came in; the order of the file's bytes
 * is made when it is written: texts sorted, records sorted under their keys, equal ones once. So
 * the order in which assertions came does not show. */
struct shelf_builder {
    struct buf strings, records;
    uint32_t *offsets; /* number → where the text stands in strings */
    uint32_t *slots;   /* number + 1, open addressing */
    size_t slot_count, string_count, string_capacity;
    const char *source; /* instead of what the assertions say; NULL */
    uint32_t source_text;
    struct entry *entries;
    size_t count, capacity;
};
