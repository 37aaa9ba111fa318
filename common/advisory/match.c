#include "advisory/match.h"

#include <stdio.h>
#include <stdlib.h>

#include "advisory/alias.h"
#include "advisory/match_parts.h"
#include "advisory/noise.h"
#include "advisory/release.h"
#include "advisory/severity.h"
#include "advisory/upstream.h"
#include "base/digest.h"

const char *coverage_name(enum coverage coverage)
{
    static const char *const names[] = {"covered", "partial", "pending", "unknown"};
    return (size_t)coverage < array_count(names) ? names[coverage] : "unknown";
}

const char *source_state_name(enum source_state state)
{
    static const char *const names[] = {"absent", "loading", "stale", "fresh"};
    return (size_t)state < array_count(names) ? names[state] : "absent";
}

static bool is_set(const char *text)
{
    return text && *text;
}

/* Under both of its names. */
static bool collect_names(const struct match_package *package, const char *distro,
                          const char *release, const struct assertion_lookup *lookup,
                          struct arena *arena, struct assertion_list *out, struct error *err)
{
    const char *name = package_name_normal(package->type, package->name, arena);
    const char *source = is_set(package->source_name) ? package->source_name : name;
    return lookup->find(lookup->context, package->type, distro, release, name, arena, out, err) &&
           (strcmp(source, name) == 0 ||
            lookup->find(lookup->context, package->type, distro, release, source, arena, out, err));
}

/* Everything any source says of the package, under each of its names and each context that holds
 * for it. A product beside the release (a vendor's rebuilds) may name no release. */
static bool collect(const struct match_package *package, const struct assertion_lookup *lookup,
                    struct arena *arena, struct assertion_list *out, struct error *err)
{
    const char *distro = package->context.distro ? package->context.distro : "";
    const char *release = package->context.release ? package->context.release : "";
    bool particular = is_set(package->context.stream) ||
                      vendor_stream(package->type, package->name, package->version);
    do {
        if (!collect_names(package, distro, release, lookup, arena, out, err))
            return false;
        if (particular && *distro && *release &&
            !collect_names(package, distro, "", lookup, arena, out, err))
            return false;
        distro = *distro ? distro_parent(distro) : NULL;
    } while (distro);
    const char *product = match_upstream(package);
    return !product || lookup->find(lookup->context, "generic", "", "", product, arena, out, err);
}

static bool put_evidence(struct evidence_list *list, const struct finding_evidence *evidence,
                         struct arena *arena)
{
    arena_push(arena, list->items, list->count, list->capacity);
    list->items[list->count++] = *evidence;
    return true;
}

/* What one assertion says of the package: evidence, or nothing when it does not speak of it. */
static void judge(const struct assertion *a, const struct match_package *package,
                  const struct match_scope *scope, struct arena *arena, struct evidence_list *out)
{
    struct finding_evidence e = {.assertion = a, .state = a->state};
    struct error err = {0};
    bool affected = false, by_upstream = match_is_upstream(a, package);
    if (a->kind != ASSERTION_PACKAGE || a->withdrawn > 0 || !match_is_spoken_to(a, package) ||
        !match_names(a, package, &e.name_used, &e.version_used) ||
        !match_conditions(a, package, scope))
        return;
    if (by_upstream)
        e.version_used = upstream_version(e.version_used, arena);
    if (a->state == STATE_NOT_AFFECTED) {
        if (a->range_count > 0 &&
            (!match_version(a, e.version_used, &affected, &e.fixed_version, &e.rule, &err) ||
             !affected))
            return;
        e.fixed_version = NULL;
        e.rule = "the source says not affected";
        put_evidence(out, &e, arena);
        return;
    }
    if (!match_version(a, e.version_used, &affected, &e.fixed_version, &e.rule, &err)) {
        e.state = STATE_UNKNOWN;
        e.rule = arena_strdup(arena, err.text);
    } else if (!affected) {
        e.state = STATE_NOT_AFFECTED;
    }
    if (affected && a->range_count == 0 && a->version_count == 0)
        e.fixed_version = match_fix(a, e.version_used, arena);
    if (affected && a->state == STATE_FIXED && !e.fixed_version) {
        e.state = STATE_AFFECTED;
    } else if (affected && e.fixed_version && a->state == STATE_AFFECTED) {
        e.state = STATE_FIXED;
    }
    if (affected)
        match_stream(a, package, &e);
    if (affected && by_upstream) {
        e.state = STATE_AFFECTED;
        e.fixed_version = NULL; /* upstream's, no package's */
        e.rule = "the distribution is silent, upstream's version is affected";
    }
    if (!by_upstream || affected)
        put_evidence(out, &e, arena);
}

/* Parts of a source ("alpine-secdb:v3.20-main") rank as the source. */
static size_t source_rank(const char *name)
{
    size_t count;
    const struct advisory_source *sources = advisory_sources(&count);
    const struct advisory_source *found = advisory_source_find(name ? name : "");
    return found ? (size_t)(found - sources) : count;
}

static int evidence_compare(const void *a, const void *b)
{
    const struct finding_evidence *x = a, *y = b;
    bool own_x = match_is_particular(x->assertion), own_y = match_is_particular(y->assertion);
    if (own_x != own_y)
        return own_x ? -1 : 1;
    size_t rank_x = source_rank(x->assertion->source), rank_y = source_rank(y->assertion->source);
    if (rank_x != rank_y)
        return rank_x < rank_y ? -1 : 1;
    return assertion_compare(x->assertion, y->assertion);
}

static bool affects(enum advisory_state state)
{
    return state != STATE_NOT_AFFECTED;
}

/* The word of one source: affected if any of its records says so, unless one of them says outright
 * that this package is not affected. */
static const struct finding_evidence *source_word(const struct finding_evidence *list, size_t count)
{
    const struct finding_evidence *worst = NULL;
    for (size_t i = 0; i < count; i++) {
        if (list[i].assertion->state == STATE_NOT_AFFECTED)
            return &list[i];
        if (!worst || (affects(list[i].state) && !affects(worst->state)))
            worst = &list[i];
        else if (affects(list[i].state) && !worst->fixed_version && list[i].fixed_version)
            worst = &list[i];
    }
    return worst;
}

/* Distribution packages: the first source of the table that speaks decides, the records of the
 * package's own stream before the release's. Language packages: any source that says affected. */
static const struct finding_evidence *deciding(const struct finding_evidence *list, size_t count,
                                               bool distribution)
{
    const struct finding_evidence *decision = NULL;
    size_t own = 0;
    while (own < count && match_is_particular(list[own].assertion))
        own++;
    for (size_t from = 0; from < count;) {
        size_t to = from + 1;
        while (to < count && (to < own) == (from < own) &&
               strcmp(list[to].assertion->source, list[from].assertion->source) == 0)
            to++;
        const struct finding_evidence *word = source_word(list + from, to - from);
        if (distribution && word->state != STATE_UNKNOWN)
            return word;
        if (!decision || (affects(word->state) && !affects(decision->state)))
            decision = word;
        from = to;
    }
    return decision;
}

/* A repository that already has a fix which the deciding feed does not know yet. */
static const struct finding_evidence *known_fix(const struct finding_evidence *word,
                                                const struct finding_evidence *list, size_t count)
{
    if (word->state != STATE_AFFECTED && word->state != STATE_UNKNOWN &&
        word->state != STATE_DEFERRED && word->state != STATE_UNDER_INVESTIGATION)
        return word;
    for (size_t i = 0; i < count; i++)
        if (list[i].state == STATE_FIXED && list[i].fixed_version &&
            strncmp(list[i].assertion->source, "apt", 3) == 0)
            return &list[i];
    return word;
}

static void add_alias(struct finding *finding, const char *id, struct arena *arena, size_t *room)
{
    const char **list = (const char **)(uintptr_t)finding->aliases;
    if (!is_set(id) || strcmp(id, finding->vulnerability) == 0)
        return;
    for (size_t i = 0; i < finding->alias_count; i++)
        if (strcmp(list[i], id) == 0)
            return;
    arena_push(arena, list, finding->alias_count, *room);
    list[finding->alias_count++] = id;
    finding->aliases = list;
}

static int text_compare(const void *a, const void *b)
{
    return vulnerability_id_compare(*(const char *const *)a, *(const char *const *)b);
}

static void fill_aliases(struct finding *finding, struct arena *arena)
{
    size_t room = 0;
    for (size_t i = 0; i < finding->evidence_count; i++) {
        const struct assertion *a = finding->evidence[i].assertion;
        add_alias(finding, a->record, arena, &room);
        add_alias(finding, a->vulnerability, arena, &room);
        for (size_t k = 0; k < a->alias_count; k++)
            add_alias(finding, a->aliases[k], arena, &room);
    }
    if (finding->alias_count > 1)
        qsort((void *)(uintptr_t)finding->aliases, finding->alias_count, sizeof(char *),
              text_compare);
}

static void fill_severity(struct finding *finding, const struct assertion_list *facts)
{
    enum severity severity = SEVERITY_UNKNOWN;
    struct slice vector;
    int major = 0, best = 0;
    finding->cvss_score = finding->epss = -1;
    for (size_t i = 0; i < finding->evidence_count + facts->count; i++) {
        const struct assertion *a = i < finding->evidence_count
                                        ? finding->evidence[i].assertion
                                        : &facts->items[i - finding->evidence_count];
        double score;
        if (severity == SEVERITY_UNKNOWN)
            severity = severity_of_word(slice_of(a->severity));
        if (a->cvss && cvss_best(slice_of(a->cvss), &vector, &score, &major) && major > best) {
            best = major;
            finding->cvss_score = score;
            finding->cvss = a->cvss;
        }
        if (a->epss >= 0)
            finding->epss = a->epss;
        if (a->kev_added > 0)
            finding->kev_added = a->kev_added;
    }
    if (severity == SEVERITY_UNKNOWN)
        severity = severity_of_score(finding->cvss_score, best);
    finding->severity = severity_name(severity);
    finding->risk = risk_score(&(struct risk_input){
        .severity = severity,
        .cvss_score = finding->cvss_score,
        .epss = finding->epss,
        .known_exploited = finding->kev_added > 0,
        .fix_available = finding->state == STATE_FIXED,
    });
}

static const char *finding_id(const struct match_package *p, const char *vulnerability,
                              struct arena *arena)
{
    char digest[DIGEST_TEXT_SIZE];
    const char *text = arena_printf(arena, "%s\n%s\n%s\n%s\n%s\n%s\n%s", p->type, p->name,
                                    p->version ? p->version : "", p->arch ? p->arch : "",
                                    p->context.distro ? p->context.distro : "",
                                    p->context.release ? p->context.release : "", vulnerability);
    digest_of(text, strlen(text), digest);
    return arena_printf(arena, "F-%.16s", digest + strlen("sha256:"));
}

static bool find_facts(const struct finding *finding, const struct assertion_lookup *lookup,
                       struct arena *arena, struct assertion_list *out, struct error *err)
{
    if (!lookup->find(lookup->context, "cve", "", "", finding->vulnerability, arena, out, err))
        return false;
    for (size_t i = 0; i < finding->alias_count; i++)
        if (!vulnerability_is_cve(finding->vulnerability) &&
            vulnerability_is_cve(finding->aliases[i]) &&
            !lookup->find(lookup->context, "cve", "", "", finding->aliases[i], arena, out, err))
            return false;
    return true;
}

static bool put_finding(struct matching *m, size_t index, struct finding_evidence *evidence,
                        size_t count, const char *family, struct error *err)
{
    const struct match_package *package = &m->packages[index];
    bool distribution = is_set(package->context.distro);
    struct assertion_list facts = {0};
    qsort(evidence, count, sizeof(*evidence), evidence_compare);
    const struct finding_evidence *word = deciding(evidence, count, distribution);
    if (!word || (!affects(word->state) && !m->options->keep_unaffected))
        return true;
    word = known_fix(word, evidence, count);
    const char *noise = noise_reason(package->type, package->name, package->source_name);
    if (noise && !m->options->keep_unaffected)
        return true;
    struct finding finding = {
        .package = index,
        .vulnerability = family,
        .state = word->state,
        .reason = is_set(word->assertion->reason) ? word->assertion->reason : NULL,
        .fixed_version = word->fixed_version,
        .evidence = evidence,
        .evidence_count = count,
        .id = finding_id(package, family, m->arena),
    };
    finding.conditional = match_is_upstream(word->assertion, package);
    for (size_t i = 0; i < word->assertion->condition_count; i++)
        finding.conditional |= word->assertion->conditions[i].kind == CONDITION_SYMBOL ||
                               word->assertion->conditions[i].kind == CONDITION_PLATFORM ||
                               (m->options->without_scope &&
                                word->assertion->conditions[i].kind == CONDITION_WITH_PACKAGE);
    match_pending(m, package, &finding);
    fill_aliases(&finding, m->arena);
    if (noise) {
        finding.state = STATE_NOT_AFFECTED;
        finding.reason = noise;
        finding.fixed_version = NULL;
    }
    if (!find_facts(&finding, m->lookup, m->arena, &facts, err))
        return false;
    fill_severity(&finding, &facts);
    arena_push(m->arena, m->out->findings, m->out->count, m->out->capacity);
    m->out->findings[m->out->count++] = finding;
    return true;
}

struct by_family {
    const char *family;
    size_t place; /* in the evidence */
};

static int family_compare(const void *a, const void *b)
{
    const struct by_family *x = a, *y = b;
    int order = vulnerability_id_compare(x->family, y->family);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static int word_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Families of which something says "affected"; the others make no finding. Sorted. */
static size_t affecting_families(const struct evidence_list *list, struct alias_set *aliases,
                                 const char **out)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (affects(list->items[i].state))
            out[count++] = alias_family(aliases, list->items[i].assertion->vulnerability);
    if (count > 1)
        qsort((void *)(uintptr_t)out, count, sizeof(*out), word_compare);
    return count;
}

struct alias_pair {
    const char *id, *alias;
};

static int pair_compare(const void *a, const void *b)
{
    const struct alias_pair *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order != 0 ? order : strcmp(x->alias, y->alias);
}

/* In an order of their own: which of two CVEs takes an alias must not hang on what was read first.
 */
static struct alias_set *join_aliases(const struct evidence_list *list, struct arena *arena)
{
    struct alias_set *aliases = alias_set_new(arena);
    struct alias_pair *pairs = NULL;
    size_t count = 0, capacity = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct assertion *a = list->items[i].assertion;
        for (size_t k = 0; k < a->alias_count; k++) {
            arena_push(arena, pairs, count, capacity);
            pairs[count++] = (struct alias_pair){a->vulnerability, a->aliases[k]};
        }
    }
    if (count > 1)
        qsort(pairs, count, sizeof(*pairs), pair_compare);
    for (size_t i = 0; i < count; i++)
        alias_join(aliases, pairs[i].id, pairs[i].alias);
    return aliases;
}

/* Every piece of evidence with its family, those of one family side by side. */
static size_t order_by_family(struct matching *m, const struct evidence_list *list,
                              struct by_family *order)
{
    struct alias_set *aliases = join_aliases(list, m->arena);
    const char **wanted = arena_new_array(m->arena, const char *, list->count);
    size_t kept = 0;
    size_t count = affecting_families(list, aliases, wanted);
    for (size_t i = 0; i < list->count; i++) {
        const char *family = alias_family(aliases, list->items[i].assertion->vulnerability);
        if (m->options->keep_unaffected ||
            (count > 0 && bsearch(&family, wanted, count, sizeof(*wanted), word_compare)))
            order[kept++] = (struct by_family){family, i};
    }
    if (kept > 1)
        qsort(order, kept, sizeof(*order), family_compare);
    return kept;
}

/* Evidence of one package, gathered by vulnerability family. */
static bool gather(struct matching *m, size_t index, const struct evidence_list *list,
                   struct error *err)
{
    struct by_family *order = arena_new_array(m->arena, struct by_family, list->count);
    size_t count = order_by_family(m, list, order);
    for (size_t from = 0; from < count;) {
        size_t to = from;
        while (to < count && strcmp(order[to].family, order[from].family) == 0)
            to++;
        struct finding_evidence *some =
            arena_new_array(m->arena, struct finding_evidence, to - from);
        for (size_t i = from; i < to; i++) {
            struct finding_evidence *e = &some[i - from];
            *e = list->items[order[i].place];
            e->assertion = arena_memdup(m->arena, e->assertion, sizeof(*e->assertion));
        }
        if (!put_finding(m, index, some, to - from, order[from].family, err))
            return false;
        from = to;
    }
    return true;
}

static bool match_one(struct matching *m, size_t index, struct error *err)
{
    const struct match_package *package = &m->packages[index];
    struct assertion_list *found = &m->found;
    struct evidence_list evidence = {0};
    m->out->coverage[index] = match_coverage(package, m->options);
    found->count = 0; /* its room is used again: what a finding keeps is copied */
    if (package->owned || !is_set(package->name))
        return true;
    if (!collect(package, m->lookup, m->arena, found, err))
        return error_wrap(err, "%s", package->name);
    struct match_scope scope = {m->options->without_scope ? NULL : m->packages, m->count};
    bool any = m->options->keep_unaffected;
    for (size_t i = 0; i < found->count; i++)
        judge(&found->items[i], package, &scope, m->arena, &evidence);
    for (size_t i = 0; !any && i < evidence.count; i++)
        any = affects(evidence.items[i].state);
    return !any || gather(m, index, &evidence, err);
}

bool match_packages(const struct match_package *packages, size_t count,
                    const struct assertion_lookup *lookup, const struct match_options *options,
                    struct arena *arena, struct match_result *out, struct error *err)
{
    struct matching m = {.packages = packages,
                         .count = count,
                         .lookup = lookup,
                         .options = options,
                         .arena = arena,
                         .out = out};
    *out = (struct match_result){.coverage = arena_new_array(arena, enum coverage, count)};
    for (size_t i = 0; i < count; i++)
        if (!match_one(&m, i, err))
            return false;
    return true;
}
