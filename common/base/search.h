/* Exact search in a sorted array: bsearch(3), which may not be given a NULL array. `compare` gets
 * the key first, then an item. NULL: it is not there. */
#pragma once

#include <stdlib.h>

static inline const void *sorted_find(const void *key, const void *items, size_t count, size_t size,
                                      int (*compare)(const void *key, const void *item))
{
    return count > 0 ? bsearch(key, items, count, size, compare) : NULL;
}
