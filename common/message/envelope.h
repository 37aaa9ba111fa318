/* CloudEvents 1.0 in Kafka binary mode (Kafka Protocol Binding 1.0, 3.2): attributes travel as
 * headers `ce_<name>`, the value is the JSON alone, `content-type` says so. `traceparent` is the
 * distributed tracing extension. Texts belong to the arena. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

struct envelope {
    const char *id, *source; /* together the event's identity */
    const char *type;        /* "resole.image.pushed.v1": the topic without a custom prefix */
    const char *time;        /* RFC 3339 or NULL */
    const char *traceparent; /* or NULL */
};

struct envelope_header {
    const char *name;
    struct slice value;
};

enum { ENVELOPE_HEADERS_MOST = 64, ENVELOPE_TEXT_MOST = 512 };

/* ERROR_INPUT when specversion is not 1.x, or id or source is missing, empty, too long or no text.
 * Unknown headers are ignored, names compared without case. */
bool envelope_decode(struct arena *arena, const struct envelope_header *headers, size_t count,
                     struct envelope *out, struct error *err) must_check;
/* The headers of an envelope, NULL members left out; out holds at least 8. Returns how many. */
size_t envelope_encode(const struct envelope *envelope, struct envelope_header out[static 8]);
/* "resole.<topic>.v1" */
const char *envelope_type(struct arena *arena, const char *topic_name);
/* A child of `parent` (same trace, new span), or a new trace when parent is NULL or malformed. */
void traceparent_new(const char *parent, char out[static 56]);
