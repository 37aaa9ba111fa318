/* The steps of match.c that stand alone. Internal to the matcher. */
#pragma once

#include "advisory/match.h"
#include "version/version.h"

struct evidence_list {
    struct finding_evidence *items;
    size_t count, capacity;
};

struct match_scope {
    const struct match_package *packages; /* of the same image, for "only if B is present" */
    size_t count;
};

struct matching {
    const struct match_package *packages;
    size_t count;
    const struct assertion_lookup *lookup;
    const struct match_options *options;
    struct arena *arena;
    struct match_result *out;
    struct assertion_list found; /* of the package in hand */
};

/* The order that the package's versions have: its type's, Java's for what is Java itself. */
const struct ecosystem *match_order(const struct assertion *a);
/* Does the assertion speak of this package by one of its names? Gives what to compare. */
bool match_names(const struct assertion *a, const struct match_package *package, const char **name,
                 const char **version);
/* The product whose upstream records are asked where the distribution says nothing; NULL: none. */
const char *match_upstream(const struct match_package *package);
/* Does the assertion speak of what the package is made of, not of the package? */
bool match_is_upstream(const struct assertion *a, const struct match_package *package);
/* Architecture, module, what must be beside it (a package, a system that a Linux image can be): of
 * each kind any one will do. A condition that cannot be checked here does not exclude. */
bool match_conditions(const struct assertion *a, const struct match_package *package,
                      const struct match_scope *scope);
/* A stream of its own (Red Hat's "eus-9.2", SUSE's "ltss", a vendor's rebuilds) is a product with
 * versions of its own: its records speak of nobody else, and there they come before the main
 * stream's. Ubuntu's streams share the versions, see match_stream. */
bool match_is_particular(const struct assertion *a);
/* "openshift:4" speaks of "openshift:4.13" too. */
bool match_is_spoken_to(const struct assertion *a, const struct match_package *package);
/* A fix that lies in a stream of Ubuntu (Pro, FIPS) the package is not on is no fix for it. */
void match_stream(const struct assertion *a, const struct match_package *package,
                  struct finding_evidence *evidence);
/* The smallest later version at which a safe range begins or an affected one ends, for records that
 * say ranges in the ecosystem's own words; NULL: none. */
const char *match_fix(const struct assertion *a, const char *version, struct arena *arena);
/* fixed → fix-pending when the package repository does not have the fixed version yet. */
void match_pending(const struct matching *m, const struct match_package *package,
                   struct finding *finding);
enum coverage match_coverage(const struct match_package *package,
                             const struct match_options *options);
