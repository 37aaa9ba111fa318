/* SARIF 2.1.0 (docs.oasis-open.org/sarif): a rule per vulnerability, a result per finding. Paths of
 * the image are relative references, so that viewers do not look for them on their own disk. */
#include <ctype.h>
#include <stdlib.h>

#include "base/version_text.h"
#include "cli/scan.h"

static const char *level_of(const char *severity)
{
    if (strcmp(severity, "critical") == 0 || strcmp(severity, "high") == 0)
        return "error";
    return strcmp(severity, "medium") == 0 || strcmp(severity, "unknown") == 0 ? "warning" : "note";
}

/* What viewers sort by: the CVSS score, else the middle of the word's band. */
static void put_severity(const struct finding *f, struct buf *out)
{
    static const char *const middle[] = {"", "0.1", "2.0", "5.5", "8.0", "9.5"};
    char text[16];
    const char *number = middle[scan_severity(f)];
    if (f->cvss_score >= 0) {
        strfromd(text, sizeof(text), "%.1f", f->cvss_score);
        number = text;
    }
    if (*number)
        scan_put(out, ",", "security-severity", number);
}

static int order_compare(const void *a, const void *b)
{
    const struct finding *const *x = a, *const *y = b;
    int order = strcmp((*x)->vulnerability, (*y)->vulnerability);
    return order != 0 ? order : (*x > *y) - (*x < *y);
}

static void put_text_object(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, ",\"%s\":{\"text\":", name);
    buf_put_json(out, slice_of(text));
    buf_put_text(out, "}");
}

static void put_rule(const struct finding *f, struct arena *arena, struct buf *out)
{
    const char *title = scan_title(f), *url = scan_url(f, arena);
    scan_put(out, "{", "id", f->vulnerability);
    put_text_object(out, "shortDescription", title ? title : f->vulnerability);
    put_text_object(out, "fullDescription", title ? title : f->vulnerability);
    put_text_object(out, "help",
                    arena_printf(arena, "%s%s%s", title ? title : f->vulnerability, url ? "\n" : "",
                                 url ? url : ""));
    if (url)
        scan_put(out, ",", "helpUri", url);
    buf_put_text(out, ",\"properties\":{\"tags\":[\"security\",\"vulnerability\"]");
    put_severity(f, out);
    buf_put_text(out, "}}");
}

/* Unreserved bytes and "/" as they are, the rest percent-encoded (RFC 3986). */
static const char *relative_uri(const char *path, struct arena *arena)
{
    struct buf out scoped(buf_release) = {0};
    for (; *path == '/'; path++)
        ;
    for (; *path; path++) {
        unsigned char c = (unsigned char)*path;
        if (isalnum(c) || strchr("-._~/+", c))
            buf_put_byte(&out, (char)c);
        else
            buf_printf(&out, "%%%02X", c);
    }
    return arena_strdup(arena, buf_text(&out));
}

static void put_location(const struct scan *scan, const struct finding *f, struct arena *arena,
                         struct buf *out)
{
    const struct package *p = scan_package(scan, f);
    const char *path = p->path_count > 0 ? p->paths[0] : p->component.name;
    buf_put_text(out, ",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
    buf_put_json(out, slice_of(relative_uri(path, arena)));
    buf_put_text(out, "},\"region\":{\"startLine\":1}},\"logicalLocations\":[");
    scan_put(out, "{", "fullyQualifiedName", scan_purl(scan, f, arena));
    scan_put(out, ",", "name", p->component.name);
    buf_put_text(out, ",\"kind\":\"module\"}]}]");
}

static void put_result(const struct scan *scan, const struct finding *f, size_t rule,
                       struct arena *arena, struct buf *out)
{
    const struct package *p = scan_package(scan, f);
    scan_put(out, "{", "ruleId", f->vulnerability);
    buf_printf(out, ",\"ruleIndex\":%zu,\"level\":\"%s\"", rule, level_of(f->severity));
    put_text_object(out, "message",
                    arena_printf(arena, "%s %s: %s, %s%s%s", p->component.name,
                                 p->component.version, f->severity, advisory_state_name(f->state),
                                 f->fixed_version ? " in " : "",
                                 f->fixed_version ? f->fixed_version : ""));
    put_location(scan, f, arena, out);
    scan_put(out, ",\"partialFingerprints\":{", "resoleFinding/v1", f->id);
    buf_put_text(out, "}");
    if (f->suppressed_by) {
        buf_put_text(out, ",\"suppressions\":[{\"kind\":\"external\",\"status\":\"accepted\"");
        scan_put(out, ",", "justification",
                 arena_printf(arena, "%s%s%s", f->suppressed_by, f->suppressed_reason ? ": " : "",
                              f->suppressed_reason ? f->suppressed_reason : ""));
        buf_put_text(out, "}]");
    }
    scan_put(out, ",\"properties\":{", "tier", tier_name(p->tier));
    scan_put(out, ",", "state", advisory_state_name(f->state));
    scan_put(out, ",", "fixedVersion", f->fixed_version);
    buf_printf(out, ",\"layer\":%zu}}", p->layer);
}

/* Results sorted by vulnerability, so that a rule's number is known while they are written. */
void scan_print_sarif(const struct scan *scan, struct arena *arena, struct buf *out)
{
    size_t count = scan->result.count, rules = 0;
    struct buf results scoped(buf_release) = {0};
    const struct finding **order = arena_new_array(arena, const struct finding *, count);
    for (size_t i = 0; i < count; i++)
        order[i] = &scan->result.findings[i];
    if (count > 1)
        qsort((void *)order, count, sizeof(*order), order_compare);
    buf_put_text(out, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
                      "\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"resole\","
                      "\"version\":\"" RESOLE_VERSION "\",\"rules\":[");
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(order[i]->vulnerability, order[i - 1]->vulnerability) != 0) {
            buf_put_text(out, rules++ > 0 ? ",\n" : "\n");
            put_rule(order[i], arena, out);
        }
        buf_put_text(&results, i > 0 ? ",\n" : "\n");
        put_result(scan, order[i], rules - 1, arena, &results);
    }
    buf_put_text(out, "]}},\"columnKind\":\"utf16CodeUnits\"");
    scan_put(out, ",\"automationDetails\":{", "id",
             arena_printf(arena, "resole/%s", scan->inspected.image.reference));
    buf_put_text(out, "},\"results\":[");
    buf_put_slice(out, buf_slice(&results));
    buf_put_text(out, "]}]}\n");
}
