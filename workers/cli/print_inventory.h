/* How an inventory is printed: one row a format. */
#pragma once

#include "cli/inspect.h"

struct inventory_format {
    const char *name;
    void (*print)(const struct inspected *inspected, struct buf *out);
};

/* NULL if there is none of that name. */
const struct inventory_format *inventory_format_find(const char *name);
