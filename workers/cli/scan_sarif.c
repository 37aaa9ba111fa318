/* SARIF 2.1.0 (docs.oasis-open.org/sarif): a rule per vulnerability, a result per finding. */
#include "cli/scan.h"

static const char *level_of(const char *severity)
{
    if (strcmp(severity, "critical") == 0 || strcmp(severity, "high") == 0)
        return "error";
    return strcmp(severity, "medium") == 0 || strcmp(severity, "unknown") == 0 ? "warning" : "note";
}

static bool named_before(const struct scan *scan, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(scan->result.findings[k].vulnerability,
                   scan->result.findings[i].vulnerability) == 0)
            return true;
    return false;
}

static void put_result(const struct scan *scan, const struct finding *f, struct arena *arena,
                       struct buf *out)
{
    const struct package *p = scan_package(scan, f);
    buf_put_text(out, "{\"ruleId\":");
    buf_put_json(out, slice_of(f->vulnerability));
    buf_printf(out, ",\"level\":\"%s\",\"message\":{\"text\":", level_of(f->severity));
    buf_put_json(
        out, slice_of(arena_printf(arena, "%s %s: %s, %s%s%s", p->component.name,
                                   p->component.version, f->severity, advisory_state_name(f->state),
                                   f->fixed_version ? " in " : "",
                                   f->fixed_version ? f->fixed_version : "")));
    buf_put_text(out, "},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
    buf_put_json(out, slice_of(p->path_count > 0 ? p->paths[0] : p->component.name));
    buf_put_text(
        out, "},\"region\":{\"startLine\":1}}}],\"partialFingerprints\":{\"resoleFinding/v1\":");
    buf_put_json(out, slice_of(f->id));
    buf_put_text(out, "}");
    if (f->suppressed_by) {
        buf_put_text(out, ",\"suppressions\":[{\"kind\":\"external\",\"justification\":");
        buf_put_json(out, slice_of(f->suppressed_reason ? f->suppressed_reason : f->suppressed_by));
        buf_put_text(out, "}]");
    }
    buf_put_text(out, "}");
}

void scan_print_sarif(const struct scan *scan, struct arena *arena, struct buf *out)
{
    const char *separator = "\n";
    buf_put_text(out, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
                      "\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"resole\","
                      "\"rules\":[");
    for (size_t i = 0; i < scan->result.count; i++) {
        const struct finding *f = &scan->result.findings[i];
        if (named_before(scan, i))
            continue;
        buf_printf(out, "%s{\"id\":", separator);
        buf_put_json(out, slice_of(f->vulnerability));
        buf_put_text(out, ",\"shortDescription\":{\"text\":");
        buf_put_json(out, slice_of(f->vulnerability));
        buf_put_text(out, "}}");
        separator = ",\n";
    }
    buf_put_text(out, "]}},\"results\":[");
    for (size_t i = 0; i < scan->result.count; i++) {
        buf_put_text(out, i > 0 ? ",\n" : "\n");
        put_result(scan, &scan->result.findings[i], arena, out);
    }
    buf_put_text(out, "]}]}\n");
}
