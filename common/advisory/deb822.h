/* Stanzas of "Field: value" lines (deb822(5)): Packages, Release, status, sources files. Streaming:
 * bytes may come in any pieces; one stanza is in memory at a time. Field names compare without
 * case. Comment lines (#) are skipped. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

struct deb822_field {
    struct slice name, value; /* value: white space trimmed; continuation lines joined by \n, each
                                 without its first blank */
};

struct deb822_stanza {
    struct deb822_field *fields;
    size_t count, capacity;
};

/* The value, or an empty slice (data NULL) if there is none. */
struct slice deb822_get(const struct deb822_stanza *stanza, const char *name);
const char *deb822_text(const struct deb822_stanza *stanza, const char *name,
                        struct arena *arena); /* NULL if absent */

/* Takes the next stanza from the front of `text`; false at the end. Fields point into `text` or
 * the arena. A line that is neither field nor continuation is skipped and counted in *bad. */
bool deb822_take(struct slice *text, struct arena *arena, struct deb822_stanza *out, size_t *bad);

/* Streaming: feed pieces, then finish. `take` gets each stanza, borrowed for the call. */
struct deb822_stream;
struct deb822_stream *deb822_stream_new(bool (*take)(void *context,
                                                     const struct deb822_stanza *stanza,
                                                     struct error *err),
                                        void *context);
bool deb822_stream_put(struct deb822_stream *stream, const void *data, size_t length,
                       struct error *err);
bool deb822_stream_finish(struct deb822_stream *stream, struct error *err);
void deb822_stream_free(struct deb822_stream *stream);
void deb822_stream_scope_free(struct deb822_stream **stream);
