/* Tiers: whose care a package is. By the layer that brought it and by its kind. */
#pragma once

#include <stddef.h>

#include "inventory/component.h"

enum tier { TIER_OS, TIER_STACK, TIER_APPLICATION };

/* How many layers from the bottom belong to the known OS image and to the known stack image (which
 * counts the OS image's layers too). 0: not known, then the kind of package decides. */
struct tier_bounds {
    size_t os_layers, stack_layers;
};

const char *tier_name(enum tier tier);
/* `base_layer` = the lowest layer with an OS package database; `product` = a runtime or server that
 * a classifier or a release file recognised. */
enum tier tier_of(const struct component *component, size_t layer, size_t base_layer, bool product,
                  const struct tier_bounds *bounds);
