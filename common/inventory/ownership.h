/* Which OS package owns a path, across layers: .list files, rpm and apk file lists, usr-merge,
 * links. Paths are relative to the root. */
#pragma once

#include "inventory/evidence.h"

struct ownership;

/* The layers from the bottom; later lists of the same package replace earlier ones. */
struct ownership *ownership_new(struct arena *arena, const struct evidence *const *layers,
                                size_t count);
struct owner {
    const char *source, *package, *arch;
};
/* False: nobody owns it. `path` may point into an archive. */
bool ownership_find(const struct ownership *ownership, const char *path, struct owner *out);
/* The path with the image's directory links resolved ("lib/x" → "usr/lib/x"). */
const char *ownership_resolve(const struct ownership *ownership, const char *path,
                              struct arena *arena);
