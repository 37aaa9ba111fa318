/* The products of CPE names (NIST IR 7695, formatted string binding) that we know under a name of
 * our own: stack products, which come unpacked from archives and of which no package database and
 * no better source speaks, and what packages are made of whose distribution is silent (upstream.h).
 * Every other CPE is left alone: vendor and product of a CPE are no
 * package. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

struct cpe_product {
    const char *type, *name; /* static */
    const char *version;     /* NULL: any */
};

/* False: not a product of the table, or no CPE 2.3. */
bool cpe_product_find(struct slice cpe, struct cpe_product *out, struct arena *arena);
