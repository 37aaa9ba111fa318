/* The product tree of a CSAF 2.0 document (docs.oasis-open.org/csaf, 3.2.2) with its relationships
 * resolved: a product id of product_status → the package and the distribution it is part of. Red
 * Hat's tree goes over modules ("buildah of container-tools of AppStream"), with package URLs and
 * CPE; SUSE's names say "curl-7.79.1-1.1.x86_64" of "SUSE Linux Enterprise Server 15 SP4". */
#pragma once

#include <jansson.h>

#include "advisory/assertion.h"
#include "base/error.h"

struct csaf_product {
    const char *name, *version, *arch; /* version "" for every one, arch "" for any */
    const char *module;                /* "container-tools:rhel8"; NULL: none */
    struct package_context context;
};

struct csaf_products;

struct csaf_products *csaf_products_new(const json_t *tree, struct arena *arena, struct error *err);
/* False: no package of a distribution that we know. */
bool csaf_products_find(const struct csaf_products *products, const char *id,
                        struct csaf_product *out, struct arena *arena);
