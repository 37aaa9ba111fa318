#include <string.h>

#include "advisory/match_parts.h"

static const char operators[] = "<>=~^!";

struct comparator {
    struct slice operator, version;
};

/* The next "op version" of a list of comparators; a bare version has an empty operator. */
static bool take_comparator(struct slice *rest, struct comparator *out)
{
    size_t i = 0, from;
    while (i < rest->length && strchr(" \t,|", rest->data[i]))
        i++;
    from = i;
    while (i < rest->length && rest->data[i] && strchr(operators, rest->data[i]))
        i++;
    out->operator= slice_sub(*rest, from, i - from);
    while (i < rest->length && rest->data[i] == ' ')
        i++;
    from = i;
    while (i < rest->length && !strchr(" \t,|", rest->data[i]))
        i++;
    out->version = slice_sub(*rest, from, i - from);
    *rest = slice_sub(*rest, i, rest->length);
    return out->version.length > 0;
}

static bool is_lower_bound(struct slice operator)
{
    static const char *const bounds[] = {"", "=", "==", ">=", "~>", "~", "^"};
    for (size_t i = 0; i < array_count(bounds); i++)
        if (slice_is(operator, bounds[i]))
            return true;
    return false;
}

struct search {
    const struct ecosystem *ecosystem;
    struct slice version, best;
};

/* Later than what is installed, earlier than the best so far. */
static void offer(struct search *s, struct slice candidate)
{
    struct error ignored;
    int order;
    if (!version_compare(s->ecosystem, candidate, s->version, &order, &ignored) || order <= 0)
        return;
    if (s->best.length > 0 &&
        (!version_compare(s->ecosystem, candidate, s->best, &order, &ignored) || order >= 0))
        return;
    s->best = candidate;
}

static bool contains(const struct search *s, const char *range, struct slice version, bool *inside)
{
    struct error ignored;
    return version_range_contains(s->ecosystem, slice_of(range), version,
                                  VERSION_LOOSE | VERSION_INCLUDE_PRERELEASE, inside, &ignored);
}

/* Where a safe range begins. */
static void search_safe(struct search *s, const char *range)
{
    struct slice rest = slice_of(range);
    struct comparator c;
    while (take_comparator(&rest, &c)) {
        bool inside = false;
        if (is_lower_bound(c.operator) && contains(s, range, c.version, &inside) && inside)
            offer(s, c.version);
    }
}

/* Where an affected range ends. */
static void search_affected(struct search *s, const char *range)
{
    struct slice rest = slice_of(range);
    struct comparator c;
    while (take_comparator(&rest, &c)) {
        bool inside = true;
        if (slice_is(c.operator, "<") && contains(s, range, c.version, &inside) && !inside)
            offer(s, c.version);
    }
}

const char *match_fix(const struct assertion *a, const char *version, struct arena *arena)
{
    struct search s = {match_order(a), slice_of(version), {0}};
    for (size_t i = 0; i < a->safe_range_count; i++)
        search_safe(&s, a->safe_ranges[i]);
    if (s.best.length == 0 && a->affected_range)
        search_affected(&s, a->affected_range);
    return s.best.length > 0 ? slice_string(arena, s.best) : NULL;
}
