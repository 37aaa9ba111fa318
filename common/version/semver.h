/* SemVer 2.0.0 read strictly or as found in the wild; for common/version only. */
#pragma once

#include "version/part.h"

struct semver {
    struct slice number[3]; /* digits of any length; empty = not there, counts as 0 */
    struct slice more;      /* ".4.5" after the patch number; only lenient reading */
    struct slice pre;       /* dot-separated identifiers without the "-" */
    bool dotted;            /* the pre-release came after a ".": "-" and "." within it are alike */
    struct slice build;     /* without the "+" */
};

/* As semver.org says: three numbers, no leading zeros, nothing around. */
bool semver_parse_strict(struct slice text, struct semver *out);
/* Blanks, "v" and "=" in front, one to any count of numbers, pre-release after "-", "." or
 * nothing. */
bool semver_parse_lenient(struct slice text, struct semver *out);
int semver_order(const struct semver *a, const struct semver *b); /* without the build */
int semver_order_pre(struct slice a, struct slice b);             /* empty = released = greatest */
/* Dot-separated identifiers: numbers before words; more is greater. */
int semver_order_identifiers(struct slice a, struct slice b);
bool semver_identifiers_valid(struct slice text, bool leading_zeros);
bool semver_number_valid(struct slice digits); /* no leading zeros, not empty */
