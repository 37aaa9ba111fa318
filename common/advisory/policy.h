/* A policy file (YAML): ignore rules with owner, reason and expiry, and gate rules. The same
 * evaluation serves `resole scan --policy` and the server. Pure: times are given, never asked for.
 *
 *   unknown-severity: high          # what a finding of unknown severity counts as in gates
 *   ignore:
 *     - vulnerability: CVE-2024-1   # conditions of policy_rule; all that are given must hold
 *       package: openssl*
 *       owner: team-a               # who answers for it
 *       reason: not reachable       # required
 *       expires: 2026-12-31         # good through that day
 *   fail:
 *     - name: urgent
 *       severity: high              # at least
 *       fix: true
 *       fix-older-than: 30d
 */
#pragma once

#include "advisory/match.h"
#include "advisory/severity.h"

/* Every given field must hold. Text fields take "*" at either end. */
struct policy_rule {
    const char *name;
    const char *vulnerability, *package, *type, *tier, *state;
    enum severity severity_least; /* severity: SEVERITY_UNKNOWN: not asked */
    enum severity severity_most;  /* severity-most: likewise; an unknown one never holds */
    int fix;                      /* 1 must have a fix, 0 must not, -1 not asked */
    int kev;                      /* likewise */
    double epss_least;            /* -1 not asked */
    double risk_least;            /* -1 not asked */
    int64_t older_than_s;         /* older-than, since published; 0 not asked */
    int64_t fix_older_than_s;     /* fix-older-than, since the fix is out; 0 not asked */
    int end_of_life;              /* the release is: 1, 0, -1 not asked */
    const char *owner, *reason;
    int64_t expires; /* Unix s; 0 never */
};

struct policy {
    struct policy_rule *ignore, *fail;
    size_t ignore_count, fail_count, ignore_capacity, fail_capacity;
    enum severity unknown_severity; /* SEVERITY_UNKNOWN: not said */
};

/* Only names of keys and lines are said of a bad file: ERROR_INPUT. */
bool policy_parse(struct slice bytes, const char *name, struct arena *arena, struct policy *out,
                  struct error *err);

struct policy_subject {
    const struct finding *finding;
    const char *package, *type, *tier;
    int64_t published, fixed_at; /* Unix s, 0 not known (policy_dates) */
    bool end_of_life;            /* of the release */
};

/* When the vulnerability was first told and when its fix came out, from the evidence's records. */
void policy_dates(const struct finding *finding, int64_t *published, int64_t *fixed_at);

enum policy_verdict {
    POLICY_PASSES,
    POLICY_IGNORED,
    POLICY_FAILS,
    POLICY_UNDECIDED, /* fails if its unknown severity is what a gate rule asks for */
};
const char *policy_verdict_name(enum policy_verdict verdict);
/* The whole file on one finding; *rule (may be NULL): the rule that decided, or NULL. Ignore rules
 * go first, then gates, in the file's order. */
enum policy_verdict policy_decide(const struct policy *policy, const struct policy_subject *subject,
                                  int64_t now, const struct policy_rule **rule);

/* The first rule that holds at `now`, or NULL. */
const struct policy_rule *policy_ignores(const struct policy *policy,
                                         const struct policy_subject *subject, int64_t now);
const struct policy_rule *policy_fails(const struct policy *policy,
                                       const struct policy_subject *subject, int64_t now);
/* The first ignore rule that would hold, had it not expired. */
const struct policy_rule *policy_expired(const struct policy *policy,
                                         const struct policy_subject *subject, int64_t now);
