/* Layers' evidence, bottom to top → one image's inventory. Pure; never fails: what is doubtful is a
 * warning. Everything in the result is sorted and lives in the arena (strings are borrowed from the
 * evidence, which must live as long). */
#pragma once

#include "inventory/evidence.h"
#include "inventory/tier.h"

struct package {
    struct component component;
    const char **paths; /* sorted; the database file for OS packages */
    size_t path_count;
    size_t layer; /* that brought it in this version */
    enum tier tier;
    struct component *owner; /* the OS package that owns its files, or NULL */
    bool owner_foreign;      /* the owner comes from a third party's repository (by its vendor) */
    const char *source;      /* the evidence set */
    const char *reader;      /* origin */
    enum confidence confidence;
    size_t set_layer; /* the layer whose set states it (a database is restated by upper layers) */
};

/* A set that counts for the image. */
struct visible_set {
    size_t layer;
    const char *source;
};

/* A component that a visible set states but the image does not hold: upper layers hide every place
 * of it. */
struct hidden_item {
    size_t layer; /* the lowest that states it */
    const struct component *component;
};

struct inventory_warning {
    const char *code, *path, *text;
    int layer; /* -1: the image as a whole */
};

struct os_field {
    const char *name, *value; /* lower-case os-release names: id, version_id, … */
};

struct inventory {
    struct package *packages; /* by type, name, version, arch, first path */
    size_t package_count;
    struct visible_set *visible;
    size_t visible_count;
    struct hidden_item *hidden;
    size_t hidden_count;
    struct os_field *os;
    size_t os_count;
    struct context context;
    struct inventory_warning *warnings;
    size_t warning_count;
    size_t warnings_dropped; /* over LIMIT_WARNINGS */
    bool complete;
    bool has_database; /* some OS package database was found */
};

void inventory_compose(const struct evidence *const *layers, size_t count,
                       const struct tier_bounds *bounds, struct arena *arena,
                       struct inventory *out);
/* "" if the name is not there. */
const char *inventory_os_field(const struct inventory *inventory, const char *name);
