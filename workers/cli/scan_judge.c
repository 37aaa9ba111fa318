/* What becomes of each finding: VEX statements, the policy's ignore rules, the gates. Everything
 * that speaks for leaving it out is kept, the first that holds decides. */
#include <stdio.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/scan.h"

enum { DOCUMENT_BYTES = 64 * 1024 * 1024 };

static bool read_document(const char *path, struct arena *arena, struct slice *out,
                          struct error *err)
{
    struct buf text scoped(buf_release) = {0};
    FILE *file = fopen(path, "rbe");
    char block[65536];
    size_t got;
    if (!file)
        return error_set(err, ERROR_INPUT, "%s: cannot be read", path);
    while ((got = fread(block, 1, sizeof(block), file)) > 0 && text.length < DOCUMENT_BYTES)
        buf_put(&text, block, got);
    fclose(file);
    if (text.length >= DOCUMENT_BYTES)
        return error_set(err, ERROR_INPUT, "%s: larger than %d bytes", path, DOCUMENT_BYTES);
    *out = (struct slice){arena_memdup(arena, buf_text(&text), text.length), text.length};
    return true;
}

bool scan_read_documents(struct scan *scan, struct arena *arena, struct error *err)
{
    const struct scan_settings *settings = scan->settings;
    struct slice bytes;
    for (size_t i = 0; i < settings->vex_count; i++)
        if (!read_document(settings->vex_files[i], arena, &bytes, err) ||
            !vex_parse(bytes, settings->vex_files[i], arena, &scan->vex, err))
            return error_wrap(err, "%s", settings->vex_files[i]);
    if (settings->policy_file &&
        (!read_document(settings->policy_file, arena, &bytes, err) ||
         !policy_parse(bytes, settings->policy_file, arena, &scan->policy, err)))
        return error_wrap(err, "%s", settings->policy_file);
    scan->gated = settings->fail_on != SEVERITY_UNKNOWN || scan->policy.fail_count > 0;
    /* The command line's word goes before the file's. */
    if (settings->unknown_severity != SEVERITY_UNKNOWN)
        scan->policy.unknown_severity = settings->unknown_severity;
    return true;
}

static void suppress(struct finding *finding, struct scan_judgement *judgement,
                     const struct scan_suppression *suppression, struct arena *arena)
{
    arena_push(arena, judgement->suppressions, judgement->suppression_count, judgement->capacity);
    judgement->suppressions[judgement->suppression_count++] = *suppression;
    if (!suppression->holds || finding->suppressed_by)
        return;
    finding->suppressed_by = suppression->by;
    finding->suppressed_reason = suppression->reason;
}

static const char *vex_reason(const struct vex_statement *s, struct arena *arena)
{
    const char *why = s->justification ? s->justification : s->text;
    return arena_printf(arena, "%s%s%s", vex_status_name(s->status), why ? ": " : "",
                        why ? why : "");
}

static void apply_vex(struct scan *scan, size_t i, struct arena *arena)
{
    struct finding *finding = &scan->result.findings[i];
    const struct sbom_image *image = &scan->inspected.image;
    if (scan->vex.count == 0)
        return;
    struct vex_product product = {.purl = scan_purl(scan, finding, arena),
                                  .image_purl = scan->image_purl,
                                  .image_digest = image->manifest_digest,
                                  .image_reference = scan->asked};
    const struct vex_statement *decides = vex_find(
        &scan->vex, finding->vulnerability, finding->aliases, finding->alias_count, &product);
    for (size_t k = 0; decides && k < scan->vex.count; k++) {
        struct vex_set one = {&scan->vex.items[k], 1, 1};
        const struct vex_statement *s = vex_find(&one, finding->vulnerability, finding->aliases,
                                                 finding->alias_count, &product);
        if (!s)
            continue;
        bool clears = s->status == VEX_NOT_AFFECTED || s->status == VEX_FIXED;
        struct scan_suppression suppression = {
            .kind = "vex",
            .by = arena_printf(arena, "VEX %s%s%s", s->document, s->author ? ", " : "",
                               s->author ? s->author : ""),
            .reason = vex_reason(s, arena),
            .justification = s->status == VEX_NOT_AFFECTED ? s->justification : NULL,
            .holds = clears && s == decides,
        };
        suppress(finding, &scan->judgements[i], &suppression, arena);
    }
}

static struct scan_suppression of_rule(const struct policy_rule *rule, bool holds,
                                       struct arena *arena)
{
    return (struct scan_suppression){
        .kind = "policy",
        .by = arena_printf(arena, "policy %s%s%s", rule->name, rule->owner ? ", " : "",
                           rule->owner ? rule->owner : ""),
        .reason = rule->reason,
        .expires = rule->expires,
        .holds = holds,
    };
}

static void apply_fail_on(const struct scan *scan, const struct finding *finding,
                          struct scan_judgement *judgement, struct arena *arena)
{
    enum severity severity = scan_severity(finding), least = scan->settings->fail_on;
    if (least == SEVERITY_UNKNOWN || judgement->gate == POLICY_FAILS)
        return;
    if (severity == SEVERITY_UNKNOWN)
        severity = scan->policy.unknown_severity;
    if (severity != SEVERITY_UNKNOWN && severity < least)
        return;
    judgement->gate = severity == SEVERITY_UNKNOWN ? POLICY_UNDECIDED : POLICY_FAILS;
    judgement->gate_name = arena_printf(arena, "--fail-on %s", severity_name(least));
}

/* endoflife.date's name of a distribution, where it is not os-release's ID. */
static const char *product_of(const char *distro)
{
    static const struct {
        const char *id, *product;
    } names[] = {{"alpine", "alpine-linux"},
                 {"amzn", "amazon-linux"},
                 {"ol", "oracle-linux"},
                 {"rocky", "rocky-linux"},
                 {"opensuse-leap", "opensuse"}};
    for (size_t i = 0; i < array_count(names); i++)
        if (strcmp(distro, names[i].id) == 0)
            return names[i].product;
    return distro;
}

/* "3.19" is the cycle of 3.19.1, "12" of 12. */
static bool is_cycle(const char *cycle, const char *version)
{
    size_t length = strlen(cycle);
    return length > 0 && strncmp(cycle, version, length) == 0 &&
           (version[length] == 0 || version[length] == '.');
}

/* The release's end of life is over: of the loaded sources that tell of releases. */
static bool release_ended(struct scan *scan, struct arena *arena)
{
    const struct context *context = &scan->inspected.inventory.context;
    struct assertion_lookup lookup = bundle_lookup(scan->bundle);
    const char *const products[] = {product_of(context->distro), context->distro};
    struct error err = {0};
    for (size_t k = 0; *context->distro && k < array_count(products); k++) {
        struct assertion_list list = {0};
        if (!lookup.find(lookup.context, "release", "", "", products[k], arena, &list, &err))
            return false;
        for (size_t i = 0; i < list.count; i++) {
            const struct assertion *a = &list.items[i];
            if (a->version_count == 0 || !is_cycle(a->versions[0], context->version_id) ||
                a->until == 0 || a->until > scan->settings->now)
                continue;
            scan_warn(scan, arena, "end-of-life",
                      arena_printf(arena, "%s %s is past its end of life: no fixes come any more",
                                   context->distro, context->version_id));
            return true;
        }
    }
    return false;
}

static void apply_policy(struct scan *scan, size_t i, bool ended, struct arena *arena)
{
    struct finding *finding = &scan->result.findings[i];
    struct scan_judgement *judgement = &scan->judgements[i];
    const struct package *package = scan_package(scan, finding);
    struct policy_subject subject = {
        .finding = finding,
        .package = package->component.name,
        .type = package->component.type,
        .tier = tier_name(package->tier),
        .end_of_life =
            finding->state == STATE_END_OF_LIFE || (ended && component_is_os(&package->component)),
    };
    const struct policy_rule *rule, *late;
    policy_dates(finding, &subject.published, &subject.fixed_at);
    judgement->published = subject.published;
    judgement->fixed_at = subject.fixed_at;
    enum policy_verdict verdict =
        policy_decide(&scan->policy, &subject, scan->settings->now, &rule);
    if (verdict == POLICY_IGNORED) {
        struct scan_suppression suppression = of_rule(rule, true, arena);
        suppress(finding, judgement, &suppression, arena);
    }
    late = policy_expired(&scan->policy, &subject, scan->settings->now);
    if (late) {
        struct scan_suppression suppression = of_rule(late, false, arena);
        suppress(finding, judgement, &suppression, arena);
    }
    judgement->gate = POLICY_PASSES;
    if (!scan_counts(finding))
        return;
    judgement->gate = verdict;
    judgement->gate_name = rule ? arena_printf(arena, "policy %s", rule->name) : NULL;
    apply_fail_on(scan, finding, judgement, arena);
}

static void warn_expired(struct scan *scan, struct arena *arena)
{
    const struct policy *policy = &scan->policy;
    char day[32];
    for (size_t i = 0; i < policy->ignore_count; i++) {
        const struct policy_rule *rule = &policy->ignore[i];
        if (rule->expires == 0 || scan->settings->now <= rule->expires)
            continue;
        clock_format(rule->expires, day);
        scan_warn(scan, arena, "ignore-rule-expired",
                  arena_printf(arena, "policy %s%s%s: expired on %.10s, ignores nothing any more",
                               rule->name, rule->owner ? ", " : "", rule->owner ? rule->owner : "",
                               day));
    }
}

void scan_judge(struct scan *scan, struct arena *arena)
{
    bool ended = release_ended(scan, arena);
    scan->image_purl = scan_image_purl(scan, arena);
    scan->judgements = arena_new_array(arena, struct scan_judgement, scan->result.count);
    for (size_t i = 0; i < scan->result.count; i++) {
        apply_vex(scan, i, arena);
        apply_policy(scan, i, ended, arena);
    }
    warn_expired(scan, arena);
}

int scan_exit_code(const struct scan *scan)
{
    bool doubt = strcmp(scan->verdict, "unknown") == 0 || scan->unknown_packages > 0;
    for (size_t i = 0; i < scan->result.count; i++) {
        if (scan->judgements[i].gate == POLICY_FAILS)
            return EXIT_GATE;
        doubt |= scan->judgements[i].gate == POLICY_UNDECIDED;
    }
    return doubt ? EXIT_ANSWER_UNKNOWN : EXIT_DONE;
}
