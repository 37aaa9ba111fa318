#include "base/clock.h"
#include "cli/scan.h"

void scan_put(struct buf *out, const char *separator, const char *key, const char *value)
{
    buf_put_text(out, separator);
    buf_put_byte(out, '"');
    buf_put_text(out, key);
    buf_put_text(out, "\":");
    if (value && *value)
        buf_put_json(out, slice_of(value));
    else
        buf_put_text(out, "null");
}

static void put_sources(const struct scan *scan, struct buf *out)
{
    const char *separator = "\n";
    buf_put_text(out, ",\n\"advisory_data\":[");
    for (size_t i = 0; i < scan->source_count; i++) {
        const struct source_status *s = &scan->sources[i];
        char as_of[32] = "";
        if (s->state == SOURCE_ABSENT)
            continue;
        if (s->as_of > 0)
            clock_format(s->as_of, as_of);
        buf_put_text(out, separator);
        scan_put(out, "{", "source", s->source->name);
        scan_put(out, ",", "as_of", as_of);
        scan_put(out, ",", "state", source_state_name(s->state));
        buf_put_text(out, "}");
        separator = ",\n";
    }
    buf_put_text(out, "]");
}

static void put_package(const struct scan *scan, const struct finding *f, struct arena *arena,
                        struct buf *out)
{
    const struct package *p = scan_package(scan, f);
    scan_put(out, ",\"package\":{", "purl", scan_purl(scan, f, arena));
    scan_put(out, ",", "type", p->component.type);
    scan_put(out, ",", "name", p->component.name);
    scan_put(out, ",", "version", p->component.version);
    if (p->component.source_name[0]) {
        scan_put(out, ",\"source\":{", "name", p->component.source_name);
        scan_put(out, ",", "version", p->component.source_version);
        buf_put_text(out, "}");
    } else {
        buf_put_text(out, ",\"source\":null");
    }
    scan_put(out, ",", "tier", tier_name(p->tier));
    buf_printf(out, ",\"layer\":%zu", p->layer);
    scan_put(out, ",", "owner", p->owner ? p->owner->name : NULL);
    buf_put_text(out, ",\"paths\":[");
    for (size_t i = 0; i < p->path_count; i++) {
        buf_put_text(out, i > 0 ? "," : "");
        buf_put_json(out, slice_of(p->paths[i]));
    }
    buf_put_text(out, "]}");
}

static void put_evidence(const struct finding *f, struct buf *out)
{
    buf_put_text(out, ",\"sources\":[");
    for (size_t i = 0; i < f->evidence_count; i++) {
        const struct finding_evidence *e = &f->evidence[i];
        scan_put(out, i > 0 ? ",{" : "{", "source", e->assertion->source);
        scan_put(out, ",", "record", e->assertion->record);
        scan_put(out, ",", "state", advisory_state_name(e->state));
        scan_put(out, ",", "fixed_version", e->fixed_version);
        scan_put(out, ",", "rule", e->rule);
        scan_put(out, ",", "compared", e->version_used);
        scan_put(out, ",", "severity", e->assertion->severity);
        scan_put(out, ",", "cvss_vector", e->assertion->cvss);
        scan_put(out, ",", "url", e->assertion->url_count > 0 ? e->assertion->urls[0] : NULL);
        buf_put_text(out, "}");
    }
    buf_put_text(out, "]");
}

static void put_number(struct buf *out, const char *key, double value, const char *format)
{
    char text[32];
    buf_printf(out, ",\"%s\":", key);
    if (value < 0) {
        buf_put_text(out, "null");
        return;
    }
    strfromd(text, sizeof(text), format, value);
    buf_put_text(out, text);
}

static void put_time(struct buf *out, const char *key, int64_t at)
{
    char text[32] = "";
    if (at > 0)
        clock_format(at, text);
    scan_put(out, ",", key, text);
}

static void put_suppressions(const struct scan_judgement *judgement, struct buf *out)
{
    buf_put_text(out, ",\"suppressions\":[");
    for (size_t i = 0; i < judgement->suppression_count; i++) {
        const struct scan_suppression *s = &judgement->suppressions[i];
        scan_put(out, i > 0 ? ",{" : "{", "kind", s->kind);
        scan_put(out, ",", "by", s->by);
        scan_put(out, ",", "reason", s->reason);
        put_time(out, "expires", s->expires);
        buf_printf(out, ",\"holds\":%s}", s->holds ? "true" : "false");
    }
    buf_put_text(out, "]");
}

void scan_put_finding(const struct scan *scan, const struct finding *f, struct arena *arena,
                      struct buf *out)
{
    const struct scan_judgement *judgement = scan_judgement(scan, f);
    scan_put(out, "{", "id", f->id);
    scan_put(out, ",", "vulnerability", f->vulnerability);
    buf_put_text(out, ",\"aliases\":[");
    for (size_t i = 0; i < f->alias_count; i++) {
        buf_put_text(out, i > 0 ? "," : "");
        buf_put_json(out, slice_of(f->aliases[i]));
    }
    buf_put_text(out, "]");
    put_package(scan, f, arena, out);
    scan_put(out, ",", "state", advisory_state_name(f->state));
    scan_put(out, ",", "reason", f->reason);
    scan_put(out, ",", "fixed_version", f->fixed_version);
    scan_put(out, ",", "severity", f->severity);
    put_number(out, "cvss", f->cvss_score, "%.1f");
    scan_put(out, ",", "cvss_vector", f->cvss);
    put_number(out, "epss", f->epss, "%.5f");
    put_time(out, "known_exploited_since", f->kev_added);
    put_time(out, "published", judgement->published);
    put_time(out, "fix_published", judgement->fixed_at);
    put_number(out, "risk", f->risk, "%.1f");
    buf_printf(out, ",\"conditional\":%s", f->conditional ? "true" : "false");
    scan_put(out, ",", "gate", policy_verdict_name(judgement->gate));
    scan_put(out, ",", "gate_rule", judgement->gate_name);
    put_evidence(f, out);
    put_suppressions(judgement, out);
    if (f->suppressed_by) {
        scan_put(out, ",\"suppressed\":{", "by", f->suppressed_by);
        scan_put(out, ",", "reason", f->suppressed_reason);
        buf_put_text(out, "}}");
    } else {
        buf_put_text(out, ",\"suppressed\":null}");
    }
}

static void put_image(const struct sbom_image *image, struct buf *out)
{
    scan_put(out, ",\n\"image\":{", "reference", image->reference);
    scan_put(out, ",", "manifest_digest", image->manifest_digest);
    scan_put(out, ",", "config_digest", image->config_digest);
    scan_put(out, ",", "platform", image->platform);
    buf_put_text(out, ",\"layers\":[");
    for (size_t i = 0; i < image->layer_count; i++) {
        scan_put(out, i > 0 ? ",{" : "{", "diff_id", image->layers[i].diff_id);
        scan_put(out, ",", "digest", image->layers[i].digest);
        buf_printf(out, ",\"bytes\":%lld}", (long long)image->layers[i].bytes);
    }
    buf_put_text(out, "]}");
}

static void put_warnings(const struct scan *scan, struct buf *out)
{
    const struct inventory *inventory = &scan->inspected.inventory;
    const char *separator = "\n{";
    buf_put_text(out, ",\n\"warnings\":[");
    for (size_t i = 0; i < inventory->warning_count; i++, separator = ",\n{") {
        scan_put(out, separator, "code", inventory->warnings[i].code);
        buf_printf(out, ",\"layer\":%d", inventory->warnings[i].layer);
        scan_put(out, ",", "path", inventory->warnings[i].path);
        scan_put(out, ",", "text", inventory->warnings[i].text);
        buf_put_text(out, "}");
    }
    for (size_t i = 0; i < scan->warning_count; i++, separator = ",\n{") {
        scan_put(out, separator, "code", scan->warnings[i].code);
        scan_put(out, ",\"layer\":-1,", "path", NULL);
        scan_put(out, ",", "text", scan->warnings[i].text);
        buf_put_text(out, "}");
    }
    buf_put_text(out, "]");
}

/* What the package repositories offer beyond what is installed. */
static void put_updates(const struct scan *scan, struct buf *out)
{
    const struct scan_repository *repository = &scan->repository;
    buf_put_text(out, ",\n\"updates\":[");
    for (size_t i = 0; i < repository->update_count; i++) {
        const struct repository_update *u = &repository->updates[i];
        const struct match_package *p = &scan->packages[u->package];
        scan_put(out, i > 0 ? ",\n{" : "\n{", "package", p->name);
        scan_put(out, ",", "arch", p->arch);
        scan_put(out, ",", "installed", p->version);
        scan_put(out, ",", "candidate", u->version);
        scan_put(out, ",", "suite", u->suite);
        buf_printf(out, ",\"rebuild\":%s}", u->rebuild ? "true" : "false");
    }
    buf_put_text(out, "]");
}

void scan_print_json(const struct scan *scan, struct arena *arena, struct buf *out)
{
    const struct inventory *inventory = &scan->inspected.inventory;
    size_t counts[4] = {0};
    for (size_t i = 0; i < inventory->package_count; i++)
        counts[scan->result.coverage[i]]++;
    buf_put_text(out, "{\"schema\":\"resole.scan/1\"");
    put_image(&scan->inspected.image, out);
    put_sources(scan, out);
    scan_put(out, ",\n", "verdict", scan->verdict);
    buf_put_text(out, ",\n\"coverage\":{");
    for (size_t i = 0; i < array_count(counts); i++)
        buf_printf(out, "%s\"%s\":%zu", i > 0 ? "," : "", coverage_name((enum coverage)i),
                   counts[i]);
    buf_put_text(out, "},\n\"findings\":[");
    for (size_t i = 0; i < scan->result.count; i++) {
        buf_put_text(out, i > 0 ? ",\n" : "\n");
        scan_put_finding(scan, &scan->result.findings[i], arena, out);
    }
    buf_put_text(out, "]");
    put_updates(scan, out);
    put_warnings(scan, out);
    buf_printf(out, ",\n\"complete\":%s}\n", inventory->complete ? "true" : "false");
}
