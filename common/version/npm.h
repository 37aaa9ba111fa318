/* npm's ranges, taken apart into comparators as node-semver documents them; for common/version. */
#pragma once

#include "base/arena.h"
#include "version/semver.h"

#define NPM_NUMBER_MOST 9007199254740991u /* what JavaScript holds exactly */

enum npm_operator { NPM_ANY, NPM_EQ, NPM_LT, NPM_LE, NPM_GT, NPM_GE };

struct npm_version {
    uint64_t number[3];
    struct slice pre;
};

struct npm_comparator {
    enum npm_operator op;
    struct npm_version version;
};

struct npm_set { /* all must hold; never empty: NPM_ANY stands for "*" */
    struct npm_comparator *comparators;
    size_t count, capacity;
};

struct npm_range { /* one must hold */
    struct npm_set *sets;
    size_t count, capacity;
};

bool npm_version_parse(struct slice text, unsigned options, struct npm_version *out);
int npm_version_order(const struct npm_version *a, const struct npm_version *b);
/* Borrows from text. */
bool npm_range_parse(struct arena *arena, struct slice text, unsigned options,
                     struct npm_range *out);
bool npm_comparator_holds(const struct npm_comparator *c, const struct npm_version *version);
bool npm_comparator_equal(const struct npm_comparator *a, const struct npm_comparator *b);
/* Whether nothing can lie in it: "<0.0.0-0". */
bool npm_comparator_is_null(const struct npm_comparator *c);
bool npm_set_holds(const struct npm_set *set, const struct npm_version *version, unsigned options);
