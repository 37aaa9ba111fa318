/* Who the image's distribution is, from the facts that its layers hold: os-release, then the files
 * of before. Fills the inventory's os fields and context. */
#pragma once

#include "inventory/compose.h"

void os_identify(const struct evidence *const *layers, size_t count, struct arena *arena,
                 struct inventory *out);
