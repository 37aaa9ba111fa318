#include "inventory/compose.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/os_identity.h"
#include "inventory/ownership.h"
#include "inventory/visibility.h"

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

static void warn(struct composer *composer, const char *code, const char *path, int layer,
                 const char *text)
{
    struct inventory *out = composer->out;
    if (out->warning_count >= LIMIT_WARNINGS) {
        out->warnings_dropped++;
        return;
    }
    arena_push(composer->arena, out->warnings, out->warning_count, composer->warning_capacity);
    out->warnings[out->warning_count++] = (struct inventory_warning){code, path, text, layer};
}

static void add_visible(struct composer *composer, size_t layer, const char *source)
{
    struct inventory *out = composer->out;
    arena_push(composer->arena, out->visible, out->visible_count, composer->visible_capacity);
    out->visible[out->visible_count++] = (struct visible_set){layer, source};
}

static struct package *add_package(struct composer *composer, const struct evidence_item *item,
                                   const char *source, size_t layer, size_t set_layer)
{
    struct inventory *out = composer->out;
    arena_push(composer->arena, out->packages, out->package_count, composer->package_capacity);
    struct package *package = &out->packages[out->package_count++];
    *package = (struct package){.component = item->component,
                                .layer = layer,
                                .set_layer = set_layer,
                                .source = source,
                                .reader = item->reader,
                                .confidence = item->confidence};
    package->paths = arena_new_array(composer->arena, const char *, 1);
    package->paths[package->path_count++] = item->path;
    return package;
}

static bool set_has(const struct evidence_set *set, const struct component *component)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = component_compare(&set->items[middle].component, component);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
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
                any = true;
                if (!path_is_removed(composer->layers, composer->count, i, owned->paths[p]))
                    return false;
            }
        }
    return any;
}

static void take_database(struct composer *composer, const struct evidence_set *set, size_t top,
                          bool removed)
{
    add_visible(composer, top, set->source);
    for (size_t i = 0; i < set->count; i++) {
        const struct evidence_item *item = &set->items[i];
        if (removed && files_are_gone(composer, set->source, top, &item->component))
            continue;
        add_package(composer, item, set->source,
                    brought_by(composer, set->source, top, &item->component), top);
    }
    if (set->count > 0)
        composer->out->has_database = true;
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
        add_visible(composer, top, source);
        return;
    }
    const struct evidence_set *set = evidence_find_set(composer->layers[last], source);
    bool removed =
        last != top || path_is_hidden(composer->layers, composer->count, last, set->path);
    if (removed)
        warn(composer, "database-removed", set->path, (int)last,
             "an upper layer removes or empties this package database but leaves its packages' "
             "files: they still count");
    take_database(composer, set, last, removed);
}

static void compose_databases(struct composer *composer)
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

/* Items of one component stand together (sorted): their visible paths become one package. */
static void compose_files(struct composer *composer, size_t layer, bool os)
{
    const struct evidence_set *set = evidence_find_set(composer->layers[layer], EVIDENCE_FILES);
    if (!set)
        return;
    struct package *package = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct evidence_item *item = &set->items[i];
        if (component_is_os(&item->component) != os)
            continue;
        if (package && component_compare(&package->component, &item->component) != 0)
            package = NULL;
        if (path_is_hidden(composer->layers, composer->count, layer, item->path))
            continue;
        if (!package) {
            package = add_package(composer, item, EVIDENCE_FILES, layer, layer);
            capacity = 1;
            continue;
        }
        if (item->confidence < package->confidence) {
            package->confidence = item->confidence;
            package->reader = item->reader;
        }
        if (strcmp(package->paths[package->path_count - 1], item->path) == 0)
            continue;
        arena_push(composer->arena, package->paths, package->path_count, capacity);
        package->paths[package->path_count++] = item->path;
    }
}

/* Vendors (dpkg Maintainer, rpm Vendor) whose repositories are not the distribution's. */
static const char *const foreign_vendors[] = {
    "docker.com",
    "nvidia",
    "hashicorp",
    "microsoft",
    "mongodb",
    "elastic",
    "nginx",
    "grafana",
    "nodesource",
    "postgresql",
    "oracle.com",
    "google",
    "cloudflare",
    "gitlab",
    "github",
    "datadog",
    "newrelic",
    "percona",
    "mariadb",
    "mysql",
    "influxdata",
    "confluent",
    "azul",
    "adoptium",
    "temurin",
    "jenkins",
    "sury.org",
    "amazon corretto",
    "bellsoft",
    "opensuse:",
    "packages@yarnpkg",
    "clickhouse",
    "redis",
    "rabbitmq",
    "varnish",
    "kubernetes",
};

static bool is_foreign(const struct component *component)
{
    /* Debian's own teams bear such names too: their addresses tell. */
    static const char *const own[] = {"debian.org", "ubuntu.com",  "canonical.com",
                                      "Red Hat",    "alpinelinux", "SUSE LLC"};
    for (size_t i = 0; i < array_count(own); i++)
        if (strcasestr(component->vendor, own[i]))
            return false;
    for (size_t i = 0; i < array_count(foreign_vendors); i++)
        if (strcasestr(component->vendor, foreign_vendors[i]))
            return true;
    return false;
}

static struct package *owner_package(const struct composer *composer, const struct owner *owner)
{
    for (size_t i = 0; i < composer->os_count; i++) {
        struct package *package = &composer->out->packages[i];
        if (strcmp(package->component.name, owner->package) == 0 &&
            strcmp(package->source, owner->source) == 0 &&
            (!owner->arch[0] || strcmp(package->component.arch, owner->arch) == 0))
            return package;
    }
    return NULL;
}

/* Every path must be owned, and by a package no older than the file: what a later layer wrote over
 * is nobody's any more. */
static void find_owner(struct composer *composer, struct package *package)
{
    struct package *owner = NULL;
    for (size_t i = 0; i < package->path_count; i++) {
        struct owner found;
        if (!ownership_find(composer->ownership, package->paths[i], &found))
            return;
        struct package *candidate = owner_package(composer, &found);
        if (!candidate || candidate->layer < package->layer)
            return;
        owner = owner ? owner : candidate;
    }
    if (!owner)
        return;
    package->owner = arena_memdup(composer->arena, &owner->component, sizeof(owner->component));
    package->owner_foreign = is_foreign(&owner->component);
    package->tier = owner->tier;
}

static bool is_product(const struct package *package)
{
    return strcmp(package->component.type, "generic") == 0 || strcmp(package->reader, "jvm") == 0;
}

static void judge_packages(struct composer *composer)
{
    struct inventory *out = composer->out;
    for (size_t i = 0; i < out->package_count; i++) {
        struct package *package = &out->packages[i];
        package->tier = tier_of(&package->component, package->layer, composer->base_layer,
                                is_product(package), composer->bounds);
    }
    for (size_t i = composer->os_count; i < out->package_count; i++)
        find_owner(composer, &out->packages[i]);
    /* A product that a distribution's package owns is that package, said twice. */
    size_t kept = composer->os_count;
    for (size_t i = kept; i < out->package_count; i++)
        if (!out->packages[i].owner || strcmp(out->packages[i].component.type, "generic") != 0)
            out->packages[kept++] = out->packages[i];
    out->package_count = kept;
}

static int order_packages(const void *a, const void *b)
{
    const struct package *x = a, *y = b;
    int order = component_compare(&x->component, &y->component);
    if (order == 0)
        order = strcmp(x->paths[0], y->paths[0]);
    return order ? order : (x->layer > y->layer) - (x->layer < y->layer);
}

static int order_warnings(const void *a, const void *b)
{
    const struct inventory_warning *x = a, *y = b;
    int order = (x->layer > y->layer) - (x->layer < y->layer);
    if (order == 0)
        order = strcmp(x->path, y->path);
    if (order == 0)
        order = strcmp(x->code, y->code);
    return order ? order : strcmp(x->text, y->text);
}

static bool is_held(const struct inventory *inventory, const struct component *component)
{
    size_t low = 0, high = inventory->package_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = component_compare(&inventory->packages[middle].component, component);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static int order_hidden(const void *a, const void *b)
{
    const struct hidden_item *x = a, *y = b;
    int order = component_compare(x->component, y->component);
    return order ? order : (x->layer > y->layer) - (x->layer < y->layer);
}

/* What visible sets state and the packages (sorted by now) do not hold. */
static void collect_hidden(struct composer *composer)
{
    struct inventory *out = composer->out;
    for (size_t v = 0; v < out->visible_count; v++) {
        size_t layer = out->visible[v].layer;
        const struct evidence_set *set =
            evidence_find_set(composer->layers[layer], out->visible[v].source);
        for (size_t i = 0; i < set->count; i++) {
            const struct component *component = &set->items[i].component;
            if (is_held(out, component))
                continue;
            arena_push(composer->arena, out->hidden, out->hidden_count, composer->hidden_capacity);
            out->hidden[out->hidden_count++] = (struct hidden_item){layer, component};
        }
    }
    if (out->hidden_count > 1)
        qsort(out->hidden, out->hidden_count, sizeof(out->hidden[0]), order_hidden);
    size_t kept = 0;
    for (size_t i = 0; i < out->hidden_count; i++)
        if (kept == 0 ||
            component_compare(out->hidden[kept - 1].component, out->hidden[i].component) != 0)
            out->hidden[kept++] = out->hidden[i];
    out->hidden_count = kept;
}

/* A warning about a file that an upper layer replaces or removes no longer matters. */
static void collect_warnings(struct composer *composer)
{
    struct inventory *out = composer->out;
    out->complete = true;
    for (size_t i = 0; i < composer->count; i++)
        for (size_t w = 0; w < composer->layers[i]->warning_count; w++) {
            const struct evidence_warning *warning = &composer->layers[i]->warnings[w];
            if (warning->path[0] &&
                path_is_hidden(composer->layers, composer->count, i, warning->path))
                continue;
            warn(composer, warning->code, warning->path, (int)i, warning->text);
            if (warning->lossy)
                out->complete = false;
        }
    if (!out->has_database)
        warn(composer, "no-package-database", "", -1,
             "no package database of a distribution: what the system itself holds is not known");
    if (out->warning_count > 1)
        qsort(out->warnings, out->warning_count, sizeof(out->warnings[0]), order_warnings);
}

void inventory_compose(const struct evidence *const *layers, size_t count,
                       const struct tier_bounds *bounds, struct arena *arena, struct inventory *out)
{
    struct composer composer = {.arena = arena,
                                .layers = layers,
                                .count = count,
                                .bounds = bounds,
                                .out = out,
                                .base_layer = count};
    *out = (struct inventory){0};
    composer.ownership = ownership_new(arena, layers, count);
    compose_databases(&composer);
    for (size_t i = 0; i < count; i++) {
        size_t before = out->package_count;
        compose_files(&composer, i, true);
        if (out->package_count > before && i < composer.base_layer)
            composer.base_layer = i;
        out->has_database = out->has_database || out->package_count > before;
    }
    composer.os_count = out->package_count;
    for (size_t i = 0; i < count; i++) {
        compose_files(&composer, i, false);
        const struct evidence_set *set = evidence_find_set(layers[i], EVIDENCE_FILES);
        if (set && set->count > 0)
            add_visible(&composer, i, EVIDENCE_FILES);
    }
    judge_packages(&composer);
    if (out->package_count > 1)
        qsort(out->packages, out->package_count, sizeof(out->packages[0]), order_packages);
    collect_hidden(&composer);
    collect_warnings(&composer);
    os_identify(layers, count, arena, out);
}
