#include "advisory/cvss.h"

#include <math.h>
#include <stddef.h>

bool cvss_metrics(struct slice metrics, const char *const *names, char *values)
{
    struct slice part;
    for (size_t i = 0; names[i]; i++)
        values[i] = 0;
    while (slice_take_until(&metrics, '/', &part)) {
        size_t colon = slice_find_byte(part, ':');
        if (colon == 0 || colon + 1 >= part.length)
            return false;
        for (size_t i = 0; names[i]; i++) {
            if (!slice_is(slice_sub(part, 0, colon), names[i]))
                continue;
            if (values[i] != 0 || part.length != colon + 2)
                return false;
            values[i] = part.data[colon + 1];
        }
    }
    return true;
}

struct weight {
    char value;
    double number;
};

/* -1: no such value. */
static double weigh(const struct weight *table, char value)
{
    for (; table->value; table++)
        if (table->value == value)
            return table->number;
    return -1;
}

/* CVSS 2.0, section 3.2.1 */
bool cvss2_score(struct slice metrics, double *score)
{
    static const char *const names[] = {"AV", "AC", "Au", "C", "I", "A", NULL};
    static const struct weight av[] = {{'L', 0.395}, {'A', 0.646}, {'N', 1.0}, {0}};
    static const struct weight ac[] = {{'H', 0.35}, {'M', 0.61}, {'L', 0.71}, {0}};
    static const struct weight au[] = {{'M', 0.45}, {'S', 0.56}, {'N', 0.704}, {0}};
    static const struct weight cia[] = {{'N', 0.0}, {'P', 0.275}, {'C', 0.660}, {0}};
    static const struct weight *const tables[] = {av, ac, au, cia, cia, cia};
    char values[6];
    double w[6];
    if (!cvss_metrics(metrics, names, values))
        return false;
    for (size_t i = 0; i < 6; i++) {
        w[i] = weigh(tables[i], values[i]);
        if (w[i] < 0)
            return false;
    }
    double impact = 10.41 * (1 - (1 - w[3]) * (1 - w[4]) * (1 - w[5]));
    double exploitability = 20 * w[0] * w[1] * w[2];
    double f = impact > 0 ? 1.176 : 0;
    *score = round((0.6 * impact + 0.4 * exploitability - 1.5) * f * 10) / 10;
    return true;
}

/* CVSS 3.1 appendix A: rounded up to one decimal, in integers so that no platform differs. */
static double round_up_31(double value)
{
    long long integer = llround(value * 100000);
    return integer % 10000 == 0 ? (double)integer / 100000 : (double)(integer / 10000 + 1) / 10;
}

static double round_up_30(double value)
{
    return ceil(value * 10) / 10;
}

/* CVSS 3.0 and 3.1, section 7.1 */
bool cvss3_score(struct slice metrics, bool minor_1, double *score)
{
    static const char *const names[] = {"AV", "AC", "PR", "UI", "S", "C", "I", "A", NULL};
    static const struct weight av[] = {{'N', 0.85}, {'A', 0.62}, {'L', 0.55}, {'P', 0.2}, {0}};
    static const struct weight ac[] = {{'L', 0.77}, {'H', 0.44}, {0}};
    static const struct weight pr[] = {{'N', 0.85}, {'L', 0.62}, {'H', 0.27}, {0}};
    static const struct weight pr_changed[] = {{'N', 0.85}, {'L', 0.68}, {'H', 0.5}, {0}};
    static const struct weight ui[] = {{'N', 0.85}, {'R', 0.62}, {0}};
    static const struct weight scope[] = {{'U', 0}, {'C', 1}, {0}};
    static const struct weight cia[] = {{'N', 0}, {'L', 0.22}, {'H', 0.56}, {0}};
    char v[8];
    if (!cvss_metrics(metrics, names, v))
        return false;
    bool changed = v[4] == 'C';
    const struct weight *const tables[] = {av,  ac, changed ? pr_changed : pr, ui, scope, cia,
                                           cia, cia};
    double w[8];
    for (size_t i = 0; i < 8; i++) {
        w[i] = weigh(tables[i], v[i]);
        if (w[i] < 0)
            return false;
    }
    double iss = 1 - (1 - w[5]) * (1 - w[6]) * (1 - w[7]);
    double impact = changed ? 7.52 * (iss - 0.029) - 3.25 * pow(iss - 0.02, 15) : 6.42 * iss;
    double exploitability = 8.22 * w[0] * w[1] * w[2] * w[3];
    if (impact <= 0) {
        *score = 0;
        return true;
    }
    double sum = changed ? 1.08 * (impact + exploitability) : impact + exploitability;
    sum = sum > 10 ? 10 : sum;
    *score = minor_1 ? round_up_31(sum) : round_up_30(round(sum * 1e8) / 1e8);
    return true;
}
