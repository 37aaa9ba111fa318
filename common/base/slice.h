/* Bytes we were given: borrowed, not terminated. `_take` functions consume from the front. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

struct slice {
    const char *data;
    size_t length;
};

/* From a string; NULL gives the empty slice. */
struct slice slice_of(const char *text);
struct slice slice_sub(struct slice s, size_t from, size_t length); /* clamped */
bool slice_equal(struct slice a, struct slice b);
bool slice_is(struct slice s, const char *text);
bool slice_is_nocase(struct slice s, const char *text); /* ASCII */
int slice_compare(struct slice a, struct slice b);      /* memcmp order, shorter first */
bool slice_has_prefix(struct slice s, const char *prefix);
bool slice_has_suffix(struct slice s, const char *suffix);
struct slice slice_trim(struct slice s); /* ASCII white space at both ends */
/* Index of the first byte / first occurrence, or s.length. */
size_t slice_find_byte(struct slice s, char byte);
size_t slice_find(struct slice s, const char *text);
/* The next line without its \n or \r\n; false at the end. */
bool slice_take_line(struct slice *s, struct slice *line);
/* Up to the separator, which is consumed; false when nothing is left. "a,,b" gives "a", "", "b". */
bool slice_take_until(struct slice *s, char separator, struct slice *part);
/* The next run of non-blank bytes; false at the end. */
bool slice_take_word(struct slice *s, struct slice *word);
/* The whole slice as a number in base 10, nothing else around it; out untouched on failure. */
bool slice_parse_u64(struct slice s, uint64_t *out);
bool slice_parse_i64(struct slice s, int64_t *out);
char *slice_string(struct arena *arena, struct slice s); /* stops at no NUL: callers check */
bool slice_is_utf8(struct slice s);
