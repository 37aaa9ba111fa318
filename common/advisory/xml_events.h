/* XML documents too large for a tree: expat's events with local names (the prefix dropped, since
 * feeds spell the same namespaces differently) and an element's text handed over when it ends.
 * Depth, text and attributes are capped; entities that a document declares itself are refused. */
#pragma once

#include "advisory/feed.h"

struct xml_events {
    /* attributes: name, value, …, NULL, names without prefix. False stops; err is set. */
    bool (*begin)(void *context, const char *name, const char *const *attributes,
                  struct error *err);
    /* text: all of the element's own text, trimmed; borrowed. */
    bool (*end)(void *context, const char *name, struct slice text, struct error *err);
    void *context;
};

/* Reads to the end. Truncation, malformed text, no root: ERROR_INPUT with the line. */
bool xml_events_run(struct feed_stream *in, const struct xml_events *events, struct error *err);
/* "" when it is not there. */
const char *xml_attribute(const char *const *attributes, const char *name);
