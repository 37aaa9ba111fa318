/* OVAL definition files (oval.mitre.org, language 5.x) as tables: definitions with their criteria
 * trees, and the tests, objects, states and variables that these name. A file lists definitions
 * first and what they refer to last, so all of it is held, every text once. What a vendor means by
 * it is feeds/oval.c's. */
#pragma once

#include "advisory/feed.h"

struct oval_node {
    bool criteria, any; /* any: OR; a criterion (leaf) has test and comment */
    bool dropped;       /* a criterion that nobody wants stood among the children */
    const char *test, *comment;
    uint32_t first, next; /* children and siblings; 0: none */
};

struct oval_cve {
    const char *id, *severity, *cvss; /* "" when not said */
};

/* Red Hat: "Will not fix" of a component. */
struct oval_resolution {
    const char *state, *component;
};

struct oval_definition {
    const char *id, *klass, *title, *severity, *platform, *patchable, *cpe, *reference, *from;
    int64_t published, modified;
    struct oval_cve *cves;
    size_t cve_count, cve_capacity;
    struct oval_resolution *resolutions;
    size_t resolution_count, resolution_capacity;
    uint32_t root; /* 0: no criteria */
};

/* A test, an object, a state, a variable: those members that its kind has. */
struct oval_item {
    const char *id;
    const char *object, *state;                   /* test */
    const char *name, *variable;                  /* object */
    const char *evr, *operation, *arch, *version; /* state */
    bool is_signature, is_package;                /* state; test */
    const char **values;                          /* variable */
    size_t value_count, value_capacity;
};

struct oval_items {
    struct oval_item *items; /* sorted by id */
    size_t count, capacity;
};

struct oval_document {
    const char *product, *schema;
    int64_t timestamp;
    struct oval_definition *definitions;
    size_t definition_count, definition_capacity;
    struct oval_node *nodes; /* [0] is nobody */
    size_t node_count, node_capacity;
    struct oval_items tests, objects, states, variables;
};

/* keep: does anybody want the criterion of this comment? NULL: all. */
bool oval_read(struct feed_stream *in, bool (*keep)(const char *comment), struct arena *arena,
               struct oval_document *out, struct error *err);
/* NULL: not there (files do dangle). */
const struct oval_item *oval_find(const struct oval_items *items, const char *id);
