/* The parts of a binary scan that read more than a version: Go's build information, the list that
 * cargo-auditable links in, the deps.json in a single-file .NET program. They take the bytes as
 * they stream by (binary_scan.c). */
#pragma once

#include "inventory/readers/binary_scan.h"

/* What the search looks for on Go's behalf. */
enum { GO_MAGIC, GO_MODULES, GO_VERSION, GO_LITERALS };
enum { GO_CONTEXT = 128 };
extern const struct go_literal {
    const char *text;
    size_t length;
} go_literals[GO_LITERALS];

struct go_scan;
struct go_scan *go_scan_new(void);
void go_scan_free(struct go_scan *go);
void go_scan_begin(struct go_scan *go);
/* A literal ends at `end`; true: tell me the GO_CONTEXT bytes behind it (go_scan_text). */
bool go_scan_hit(struct go_scan *go, unsigned literal, uint64_t end);
void go_scan_text(struct go_scan *go, unsigned literal, uint64_t end, struct slice behind);
/* Before the block is searched. */
void go_scan_feed(struct go_scan *go, uint64_t at, struct slice block);
void go_scan_end(struct go_scan *go, const char *path, struct reader_sink *sink);

enum { BUNDLE_SIGNATURE, BUNDLE_DEPS, BUNDLE_LITERALS };
enum { BUNDLE_BEFORE = 16 }; /* bytes in front of a literal that are asked for */
extern const struct go_literal bundle_literals[BUNDLE_LITERALS];
struct bundle_scan;
struct bundle_scan *bundle_scan_new(void);
void bundle_scan_free(struct bundle_scan *bundle);
void bundle_scan_begin(struct bundle_scan *bundle);
/* A literal ends at `end`, in the block that stands at `at`. */
void bundle_scan_hit(struct bundle_scan *bundle, unsigned literal, uint64_t end,
                     struct slice before, uint64_t at, struct slice block);
/* Before the block is searched. */
void bundle_scan_feed(struct bundle_scan *bundle, uint64_t at, struct slice block);
void bundle_scan_end(struct bundle_scan *bundle, const char *path, struct reader_sink *sink);

struct rust_scan;
struct rust_scan *rust_scan_new(void);
void rust_scan_free(struct rust_scan *rust);
void rust_scan_begin(struct rust_scan *rust);
void rust_scan_feed(struct rust_scan *rust, struct slice block);
void rust_scan_end(struct rust_scan *rust, const char *path, struct reader_sink *sink);
