#include "cli/scan.h"

#include <stdio.h>
#include <stdlib.h>

#include "advisory/release.h"
#include "cli/command.h"

enum { DOCUMENT_BYTES = 64 * 1024 * 1024 };

bool scan_counts(const struct finding *finding)
{
    return finding->state != STATE_NOT_AFFECTED && !finding->suppressed_by;
}

const struct package *scan_package(const struct scan *scan, const struct finding *finding)
{
    return &scan->inspected.inventory.packages[finding->package];
}

const char *scan_purl(const struct scan *scan, const struct finding *finding, struct arena *arena)
{
    const struct component *c = &scan_package(scan, finding)->component;
    struct context where = component_context(c, &scan->inspected.inventory.context);
    return component_purl(c, &where, arena);
}

void scan_warn(struct scan *scan, struct arena *arena, const char *code, const char *text)
{
    arena_push(arena, scan->warnings, scan->warning_count, scan->warning_capacity);
    scan->warnings[scan->warning_count++] = (struct scan_warning){code, text};
}

static void fill_packages(struct scan *scan, struct arena *arena)
{
    const struct inventory *inventory = &scan->inspected.inventory;
    scan->packages = arena_new_array(arena, struct match_package, inventory->package_count);
    for (size_t i = 0; i < inventory->package_count; i++) {
        const struct package *p = &inventory->packages[i];
        struct context c = component_context(&p->component, &inventory->context);
        scan->packages[i] = (struct match_package){
            .type = p->component.type,
            .name = p->component.name,
            .version = p->component.version,
            .arch = p->component.arch,
            .source_name = p->component.source_name,
            .source_version = p->component.source_version,
            .module = p->component.module,
            .vendor = p->component.vendor,
            .context = context_canonical(c.distro, c.release, c.stream, arena),
            .owned = p->owner && !p->owner_foreign && !component_is_os(&p->component),
        };
    }
}

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

static bool read_documents(struct scan *scan, struct arena *arena, struct error *err)
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
    return true;
}

static void apply_vex(struct scan *scan, struct finding *finding, struct arena *arena)
{
    const struct sbom_image *image = &scan->inspected.image;
    struct vex_product product = {.purl = scan_purl(scan, finding, arena),
                                  .image_digest = image->manifest_digest,
                                  .image_reference = image->reference};
    const struct vex_statement *s = vex_find(&scan->vex, finding->vulnerability, finding->aliases,
                                             finding->alias_count, &product);
    if (!s || (s->status != VEX_NOT_AFFECTED && s->status != VEX_FIXED))
        return;
    finding->suppressed_by = arena_printf(arena, "VEX %s%s%s", s->document, s->author ? ", " : "",
                                          s->author ? s->author : "");
    finding->suppressed_reason =
        arena_printf(arena, "%s%s%s", vex_status_name(s->status), s->justification ? ": " : "",
                     s->justification ? s->justification : "");
}

static int64_t published(const struct finding *finding)
{
    int64_t first = 0;
    for (size_t i = 0; i < finding->evidence_count; i++) {
        int64_t at = finding->evidence[i].assertion->published;
        if (at > 0 && (first == 0 || at < first))
            first = at;
    }
    return first;
}

static void apply_policy(struct scan *scan, size_t i, struct arena *arena)
{
    struct finding *finding = &scan->result.findings[i];
    const struct package *package = scan_package(scan, finding);
    struct policy_subject subject = {
        .finding = finding,
        .package = package->component.name,
        .type = package->component.type,
        .tier = tier_name(package->tier),
        .published = published(finding),
    };
    const struct policy_rule *rule = policy_ignores(&scan->policy, &subject, scan->settings->now);
    if (rule && !finding->suppressed_by) {
        finding->suppressed_by =
            arena_printf(arena, "policy %s%s%s", rule->name, rule->owner ? ", " : "",
                         rule->owner ? rule->owner : "");
        finding->suppressed_reason = rule->reason;
    }
    if (!finding->suppressed_by)
        scan->failed[i] = policy_fails(&scan->policy, &subject, scan->settings->now);
}

static void keep_wanted(struct scan *scan)
{
    struct match_result *r = &scan->result;
    size_t kept = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (scan->settings->only_fixed && r->findings[i].state != STATE_FIXED)
            continue;
        r->findings[kept++] = r->findings[i];
    }
    r->count = kept;
}

static void weigh(struct scan *scan, struct arena *arena)
{
    size_t affecting = 0;
    for (size_t i = 0; i < scan->result.count; i++)
        affecting += scan_counts(&scan->result.findings[i]);
    for (size_t i = 0; i < scan->inspected.inventory.package_count; i++) {
        scan->unknown_packages += scan->result.coverage[i] == COVERAGE_UNKNOWN;
        scan->partial_packages += scan->result.coverage[i] == COVERAGE_PARTIAL;
    }
    bool doubtful = scan->unknown_packages > 0 || scan->partial_packages > 0 ||
                    !scan->inspected.inventory.complete ||
                    scan->inspected.inventory.package_count == 0;
    scan->verdict = affecting > 0 ? "affected" : doubtful ? "unknown" : "clean";
    if (scan->unknown_packages > 0)
        scan_warn(scan, arena, "no-advisory-data",
                  arena_printf(arena, "%zu packages that no loaded source speaks of: unknown",
                               scan->unknown_packages));
    if (scan->partial_packages > 0)
        scan_warn(scan, arena, "partial-advisory-data",
                  arena_printf(arena,
                               "%zu packages that only stale sources, or sources that list fixes "
                               "alone, speak of",
                               scan->partial_packages));
}

/* The bundle's sources, and the repositories in their row of the table. */
static void ask_repositories(struct scan *scan, struct arena *arena)
{
    struct scan_repository *repository = &scan->repository;
    const struct source_status *from = bundle_sources(scan->bundle, &scan->source_count);
    struct source_status *sources =
        arena_memdup(arena, from, scan->source_count * sizeof(*sources));
    repository->inner = bundle_lookup(scan->bundle);
    scan->sources = sources;
    if (scan->settings->offline)
        return;
    scan_repository_read(scan->packages, scan->inspected.inventory.package_count, arena,
                         repository);
    if (repository->why_not)
        scan_warn(scan, arena, "no-repository",
                  arena_printf(arena, "package repositories: %s", repository->why_not));
    for (size_t i = 0; repository->asked && i < scan->source_count; i++)
        if (sources[i].source == repository->status.source)
            sources[i] = repository->status;
    scan->updates = repository->newer;
}

bool scan_run(const char *image, const struct inspect_settings *inspect,
              const struct scan_settings *settings, struct arena *arena, struct scan *out,
              struct error *err)
{
    *out = (struct scan){.settings = settings};
    if (!read_documents(out, arena, err) ||
        !inspect_image(image, inspect, arena, &out->inspected, err))
        return false;
    out->bundle = bundle_open(settings->advisory_dir, settings->now, err);
    if (!out->bundle)
        return false;
    fill_packages(out, arena);
    ask_repositories(out, arena);
    struct assertion_lookup lookup = scan_repository_lookup(&out->repository);
    struct match_options options = {.sources = out->sources,
                                    .source_count = out->source_count,
                                    .keep_unaffected = settings->all};
    if (!match_packages(out->packages, out->inspected.inventory.package_count, &lookup, &options,
                        arena, &out->result, err))
        return false;
    keep_wanted(out);
    out->failed = arena_new_array(arena, const struct policy_rule *, out->result.count);
    for (size_t i = 0; i < out->result.count; i++) {
        apply_vex(out, &out->result.findings[i], arena);
        apply_policy(out, i, arena);
    }
    weigh(out, arena);
    return true;
}

void scan_release(struct scan *scan)
{
    bundle_close(scan->bundle);
}
