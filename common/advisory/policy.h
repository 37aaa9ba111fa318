/* A policy file (YAML): ignore rules with owner, reason and expiry, and gate rules. The same
 * evaluation serves `resole scan --policy` and the server. Times are given, never asked for. */
#pragma once

#include "advisory/match.h"
#include "advisory/severity.h"

/* Every given field must hold. Text fields take "*" at either end. */
struct policy_rule {
    const char *name;
    const char *vulnerability, *package, *type, *tier, *state;
    enum severity severity_least; /* SEVERITY_UNKNOWN: not asked */
    int fix;                      /* 1 must have a fix, 0 must not, -1 not asked */
    int kev;                      /* likewise */
    double epss_least;            /* -1 not asked */
    double risk_least;            /* -1 not asked */
    int64_t older_than_s;         /* since published; 0 not asked */
    bool end_of_life;
    const char *owner, *reason;
    int64_t expires; /* Unix s; 0 never */
};

struct policy {
    struct policy_rule *ignore, *fail;
    size_t ignore_count, fail_count, ignore_capacity, fail_capacity;
};

bool policy_parse(struct slice bytes, const char *name, struct arena *arena, struct policy *out,
                  struct error *err);

struct policy_subject {
    const struct finding *finding;
    const char *package, *type, *tier;
    int64_t published;
    bool end_of_life;
};
/* The first rule that holds at `now`, or NULL. */
const struct policy_rule *policy_ignores(const struct policy *policy,
                                         const struct policy_subject *subject, int64_t now);
const struct policy_rule *policy_fails(const struct policy *policy,
                                       const struct policy_subject *subject, int64_t now);
