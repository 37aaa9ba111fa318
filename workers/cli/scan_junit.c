/* JUnit XML as Jenkins and GitLab read it: a suite per tier, a case per finding. With a gate
 * (--fail-on, a policy's fail rules) a case fails when the gate does and errs when it cannot tell;
 * without one every finding that counts fails. Suppressed ones are skipped. One more suite tells
 * whether the advisory data covers the image. */
#include "cli/markup.h"
#include "cli/scan.h"

enum outcome { PASSED, FAILED, ERRED, SKIPPED, OUTCOMES };

static enum outcome outcome_of(const struct scan *scan, const struct finding *f)
{
    enum policy_verdict gate = scan_judgement(scan, f)->gate;
    if (!scan_counts(f))
        return SKIPPED;
    if (!scan->gated)
        return FAILED;
    return gate == POLICY_FAILS ? FAILED : gate == POLICY_UNDECIDED ? ERRED : PASSED;
}

static void put_details(const struct scan *scan, const struct finding *f, struct arena *arena,
                        struct buf *out)
{
    const struct package *p = scan_package(scan, f);
    const char *url = scan_url(f, arena), *title = scan_title(f);
    if (title)
        markup_put(out, arena_printf(arena, "%s\n", title));
    markup_put(out, arena_printf(arena, "installed: %s\n", p->component.version));
    markup_put(out,
               arena_printf(arena, "fixed in: %s\n", f->fixed_version ? f->fixed_version : "-"));
    for (size_t i = 0; i < p->path_count; i++)
        markup_put(out, arena_printf(arena, "path: %s\n", p->paths[i]));
    if (url)
        markup_put(out, arena_printf(arena, "%s\n", url));
}

static void put_case(const struct scan *scan, const struct finding *f, struct arena *arena,
                     struct buf *out)
{
    static const char *const elements[] = {NULL, "failure", "error", "skipped"};
    const struct package *p = scan_package(scan, f);
    enum outcome outcome = outcome_of(scan, f);
    const char *what =
        arena_printf(arena, "%s, %s%s%s", f->severity, advisory_state_name(f->state),
                     f->fixed_version ? " in " : "", f->fixed_version ? f->fixed_version : "");
    if (f->suppressed_by)
        what = arena_printf(arena, "%s%s%s", f->suppressed_by, f->suppressed_reason ? ": " : "",
                            f->suppressed_reason ? f->suppressed_reason : "");
    buf_put_text(out, "    <testcase");
    markup_attribute(out, "classname", scan_purl(scan, f, arena));
    markup_attribute(out, "name",
                     arena_printf(arena, "%s in %s %s", f->vulnerability, p->component.name,
                                  p->component.version));
    buf_put_text(out, " time=\"0\">");
    if (outcome != PASSED) {
        buf_printf(out, "<%s", elements[outcome]);
        markup_attribute(out, "message", what);
        if (outcome == SKIPPED) {
            buf_put_text(out, "/>");
        } else {
            markup_attribute(out, "type", f->severity);
            buf_put_byte(out, '>');
            put_details(scan, f, arena, out);
            buf_printf(out, "</%s>", elements[outcome]);
        }
    }
    buf_put_text(out, "</testcase>\n");
}

static void open_suite(const struct scan *scan, const char *name, const size_t *counts,
                       struct arena *arena, struct buf *out)
{
    size_t all = 0;
    for (size_t i = 0; i < OUTCOMES; i++)
        all += counts[i];
    buf_put_text(out, "  <testsuite");
    markup_attribute(out, "name", name);
    buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"0\"",
               all, counts[FAILED], counts[ERRED], counts[SKIPPED]);
    markup_attribute(out, "timestamp", arena_printf(arena, "%.19s", scan_data_date(scan, arena)));
    buf_put_text(out, " hostname=\"localhost\">\n");
}

static void put_tier(const struct scan *scan, enum tier tier, struct arena *arena, struct buf *out)
{
    size_t counts[OUTCOMES] = {0};
    for (size_t i = 0; i < scan->result.count; i++)
        if (scan_package(scan, &scan->result.findings[i])->tier == tier)
            counts[outcome_of(scan, &scan->result.findings[i])]++;
    open_suite(scan, tier_name(tier), counts, arena, out);
    for (size_t i = 0; i < scan->result.count; i++)
        if (scan_package(scan, &scan->result.findings[i])->tier == tier)
            put_case(scan, &scan->result.findings[i], arena, out);
    buf_put_text(out, "  </testsuite>\n");
}

static void put_data(const struct scan *scan, struct arena *arena, struct buf *out)
{
    bool doubt = scan_doubtful(scan);
    size_t counts[OUTCOMES] = {[PASSED] = !doubt, [ERRED] = doubt};
    open_suite(scan, "advisory data", counts, arena, out);
    buf_put_text(out, "    <testcase classname=\"advisory data\" "
                      "name=\"every package is spoken of\" time=\"0\">");
    if (doubt) {
        buf_put_text(out, "<error");
        markup_attribute(out, "message", "the answer is not known for every package");
        markup_attribute(out, "type", "unknown");
        buf_put_byte(out, '>');
        for (size_t i = 0; i < scan->warning_count; i++)
            markup_put(out, arena_printf(arena, "%s\n", scan->warnings[i].text));
        buf_put_text(out, "</error>");
    }
    buf_put_text(out, "</testcase>\n  </testsuite>\n");
}

void scan_print_junit(const struct scan *scan, struct arena *arena, struct buf *out)
{
    buf_put_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    markup_attribute(out, "name", scan->asked);
    buf_put_text(out, ">\n");
    put_data(scan, arena, out);
    for (int tier = TIER_OS; tier <= TIER_APPLICATION; tier++)
        put_tier(scan, (enum tier)tier, arena, out);
    buf_put_text(out, "</testsuites>\n");
}
