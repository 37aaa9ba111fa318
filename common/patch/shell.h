/* The structure of a POSIX shell script (dash(1), POSIX.1-2017 XCU 2) as far as maintainer scripts
 * use it: lists, and-or, pipes, if, case, loops, functions, groups. Words are kept raw, with their
 * quotes. What is not certain (here-documents that run something, background jobs) does not
 * parse: nothing is ever run, so a wrong guess would be a wrong patch. Pure; caps on size and
 * depth. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

enum shell_kind {
    SHELL_COMMAND,  /* words */
    SHELL_LIST,     /* a: first child, linked by next */
    SHELL_AND,      /* a && b */
    SHELL_OR,       /* a || b */
    SHELL_NOT,      /* ! a */
    SHELL_PIPE,     /* a: first, linked by next */
    SHELL_IF,       /* a: condition, b: then, c: else or NULL */
    SHELL_CASE,     /* words[0], a: arms */
    SHELL_ARM,      /* words: patterns, a: list */
    SHELL_FUNCTION, /* words[0]: name, a: body */
    SHELL_LOOP,     /* words: of `for`, or none; a: condition or NULL, b: body */
    SHELL_GROUP,    /* a: list in braces or a subshell */
};

struct shell_node {
    enum shell_kind kind;
    const char **words;
    size_t count, capacity;
    struct shell_node *a, *b, *c, *next;
    bool writes; /* redirects into something else than /dev/null or a descriptor */
    bool subshell;
    const char *line; /* where it begins, for people */
};

/* False: why is the line that it does not understand. */
bool shell_parse(struct arena *arena, struct slice text, struct shell_node **out, const char **why);
