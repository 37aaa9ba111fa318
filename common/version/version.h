/* Version orders of every ecosystem, ranges in each one's own syntax, and the ranges of advisories.
 * Pure: nothing here allocates what it keeps, reads a clock or knows a package. Versions are
 * borrowed bytes, exactly as the package states them; nothing is trimmed that the ecosystem's own
 * tool would not trim. Sources: deb-version(7), rpm-version(7), apk-package(5), PEP 440,
 * SemVer 2.0.0, Maven's ComparableVersion, Gem::Version, PMS 3, and the ecosystems' own tools where
 * they differ. */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

/* How to read a range. */
enum version_option {
    VERSION_NEUTRAL = 1,            /* "," = and, "||" = or, < <= > >= = != : same for all */
    VERSION_LOOSE = 2,              /* npm: as package.json files in the wild need it */
    VERSION_EXACT = 8,              /* composer: a bound's own pre-releases are not cut off */
    VERSION_INCLUDE_PRERELEASE = 4, /* npm: a pre-release is like any other version */
};

/* The functions return false for what is no version (or range) of the ecosystem. NULL: not there.
 */
struct ecosystem {
    const char *name; /* as in package URLs and OSV, lower case */
    bool (*compare)(struct slice a, struct slice b, int *order);
    bool (*valid)(struct slice text); /* NULL: what compare() takes */
    /* What an advisory's range may be asked about, where compare() gives an order to anything at
       all. NULL: what compare() takes. */
    bool (*judgeable)(struct slice text);
    bool (*normalise)(struct slice text, struct buf *out);
    bool (*contains)(struct slice range, struct slice version, unsigned options, bool *contained);
    bool (*range_valid)(struct slice range, unsigned options);
};

/* NULL if unknown. Case does not matter. */
const struct ecosystem *ecosystem_find(struct slice name);
const struct ecosystem *ecosystem_at(size_t index); /* NULL at the end */

/* order becomes -1, 0 or 1. ERROR_INPUT names the one that is no version. */
bool must_check version_compare(const struct ecosystem *ecosystem, struct slice a, struct slice b,
                                int *order, struct error *err);
bool version_is_valid(const struct ecosystem *ecosystem, struct slice text);
/* Whether an advisory's range may be asked about it. Weaker than valid, but no for what only sorts
 * somewhere, as Go's "(devel)" does. */
bool version_is_judgeable(const struct ecosystem *ecosystem, struct slice text);
/* Appends the canonical form: equal forms mean equal versions where the ecosystem has such a form.
 */
bool must_check version_normalise(const struct ecosystem *ecosystem, struct slice text,
                                  struct buf *out, struct error *err);

/* In the ecosystem's own syntax, else in the neutral one (VERSION_NEUTRAL: in that alone). */
bool must_check version_range_contains(const struct ecosystem *ecosystem, struct slice range,
                                       struct slice version, unsigned options, bool *contained,
                                       struct error *err);
bool version_range_is_valid(const struct ecosystem *ecosystem, struct slice range,
                            unsigned options);

/* A range as advisories state it (OSV schema, "affected[].ranges[].events"). Events need not be
 * sorted. introduced "0" lies before every version. */
enum version_event_kind {
    VERSION_INTRODUCED,    /* affected from here, inclusive */
    VERSION_FIXED,         /* no longer from here, inclusive */
    VERSION_LAST_AFFECTED, /* no longer after this one */
    VERSION_LIMIT,         /* as fixed, for branches that were never fixed */
};
struct version_event {
    enum version_event_kind kind;
    struct slice version;
};
/* Affected if the newest event at or below the version opens. An event that is no version of the
 * ecosystem is ERROR_INPUT: the caller must say so rather than guess. */
bool must_check version_events_affect(const struct ecosystem *ecosystem,
                                      const struct version_event *events, size_t count,
                                      struct slice version, bool *affected, struct error *err);
