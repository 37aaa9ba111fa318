/* Matching, pure: packages in their contexts and a function that finds assertions → findings. The
 * same code serves `resole scan` and the matcher. No source for a package: unknown, never clean. */
#pragma once

#include "advisory/assertion.h"
#include "advisory/source.h"
#include "base/error.h"

/* A judged component, as matching sees it; borrowed strings, NULL = not known. */
struct match_package {
    const char *type, *name, *version, *arch;
    const char *source_name, *source_version; /* NULL: as the binary */
    const char *module;                       /* rpm: "name:stream[:version:context]" */
    const char *vendor;                       /* who built it, where the database says */
    struct package_context context;           /* empty for language packages */
    bool owned; /* a language package whose files a distribution package owns: judged by that */
};

/* Every assertion under the key, appended to `out` (strings live as long as the arena). */
struct assertion_lookup {
    bool (*find)(void *context, const char *type, const char *distro, const char *release,
                 const char *name, struct arena *arena, struct assertion_list *out,
                 struct error *err);
    void *context;
};

enum coverage {
    COVERAGE_COVERED, /* a fresh source that lists affected packages speaks of it */
    COVERAGE_PARTIAL, /* only sources that list fixes, or stale ones */
    COVERAGE_PENDING, /* a source that would is being loaded */
    COVERAGE_UNKNOWN, /* none */
};
const char *coverage_name(enum coverage coverage);

enum source_state { SOURCE_ABSENT, SOURCE_LOADING, SOURCE_STALE, SOURCE_FRESH };
const char *source_state_name(enum source_state state);

struct source_context {
    const char *type, *distro, *release;
};

struct source_status {
    const struct advisory_source *source;
    enum source_state state;
    int64_t as_of; /* Unix s */
    /* What it really speaks of: a feed of a release's table says nothing of other releases. NULL:
       whatever the table of sources says. */
    const struct source_context *contexts;
    size_t context_count;
    const char *refused; /* why its last import was refused, "TIME reason"; NULL */
};

/* One source's word, kept as evidence. */
struct finding_evidence {
    const struct assertion *assertion;
    enum advisory_state state; /* what it says of this version */
    const char *fixed_version;
    const char *rule;      /* "version < fixed", "enumerated", "not affected", … */
    const char *name_used; /* the name and version that were compared */
    const char *version_used;
};

struct finding {
    size_t package; /* index into the packages */
    const char *id; /* stable: FINDING of `resole explain` */
    const char *vulnerability;
    const char *const *aliases;
    size_t alias_count;
    enum advisory_state state;
    const char *reason;
    const char *fixed_version; /* NULL: none */
    const char *severity;      /* critical high medium low negligible unknown */
    double cvss_score;         /* -1: none */
    const char *cvss;
    double epss; /* -1: not known */
    int64_t kev_added;
    double risk; /* 0..100, severity.h */
    const struct finding_evidence *evidence;
    size_t evidence_count;
    bool conditional; /* holds only if a condition that cannot be checked here holds */
    const char *suppressed_by, *suppressed_reason; /* VEX, ignore rule; NULL: not */
};

struct match_result {
    struct finding *findings; /* sorted by package, vulnerability */
    size_t count, capacity;
    enum coverage *coverage; /* one per package */
};

struct match_options {
    const struct source_status *sources;
    size_t source_count;
    bool keep_unaffected; /* --all */
    /* The other packages of the image are not known (a judged component stands for many images):
       "only if B is present" then makes the finding conditional instead of deciding it. */
    bool without_scope;
};

bool match_packages(const struct match_package *packages, size_t count,
                    const struct assertion_lookup *lookup, const struct match_options *options,
                    struct arena *arena, struct match_result *out, struct error *err);

/* Does `version` lie in what the assertion calls affected? ERROR_INPUT when no comparison is
 * possible. *rule and *fixed (may become NULL) explain. */
bool match_version(const struct assertion *a, const char *version, bool *affected,
                   const char **fixed, const char **rule, struct error *err);
