#include <stdlib.h>

#include "advisory/severity.h"
#include "base/clock.h"
#include "cli/scan.h"

struct order {
    const struct scan *scan;
    size_t index;
};

/* Riskiest first inside a tier; equal ones by package and id. */
static int order_compare(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    const struct finding *f = &x->scan->result.findings[x->index];
    const struct finding *g = &y->scan->result.findings[y->index];
    enum tier tier_f = scan_package(x->scan, f)->tier, tier_g = scan_package(y->scan, g)->tier;
    if (tier_f != tier_g)
        return tier_f < tier_g ? -1 : 1;
    if (f->risk != g->risk)
        return f->risk > g->risk ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

struct widths {
    int name, version, fixed, id;
};

static int wider(int width, const char *text, int most)
{
    int length = text ? (int)strlen(text) : 1;
    return length > width ? (length < most ? length : most) : width;
}

static void put_row(const struct scan *scan, const struct finding *f, const struct widths *w,
                    struct buf *out)
{
    const struct package *p = scan_package(scan, f);
    buf_printf(out, "%-*.*s  %-*.*s  %-*.*s  %-*.*s  %-19s  %-10s  %4d%s", w->id, w->id,
               f->vulnerability, w->name, w->name, p->component.name, w->version, w->version,
               p->component.version, w->fixed, w->fixed, f->fixed_version ? f->fixed_version : "-",
               advisory_state_name(f->state), f->severity, (int)(f->risk + 0.5),
               f->kev_added > 0 ? " exploited" : "");
    if (f->conditional)
        buf_put_text(out, " (only if the code is used)");
    if (f->suppressed_by)
        buf_printf(out, " [suppressed by %s%s%s]", f->suppressed_by,
                   f->suppressed_reason ? ": " : "",
                   f->suppressed_reason ? f->suppressed_reason : "");
    else if (p->path_count > 0 && !component_is_os(&p->component))
        buf_printf(out, "  %s", p->paths[0]);
    buf_put_byte(out, '\n');
}

static void put_heading(enum tier tier, const struct widths *w, struct buf *out)
{
    static const char *const titles[] = {"base image: operating system", "base image: stack",
                                         "application"};
    buf_printf(out, "\n%s\n%-*s  %-*s  %-*s  %-*s  %-19s  %-10s  %4s  %s\n", titles[tier], w->id,
               "VULNERABILITY", w->name, "PACKAGE", w->version, "INSTALLED", w->fixed, "FIXED IN",
               "STATE", "SEVERITY", "RISK", "WHERE");
}

static void put_sources(const struct scan *scan, struct buf *out)
{
    buf_put_text(out, "advisory data:");
    size_t loaded = 0;
    for (size_t i = 0; i < scan->source_count; i++) {
        const struct source_status *s = &scan->sources[i];
        if (s->state == SOURCE_ABSENT)
            continue;
        char as_of[32] = "unknown age";
        if (s->as_of > 0)
            clock_format(s->as_of, as_of);
        buf_printf(out, "%s %s (%.10s%s)", loaded++ > 0 ? "," : "", s->source->name, as_of,
                   s->state == SOURCE_FRESH ? "" : ", stale");
    }
    buf_put_text(out, loaded > 0 ? "\n" : " none; see `resole advisory sync`\n");
}

/* Where they are: the base image's are mended once for all that stand on it. */
static void put_tiers(const struct scan *scan, struct buf *out)
{
    size_t all[3] = {0}, fixable[3] = {0};
    for (size_t i = 0; i < scan->result.count; i++) {
        const struct finding *f = &scan->result.findings[i];
        enum tier tier = scan_package(scan, f)->tier;
        all[tier] += scan_counts(f);
        fixable[tier] += scan_counts(f) && f->state == STATE_FIXED;
    }
    buf_printf(out,
               "base image: %zu (operating system %zu, stack %zu), %zu with a fix; "
               "application: %zu, %zu with a fix\n",
               all[TIER_OS] + all[TIER_STACK], all[TIER_OS], all[TIER_STACK],
               fixable[TIER_OS] + fixable[TIER_STACK], all[TIER_APPLICATION],
               fixable[TIER_APPLICATION]);
}

enum { NAMED_MOST = 3 };

/* The packages outside the distribution's reach that have a fix, by name. */
static void put_raises(const struct scan *scan, const char *separator, struct buf *out)
{
    size_t raised = 0, last = SIZE_MAX;
    for (size_t i = 0; i < scan->result.count; i++) {
        const struct finding *f = &scan->result.findings[i];
        const struct package *p = scan_package(scan, f);
        if (!scan_counts(f) || f->state != STATE_FIXED || component_is_os(&p->component) ||
            f->package == last)
            continue;
        last = f->package;
        if (raised++ < NAMED_MOST)
            buf_printf(out, "%s%s %s to %s", raised == 1 ? separator : ", ", p->component.name,
                       p->component.version, f->fixed_version);
    }
    if (raised > NAMED_MOST)
        buf_printf(out, " and %zu more", raised - NAMED_MOST);
}

static void put_what_to_do(const struct scan *scan, size_t total, struct buf *out)
{
    size_t installable = 0;
    for (size_t i = 0; i < scan->result.count; i++) {
        const struct finding *f = &scan->result.findings[i];
        installable += scan_counts(f) && f->state == STATE_FIXED &&
                       component_is_os(&scan_package(scan, f)->component);
    }
    size_t before = out->length;
    buf_put_text(out, "what to do: ");
    size_t start = out->length;
    if (installable > 0)
        buf_printf(out, "`resole patch %s` mends %zu", scan->asked, installable);
    put_raises(scan, installable > 0 ? "; raise " : "raise ", out);
    if (out->length > start)
        buf_put_byte(out, '\n');
    else if (strcmp(scan->verdict, "unknown") == 0 || (total > 0 && scan->unknown_packages > 0))
        buf_put_text(out, "load the missing advisory data with `resole advisory sync`, then scan "
                          "again\n");
    else if (total > 0)
        buf_put_text(out, "nothing can be installed yet; scan again tomorrow\n");
    else
        out->length = before;
    if (out->data)
        out->data[out->length] = 0;
}

static void put_advice(const struct scan *scan, struct buf *out)
{
    size_t by_severity[6] = {0}, fixable = 0, suppressed = 0, total = 0;
    for (size_t i = 0; i < scan->result.count; i++) {
        const struct finding *f = &scan->result.findings[i];
        enum severity severity = SEVERITY_UNKNOWN;
        suppressed += f->suppressed_by != NULL;
        if (!scan_counts(f))
            continue;
        severity_parse(slice_of(f->severity), &severity);
        by_severity[severity]++;
        fixable += f->state == STATE_FIXED;
        total++;
    }
    buf_printf(out,
               "\n%zu findings: %zu critical, %zu high, %zu medium, %zu low, %zu negligible, %zu "
               "unknown; %zu with a fix; %zu suppressed\n",
               total, by_severity[SEVERITY_CRITICAL], by_severity[SEVERITY_HIGH],
               by_severity[SEVERITY_MEDIUM], by_severity[SEVERITY_LOW],
               by_severity[SEVERITY_NEGLIGIBLE], by_severity[SEVERITY_UNKNOWN], fixable,
               suppressed);
    put_tiers(scan, out);
    for (size_t i = 0; i < scan->warning_count; i++)
        buf_printf(out, "warning: %s\n", scan->warnings[i].text);
    put_what_to_do(scan, total, out);
}

void scan_print_table(const struct scan *scan, struct arena *arena, struct buf *out)
{
    const struct match_result *r = &scan->result;
    const char *pretty = inventory_os_field(&scan->inspected.inventory, "pretty_name");
    struct order *order = arena_new_array(arena, struct order, r->count);
    struct widths w = {7, 9, 8, 13};
    int tier = -1;
    for (size_t i = 0; i < r->count; i++) {
        const struct package *p = scan_package(scan, &r->findings[i]);
        order[i] = (struct order){scan, i};
        w.name = wider(w.name, p->component.name, 40);
        w.version = wider(w.version, p->component.version, 28);
        w.fixed = wider(w.fixed, r->findings[i].fixed_version, 28);
        w.id = wider(w.id, r->findings[i].vulnerability, 44);
    }
    if (r->count > 1)
        qsort(order, r->count, sizeof(*order), order_compare);
    buf_printf(out, "%s%s%s  %zu packages\n", scan->asked, *pretty ? "  " : "", pretty,
               scan->inspected.inventory.package_count);
    put_sources(scan, out);
    for (size_t i = 0; i < r->count; i++) {
        const struct finding *f = &r->findings[order[i].index];
        if (f->suppressed_by && !scan->settings->all)
            continue;
        if ((int)scan_package(scan, f)->tier != tier) {
            tier = (int)scan_package(scan, f)->tier;
            put_heading((enum tier)tier, &w, out);
        }
        put_row(scan, f, &w, out);
    }
    put_advice(scan, out);
    scan_plain(out);
}
