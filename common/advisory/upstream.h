/* Distributions that ship upstream's versions as they are (Alpine and its kin) publish fixes only:
 * what they say nothing of is judged by upstream's version and the NVD, as conditional, since the
 * distribution may have patched it. A table of products and the packages made of them. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

/* The product ("openssl", a name of cpe_product.h) that a package of `type` is made of; NULL: none
 * that we know, or the distributions of the type patch older versions. */
const char *upstream_product(const char *type, const char *package);
/* "1.0.1f-r0" → "1.0.1f", "9.3_p2-r1" → "9.3p2". */
const char *upstream_version(const char *version, struct arena *arena);
/* The package names of "apk" made of the product, separated by blanks; NULL: none. */
const char *upstream_packages(const char *product);
