/* What one advisory source says of one package in one context (architecture.md 1). Strings belong
 * to whoever made the assertion (a parser's arena, the mapped shelf); NULL and "" both mean "not
 * said". Times are Unix seconds, 0 = not said. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

/* The words of interfaces.md. In an assertion STATE_FIXED means "fixed in the versions the ranges
 * name"; in a finding "the package is affected and fixed_version mends it". */
enum advisory_state {
    STATE_UNKNOWN, /* the source is silent */
    STATE_FIXED,
    STATE_AFFECTED, /* no fix yet */
    STATE_WILL_NOT_FIX,
    STATE_DEFERRED,
    STATE_NOT_AFFECTED,
    STATE_UNDER_INVESTIGATION,
    STATE_END_OF_LIFE,
    STATE_FIX_PENDING, /* the feed names a fix that the package repository does not have */
    STATE_COUNT
};

const char *advisory_state_name(enum advisory_state state);
bool advisory_state_parse(struct slice name, enum advisory_state *out);

enum assertion_kind {
    ASSERTION_PACKAGE,       /* of a package: the usual */
    ASSERTION_VULNERABILITY, /* of a vulnerability: CVSS, KEV, EPSS; the key is the id */
    ASSERTION_CANDIDATE,     /* what a package repository offers: name = binary package, versions =
                                {binary version, source version, source name}; record = suite */
    ASSERTION_RELEASE,       /* of a release: end of life in `until`; name = product */
};

enum package_name_kind {
    NAME_SOURCE, /* the distribution's source package */
    NAME_BINARY, /* the installed package; language packages are always this */
};

/* introduced <= version, version < fixed, version <= last_affected. */
struct version_range {
    const char *introduced; /* NULL, "" or "0": from the first version on */
    const char *fixed;
    const char *last_affected;
};

enum condition_kind {
    CONDITION_ARCH,         /* value: arch name as the ecosystem spells it */
    CONDITION_MODULE,       /* value: rpm module "name:stream" */
    CONDITION_PLATFORM,     /* value: CPE or name of what it must run on */
    CONDITION_SYMBOL,       /* value: "import/path symbol" (Go) */
    CONDITION_WITH_PACKAGE, /* value: "name" or "name < version": only if it is installed too */
    CONDITION_REBOOT,       /* value: kernel or running-system note; information */
    CONDITION_UNLESS,       /* value: marker in the version that takes it out (e.g. "+esm") */
    CONDITION_VERSION,      /* value: holds for this very installed version alone */
};

struct condition {
    enum condition_kind kind;
    const char *value;
};

/* Where it holds. distro: os-release's ID; release: its VERSION_ID or the major part, as the
 * release table (release.h) says; stream: "" or esm-infra, esm-apps, fips, "nodejs:18", eus … */
struct package_context {
    const char *distro, *release, *stream;
};

struct assertion {
    enum assertion_kind kind;
    const char *source;        /* a row of the source table */
    const char *record;        /* the record's own id: DSA-5532-1, GHSA-…, the CVE itself */
    const char *vulnerability; /* the id findings are told by: CVE when there is one */
    const char *const *aliases;
    size_t alias_count;

    const char *type; /* as in package URLs: deb rpm apk pypi maven … */
    const char *name; /* normal form of the ecosystem (package_name.h) */
    enum package_name_kind name_kind;
    struct package_context context;

    enum advisory_state state;
    const char *reason; /* of deferred, will-not-fix, not-affected */
    const struct version_range *ranges;
    size_t range_count;
    const char *const *versions; /* affected, enumerated */
    size_t version_count;
    const struct condition *conditions;
    size_t condition_count;
    /* Some databases speak the ecosystem's own range syntax instead: affected if in affected_range
       (NULL: every version) and in none of safe_ranges. Only read when there is no range above. */
    const char *affected_range;
    const char *const *safe_ranges;
    size_t safe_range_count;

    const char *severity; /* the source's own word */
    const char *cvss;     /* vectors, separated by a blank */
    const char *title;
    const char *const *urls;
    size_t url_count;
    int64_t published, modified, withdrawn;

    /* ASSERTION_VULNERABILITY and _RELEASE only */
    double epss, epss_percentile; /* -1: not said */
    int64_t kev_added;
    bool kev_ransomware;
    int64_t until; /* end of life */
};

struct assertion_list {
    struct assertion *items;
    size_t count, capacity;
};

/* Everything in `arena`; shares nothing with `a`. */
struct assertion *assertion_copy(struct arena *arena, const struct assertion *a);
/* Equal in what a finding depends on (range, fix, state, severity, conditions, withdrawn, aliases):
 * wording and addresses may differ. */
bool assertion_same_meaning(const struct assertion *a, const struct assertion *b);
/* A total order over everything, for deterministic bytes. */
int assertion_compare(const struct assertion *a, const struct assertion *b);
