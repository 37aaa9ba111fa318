#include "cli/scan.h"

#include "advisory/release.h"
#include "base/clock.h"
#include "cli/command.h"

bool scan_counts(const struct finding *finding)
{
    return finding->state != STATE_NOT_AFFECTED && !finding->suppressed_by;
}

enum severity scan_severity(const struct finding *finding)
{
    enum severity severity = SEVERITY_UNKNOWN;
    severity_parse(slice_of(finding->severity), &severity);
    return severity;
}

const struct scan_judgement *scan_judgement(const struct scan *scan, const struct finding *finding)
{
    return &scan->judgements[finding - scan->result.findings];
}

const char *scan_data_date(const struct scan *scan, struct arena *arena)
{
    int64_t newest = 0;
    char text[32];
    for (size_t i = 0; i < scan->source_count; i++)
        if (scan->sources[i].state != SOURCE_ABSENT && scan->sources[i].as_of > newest)
            newest = scan->sources[i].as_of;
    clock_format(newest > 0 ? newest : scan->settings->now, text);
    return arena_strdup(arena, text);
}

const char *scan_image_purl(const struct scan *scan, struct arena *arena)
{
    struct image_name name;
    struct error err = {0};
    const char *digest = scan->inspected.image.manifest_digest;
    if (!*digest)
        return "";
    if (!image_name_parse(arena, scan->asked, &name, &err) || name.transport != IMAGE_REGISTRY)
        return arena_printf(arena, "pkg:oci/image@%s", digest);
    const char *repository = name.reference.repository, *slash = strrchr(repository, '/');
    return arena_printf(arena, "pkg:oci/%s@%s?repository_url=%s/%s", slash ? slash + 1 : repository,
                        digest, name.reference.host, repository);
}

const char *scan_url(const struct finding *finding, struct arena *arena)
{
    for (size_t i = 0; i < finding->evidence_count; i++)
        if (finding->evidence[i].assertion->url_count > 0)
            return finding->evidence[i].assertion->urls[0];
    return strncmp(finding->vulnerability, "CVE-", 4) == 0
               ? arena_printf(arena, "https://www.cve.org/CVERecord?id=%s", finding->vulnerability)
               : NULL;
}

void scan_plain(struct buf *out)
{
    for (size_t i = 0; i < out->length; i++) {
        unsigned char c = (unsigned char)out->data[i];
        bool c1 = i > 0 && c >= 0x80 && c < 0xa0 && (unsigned char)out->data[i - 1] == 0xc2;
        if (c1)
            out->data[i - 1] = '?';
        if (c1 || c == 0x7f || (c < 0x20 && c != '\n'))
            out->data[i] = '?';
    }
}

const char *scan_title(const struct finding *finding)
{
    for (size_t i = 0; i < finding->evidence_count; i++) {
        const char *title = finding->evidence[i].assertion->title;
        if (title && *title)
            return title;
    }
    return NULL;
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

bool scan_doubtful(const struct scan *scan)
{
    return scan->unknown_packages > 0 || scan->partial_packages > 0 ||
           !scan->inspected.inventory.complete || scan->inspected.inventory.package_count == 0;
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
    scan->verdict = affecting > 0 ? "affected" : scan_doubtful(scan) ? "unknown" : "clean";
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
    for (size_t i = 0; i < repository->unread_count; i++)
        scan_warn(scan, arena, "changelog-unread",
                  arena_printf(arena, "what a newer version mends is not known: %s",
                               repository->unread[i]));
    for (size_t i = 0; repository->asked && i < scan->source_count; i++)
        if (sources[i].source == repository->status.source)
            sources[i] = repository->status;
    scan->updates = repository->newer;
}

bool scan_run(const char *image, const struct inspect_settings *inspect,
              const struct scan_settings *settings, struct arena *arena, struct scan *out,
              struct error *err)
{
    *out = (struct scan){.settings = settings, .asked = image};
    if (!scan_read_documents(out, arena, err) ||
        !inspect_image(image, inspect, arena, &out->inspected, err) ||
        (settings->attached_vex && !scan_attached_vex(out, arena, err)))
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
    scan_judge(out, arena);
    weigh(out, arena);
    return true;
}

void scan_release(struct scan *scan)
{
    bundle_close(scan->bundle);
}
