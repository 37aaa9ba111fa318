/* Debian changelogs (deb-changelog(5)), read for the security fixes they claim (architecture.md 7).
 * Lines that speak of a revert, a regression, "not affected" or "incomplete" claim nothing. */
#pragma once

#include "advisory/assertion.h"
#include "base/error.h"

struct changelog_entry {
    const char *version; /* of the source */
    const char **ids;    /* CVE, GHSA claimed by this entry */
    size_t id_count, id_capacity;
    bool security; /* it says "security", or names an id */
};

struct changelog {
    struct changelog_entry *entries; /* newest first, as written */
    size_t count, capacity;
    const char **set_aside; /* lines with ids that claim nothing */
    size_t set_aside_count, set_aside_capacity;
    const char **mentioned; /* every id anywhere, set aside or not: sorted */
    size_t mentioned_count, mentioned_capacity;
    bool trimmed; /* the packager cut the history and says so */
};

/* Never fails: what is no changelog has no entries. */
void changelog_parse(struct slice text, struct arena *arena, struct changelog *out);

struct changelog_claims {
    const char **ids; /* sorted, once each */
    size_t id_count, id_capacity;
    bool security;        /* a newer entry names a CVE, a GHSA or "security" */
    bool found_installed; /* the installed version (or what it was backported from) has an entry */
    size_t newer;         /* entries above it */
};

/* What the candidate's entries above the installed version claim, minus ids anywhere in the
 * installed version's own changelog (NULL: minus those in the candidate's older entries). */
void changelog_claims(const struct changelog *candidate, const struct changelog *installed,
                      const char *installed_version, struct arena *arena,
                      struct changelog_claims *out);

/* A security update as assertions of source `source` for one installed version: one for each claim,
 * or RESOLE-UPDATE:<codename>/<source package>/<version> when none has an id; nothing when no newer
 * entry speaks of security. `versions` of each names the installed version. */
void changelog_assertions(const struct changelog_claims *claims, const char *source,
                          const struct package_context *context, const char *source_package,
                          const char *installed_version, const char *candidate_version,
                          struct arena *arena, struct assertion_list *out);

/* usr/share/doc/…/changelog(.Debian)(.ARCH)(.gz) of a .deb, the largest; ERROR_INPUT when there is
 * none. Streams: bytes of the file behind fd. */
bool changelog_of_deb(int fd, struct arena *arena, struct slice *out, struct error *err);
