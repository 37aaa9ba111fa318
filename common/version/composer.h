/* Composer's normal form of versions and PHP's order of it; for common/version only. */
#pragma once

#include "base/buf.h"
#include "version/part.h"

#define COMPOSER_ANY_NUMBER "9999999" /* what "x" stands for in the normal form of a branch */

/* What may follow the numbers: [sep](stable|beta|RC|alpha|patch…)[numbers] [sep]dev. */
struct composer_modifier {
    struct slice stability, numbers;
    bool dev;
};

/* The whole text must be a modifier; empty is one. */
bool composer_modifier_parse(struct slice text, struct composer_modifier *out);
bool composer_is_branch(struct slice text); /* "dev-…" */
bool composer_version_normalise(struct slice text, struct buf *out);
int composer_order(struct slice a, struct slice b); /* of normal forms: PHP's version_compare */
