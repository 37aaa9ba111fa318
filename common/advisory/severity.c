#include "advisory/severity.h"

#include <ctype.h>
#include <math.h>

#include "advisory/cvss.h"
#include "base/scope.h"

static const char *const names[] = {"unknown", "negligible", "low", "medium", "high", "critical"};

const char *severity_name(enum severity severity)
{
    return (size_t)severity < array_count(names) ? names[severity] : names[0];
}

bool severity_parse(struct slice word, enum severity *out)
{
    for (size_t i = 0; i < array_count(names); i++)
        if (slice_is_nocase(word, names[i])) {
            *out = (enum severity)i;
            return true;
        }
    return false;
}

static const struct {
    const char *word;
    enum severity severity;
} words[] = {
    {"critical", SEVERITY_CRITICAL},
    {"high", SEVERITY_HIGH},
    {"important", SEVERITY_HIGH},
    {"severe", SEVERITY_HIGH},
    {"medium", SEVERITY_MEDIUM},
    {"moderate", SEVERITY_MEDIUM},
    {"low", SEVERITY_LOW},
    {"minor", SEVERITY_LOW},
    {"negligible", SEVERITY_NEGLIGIBLE},
    {"unimportant", SEVERITY_NEGLIGIBLE},
    {"none", SEVERITY_NEGLIGIBLE},
    {"informational", SEVERITY_NEGLIGIBLE},
};

enum severity severity_of_word(struct slice word)
{
    for (size_t i = 0; i < array_count(words); i++)
        if (slice_is_nocase(word, words[i].word))
            return words[i].severity;
    return SEVERITY_UNKNOWN;
}

enum severity severity_of_score(double score, int cvss_major)
{
    if (score < 0)
        return SEVERITY_UNKNOWN;
    if (cvss_major == 2) /* NVD's rating of version 2: no "critical" */
        return score >= 7 ? SEVERITY_HIGH : score >= 4 ? SEVERITY_MEDIUM : SEVERITY_LOW;
    if (score >= 9)
        return SEVERITY_CRITICAL;
    if (score >= 7)
        return SEVERITY_HIGH;
    if (score >= 4)
        return SEVERITY_MEDIUM;
    return score > 0 ? SEVERITY_LOW : SEVERITY_NEGLIGIBLE;
}

bool cvss_score(struct slice vector, double *score, int *major)
{
    vector = slice_trim(vector);
    if (slice_has_prefix(vector, "CVSS:4.0/")) {
        *major = 4;
        return cvss4_score(slice_sub(vector, 9, vector.length), score);
    }
    if (slice_has_prefix(vector, "CVSS:3.1/") || slice_has_prefix(vector, "CVSS:3.0/")) {
        *major = 3;
        return cvss3_score(slice_sub(vector, 9, vector.length), vector.data[7] == '1', score);
    }
    if (vector.length > 2 && vector.data[0] == '(' && vector.data[vector.length - 1] == ')')
        vector = slice_sub(vector, 1, vector.length - 2);
    if (slice_has_prefix(vector, "CVSS:2.0/"))
        vector = slice_sub(vector, 9, vector.length);
    *major = 2;
    return cvss2_score(vector, score);
}

bool cvss_best(struct slice vectors, struct slice *vector, double *score, int *major)
{
    struct slice one;
    bool found = false;
    while (slice_take_word(&vectors, &one)) {
        double value;
        int version;
        if (!cvss_score(one, &value, &version) || (found && version <= *major))
            continue;
        *vector = one;
        *score = value;
        *major = version;
        found = true;
    }
    return found;
}

/* Risk, 0 to 100: how bad (CVSS, else the middle of the word's band) times how likely. The chance
 * of exploitation counts by its square root, since EPSS values crowd near zero; without EPSS a
 * usual one is assumed. What is known to be exploited is never under 80. A fix that one only has
 * to install puts a finding before its like without one. */
double risk_score(const struct risk_input *in)
{
    static const double middle[] = {0.5, 0.1, 0.25, 0.55, 0.8, 0.95};
    double impact = in->cvss_score >= 0 ? in->cvss_score / 10 : middle[in->severity];
    double likely = in->epss >= 0 ? sqrt(in->epss) : 0.1;
    double risk = impact * (40 + 55 * likely);
    if (in->known_exploited)
        risk = 80 + risk * 0.15;
    if (in->fix_available)
        risk += 5;
    return risk > 100 ? 100 : risk;
}
