/* Package databases over layers: the topmost statement counts, each package belongs to the layer
 * that brought it in this version, and a database that was removed, emptied or cut hides nothing.
 */
#include <string.h>

#include "base/search.h"
#include "inventory/compose_inner.h"
#include "inventory/visibility.h"

enum { LOST_MOST = 10000 }; /* packages brought back from a cut database */

static int by_component(const void *key, const void *item)
{
    return component_compare(key, &((const struct evidence_item *)item)->component);
}

static bool set_has(const struct evidence_set *set, const struct component *component)
{
    return sorted_find(component, set->items, set->count, sizeof(*set->items), by_component);
}

/* The lowest layer from which on every statement of this database holds the component: the layer
 * that brought it in this version. */
static size_t brought_by(const struct composer *composer, const char *source, size_t top,
                         const struct component *component)
{
    size_t layer = top;
    for (size_t i = top; i-- > 0;) {
        const struct evidence_set *set = evidence_find_set(composer->layers[i], source);
        if (!set)
            continue;
        if (!set_has(set, component))
            break;
        layer = i;
    }
    return layer;
}

/* A list names directories too: the next path, in order, stands in it. */
static bool is_directory_of_list(const struct evidence_owned *owned, size_t at)
{
    size_t length = strlen(owned->paths[at]);
    return at + 1 < owned->count && strncmp(owned->paths[at], owned->paths[at + 1], length) == 0 &&
           owned->paths[at + 1][length] == '/';
}

/* Have upper layers taken all files that the package is known to own? False where none is known. */
static bool files_are_gone(const struct composer *composer, const char *source, size_t top,
                           const struct component *component)
{
    bool any = false;
    for (size_t i = 0; i <= top; i++)
        for (size_t j = 0; j < composer->layers[i]->owned_count; j++) {
            const struct evidence_owned *owned = &composer->layers[i]->owned[j];
            if (strcmp(owned->source, source) != 0 || strcmp(owned->package, component->name) != 0)
                continue;
            for (size_t p = 0; p < owned->count; p++) {
                if (is_directory_of_list(owned, p))
                    continue;
                any = true;
                if (!path_is_removed(composer->layers, composer->count, i, owned->paths[p]))
                    return false;
            }
        }
    return any;
}

static int by_name(const void *key, const void *item)
{
    const struct component *a = key, *b = &((const struct evidence_item *)item)->component;
    int order = strcmp(a->type, b->type);
    return order ? order : strcmp(a->name, b->name);
}

static bool set_has_name(const struct evidence_set *set, const struct component *component)
{
    return sorted_find(component, set->items, set->count, sizeof(*set->items), by_name);
}

/* Does the package's list of files still stand as a layer up to `layer` wrote it? A package manager
 * that removes a package removes or rewrites the list. */
static bool list_stands(const struct composer *composer, const char *source, size_t layer,
                        const struct component *component)
{
    for (size_t i = 0; i <= layer; i++)
        for (size_t j = 0; j < composer->layers[i]->owned_count; j++) {
            const struct evidence_owned *owned = &composer->layers[i]->owned[j];
            if (owned->count > 0 && strcmp(owned->source, source) == 0 &&
                strcmp(owned->package, component->name) == 0 &&
                !path_is_hidden(composer->layers, composer->count, i, owned->path))
                return true;
        }
    return false;
}

static void take_database(struct composer *composer, const struct evidence_set *set, size_t top,
                          bool removed)
{
    compose_add_visible(composer, top, set->source);
    for (size_t i = 0; i < set->count; i++) {
        const struct evidence_item *item = &set->items[i];
        if (removed && files_are_gone(composer, set->source, top, &item->component))
            continue;
        compose_add_package(composer, item, set->source,
                            brought_by(composer, set->source, top, &item->component), top);
    }
    if (set->count > 0)
        composer->out->has_database = true;
}

/* Is the item in no statement of the database above `layer`? */
static bool is_lost(const struct composer *composer, const char *source, size_t layer, size_t top,
                    const struct component *component)
{
    for (size_t i = layer + 1; i <= top; i++) {
        const struct evidence_set *set = evidence_find_set(composer->layers[i], source);
        if (set && set_has_name(set, component))
            return false;
    }
    return list_stands(composer, source, layer, component) &&
           !files_are_gone(composer, source, layer, component);
}

static size_t count_named(const struct evidence_set *items, const struct evidence_set *in)
{
    size_t named = 0;
    for (size_t i = 0; i < items->count; i++)
        named += set_has_name(in, &items->items[i].component);
    return named;
}

/* A statement that names new packages and most of those that stood in the one below was written by
 * a package manager: what it no longer names is gone, whatever is left lying about. A cut one only
 * loses names, or nearly all of them. */
static bool is_rewritten(const struct composer *composer, const char *source, size_t top)
{
    const struct evidence_set *set = evidence_find_set(composer->layers[top], source);
    const struct evidence_set *lower = NULL;
    for (size_t i = top; i-- > 0 && !(lower && lower->count > 0);)
        lower = evidence_find_set(composer->layers[i], source);
    if (!set || !lower || lower->count == 0)
        return false;
    return count_named(set, lower) < set->count && 2 * count_named(lower, set) > lower->count;
}

/* Packages that an upper layer's database no longer names though nobody removed them: it was cut.
 */
static void take_lost(struct composer *composer, const char *source, size_t top)
{
    size_t lost = 0;
    if (is_rewritten(composer, source, top))
        return;
    for (size_t i = top; i-- > 0;) {
        const struct evidence_set *set = evidence_find_set(composer->layers[i], source);
        size_t before = lost;
        for (size_t k = 0; set && k < set->count && lost < LOST_MOST; k++) {
            const struct evidence_item *item = &set->items[k];
            if (!is_lost(composer, source, i, top, &item->component))
                continue;
            compose_add_package(composer, item, source,
                                brought_by(composer, source, i, &item->component), i);
            lost++;
        }
        if (lost > before)
            compose_add_visible(composer, i, source);
        if (lost > before)
            compose_warn(
                composer, "database-truncated", set->path, (int)i,
                "an upper layer's package database no longer names packages whose files and list "
                "of files are still there: they still count");
    }
}

/* The topmost statement of the database counts; where an upper layer removed or emptied it, the
 * last one that said something, with a warning. */
static void compose_database(struct composer *composer, const char *source)
{
    size_t top = composer->count, last = composer->count;
    for (size_t i = composer->count; i-- > 0;) {
        const struct evidence_set *set = evidence_find_set(composer->layers[i], source);
        if (!set)
            continue;
        if (top == composer->count)
            top = i;
        if (set->count > 0) {
            last = i;
            break;
        }
    }
    if (last == composer->count) {
        compose_add_visible(composer, top, source);
        return;
    }
    const struct evidence_set *set = evidence_find_set(composer->layers[last], source);
    bool removed =
        last != top || path_is_hidden(composer->layers, composer->count, last, set->path);
    if (removed)
        compose_warn(
            composer, "database-removed", set->path, (int)last,
            "an upper layer removes or empties this package database but leaves its packages' "
            "files: they still count");
    take_database(composer, set, last, removed);
    take_lost(composer, source, last);
}

void compose_databases(struct composer *composer)
{
    for (size_t i = 0; i < composer->count; i++)
        for (size_t s = 0; s < composer->layers[i]->set_count; s++) {
            const struct evidence_set *set = &composer->layers[i]->sets[s];
            bool first = set->database;
            for (size_t below = 0; first && below < i; below++)
                first = !evidence_find_set(composer->layers[below], set->source);
            if (!first)
                continue;
            if (set->count > 0 && i < composer->base_layer)
                composer->base_layer = i;
            compose_database(composer, set->source);
        }
}
