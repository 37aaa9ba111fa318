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
    bool all, only_fixed, offline, attached_vex;
    enum severity fail_on, unknown_severity; /* SEVERITY_UNKNOWN: not given */
    int64_t now;                             /* Unix s */
};

/* Everything that speaks for leaving a finding out, also what does not hold (any more). */
struct scan_suppression {
    const char *kind; /* vex, policy */
    const char *by, *reason, *justification;
    int64_t expires; /* Unix s, 0 never */
    bool holds;
};

/* What becomes of a finding: beside it, by the same index. */
struct scan_judgement {
    struct scan_suppression *suppressions;
    size_t suppression_count, capacity;
    enum policy_verdict gate; /* of --fail-on and the policy together */
    const char *gate_name;    /* "--fail-on high", or the policy's rule */
    int64_t published, fixed_at;
};

struct scan_warning {
    const char *code, *text;
};

struct scan {
    const struct scan_settings *settings;
    const char *asked; /* IMAGE as given; the inventory's own reference is its digest */
    const char *image_purl;
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
    struct scan_judgement *judgements; /* one per finding */
    size_t unknown_packages, partial_packages, updates;
    const char *verdict; /* affected, clean, unknown */
    bool gated;          /* a gate was asked for */
};

bool scan_run(const char *image, const struct inspect_settings *inspect,
              const struct scan_settings *settings, struct arena *arena, struct scan *out,
              struct error *err);
void scan_release(struct scan *scan);
/* VEX documents and the policy on every finding (scan_judge.c). */
bool scan_read_documents(struct scan *scan, struct arena *arena, struct error *err);
void scan_judge(struct scan *scan, struct arena *arena);
bool scan_attached_vex(struct scan *scan, struct arena *arena, struct error *err);
/* pkg:oci/NAME@sha256:…?repository_url=…, "" where the image has no digest. */
const char *scan_image_purl(const struct scan *scan, struct arena *arena);
/* The exit code (interfaces.md): a gate that failed goes before doubt. */
int scan_exit_code(const struct scan *scan);
bool scan_doubtful(const struct scan *scan);
/* Counts as something to act on: affects, and nobody suppressed it. */
bool scan_counts(const struct finding *finding);
const struct package *scan_package(const struct scan *scan, const struct finding *finding);
const char *scan_purl(const struct scan *scan, const struct finding *finding, struct arena *arena);
void scan_warn(struct scan *scan, struct arena *arena, const char *code, const char *text);

enum severity scan_severity(const struct finding *finding);
const struct scan_judgement *scan_judgement(const struct scan *scan, const struct finding *finding);
/* The newest date of the advisory data, RFC 3339: what reports are dated by, so that the same data
 * give the same bytes. */
const char *scan_data_date(const struct scan *scan, struct arena *arena);
/* An address to read on: the records' own, else CVE's. NULL: none. */
const char *scan_url(const struct finding *finding, struct arena *arena);
const char *scan_title(const struct finding *finding);
/* For a terminal: control characters from feeds and images become "?"; lines stay. */
void scan_plain(struct buf *out);
/* separator "key":"value", null for NULL and "". */
void scan_put(struct buf *out, const char *separator, const char *key, const char *value);
void scan_put_finding(const struct scan *scan, const struct finding *finding, struct arena *arena,
                      struct buf *out);

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
void scan_print_openvex(const struct scan *scan, struct arena *arena, struct buf *out);
void scan_print_explain(const struct scan *scan, const struct finding *finding, struct arena *arena,
                        struct buf *out);
