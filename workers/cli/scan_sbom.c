/* SBOMs with what was found: CycloneDX 1.6 with `vulnerabilities` and their VEX analysis, SPDX 2.3
 * with SECURITY references. */
#include <stdlib.h>

#include "cli/scan.h"

struct writing {
    const struct scan *scan;
    struct arena *arena;
};

static void put_rating(const struct finding *f, struct buf *out)
{
    const char *severity = strcmp(f->severity, "negligible") == 0 ? "info" : f->severity;
    struct slice vector = {0};
    double score;
    int major = 0;
    scan_put(out, ",\"ratings\":[{", "severity", severity);
    if (f->cvss && cvss_best(slice_of(f->cvss), &vector, &score, &major)) {
        char text[16];
        const char *method = major == 4                              ? "CVSSv4"
                             : major == 2                            ? "CVSSv2"
                             : slice_has_prefix(vector, "CVSS:3.1/") ? "CVSSv31"
                                                                     : "CVSSv3";
        strfromd(text, sizeof(text), "%.1f", score);
        buf_printf(out, ",\"score\":%s", text);
        scan_put(out, ",", "method", method);
        buf_put_text(out, ",\"vector\":");
        buf_put_json(out, vector);
    }
    buf_put_text(out, "}]");
}

/* OpenVEX's five labels in CycloneDX's words; a CycloneDX document's own pass through. */
static const char *justification_of(const char *label)
{
    static const struct {
        const char *from, *to;
    } words[] = {
        {"component_not_present", "code_not_present"},
        {"vulnerable_code_not_present", "code_not_present"},
        {"vulnerable_code_not_in_execute_path", "code_not_reachable"},
        {"vulnerable_code_cannot_be_controlled_by_adversary", "code_not_reachable"},
        {"inline_mitigations_already_exist", "protected_by_mitigating_control"},
    };
    static const char *const own[] = {
        "code_not_present",     "code_not_reachable",     "requires_configuration",
        "requires_dependency",  "requires_environment",   "protected_by_compiler",
        "protected_at_runtime", "protected_at_perimeter", "protected_by_mitigating_control",
    };
    for (size_t i = 0; label && i < array_count(words); i++)
        if (strcmp(label, words[i].from) == 0)
            return words[i].to;
    for (size_t i = 0; label && i < array_count(own); i++)
        if (strcmp(label, own[i]) == 0)
            return own[i];
    return NULL;
}

static const struct scan_suppression *deciding(const struct scan *scan, const struct finding *f)
{
    const struct scan_judgement *judgement = scan_judgement(scan, f);
    for (size_t i = 0; i < judgement->suppression_count; i++)
        if (judgement->suppressions[i].holds)
            return &judgement->suppressions[i];
    return NULL;
}

static void put_analysis(const struct writing *w, const struct finding *f, struct buf *out)
{
    const struct scan_suppression *s = deciding(w->scan, f);
    const char *state = "exploitable", *detail = f->reason, *response = NULL, *justification = NULL;
    if (s) {
        detail = arena_printf(w->arena, "%s%s%s", s->by, s->reason ? ": " : "",
                              s->reason ? s->reason : "");
        response = "will_not_fix";
        if (strcmp(s->kind, "vex") == 0) {
            state = s->reason && strncmp(s->reason, "fixed", 5) == 0 ? "resolved" : "not_affected";
            justification = justification_of(s->justification);
            response = NULL;
        }
    } else if (f->state == STATE_NOT_AFFECTED) {
        state = "not_affected";
    } else if (f->state == STATE_UNDER_INVESTIGATION || f->state == STATE_UNKNOWN ||
               f->conditional) {
        state = "in_triage";
    } else if (f->state == STATE_FIXED) {
        response = "update";
    } else if (f->state == STATE_WILL_NOT_FIX || f->state == STATE_END_OF_LIFE) {
        response = "will_not_fix";
    }
    scan_put(out, ",\"analysis\":{", "state", state);
    if (justification)
        scan_put(out, ",", "justification", justification);
    if (response)
        buf_printf(out, ",\"response\":[\"%s\"]", response);
    if (detail)
        scan_put(out, ",", "detail", detail);
    buf_put_text(out, "}");
}

static void put_links(const struct writing *w, const struct finding *f, struct buf *out)
{
    const char *title = scan_title(f), *url = scan_url(f, w->arena);
    for (size_t i = 0; i < f->alias_count; i++) {
        scan_put(out, i > 0 ? ",{" : ",\"references\":[{", "id", f->aliases[i]);
        scan_put(out, ",\"source\":{", "name", f->evidence[0].assertion->source);
        buf_put_text(out, i + 1 < f->alias_count ? "}}" : "}}]");
    }
    if (title)
        scan_put(out, ",", "description", title);
    if (url) {
        scan_put(out, ",\"advisories\":[{", "url", url);
        buf_put_text(out, "}]");
    }
}

static void put_vulnerability(const struct writing *w, size_t index, struct buf *out)
{
    const struct finding *f = &w->scan->result.findings[index];
    const struct package *p = scan_package(w->scan, f);
    scan_put(out, "{", "bom-ref", arena_printf(w->arena, "%zu-%s", index, f->id));
    scan_put(out, ",", "id", f->vulnerability);
    scan_put(out, ",\"source\":{", "name", f->evidence[0].assertion->source);
    buf_put_text(out, "}");
    put_links(w, f, out);
    put_rating(f, out);
    if (f->state == STATE_FIXED)
        scan_put(out, ",", "recommendation",
                 arena_printf(w->arena, "install %s %s", p->component.name, f->fixed_version));
    put_analysis(w, f, out);
    scan_put(out, ",\"affects\":[{", "ref",
             sbom_cyclonedx_ref(&w->scan->inspected.inventory, f->package, w->arena));
    scan_put(out, ",\"versions\":[{", "version", p->component.version);
    scan_put(out, ",", "status",
             f->state == STATE_NOT_AFFECTED ? "unaffected"
             : f->state == STATE_UNKNOWN    ? "unknown"
                                            : "affected");
    scan_put(out, "}]}],\"properties\":[{", "name", "resole:finding");
    scan_put(out, ",", "value", f->id);
    scan_put(out, "},{", "name", "resole:state");
    scan_put(out, ",", "value", advisory_state_name(f->state));
    buf_put_text(out, "}]}");
}

static void put_vulnerabilities(void *context, struct buf *out)
{
    const struct writing *w = context;
    buf_put_text(out, ",\n\"vulnerabilities\":[");
    for (size_t i = 0; i < w->scan->result.count; i++) {
        buf_put_text(out, i > 0 ? ",\n  " : "\n  ");
        put_vulnerability(w, i, out);
    }
    buf_put_text(out, "]");
}

void scan_print_cyclonedx(const struct scan *scan, struct arena *arena, struct buf *out)
{
    struct writing w = {scan, arena};
    struct sbom_extra extra = {.document = put_vulnerabilities, .context = &w};
    sbom_write_cyclonedx_with(&scan->inspected.image, &scan->inspected.inventory, &extra, out);
}

/* Findings are sorted by package. */
static void put_references(void *context, size_t package, struct buf *out)
{
    const struct writing *w = context;
    for (size_t i = 0; i < w->scan->result.count; i++) {
        const struct finding *f = &w->scan->result.findings[i];
        const char *url = f->package == package ? scan_url(f, w->arena) : NULL;
        if (!url)
            continue;
        buf_put_text(out, ",{\"referenceCategory\":\"SECURITY\",\"referenceType\":\"advisory\"");
        scan_put(out, ",", "referenceLocator", url);
        scan_put(out, ",", "comment",
                 arena_printf(w->arena, "%s: %s, %s%s%s%s%s", f->vulnerability, f->severity,
                              advisory_state_name(f->state), f->fixed_version ? " in " : "",
                              f->fixed_version ? f->fixed_version : "",
                              f->suppressed_by ? "; suppressed by " : "",
                              f->suppressed_by ? f->suppressed_by : ""));
        buf_put_text(out, "}");
    }
}

void scan_print_spdx(const struct scan *scan, struct arena *arena, struct buf *out)
{
    struct writing w = {scan, arena};
    struct sbom_extra extra = {.references = put_references, .context = &w};
    sbom_write_spdx_with(&scan->inspected.image, &scan->inspected.inventory, &extra, out);
}
