#include <stdio.h>
#include <stdlib.h>

#include "test.h"
#include "version/version.h"

/* Calls check() with the fields of every line of a table of tests/data/version. */
static void each_line(const char *name, void (*check)(const struct slice *field, size_t count))
{
    char path[512];
    snprintf(path, sizeof(path), TEST_DATA "/version/%s", name);
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0, seen = 0;
    ssize_t length;
    assert_non_null(file);
    while ((length = getline(&line, &size, file)) > 0) {
        struct slice rest = {line, (size_t)length - (line[length - 1] == '\n')}, field[6];
        size_t count = 0;
        if (rest.length == 0 || line[0] == '#')
            continue;
        while (count < 6 && slice_take_until(&rest, '\t', &field[count]))
            count++;
        check(field, count);
        seen++;
    }
    free(line);
    fclose(file);
    assert_true(seen > 0);
}

static const struct ecosystem *find(struct slice name)
{
    const struct ecosystem *ecosystem = ecosystem_find(name);
    if (!ecosystem)
        fail_msg("unknown ecosystem %.*s", (int)name.length, name.data);
    return ecosystem;
}

static int compare(const struct ecosystem *ecosystem, struct slice a, struct slice b)
{
    struct error err = {0};
    int order = 7;
    if (!version_compare(ecosystem, a, b, &order, &err))
        fail_msg("%s", err.text);
    return order;
}

static void check_compare(const struct slice *field, size_t count)
{
    assert_int_equal(count, 4);
    const struct ecosystem *ecosystem = find(field[0]);
    int wanted = slice_is(field[2], "<") ? -1 : slice_is(field[2], ">") ? 1 : 0;
    if (compare(ecosystem, field[1], field[3]) != wanted ||
        compare(ecosystem, field[3], field[1]) != -wanted)
        fail_msg("%s: %.*s %.*s %.*s does not hold", ecosystem->name, (int)field[1].length,
                 field[1].data, (int)field[2].length, field[2].data, (int)field[3].length,
                 field[3].data);
}

TEST(orders_hold_both_ways)
{
    each_line("compare.tsv", check_compare);
}

static void check_valid(const struct slice *field, size_t count)
{
    assert_int_equal(count, 3);
    if (version_is_valid(find(field[0]), field[1]) != slice_is(field[2], "valid"))
        fail_msg("%.*s: \"%.*s\" is not %.*s", (int)field[0].length, field[0].data,
                 (int)field[1].length, field[1].data, (int)field[2].length, field[2].data);
}

TEST(what_is_a_version)
{
    each_line("valid.tsv", check_valid);
}

static void check_range(const struct slice *field, size_t count)
{
    struct error err = {0};
    bool contained = false;
    assert_int_equal(count, 4);
    if (!version_range_contains(find(field[0]), field[1], field[2], 0, &contained, &err))
        fail_msg("%s", err.text);
    if (contained != slice_is(field[3], "1"))
        fail_msg("%.*s %.*s, %.*s: not %.*s", (int)field[0].length, field[0].data,
                 (int)field[1].length, field[1].data, (int)field[2].length, field[2].data,
                 (int)field[3].length, field[3].data);
}

TEST(ranges_of_every_syntax)
{
    each_line("range.tsv", check_range);
}

static bool is_affected(const char *version, const struct version_event *events, size_t count)
{
    struct error err = {0};
    bool affected = false;
    assert_true(version_events_affect(ecosystem_find(slice_of("deb")), events, count,
                                      slice_of(version), &affected, &err));
    return affected;
}

TEST(advisory_events)
{
    const struct version_event events[] = {{VERSION_FIXED, slice_of("2.0")},
                                           {VERSION_INTRODUCED, slice_of("0")},
                                           {VERSION_INTRODUCED, slice_of("3.0")},
                                           {VERSION_LAST_AFFECTED, slice_of("3.2")}};
    assert_true(is_affected("0~1", events, 4));
    assert_true(is_affected("1.9", events, 4));
    assert_false(is_affected("2.0", events, 4));
    assert_true(is_affected("3.0", events, 4));
    assert_true(is_affected("3.2", events, 4));
    assert_false(is_affected("3.2-1", events, 4));
    const struct version_event one[] = {{VERSION_LAST_AFFECTED, slice_of("3.0")},
                                        {VERSION_INTRODUCED, slice_of("3.0")}};
    assert_true(is_affected("3.0", one, 2));
    assert_false(is_affected("3.1", one, 2));
    assert_false(is_affected("3.0", NULL, 0));
}

TEST(what_has_no_place_in_a_range_is_not_judged)
{
    struct error err = {0};
    const struct version_event all[] = {{VERSION_INTRODUCED, slice_of("0")}};
    bool affected = false;
    assert_false(version_events_affect(ecosystem_find(slice_of("golang")), all, 1,
                                       slice_of("(devel)"), &affected, &err));
    assert_true(version_events_affect(ecosystem_find(slice_of("golang")), all, 1,
                                      slice_of("v1.2.3"), &affected, &err));
    assert_true(affected);
}

TEST(errors_name_what_is_no_version)
{
    struct error err = {0};
    int order;
    assert_false(version_compare(ecosystem_find(slice_of("deb")), slice_of("1.0"), slice_of("x:1"),
                                 &order, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_string_equal(err.text, "\"x:1\" is not a version of deb");
    assert_null(ecosystem_find(slice_of("nothing")));
}

TEST(neutral_ranges)
{
    struct error err = {0};
    bool contained;
    const struct ecosystem *deb = ecosystem_find(slice_of("DEB"));
    assert_true(version_range_contains(deb, slice_of(">= 1, < 2 || =3"), slice_of("1.5"),
                                       VERSION_NEUTRAL, &contained, &err));
    assert_true(contained);
    assert_true(version_range_contains(deb, slice_of(">= 1, < 2 || =3"), slice_of("2.5"),
                                       VERSION_NEUTRAL, &contained, &err));
    assert_false(contained);
    assert_false(
        version_range_contains(deb, slice_of("< a:1"), slice_of("2"), 0, &contained, &err));
}
