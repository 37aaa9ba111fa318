#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "advisory/severity.h"
#include "base/scope.h"
#include "test.h"

static void check_vector(struct slice vector, struct slice wanted)
{
    double score = -1;
    int major = 0;
    bool refused = slice_is(wanted, "-");
    if (cvss_score(vector, &score, &major) == refused)
        fail_msg("%.*s: refused", (int)vector.length, vector.data);
    if (!refused && lround(score * 10) != lround(strtod(wanted.data, NULL) * 10))
        fail_msg("%.*s: %.1f", (int)vector.length, vector.data, score);
}

TEST(scores_of_hundreds_of_vectors)
{
    FILE *file = fopen(TEST_DATA "/cvss.tsv", "r");
    char *line = NULL;
    size_t size = 0, seen = 0;
    ssize_t length;
    assert_non_null(file);
    while ((length = getline(&line, &size, file)) > 0) {
        struct slice rest = {line, (size_t)length - (line[length - 1] == '\n')}, vector;
        if (line[0] == '#' || !slice_take_until(&rest, '\t', &vector))
            continue;
        line[length - 1] = 0;
        check_vector(vector, rest);
        seen++;
    }
    free(line);
    fclose(file);
    assert_true(seen > 500);
}

TEST(the_newest_vector_counts)
{
    struct slice vector;
    double score;
    int major;
    assert_true(
        cvss_best(slice_of("AV:N/AC:L/Au:N/C:C/I:C/A:C "
                           "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N "
                           "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
                  &vector, &score, &major));
    assert_int_equal(major, 4);
    assert_int_equal(lround(score * 10), 69);
    assert_false(cvss_best(slice_of("high low"), &vector, &score, &major));
}

TEST(risk_orders_as_documented)
{
    /* From most to least urgent. */
    static const struct risk_input order[] = {
        {SEVERITY_CRITICAL, 9.8, 0.9, true, true},
        {SEVERITY_HIGH, 7.5, -1, true, false},
        {SEVERITY_LOW, 3.0, 0.001, true, false},
        {SEVERITY_HIGH, 7.5, 0.6, false, true},
        {SEVERITY_HIGH, 7.5, 0.6, false, false},
        {SEVERITY_CRITICAL, 9.8, 0.01, false, false},
        {SEVERITY_CRITICAL, 9.8, 0.0004, false, false},
        {SEVERITY_HIGH, 7.5, 0.0004, false, false},
        {SEVERITY_MEDIUM, 5.0, 0.0004, false, false},
        {SEVERITY_LOW, -1, 0.0004, false, false},
    };
    for (size_t i = 1; i < array_count(order); i++) {
        double before = risk_score(&order[i - 1]), after = risk_score(&order[i]);
        if (before <= after)
            fail_msg("%zu: %.1f, then %.1f", i, before, after);
        assert_true(after >= 0 && before <= 100);
    }
}
