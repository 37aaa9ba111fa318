/* Inside the script review: what its parts share. */
#pragma once

#include "patch/script.h"

enum { WORDS_MOST = 32 };

struct words {
    const char *items[WORDS_MOST];
    size_t count;
};

struct reviewer {
    struct arena *arena;
    struct script_action *actions;
    size_t count, capacity;
};

void review_act(struct reviewer *r, struct script_action action);
/* dpkg-maintscript-helper(1), its name taken off; false if it is not one of its four verbs. */
bool review_maintscript(struct reviewer *r, const struct words *w);
/* The whole script read as a program with the arguments of an upgrade; why is the command that
 * would run and whose effect is not known. */
bool script_evaluate(struct reviewer *r, const char *package, enum script_kind kind,
                     struct slice text, const char **why);
