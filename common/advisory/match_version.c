#include "advisory/match_parts.h"

static bool is_start(const char *introduced)
{
    return !introduced || !*introduced || strcmp(introduced, "0") == 0;
}

static bool is_set(const char *text)
{
    return text && *text;
}

/* Order of the package's version against one bound. */
static bool order_of(const struct ecosystem *ecosystem, const char *version, const char *bound,
                     int *order, struct error *err)
{
    return version_compare(ecosystem, slice_of(version), slice_of(bound), order, err);
}

static bool in_range(const struct ecosystem *ecosystem, const struct version_range *range,
                     const char *version, bool *inside, struct error *err)
{
    int order;
    *inside = false;
    if (!is_start(range->introduced)) {
        if (!order_of(ecosystem, version, range->introduced, &order, err))
            return false;
        if (order < 0)
            return true;
    }
    if (is_set(range->fixed)) {
        if (!order_of(ecosystem, version, range->fixed, &order, err))
            return false;
        *inside = order < 0;
        return true;
    }
    if (is_set(range->last_affected)) {
        if (!order_of(ecosystem, version, range->last_affected, &order, err))
            return false;
        *inside = order <= 0;
        return true;
    }
    *inside = true;
    return true;
}

static bool by_expression(const struct ecosystem *ecosystem, const struct assertion *a,
                          const char *version, bool *affected, const char **rule, struct error *err)
{
    *affected = true;
    *rule = "in no safe range";
    if (is_set(a->affected_range)) {
        *rule = "in the affected range";
        if (!version_range_contains(ecosystem, slice_of(a->affected_range), slice_of(version),
                                    VERSION_LOOSE | VERSION_INCLUDE_PRERELEASE, affected, err))
            return false;
    }
    for (size_t i = 0; *affected && i < a->safe_range_count; i++) {
        bool safe = false;
        if (!version_range_contains(ecosystem, slice_of(a->safe_ranges[i]), slice_of(version),
                                    VERSION_LOOSE | VERSION_INCLUDE_PRERELEASE, &safe, err))
            return false;
        if (safe) {
            *affected = false;
            *rule = "in a safe range";
        }
    }
    return true;
}

static bool by_ranges(const struct ecosystem *ecosystem, const struct assertion *a,
                      const char *version, bool *affected, const char **fixed, const char **rule,
                      struct error *err)
{
    struct error first = {0};
    size_t unreadable = 0;
    *affected = false;
    for (size_t i = 0; i < a->range_count; i++) {
        bool inside = false;
        if (!in_range(ecosystem, &a->ranges[i], version, &inside, err)) {
            if (unreadable++ == 0)
                first = *err;
            continue;
        }
        if (inside) {
            *affected = true;
            *fixed = is_set(a->ranges[i].fixed) ? a->ranges[i].fixed : NULL;
            *rule = *fixed                               ? "version < fixed"
                    : is_set(a->ranges[i].last_affected) ? "version <= last affected"
                                                         : "no fixed version";
            return true;
        }
    }
    *rule = "outside every range";
    if (unreadable > 0 && unreadable == a->range_count) {
        *err = first;
        return false;
    }
    return true;
}

static bool is_enumerated(const struct ecosystem *ecosystem, const struct assertion *a,
                          const char *version)
{
    struct error ignored;
    int order;
    for (size_t i = 0; i < a->version_count; i++)
        if (strcmp(a->versions[i], version) == 0 ||
            (version_compare(ecosystem, slice_of(version), slice_of(a->versions[i]), &order,
                             &ignored) &&
             order == 0))
            return true;
    return false;
}

/* Is the version compared with every range? */
static bool is_compared(const struct assertion *a)
{
    for (size_t i = 0; i < a->range_count; i++)
        if (is_start(a->ranges[i].introduced) && !is_set(a->ranges[i].fixed) &&
            !is_set(a->ranges[i].last_affected))
            return false;
    return a->range_count > 0;
}

const struct ecosystem *match_order(const struct assertion *a)
{
    static const char *const java[] = {"jdk", "jre", "openjdk"};
    const struct ecosystem *found = ecosystem_find(slice_of(a->type));
    for (size_t i = 0; strcmp(a->type, "generic") == 0 && a->name && i < array_count(java); i++)
        if (strcmp(a->name, java[i]) == 0)
            return ecosystem_find(slice_of("jvm"));
    return found ? found : ecosystem_find(slice_of("semver")); /* githubactions, julia, … */
}

bool match_version(const struct assertion *a, const char *version, bool *affected,
                   const char **fixed, const char **rule, struct error *err)
{
    const struct ecosystem *ecosystem = match_order(a);
    *affected = false;
    *fixed = NULL;
    *rule = "";
    if (is_enumerated(ecosystem, a, version)) {
        *affected = true;
        *rule = "enumerated";
        return true;
    }
    /* A comparison says itself what is no version; where none is made it must be asked. */
    if ((ecosystem->judgeable || !is_compared(a)) &&
        !version_is_judgeable(ecosystem, slice_of(version)))
        return error_set(err, ERROR_INPUT, "\"%s\" is not a version of %s", version, a->type);
    if (a->range_count > 0)
        return by_ranges(ecosystem, a, version, affected, fixed, rule, err);
    if (a->version_count > 0) {
        *rule = "not enumerated";
        return true;
    }
    return by_expression(ecosystem, a, version, affected, rule, err);
}
