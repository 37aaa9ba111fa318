/* registries.conf (containers-registries.conf(5), version 2): where else an image may be read.
 * Understood: [[registry]] with prefix, location, insecure, blocked and its [[registry.mirror]]
 * with location, insecure. The longest matching prefix counts. Other keys are ignored. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "image/reference.h"

struct mirror {
    struct reference reference; /* tag and digest as asked */
    bool insecure;              /* plain http, said by the file */
};

/* In the order to try: mirrors first, then the place itself. No rule: the reference alone. A
 * blocked registry is ERROR_INPUT, as is a line that cannot be read. */
bool mirrors_of(struct arena *arena, struct slice text, const struct reference *reference,
                struct mirror **out, size_t *count, struct error *err);
/* The same by file; "" or NULL: no rules. */
bool mirrors_load(struct arena *arena, const char *path, const struct reference *reference,
                  struct mirror **out, size_t *count, struct error *err);
