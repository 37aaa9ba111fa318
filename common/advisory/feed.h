/* Advisory feeds: bytes in, assertions to a sink, whole or nothing: when a parser answers false the
 * caller throws away what the sink has seen. Parsers are pure over bytes (no clock, no socket). An
 * archive (tar.*, zip) is walked by feed_import; a parser sees one document at a time. */
#pragma once

#include "advisory/assertion.h"
#include "base/error.h"

/* Bytes of one document. read: > 0 bytes, 0 end, < 0 failed (err set). */
struct feed_stream {
    const char *name; /* file or member name, for formats that put the release there */
    long (*read)(void *context, void *out, size_t size, struct error *err);
    void *context;
};

struct feed_counts {
    uint64_t documents, records, assertions;
    uint64_t withdrawn, git_only, no_package, unusable, informational; /* left out, by reason */
    uint64_t repeated; /* said twice, word for word */
    int64_t newest;    /* the feed's own date if it has one, Unix s */
};

struct feed_sink {
    /* The assertion is borrowed for the call. */
    bool (*take)(void *context, const struct assertion *a, struct error *err);
    void *context;
    const char *source; /* the name to put in each assertion */
    struct feed_counts *counts;
};

struct feed_format {
    const char *name;
    /* Is this member of an archive a document of ours? NULL: every one. */
    bool (*wants)(const char *name);
    /* `arena` lives for the document. */
    bool (*parse)(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err);
    /* Does a document that begins like this look like ours? NULL: never guessed. */
    bool (*looks_like)(struct slice head, const char *name);
    const char *source; /* the source that a recognised file goes to when none is named */
};

const struct feed_format *feed_format_find(const char *name);
const struct feed_format *feed_format_guess(struct slice head, const char *name);

/* Reads an open file: plain, .gz, .zst, .xz, .bz2, .zip, .tar of those; recognised by content.
 * `format` NULL: guessed by the first document. *out_format is what was used. */
bool feed_import(int fd, const char *name, const struct feed_format *format, struct feed_sink *sink,
                 const struct feed_format **out_format, struct error *err);

/* The format of the file's first document that is recognised; NULL with err. Moves the offset. */
const struct feed_format *feed_guess_file(int fd, const char *name, struct error *err);

/* One document in memory. */
bool feed_parse_bytes(const struct feed_format *format, struct slice bytes, const char *name,
                      struct feed_sink *sink, struct error *err);

/* For parsers. feed_put fills source and counts, then hands on. */
bool feed_put(struct feed_sink *sink, struct assertion *a, struct error *err);
/* An assertion that says nothing yet. */
struct assertion feed_blank(void);
/* Members called .yaml or .yml: a `wants`. */
bool feed_wants_yaml(const char *name);
/* The whole document; over `most` bytes is ERROR_INPUT. */
bool feed_read_all(struct feed_stream *in, size_t most, struct arena *arena, struct slice *out,
                   struct error *err);
