#include "advisory/match_parts.h"

#include <string.h>

#include "advisory/release.h"
#include "advisory/upstream.h"

static bool is_set(const char *text)
{
    return text && *text;
}

bool match_names(const struct assertion *a, const struct match_package *package, const char **name,
                 const char **version)
{
    bool has_source = is_set(package->source_name);
    *name = package->name;
    *version = package->version;
    if (!is_set(package->version))
        return false;
    if (a->name_kind == NAME_SOURCE && has_source) {
        if (strcmp(a->name, package->source_name) != 0)
            return false;
        *name = package->source_name;
        if (is_set(package->source_version))
            *version = package->source_version;
        return true;
    }
    if (strcmp(a->name, package->name) == 0)
        return true;
    /* A language name in its normal form; a source name that stands under the source's key. */
    return a->context.distro == NULL || !*a->context.distro;
}

const char *match_upstream(const struct match_package *package)
{
    return upstream_product(package->type,
                            is_set(package->source_name) ? package->source_name : package->name);
}

bool match_is_upstream(const struct assertion *a, const struct match_package *package)
{
    return strcmp(a->type, "generic") == 0 && strcmp(package->type, "generic") != 0;
}

static bool arch_fits(const char *value, const char *arch)
{
    return !is_set(arch) || strcmp(value, arch) == 0 || strcmp(value, "noarch") == 0 ||
           strcmp(value, "all") == 0 || strcmp(value, "*") == 0;
}

/* "name:stream" of the condition against "name:stream[:version:context]" of the package. */
static bool module_fits(const char *value, const struct match_package *package)
{
    if (strcmp(value, "*") == 0)
        return is_set(package->module) || (package->version && strstr(package->version, ".module"));
    if (!is_set(package->module))
        return false;
    size_t length = strlen(value);
    return strncmp(package->module, value, length) == 0 &&
           (package->module[length] == 0 || package->module[length] == ':');
}

/* "name" or "name < version": is such a package in the image? */
static bool with_package(const char *value, const char *type, const struct match_scope *scope)
{
    struct slice rest = slice_of(value), name, operator, version;
    struct error ignored;
    bool has_version = slice_take_word(&rest, &name) && slice_take_word(&rest, &operator) &&
                       slice_take_word(&rest, &version);
    for (size_t i = 0; i < scope->count; i++) {
        const struct match_package *p = &scope->packages[i];
        const struct ecosystem *ecosystem = ecosystem_find(slice_of(type));
        bool inside = true;
        if (!slice_is(name, p->name))
            continue;
        if (has_version && ecosystem && is_set(p->version)) {
            struct slice range = {operator.data,
                                  (size_t)(version.data + version.length - operator.data)};
            if (!version_range_contains(ecosystem, range, slice_of(p->version), VERSION_NEUTRAL,
                                        &inside, &ignored))
                inside = true;
        }
        if (inside)
            return true;
    }
    return false;
}

/* A CPE or a word for a system that no Linux image is. */
static bool is_foreign_platform(const char *value)
{
    static const char *const systems[] = {"windows",
                                          "macos",
                                          "ios",
                                          "android",
                                          "freebsd",
                                          "cpe:2.3:o:microsoft:",
                                          "cpe:2.3:o:apple:",
                                          "cpe:2.3:o:freebsd:",
                                          "cpe:2.3:o:google:android"};
    for (size_t i = 0; i < array_count(systems); i++) {
        size_t length = strlen(systems[i]);
        if (strncmp(value, systems[i], length) == 0 &&
            (systems[i][length - 1] == ':' || value[length] == 0 || value[length] == ':'))
            return true;
    }
    return false;
}

bool match_conditions(const struct assertion *a, const struct match_package *package,
                      const struct match_scope *scope)
{
    bool arch_asked = false, arch_ok = false, module_asked = false, module_ok = false;
    bool beside_asked = false, beside_ok = false;
    for (size_t i = 0; i < a->condition_count; i++) {
        const struct condition *c = &a->conditions[i];
        switch (c->kind) {
        case CONDITION_ARCH: /* several: any of them */
            arch_asked = true;
            arch_ok |= arch_fits(c->value, package->arch);
            break;
        case CONDITION_MODULE:
            module_asked = true;
            module_ok |= module_fits(c->value, package);
            break;
        case CONDITION_WITH_PACKAGE: /* these and platforms: any of them */
            beside_asked = true;
            beside_ok |= !scope->packages || with_package(c->value, package->type, scope);
            break;
        case CONDITION_PLATFORM:
            beside_asked = true;
            beside_ok |= !is_foreign_platform(c->value);
            break;
        case CONDITION_UNLESS:
            if (package->version && strstr(package->version, c->value))
                return false;
            break;
        case CONDITION_VERSION:
            if (strcmp(c->value, a->name_kind == NAME_SOURCE && is_set(package->source_version)
                                     ? package->source_version
                                     : package->version) != 0)
                return false;
            break;
        case CONDITION_SYMBOL:
        case CONDITION_REBOOT:
            break;
        }
    }
    return (!arch_asked || arch_ok) && (!module_asked || module_ok) && (!beside_asked || beside_ok);
}

bool match_is_particular(const struct assertion *a)
{
    const char *stream = a->context.stream;
    return is_set(stream) && !stream_is_shared(a->context.distro, stream);
}

bool match_is_spoken_to(const struct assertion *a, const struct match_package *package)
{
    const char *stream = a->context.stream, *own = package->context.stream;
    if (!match_is_particular(a))
        return true;
    if (!is_set(own))
        own = vendor_stream(package->type, package->name, package->version);
    size_t length = strlen(stream);
    return own && strncmp(own, stream, length) == 0 && (own[length] == 0 || own[length] == '.');
}

/* Markers that Ubuntu puts into versions built for a stream. */
static bool version_in_stream(const char *version, const char *stream)
{
    static const struct {
        const char *stream, *marker;
    } markers[] = {{"pro", "esm"}, {"pro", "+fips"}, {"esm-infra", "esm"},    {"esm-apps", "esm"},
                   {"esm", "esm"}, {"fips", "fips"}, {"fips-updates", "fips"}};
    for (size_t i = 0; i < array_count(markers); i++)
        if (strcmp(markers[i].stream, stream) == 0 && strstr(version, markers[i].marker))
            return true;
    return false;
}

void match_stream(const struct assertion *a, const struct match_package *package,
                  struct finding_evidence *evidence)
{
    const char *stream = a->context.stream, *own = package->context.stream;
    if (!is_set(stream) || evidence->state != STATE_FIXED || match_is_particular(a))
        return;
    if ((is_set(own) && (strcmp(own, stream) == 0 || strcmp(own, "pro") == 0)) ||
        version_in_stream(package->version, stream))
        return;
    evidence->state = STATE_WILL_NOT_FIX;
    evidence->fixed_version = NULL;
    evidence->rule = "the fix is in a stream this package is not on";
}

void match_pending(const struct matching *m, const struct match_package *package,
                   struct finding *finding)
{
    const struct ecosystem *ecosystem = ecosystem_find(slice_of(package->type));
    const char *best = NULL;
    struct error ignored;
    int order;
    if (finding->state != STATE_FIXED || !finding->fixed_version || !ecosystem)
        return;
    const struct finding_evidence *word = NULL;
    for (size_t i = 0; i < finding->evidence_count && !word; i++)
        if (finding->evidence[i].fixed_version == finding->fixed_version)
            word = &finding->evidence[i];
    if (!word)
        return;
    for (size_t i = 0; i < m->found.count; i++) {
        const struct assertion *a = &m->found.items[i];
        if (a->kind != ASSERTION_CANDIDATE || strcmp(a->name, package->name) != 0 ||
            a->version_count < 2 || !match_conditions(a, package, &(struct match_scope){0}))
            continue;
        const char *offered = a->versions[word->assertion->name_kind == NAME_SOURCE ? 1 : 0];
        if (!best ||
            (version_compare(ecosystem, slice_of(offered), slice_of(best), &order, &ignored) &&
             order > 0))
            best = offered;
    }
    if (best &&
        version_compare(ecosystem, slice_of(best), slice_of(finding->fixed_version), &order,
                        &ignored) &&
        order < 0)
        finding->state = STATE_FIX_PENDING;
}

static bool speaks_of(const struct source_status *status, const struct match_package *package,
                      const struct package_context *context)
{
    const char *type = package->type;
    if (!advisory_source_covers(status->source, type, package->name, context))
        return false;
    for (size_t i = 0; i < status->context_count; i++) {
        const struct source_context *c = &status->contexts[i];
        if (strcmp(c->type, type) == 0 &&
            strcmp(c->distro, context->distro ? context->distro : "") == 0 &&
            strcmp(c->release, context->release ? context->release : "") == 0)
            return true;
    }
    return status->contexts == NULL;
}

enum coverage match_coverage(const struct match_package *package,
                             const struct match_options *options)
{
    enum coverage best = COVERAGE_UNKNOWN;
    struct package_context context = package->context;
    const char *parent = is_set(context.distro) ? distro_parent(context.distro) : NULL;
    if (package->owned)
        return COVERAGE_COVERED; /* judged as the distribution's package */
    for (size_t i = 0; i < options->source_count; i++) {
        const struct source_status *status = &options->sources[i];
        struct package_context other = {parent, context.release, context.stream};
        if (!speaks_of(status, package, &context) &&
            (!parent || !speaks_of(status, package, &other)))
            continue;
        enum coverage here = COVERAGE_UNKNOWN;
        if (status->state == SOURCE_LOADING)
            here = COVERAGE_PENDING;
        else if (status->state == SOURCE_STALE)
            here = COVERAGE_PARTIAL;
        else if (status->state == SOURCE_FRESH)
            here = status->source->covers == COVERS_PACKAGES ? COVERAGE_COVERED : COVERAGE_PARTIAL;
        if (here < best)
            best = here;
    }
    return best;
}
