/* Severity words and CVSS base scores, computed from the vector (FIRST: CVSS 2.0, 3.0, 3.1 and 4.0
 * specification documents). Risk orders findings; its parts are documented at severity.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum severity {
    SEVERITY_UNKNOWN,
    SEVERITY_NEGLIGIBLE,
    SEVERITY_LOW,
    SEVERITY_MEDIUM,
    SEVERITY_HIGH,
    SEVERITY_CRITICAL,
};

const char *severity_name(enum severity severity);
/* Our words only: for --fail-on. */
bool severity_parse(struct slice word, enum severity *out);
/* Any vendor's word (Important, moderate, "not yet assigned", unimportant …). */
enum severity severity_of_word(struct slice word);
enum severity severity_of_score(double score, int cvss_major);

/* "CVSS:3.1/AV:N/…", "CVSS:4.0/…" or a bare version 2 vector. False: not a base vector. */
bool cvss_score(struct slice vector, double *score, int *major);
/* The newest version's vector among several separated by blanks. */
bool cvss_best(struct slice vectors, struct slice *vector, double *score, int *major);

struct risk_input {
    enum severity severity;
    double cvss_score, epss; /* -1: not known */
    bool known_exploited, fix_available;
};
double risk_score(const struct risk_input *in); /* 0..100 */
