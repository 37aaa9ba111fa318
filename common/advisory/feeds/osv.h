/* OSV records (ossf.github.io/osv-schema 1.x), shared by the JSON and YAML formats. */
#pragma once

#include <jansson.h>

#include "advisory/feed.h"

/* One record → assertions. Withdrawn, GIT-only and informational ones are counted. */
bool osv_record_put(const json_t *record, struct feed_sink *sink, struct arena *arena,
                    struct error *err);
bool osv_looks_like(struct slice head, const char *name);
/* The stack product whose repository the ranges name ("python"), NULL: none that we know. */
const char *osv_git_product(const json_t *affected);
/* What a tag stands for: "v3.12.1", "OpenSSL_1_1_1k" and "REL_15_1" without what is before the
 * number; NULL: no version. */
const char *osv_git_version(const char *tag, struct arena *arena);
/* Fills the conditions from what stands beside the ranges, which are there already. */
void osv_conditions(const json_t *affected, struct assertion *a, struct arena *arena);
