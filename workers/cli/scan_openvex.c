/* OpenVEX 0.2.0: what we know of each finding, in a form that `--vex` reads back. What a statement
 * or a rule suppressed keeps its reason; a policy's ignoring is no "not affected", so it stays
 * affected with the rule as the action. */
#include "base/digest.h"
#include "base/version_text.h"
#include "cli/scan.h"

static const struct scan_suppression *vex_of(const struct scan *scan, const struct finding *f)
{
    const struct scan_judgement *judgement = scan_judgement(scan, f);
    for (size_t i = 0; i < judgement->suppression_count; i++)
        if (judgement->suppressions[i].holds && strcmp(judgement->suppressions[i].kind, "vex") == 0)
            return &judgement->suppressions[i];
    return NULL;
}

static bool is_label(const char *text)
{
    static const char *const labels[] = {
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    };
    for (size_t i = 0; text && i < array_count(labels); i++)
        if (strcmp(text, labels[i]) == 0)
            return true;
    return false;
}

static const char *action_of(const struct scan *scan, const struct finding *f, struct arena *arena)
{
    const char *name = scan_package(scan, f)->component.name;
    if (f->suppressed_by)
        return arena_printf(arena, "%s: %s", f->suppressed_by,
                            f->suppressed_reason ? f->suppressed_reason : "accepted");
    if (f->state == STATE_FIXED)
        return arena_printf(arena, "install %s %s", name, f->fixed_version);
    return arena_printf(arena, "%s: no fix to install%s%s", advisory_state_name(f->state),
                        f->reason ? ": " : "", f->reason ? f->reason : "");
}

static void put_status(const struct scan *scan, const struct finding *f, struct arena *arena,
                       struct buf *out)
{
    const struct scan_suppression *vex = vex_of(scan, f);
    if (vex && strncmp(vex->reason, "fixed", 5) == 0) {
        scan_put(out, ",", "status", "fixed");
    } else if (vex || f->state == STATE_NOT_AFFECTED) {
        scan_put(out, ",", "status", "not_affected");
        if (vex && is_label(vex->justification))
            scan_put(out, ",", "justification", vex->justification);
        scan_put(out, ",", "impact_statement",
                 vex         ? vex->by
                 : f->reason ? f->reason
                             : "the source says not affected");
    } else if (f->state == STATE_UNDER_INVESTIGATION || f->state == STATE_UNKNOWN ||
               f->conditional) {
        scan_put(out, ",", "status", "under_investigation");
    } else {
        scan_put(out, ",", "status", "affected");
        scan_put(out, ",", "action_statement", action_of(scan, f, arena));
    }
}

static void put_statement(const struct scan *scan, const struct finding *f, struct arena *arena,
                          struct buf *out)
{
    const struct sbom_image *image = &scan->inspected.image;
    const char *purl = scan_purl(scan, f, arena), *url = scan_url(f, arena);
    scan_put(out, "{\"vulnerability\":{", "name", f->vulnerability);
    if (url)
        scan_put(out, ",", "@id", url);
    for (size_t i = 0; i < f->alias_count; i++) {
        buf_put_text(out, i > 0 ? "," : ",\"aliases\":[");
        buf_put_json(out, slice_of(f->aliases[i]));
        buf_put_text(out, i + 1 < f->alias_count ? "" : "]");
    }
    if (image->manifest_digest[0]) {
        const char *hex = image->manifest_digest + strlen("sha256:");
        scan_put(out, "},\"products\":[{", "@id", scan->image_purl);
        scan_put(out, ",\"hashes\":{", "sha-256", hex);
        scan_put(out, "},\"subcomponents\":[{", "@id", purl);
        buf_put_text(out, "}]}]");
    } else {
        scan_put(out, "},\"products\":[{", "@id", purl);
        buf_put_text(out, "}]");
    }
    put_status(scan, f, arena, out);
    buf_put_text(out, "}");
}

void scan_print_openvex(const struct scan *scan, struct arena *arena, struct buf *out)
{
    struct buf statements scoped(buf_release) = {0};
    char digest[DIGEST_TEXT_SIZE];
    for (size_t i = 0; i < scan->result.count; i++) {
        buf_put_text(&statements, i > 0 ? ",\n" : "\n");
        put_statement(scan, &scan->result.findings[i], arena, &statements);
    }
    digest_of(buf_text(&statements), statements.length, digest);
    scan_put(out, "{", "@context", "https://openvex.dev/ns/v0.2.0");
    scan_put(out, ",", "@id",
             arena_printf(arena, "https://resole.invalid/vex/%s", digest + strlen("sha256:")));
    scan_put(out, ",", "author", "resole");
    scan_put(out, ",", "role", "scanner");
    scan_put(out, ",", "timestamp", scan_data_date(scan, arena));
    buf_put_text(out, ",\"version\":1,\"tooling\":\"resole " RESOLE_VERSION "\",\"statements\":[");
    buf_put_slice(out, buf_slice(&statements));
    buf_put_text(out, "]}\n");
}
