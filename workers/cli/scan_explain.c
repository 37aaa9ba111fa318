/* `resole explain`: one finding with all that led to it. */
#include "base/clock.h"
#include "cli/scan.h"

static const char *or_dash(const char *text)
{
    return text && *text ? text : "-";
}

static void put_where(const struct scan *scan, const struct finding *f, struct arena *arena,
                      struct buf *out)
{
    const struct package *p = scan_package(scan, f);
    const struct component *c = &p->component;
    const struct sbom_image *image = &scan->inspected.image;
    buf_printf(out, "\npackage      %s\n  installed  %s %s%s%s\n", scan_purl(scan, f, arena),
               c->name, c->version, c->arch[0] ? " " : "", c->arch);
    if (component_is_os(c))
        buf_printf(out, "  built from %s %s\n", c->source_name, c->source_version);
    buf_printf(out, "  tier       %s\n  layer      %zu%s%s\n", tier_name(p->tier), p->layer,
               p->layer < image->layer_count ? " " : "",
               p->layer < image->layer_count ? image->layers[p->layer].diff_id : "");
    for (size_t i = 0; i < p->path_count; i++)
        buf_printf(out, "  path       %s\n", p->paths[i]);
    buf_printf(out, "  read by    %s (%s)\n", or_dash(p->reader), or_dash(p->source));
    if (p->owner)
        buf_printf(out, "  owned by   %s %s%s\n", p->owner->name, p->owner->version,
                   p->owner_foreign ? ", a third party's package" : "");
    else
        buf_put_text(out, "  owned by   no distribution package\n");
}

static void put_ranges(const struct assertion *a, struct buf *out)
{
    for (size_t i = 0; i < a->range_count; i++) {
        const struct version_range *r = &a->ranges[i];
        buf_printf(out, "    range      %s <= version",
                   r->introduced && *r->introduced ? r->introduced : "0");
        if (r->fixed && *r->fixed)
            buf_printf(out, " < %s", r->fixed);
        if (r->last_affected && *r->last_affected)
            buf_printf(out, " <= %s", r->last_affected);
        buf_put_byte(out, '\n');
    }
    if (a->affected_range)
        buf_printf(out, "    range      %s\n", a->affected_range);
    for (size_t i = 0; i < a->safe_range_count; i++)
        buf_printf(out, "    safe       %s\n", a->safe_ranges[i]);
    if (a->version_count > 0)
        buf_printf(out, "    versions   %zu are enumerated\n", a->version_count);
}

static void put_conditions(const struct assertion *a, struct buf *out)
{
    static const char *const names[] = {
        "only for architecture",      "only for module",   "only on",
        "only if the code is called", "only with package", "running system",
        "unless the version says",    "only for version"};
    for (size_t i = 0; i < a->condition_count; i++)
        if ((size_t)a->conditions[i].kind < array_count(names))
            buf_printf(out, "    condition  %s %s\n", names[a->conditions[i].kind],
                       a->conditions[i].value);
}

static void put_record(const struct finding_evidence *e, struct buf *out)
{
    const struct assertion *a = e->assertion;
    char day[32] = "";
    buf_printf(out, "  %s, record %s: %s\n", a->source, a->record, advisory_state_name(e->state));
    buf_printf(out, "    compared   %s %s: %s\n", or_dash(e->name_used), or_dash(e->version_used),
               or_dash(e->rule));
    if (e->fixed_version)
        buf_printf(out, "    fixed in   %s\n", e->fixed_version);
    put_ranges(a, out);
    put_conditions(a, out);
    if (a->reason && *a->reason)
        buf_printf(out, "    reason     %s\n", a->reason);
    if (a->severity && *a->severity)
        buf_printf(out, "    severity   %s, in the source's own word\n", a->severity);
    if (a->cvss && *a->cvss)
        buf_printf(out, "    CVSS       %s\n", a->cvss);
    if (a->context.distro && *a->context.distro)
        buf_printf(out, "    holds for  %s %s%s%s\n", a->context.distro,
                   or_dash(a->context.release),
                   a->context.stream && *a->context.stream ? ", stream " : "",
                   a->context.stream ? a->context.stream : "");
    if (a->published > 0) {
        clock_format(a->published, day);
        buf_printf(out, "    published  %.10s\n", day);
    }
    for (size_t i = 0; i < a->url_count && i < 3; i++)
        buf_printf(out, "    read on    %s\n", a->urls[i]);
}

static void put_number(struct buf *out, double value, const char *format)
{
    char text[32] = "-";
    if (value >= 0)
        strfromd(text, sizeof(text), format, value);
    buf_put_text(out, text);
}

static void put_weight(const struct finding *f, struct buf *out)
{
    char day[32] = "";
    buf_printf(out, "\nseverity     %s; CVSS ", f->severity);
    put_number(out, f->cvss_score, "%.1f");
    buf_put_text(out, "; EPSS ");
    put_number(out, f->epss, "%.5f");
    if (f->kev_added > 0) {
        clock_format(f->kev_added, day);
        buf_printf(out, "; known to be exploited since %.10s", day);
    }
    buf_put_text(out, "; risk ");
    put_number(out, f->risk, "%.1f");
    buf_put_text(out, " of 100\n");
}

static void put_suppressions(const struct scan *scan, const struct finding *f, struct buf *out)
{
    const struct scan_judgement *judgement = scan_judgement(scan, f);
    char day[32];
    if (judgement->suppression_count == 0)
        buf_put_text(out, "\nsuppressed   no; no VEX statement and no policy rule speaks of it\n");
    else
        buf_printf(out, "\nsuppressed   %s\n", f->suppressed_by ? "yes" : "no");
    for (size_t i = 0; i < judgement->suppression_count; i++) {
        const struct scan_suppression *s = &judgement->suppressions[i];
        buf_printf(out, "  %s %s: %s", s->holds ? "holds:" : "does not hold:", s->by,
                   or_dash(s->reason));
        if (s->expires > 0) {
            clock_format(s->expires, day);
            buf_printf(out, " (until %.10s)", day);
        }
        buf_put_byte(out, '\n');
    }
    if (scan->gated)
        buf_printf(out, "gate         %s%s%s\n", policy_verdict_name(judgement->gate),
                   judgement->gate_name ? ": " : "",
                   judgement->gate_name ? judgement->gate_name : "");
}

void scan_print_explain(const struct scan *scan, const struct finding *f, struct arena *arena,
                        struct buf *out)
{
    const char *title = scan_title(f);
    buf_printf(out, "%s  %s%s%s\n", f->id, f->vulnerability, title ? "  " : "", title ? title : "");
    for (size_t i = 0; i < f->alias_count; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "also called  ", f->aliases[i]);
    buf_printf(out, "%sstate        %s", f->alias_count > 0 ? "\n" : "",
               advisory_state_name(f->state));
    if (f->fixed_version)
        buf_printf(out, ", fixed in %s", f->fixed_version);
    if (f->reason)
        buf_printf(out, " (%s)", f->reason);
    if (f->conditional)
        buf_put_text(out, "; holds only under a condition that cannot be checked here");
    buf_printf(out, "\nimage        %s\n", scan->inspected.image.reference);
    put_where(scan, f, arena, out);
    put_weight(f, out);
    buf_printf(out,
               "\nsaid by      %zu record%s; the first source that speaks decides for "
               "distribution packages\n",
               f->evidence_count, f->evidence_count == 1 ? "" : "s");
    for (size_t i = 0; i < f->evidence_count; i++)
        put_record(&f->evidence[i], out);
    put_suppressions(scan, f, out);
    scan_plain(out);
}
