/* Debian changelogs (deb-changelog(5)), read for the security fixes they claim (architecture.md 7).
 */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

struct changelog_claims {
    const char **ids; /* CVE, GHSA: sorted, once each */
    size_t id_count, id_capacity;
    const char **set_aside; /* lines with ids that speak of a revert, a regression, … */
    size_t set_aside_count, set_aside_capacity;
    bool names_security;  /* a newer entry names a CVE, a GHSA or "security" */
    bool found_installed; /* the installed version has an entry: the newer part is whole */
    bool trimmed;         /* the history was cut by the packager */
    size_t newer_entries;
};

/* What the candidate's entries above `installed_version` claim, minus ids anywhere in
 * `installed_changelog` (empty: the candidate's own older entries serve). Versions are of the
 * source. */
void changelog_claims(struct slice candidate_changelog, struct slice installed_changelog,
                      const char *installed_version, struct arena *arena,
                      struct changelog_claims *out);
/* Calls with each CVE-… or GHSA-… in the text, upper case CVE, as written GHSA in lower case. */
void changelog_each_id(struct slice text, void (*take)(void *context, struct slice id),
                       void *context);
