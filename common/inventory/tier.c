#include "inventory/tier.h"

#include "base/scope.h"

const char *tier_name(enum tier tier)
{
    static const char *const names[] = {"os", "stack", "application"};
    return tier < array_count(names) ? names[tier] : "?";
}

enum tier tier_of(const struct component *component, size_t layer, size_t base_layer, bool product,
                  const struct tier_bounds *bounds)
{
    if (bounds && bounds->stack_layers > 0) {
        if (layer < bounds->os_layers)
            return TIER_OS;
        return layer < bounds->stack_layers ? TIER_STACK : TIER_APPLICATION;
    }
    if (bounds && bounds->os_layers > 0 && layer < bounds->os_layers)
        return TIER_OS;
    if (component_is_os(component))
        return layer <= base_layer ? TIER_OS : TIER_STACK;
    return product ? TIER_STACK : TIER_APPLICATION;
}
