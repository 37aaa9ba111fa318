/* One page that stands alone: no script, no address is loaded. Base image apart from the
 * application's own. */
#include <stdlib.h>

#include "base/version_text.h"
#include "cli/markup.h"
#include "cli/scan.h"

static const char style[] =
    "body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;"
    "color:#1d2430}h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid #dde2ea;vertical-align:top}th{background:#f3f5f8}"
    "td.n{text-align:right}.critical{color:#8f0f1f;font-weight:700}.high{color:#b8390e;"
    "font-weight:700}.medium{color:#8a6100}.low,.negligible{color:#4a6a3a}.unknown{color:#5b5f68}"
    "code{font-size:.9em}.off{opacity:.6}p.warning{background:#fff6dd;padding:.4rem .8rem;margin:"
    ".3rem 0}details{font-size:.9em}";

struct order {
    const struct scan *scan;
    size_t index;
};

static int order_compare(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    double f = x->scan->result.findings[x->index].risk, g = y->scan->result.findings[y->index].risk;
    return f > g ? -1 : f < g ? 1 : x->index < y->index ? -1 : x->index > y->index;
}

static void put_cell(struct buf *out, const char *class, const char *text)
{
    buf_printf(out, "<td%s%s%s>", *class ? " class=\"" : "", class, *class ? "\"" : "");
    markup_put(out, text && *text ? text : "–");
    buf_put_text(out, "</td>");
}

static void put_evidence(const struct scan *scan, const struct finding *f, struct buf *out)
{
    const struct scan_judgement *judgement = scan_judgement(scan, f);
    const char *title = scan_title(f);
    buf_put_text(out, "<td><details><summary>");
    const struct package *p = scan_package(scan, f);
    markup_put(out, p->path_count > 0 ? p->paths[0] : "evidence");
    buf_put_text(out, "</summary>");
    if (title) {
        markup_put(out, title);
        buf_put_text(out, "<br>");
    }
    for (size_t i = 0; i < f->evidence_count; i++) {
        const struct finding_evidence *e = &f->evidence[i];
        markup_put(out, e->assertion->source);
        buf_put_text(out, " <code>");
        markup_put(out, e->assertion->record);
        buf_put_text(out, "</code>: ");
        markup_put(out, e->rule ? e->rule : advisory_state_name(e->state));
        buf_put_text(out, "<br>");
    }
    for (size_t i = 0; i < judgement->suppression_count; i++) {
        markup_put(out, judgement->suppressions[i].by);
        buf_put_text(out, ": ");
        markup_put(out, judgement->suppressions[i].reason);
        buf_put_text(out, judgement->suppressions[i].holds ? "<br>" : " (does not hold)<br>");
    }
    buf_put_text(out, "</details></td>");
}

static void put_row(const struct scan *scan, const struct finding *f, struct arena *arena,
                    struct buf *out)
{
    const struct package *p = scan_package(scan, f);
    const char *url = scan_url(f, arena);
    buf_printf(out, "<tr%s id=\"%s\"><td>", scan_counts(f) ? "" : " class=\"off\"", f->id);
    if (url && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0)) {
        buf_put_text(out, "<a rel=\"noreferrer\"");
        markup_attribute(out, "href", url);
        buf_put_byte(out, '>');
        markup_put(out, f->vulnerability);
        buf_put_text(out, "</a></td>");
    } else {
        markup_put(out, f->vulnerability);
        buf_put_text(out, "</td>");
    }
    put_cell(out, "", p->component.name);
    put_cell(out, "", p->component.version);
    put_cell(out, "", f->fixed_version);
    put_cell(out, "",
             f->suppressed_by ? arena_printf(arena, "suppressed: %s", f->suppressed_by)
                              : advisory_state_name(f->state));
    put_cell(out, f->severity,
             f->kev_added > 0 ? arena_printf(arena, "%s, exploited", f->severity) : f->severity);
    put_cell(out, "n", arena_printf(arena, "%d", (int)(f->risk + 0.5)));
    put_evidence(scan, f, out);
    buf_put_text(out, "</tr>\n");
}

static void put_tier(const struct scan *scan, const struct order *order, enum tier tier,
                     struct arena *arena, struct buf *out)
{
    static const char *const titles[] = {"Base image: operating system", "Base image: stack",
                                         "Application"};
    size_t rows = 0;
    for (size_t i = 0; i < scan->result.count; i++) {
        const struct finding *f = &scan->result.findings[order[i].index];
        if (scan_package(scan, f)->tier != tier)
            continue;
        if (rows++ == 0)
            buf_printf(out,
                       "<h2>%s</h2>\n<table><thead><tr><th>Vulnerability</th><th>Package</th>"
                       "<th>Installed</th><th>Fixed in</th><th>State</th><th>Severity</th>"
                       "<th>Risk</th><th>Where and why</th></tr></thead><tbody>\n",
                       titles[tier]);
        put_row(scan, f, arena, out);
    }
    if (rows > 0)
        buf_put_text(out, "</tbody></table>\n");
}

static void put_head(const struct scan *scan, struct arena *arena, struct buf *out)
{
    const char *name = scan->asked;
    size_t counted = 0;
    for (size_t i = 0; i < scan->result.count; i++)
        counted += scan_counts(&scan->result.findings[i]);
    buf_put_text(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                      "style-src 'unsafe-inline'\"><title>");
    markup_put(out, name);
    buf_printf(out, ": findings</title><style>%s</style></head><body>\n<h1>", style);
    markup_put(out, name);
    buf_put_text(out, "</h1>\n<p>Verdict: <strong>");
    markup_put(out, scan->verdict);
    buf_printf(out, "</strong>. %zu findings count, of %zu; %zu packages. Advisory data as of ",
               counted, scan->result.count, scan->inspected.inventory.package_count);
    markup_put(out, scan_data_date(scan, arena));
    buf_put_text(out, ": ");
    const char *separator = "";
    for (size_t i = 0; i < scan->source_count; i++) {
        if (scan->sources[i].state == SOURCE_ABSENT)
            continue;
        buf_printf(out, "%s%s (%s)", separator, scan->sources[i].source->name,
                   source_state_name(scan->sources[i].state));
        separator = ", ";
    }
    buf_put_text(out, *separator ? ".</p>\n" : "none.</p>\n");
    for (size_t i = 0; i < scan->warning_count; i++) {
        buf_put_text(out, "<p class=\"warning\">");
        markup_put(out, scan->warnings[i].text);
        buf_put_text(out, "</p>\n");
    }
}

void scan_print_html(const struct scan *scan, struct arena *arena, struct buf *out)
{
    size_t count = scan->result.count;
    struct order *order = arena_new_array(arena, struct order, count);
    for (size_t i = 0; i < count; i++)
        order[i] = (struct order){scan, i};
    if (count > 1)
        qsort(order, count, sizeof(*order), order_compare);
    put_head(scan, arena, out);
    for (int tier = TIER_OS; tier <= TIER_APPLICATION; tier++)
        put_tier(scan, order, (enum tier)tier, arena, out);
    buf_put_text(out, "<p><small>resole " RESOLE_VERSION "</small></p></body></html>\n");
}
