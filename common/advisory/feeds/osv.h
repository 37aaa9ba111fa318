/* OSV records (ossf.github.io/osv-schema 1.x), shared by the JSON and YAML formats. */
#pragma once

#include <jansson.h>

#include "advisory/feed.h"

/* One record → assertions. Withdrawn, GIT-only and informational ones are counted. */
bool osv_record_put(const json_t *record, struct feed_sink *sink, struct arena *arena,
                    struct error *err);
bool osv_looks_like(struct slice head, const char *name);
