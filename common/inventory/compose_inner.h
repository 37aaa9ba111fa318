/* Between compose.c and compose_database.c: an inventory in the making. */
#pragma once

#include "inventory/compose.h"
#include "inventory/ownership.h"

struct composer {
    struct arena *arena;
    const struct evidence *const *layers;
    size_t count;
    const struct tier_bounds *bounds;
    struct ownership *ownership;
    struct inventory *out;
    size_t package_capacity, visible_capacity, hidden_capacity, warning_capacity;
    size_t base_layer;
    size_t os_count; /* the first packages are those of databases and status.d: owners */
};

void compose_warn(struct composer *composer, const char *code, const char *path, int layer,
                  const char *text);
void compose_add_visible(struct composer *composer, size_t layer, const char *source);
struct package *compose_add_package(struct composer *composer, const struct evidence_item *item,
                                    const char *source, size_t layer, size_t set_layer);
/* Every package database of the layers: which statement counts, and what it leaves out. */
void compose_databases(struct composer *composer);
