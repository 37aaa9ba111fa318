/* What an OSV record says beside its ranges: Go's symbols, RustSec's operating systems, and builds
 * of modules that name no stream. */
#include "advisory/feeds/osv.h"
#include "advisory/json_split.h"

struct conditions {
    struct condition *items;
    size_t count, capacity;
};

static void add(struct conditions *list, enum condition_kind kind, const char *value,
                struct arena *arena)
{
    arena_push(arena, list->items, list->count, list->capacity);
    list->items[list->count++] = (struct condition){kind, value};
}

static void add_symbols(const json_t *imports, struct conditions *list, struct arena *arena)
{
    size_t i, j;
    json_t *import, *symbol;
    json_array_foreach(imports, i, import)
    {
        const char *path = json_text(import, "path");
        json_array_foreach(json_at(import, "symbols"), j, symbol)
        {
            const char *name = json_is_string(symbol) ? json_string_value(symbol) : "";
            add(list, CONDITION_SYMBOL, arena_printf(arena, "%s %s", path, name), arena);
        }
    }
}

/* Linux among them says nothing. */
static void add_systems(const json_t *systems, struct conditions *list, struct arena *arena)
{
    size_t i;
    json_t *system;
    json_array_foreach(systems, i, system)
    {
        if (json_is_string(system) && strcmp(json_string_value(system), "linux") == 0)
            return;
    }
    json_array_foreach(systems, i, system)
    {
        if (json_is_string(system))
            add(list, CONDITION_PLATFORM, json_string_value(system), arena);
    }
}

/* "module" in a build's release and no stream named: holds only for module builds. */
static bool is_module_build(const struct assertion *a)
{
    for (size_t i = 0; strcmp(a->type, "rpm") == 0 && i < a->range_count; i++)
        if (a->ranges[i].fixed && strstr(a->ranges[i].fixed, ".module"))
            return true;
    return false;
}

void osv_conditions(const json_t *affected, struct assertion *a, struct arena *arena)
{
    const json_t *specific = json_at(affected, "ecosystem_specific");
    const char *module = json_text(specific, "rpm_modularity");
    struct conditions list = {0};
    add_symbols(json_at(specific, "imports"), &list, arena);
    add_systems(json_at(json_at(specific, "affects"), "os"), &list, arena);
    if (*module)
        add(&list, CONDITION_MODULE, module, arena);
    else if (is_module_build(a))
        add(&list, CONDITION_MODULE, "*", arena);
    a->conditions = list.items;
    a->condition_count = list.count;
}
