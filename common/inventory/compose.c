#include "inventory/compose.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/search.h"
#include "inventory/compose_inner.h"
#include "inventory/os_identity.h"
#include "inventory/visibility.h"

void compose_warn(struct composer *composer, const char *code, const char *path, int layer,
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

void compose_add_visible(struct composer *composer, size_t layer, const char *source)
{
    struct inventory *out = composer->out;
    arena_push(composer->arena, out->visible, out->visible_count, composer->visible_capacity);
    out->visible[out->visible_count++] = (struct visible_set){layer, source};
}

struct package *compose_add_package(struct composer *composer, const struct evidence_item *item,
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

/* What only building needs is not there; what a document says of a distribution's packages, their
 * database says better. */
static bool counts(const struct composer *composer, const struct evidence_item *item)
{
    if (item->confidence == CONFIDENCE_DEVELOPMENT)
        return false;
    return !(composer->out->has_database && component_is_os(&item->component) &&
             strcmp(item->reader, "sbom") == 0);
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
        if (component_is_os(&item->component) != os || !counts(composer, item))
            continue;
        if (package && component_compare(&package->component, &item->component) != 0)
            package = NULL;
        if (path_is_hidden(composer->layers, composer->count, layer, item->path))
            continue;
        if (!package) {
            package = compose_add_package(composer, item, EVIDENCE_FILES, layer, layer);
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

/* No older than the file: what a later layer wrote over is nobody's any more. */
static struct package *owner_of_path(struct composer *composer, const struct package *package,
                                     const char *path)
{
    struct owner found;
    if (!ownership_find(composer->ownership, path, &found))
        return NULL;
    struct package *candidate = owner_package(composer, &found);
    return candidate && candidate->layer >= package->layer ? candidate : NULL;
}

/* Every path must be owned. A product keeps the paths that nobody owns: the others are the owner,
 * said twice. */
static void find_owner(struct composer *composer, struct package *package)
{
    struct package *owner = NULL;
    bool product = strcmp(package->component.type, "generic") == 0;
    size_t kept = 0;
    for (size_t i = 0; i < package->path_count; i++) {
        struct package *candidate = owner_of_path(composer, package, package->paths[i]);
        if (!candidate && !product)
            return;
        if (!candidate)
            package->paths[kept++] = package->paths[i];
        owner = owner ? owner : candidate;
    }
    if (!owner)
        return;
    if (kept > 0) {
        package->path_count = kept;
        return;
    }
    package->owner = arena_memdup(composer->arena, &owner->component, sizeof(owner->component));
    package->owner_foreign = is_foreign(&owner->component);
    package->tier = owner->tier;
}

static bool is_product(const struct package *package)
{
    return strcmp(package->component.type, "generic") == 0 || strcmp(package->reader, "jvm") == 0;
}

/* Bitnami puts one product and its SBOM (or the list of all) below opt/bitnami/NAME. */
static bool is_told_by_vendor(const struct inventory *out, const struct package *product)
{
    static const char folder[] = "opt/bitnami/";
    const char *below = strstr(product->paths[0], folder);
    const char *slash = below ? strchr(below + strlen(folder), '/') : NULL;
    if (!slash)
        return false;
    size_t length = (size_t)(slash + 1 - product->paths[0]);
    for (size_t i = 0; i < out->package_count; i++) {
        const struct package *p = &out->packages[i];
        if (strcmp(p->component.type, "bitnami") == 0 &&
            strncmp(p->paths[0], product->paths[0], length) == 0 &&
            strncmp(p->paths[0] + length, ".spdx-", 6) == 0)
            return true;
    }
    return false;
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
    /* A product that a distribution's package owns is that package, said twice; so is one in a
     * folder whose vendor's SBOM tells of it. */
    size_t kept = composer->os_count;
    for (size_t i = kept; i < out->package_count; i++)
        if (strcmp(out->packages[i].component.type, "generic") != 0 ||
            (!out->packages[i].owner && !is_told_by_vendor(out, &out->packages[i])))
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

static int by_component(const void *key, const void *item)
{
    return component_compare(key, &((const struct package *)item)->component);
}

static bool is_held(const struct inventory *inventory, const struct component *component)
{
    return sorted_find(component, inventory->packages, inventory->package_count,
                       sizeof(*inventory->packages), by_component);
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
            compose_warn(composer, warning->code, warning->path, (int)i, warning->text);
            if (warning->lossy)
                out->complete = false;
        }
    if (!out->has_database)
        compose_warn(
            composer, "no-package-database", "", -1,
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
            compose_add_visible(&composer, i, EVIDENCE_FILES);
    }
    judge_packages(&composer);
    if (out->package_count > 1)
        qsort(out->packages, out->package_count, sizeof(out->packages[0]), order_packages);
    collect_hidden(&composer);
    collect_warnings(&composer);
    os_identify(layers, count, arena, out);
}
