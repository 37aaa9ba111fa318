/* Stack products that no package manager installed: one row a product and kind of evidence.
 *
 * Patterns are literal text with: %v a version (two or more numbers with dots, then at most one
 * short suffix of letters and digits: 1.1.1w, 9.2p1, 3.13.0rc1), %w one of just three,
 * %n the same without a suffix (Go's strings stand with no end between them), %d a number, %x
 * hexadecimal digits, %s a version with its suffix, %0 a NUL, %z one or more of them, %^ a byte
 * that is no printable ASCII, %_ one or more blanks, %* any up to 80 bytes without a NUL, %% a
 * percent sign. Exactly one %v, %w, %n or %s, which is the version; where a row has neither, its
 * first %d is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct product_row {
    const char *name;
    /* Names of files that can be it, apart by blanks; each fits up to a version, a hash or an
     * extension ("libz" fits libz.so.1 and libz-1b2c3d4e.so.1). NULL: whatever its name. */
    const char *files;
    const char *pattern;
    const char *also;   /* text that must stand in the same file as well */
    bool agrees;        /* the version in the file's name, if any, must begin the found one */
    const char *begins; /* the version's first digit is one of these */
};

/* Executables and libraries. */
extern const struct product_row product_rows[];
extern const size_t product_row_count;
/* Rows of small text files: `files` is the end of the path; a "^" before the pattern: at the file's
 * beginning. A NULL pattern: the path alone says it, and `files` holds the pattern
 * ("lib/elasticsearch-%v.jar"). */
extern const struct product_row product_file_rows[];
extern const size_t product_file_row_count;

/* Does the file's base name fit one of the row's names? */
bool product_named(const struct product_row *row, const char *base);
/* The pattern from the start of `text`; what it covers, or 0. */
size_t product_match(const char *pattern, struct slice text, struct slice *version);
/* The longest run of literal bytes of a pattern, as bytes; its length. */
size_t product_literal(const char *pattern, char *out, size_t size);
/* "python3.11" has "3.11"; a name without a version fits all. */
bool product_agrees(const char *base, struct slice version);
