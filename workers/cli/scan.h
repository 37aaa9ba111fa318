/* What `resole scan` found: an inventory judged against the local advisory data. Printers read it.
 */
#pragma once

#include "advisory/bundle.h"
#include "advisory/policy.h"
#include "advisory/vex.h"
#include "cli/inspect.h"
#include "cli/scan_repository.h"

struct scan_settings {
    const char *advisory_dir;
    const char *const *vex_files;
    size_t vex_count;
    const char *policy_file;
    bool all, only_fixed, offline;
    int64_t now; /* Unix s */
};

struct scan_warning {
    const char *code, *text;
};

struct scan {
    const struct scan_settings *settings;
    struct inspected inspected;
    struct bundle *bundle;
    struct scan_repository repository;
    struct match_package *packages; /* as the inventory's */
    struct match_result result;
    const struct source_status *sources;
    size_t source_count;
    struct scan_warning *warnings;
    size_t warning_count, warning_capacity;
    struct policy policy;
    struct vex_set vex;
    const struct policy_rule **failed; /* one per finding: the policy's gate that it fails */
    size_t unknown_packages, partial_packages, updates;
    const char *verdict; /* affected, clean, unknown */
};

bool scan_run(const char *image, const struct inspect_settings *inspect,
              const struct scan_settings *settings, struct arena *arena, struct scan *out,
              struct error *err);
void scan_release(struct scan *scan);
/* Counts as something to act on: affects, and nobody suppressed it. */
bool scan_counts(const struct finding *finding);
const struct package *scan_package(const struct scan *scan, const struct finding *finding);
const char *scan_purl(const struct scan *scan, const struct finding *finding, struct arena *arena);
void scan_warn(struct scan *scan, struct arena *arena, const char *code, const char *text);

struct scan_format {
    const char *name;
    void (*print)(const struct scan *scan, struct arena *arena, struct buf *out);
};
const struct scan_format *scan_format_find(const char *name);

void scan_print_table(const struct scan *scan, struct arena *arena, struct buf *out);
void scan_print_json(const struct scan *scan, struct arena *arena, struct buf *out);
void scan_print_sarif(const struct scan *scan, struct arena *arena, struct buf *out);
void scan_print_junit(const struct scan *scan, struct arena *arena, struct buf *out);
void scan_print_html(const struct scan *scan, struct arena *arena, struct buf *out);
void scan_print_cyclonedx(const struct scan *scan, struct arena *arena, struct buf *out);
void scan_print_spdx(const struct scan *scan, struct arena *arena, struct buf *out);
