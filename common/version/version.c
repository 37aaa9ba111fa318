#include "version/version.h"

#include "version/orders.h"

static const struct ecosystem ecosystems[] = {
    {"deb", .compare = deb_compare, .valid = deb_valid},
    {"rpm", .compare = rpm_compare},
    {"apk", .compare = apk_compare, .valid = apk_valid, .judgeable = apk_valid,
     .contains = apk_contains},
    {"alpm", .compare = alpm_compare},
    {"semver", .compare = semver_compare, .valid = semver_valid},
    {"generic", .compare = generic_compare},
    {"npm", .compare = semver_compare, .valid = npm_valid, .normalise = npm_normalise,
     .contains = npm_contains, .range_valid = npm_range_valid},
    {"npm-intersects", .contains = npm_intersects, .range_valid = npm_range_valid},
    {"npm-subset", .contains = npm_subset, .range_valid = npm_range_valid},
    {"golang", .compare = golang_compare, .valid = golang_valid, .judgeable = golang_ordered,
     .normalise = golang_normalise},
    {"cargo", .compare = cargo_compare, .valid = cargo_valid, .contains = cargo_contains,
     .range_valid = cargo_range_valid},
    {"hex", .compare = semver_compare, .valid = semver_valid},
    {"pub", .compare = pub_compare},
    {"cran", .compare = cran_compare},
    {"hackage", .compare = hackage_compare},
    {"bitnami", .compare = bitnami_compare},
    {"golang-pseudo", .compare = golang_compare, .normalise = golang_pseudo_normalise},
    {"pypi", .compare = pypi_compare, .normalise = pypi_normalise, .contains = pypi_contains,
     .range_valid = pypi_range_valid},
    {"maven", .compare = maven_compare, .contains = maven_contains,
     .range_valid = maven_range_valid},
    {"maven-resolver", .compare = maven_resolver_compare, .contains = maven_resolver_contains,
     .range_valid = maven_resolver_range_valid},
    {"gem", .compare = gem_compare, .contains = gem_contains, .range_valid = gem_range_valid},
    {"gem-prerelease", .compare = gem_compare, .normalise = gem_prerelease_normalise},
    {"nuget", .compare = nuget_compare, .valid = nuget_valid, .normalise = nuget_normalise,
     .contains = nuget_contains, .range_valid = nuget_range_valid},
    {"nuget-range", .contains = nuget_contains, .normalise = nuget_range_normalise},
    {"portage", .compare = portage_compare},
    {"jvm", .compare = jvm_compare},
    {"composer", .compare = composer_compare, .normalise = composer_normalise,
     .contains = composer_contains, .range_valid = composer_range_valid},
    {"rpm-segment", .compare = rpm_segment_compare},
};

const struct ecosystem *ecosystem_at(size_t index)
{
    return index < array_count(ecosystems) ? &ecosystems[index] : NULL;
}

/* Names that OSV, package URLs and users have for the same. */
static const struct {
    const char *alias, *name;
} aliases[] = {
    {"crates", "cargo"}, {"crates.io", "cargo"}, {"go", "golang"},       {"packagist", "composer"},
    {"rubygems", "gem"}, {"debian", "deb"},      {"ubuntu", "deb"},      {"dpkg", "deb"},
    {"alpine", "apk"},   {"wolfi", "apk"},       {"chainguard", "apk"},  {"ebuild", "portage"},
    {"swift", "semver"}, {"swifturl", "semver"}, {"github", "semver"},   {"conan", "semver"},
    {"red hat", "rpm"},  {"almalinux", "rpm"},   {"rocky linux", "rpm"}, {"suse", "rpm"},
    {"opensuse", "rpm"}, {"photon os", "rpm"},   {"opkg", "deb"},        {"gentoo", "portage"},
};

const struct ecosystem *ecosystem_find(struct slice name)
{
    for (size_t i = 0; i < array_count(ecosystems); i++) /* mostly as the table spells it */
        if (slice_is(name, ecosystems[i].name))
            return &ecosystems[i];
    for (size_t i = 0; i < array_count(aliases); i++) {
        if (slice_is_nocase(name, aliases[i].alias))
            name = slice_of(aliases[i].name);
    }
    for (size_t i = 0; i < array_count(ecosystems); i++) {
        if (slice_is_nocase(name, ecosystems[i].name))
            return &ecosystems[i];
    }
    return NULL;
}

static bool no_version(const struct ecosystem *ecosystem, struct slice text, struct error *err)
{
    int shown = text.length < 100 ? (int)text.length : 100;
    return error_set(err, ERROR_INPUT, "\"%.*s\" is not a version of %s", shown, text.data,
                     ecosystem->name);
}

static bool no_range(const struct ecosystem *ecosystem, struct slice text, struct error *err)
{
    int shown = text.length < 100 ? (int)text.length : 100;
    return error_set(err, ERROR_INPUT, "\"%.*s\" is not a version range of %s", shown, text.data,
                     ecosystem->name);
}

static bool has_compare(const struct ecosystem *ecosystem, struct error *err)
{
    return ecosystem->compare ||
           error_set(err, ERROR_INPUT, "%s has no order of versions", ecosystem->name);
}

/* Something with an order has one with itself. */
static bool is_ordered(const struct ecosystem *ecosystem, struct slice text)
{
    int order;
    return ecosystem->compare && ecosystem->compare(text, text, &order);
}

bool version_compare(const struct ecosystem *ecosystem, struct slice a, struct slice b, int *order,
                     struct error *err)
{
    if (!has_compare(ecosystem, err))
        return false;
    if (ecosystem->compare(a, b, order))
        return true;
    return no_version(ecosystem, is_ordered(ecosystem, a) ? b : a, err);
}

bool version_is_valid(const struct ecosystem *ecosystem, struct slice text)
{
    return ecosystem->valid ? ecosystem->valid(text) : is_ordered(ecosystem, text);
}

bool version_is_judgeable(const struct ecosystem *ecosystem, struct slice text)
{
    return ecosystem->judgeable ? ecosystem->judgeable(text) : is_ordered(ecosystem, text);
}

bool version_normalise(const struct ecosystem *ecosystem, struct slice text, struct buf *out,
                       struct error *err)
{
    if (!ecosystem->normalise) {
        if (!version_is_valid(ecosystem, text))
            return no_version(ecosystem, text, err);
        buf_put_slice(out, text);
        return true;
    }
    size_t before = out->length;
    if (ecosystem->normalise(text, out))
        return true;
    out->length = before;
    return no_version(ecosystem, text, err);
}

/* Advisories write "<", "," and "||" for ecosystems that have another syntax of their own: what is
 * no range of theirs may still be a neutral one. */
static bool contains(const struct ecosystem *ecosystem, struct slice range, struct slice version,
                     unsigned options, bool *contained)
{
    if (ecosystem->contains && !(options & VERSION_NEUTRAL) &&
        ecosystem->contains(range, version, options, contained))
        return true;
    return ecosystem->compare &&
           part_neutral_contains(ecosystem->compare, range, version, contained);
}

bool version_range_contains(const struct ecosystem *ecosystem, struct slice range,
                            struct slice version, unsigned options, bool *contained,
                            struct error *err)
{
    *contained = false;
    if (contains(ecosystem, range, version, options, contained))
        return true;
    *contained = false;
    if (ecosystem->compare && !is_ordered(ecosystem, version))
        return no_version(ecosystem, version, err);
    return no_range(ecosystem, range, err);
}

bool version_range_is_valid(const struct ecosystem *ecosystem, struct slice range, unsigned options)
{
    bool contained;
    bool native = !(options & VERSION_NEUTRAL);
    if (ecosystem->range_valid && native)
        return ecosystem->range_valid(range, options);
    if (ecosystem->contains && native)
        return ecosystem->contains(range, slice_of("0"), options, &contained);
    return ecosystem->compare &&
           part_neutral_contains(ecosystem->compare, range, slice_of("0"), &contained);
}

/* At one version: what ends before it, what begins with it, what ends after it. */
static int event_rank(const struct version_event *event)
{
    return event->kind == VERSION_LAST_AFFECTED ? 2 : event->kind == VERSION_INTRODUCED ? 1 : 0;
}

static bool is_beginning(const struct version_event *event)
{
    return event->kind == VERSION_INTRODUCED && slice_is(event->version, "0");
}

static bool event_order(const struct ecosystem *ecosystem, const struct version_event *a,
                        const struct version_event *b, int *order, struct error *err)
{
    *order = is_beginning(b) - is_beginning(a);
    if (*order || is_beginning(a))
        return true;
    if (!version_compare(ecosystem, a->version, b->version, order, err))
        return false;
    if (*order == 0)
        *order = event_rank(a) - event_rank(b);
    return true;
}

bool version_events_affect(const struct ecosystem *ecosystem, const struct version_event *events,
                           size_t count, struct slice version, bool *affected, struct error *err)
{
    const struct version_event *newest = NULL;
    *affected = false;
    if (!has_compare(ecosystem, err))
        return false;
    if (!version_is_judgeable(ecosystem, version))
        return no_version(ecosystem, version, err);
    for (size_t i = 0; i < count; i++) {
        int order = 1, against = 1;
        if (!is_beginning(&events[i]) &&
            !version_compare(ecosystem, version, events[i].version, &order, err))
            return false;
        if (order < 0 || (order == 0 && events[i].kind == VERSION_LAST_AFFECTED))
            continue;
        if (newest && !event_order(ecosystem, &events[i], newest, &against, err))
            return false;
        if (against >= 0)
            newest = &events[i];
    }
    *affected = newest && newest->kind == VERSION_INTRODUCED;
    return true;
}
