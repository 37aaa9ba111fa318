/* ld.so.cache and the soname links, as ldconfig(8) of glibc 2.32 and later makes them (format
 * "glibc-ld.so.cache1.1", which older ones read too). Pure: works on the tree. musl roots and roots
 * without ld.so.conf and cache are left alone. */
#pragma once

#include "patch/root.h"

/* generator: "ldconfig (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36", or NULL. */
void ldconfig_run(struct arena *arena, struct root *root, const char *generator);

struct ldconfig_entry {
    const char *name, *path;
    uint32_t flags;
};
/* Reads the entries of a cache; false if it is none. */
bool ldconfig_read(struct arena *arena, struct slice cache, struct ldconfig_entry **out,
                   size_t *count);
