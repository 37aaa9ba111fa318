/* The server's objects as a table: one row a verb. The path's {} is filled by the first operand. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

enum operand_kind {
    OPERAND_PATH,      /* fills {} in the path */
    OPERAND_IMAGE,     /* likewise: a digest, or REGISTRY/REPOSITORY:TAG looked up first */
    OPERAND_FIELD,     /* a text member of the body */
    OPERAND_NUMBER,    /* a number member */
    OPERAND_REFERENCE, /* REGISTRY/REPOSITORY[:TAG] → registry, repository, tag */
    OPERAND_REST,      /* all that is left, a list member */
};

struct object_operand {
    enum operand_kind kind;
    const char *name; /* the member */
    bool optional;
};

struct object_option {
    const char *option, *name; /* "--application", body member or query parameter */
    enum { VALUE_TEXT, VALUE_LIST, VALUE_TRUE } kind;
    const char *help;
};

enum { OBJECT_OPERANDS_MOST = 3, OBJECT_OPTIONS_MOST = 10 };

struct object_verb {
    const char *object, *verb, *usage, *summary;
    const char *method, *path;
    struct object_operand operands[OBJECT_OPERANDS_MOST];
    struct object_option options[OBJECT_OPTIONS_MOST];
    const char *columns; /* of a list: "id state package.name" */
};

extern const struct object_verb object_verbs[];
extern const size_t object_verb_count;

/* A list as a table, columns by path; lists of texts are joined. */
void print_object_table(const char *columns, json_t *items);
/* One object, member by member, nested ones indented. */
void print_object(json_t *object);
