/* What the version orders share; for common/version only. */
#pragma once

#include "base/slice.h"
#include "version/version.h"

static inline bool part_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool part_is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}
static inline bool part_is_alpha(char c)
{
    return part_is_lower((char)(c | 0x20));
}
static inline bool part_is_alnum(char c)
{
    return part_is_digit(c) || part_is_alpha(c);
}
static inline bool part_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
static inline char part_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}
static inline int part_sign(int order)
{
    return (order > 0) - (order < 0);
}
/* 0 at the end, so that a look ahead needs no length check. */
static inline char part_peek(struct slice s)
{
    return s.length ? s.data[0] : '\0';
}
/* Takes one byte if it is the wanted one. */
bool part_take(struct slice *s, char byte);
/* Takes the longest run of bytes for which is() holds; may be empty. */
struct slice part_take_run(struct slice *s, bool (*is)(char));
bool part_is_all(struct slice s, bool (*is)(char)); /* and not empty */
/* Digit strings of any length by value; the empty one is 0. */
int part_compare_numbers(struct slice a, struct slice b);
struct slice part_strip_zeros(struct slice digits); /* keeps one digit of "000" */
int part_compare_bytes(struct slice a, struct slice b);
int part_compare_nocase(struct slice a, struct slice b); /* ASCII */
bool part_starts_nocase(struct slice s, const char *prefix);

/* One comparison of a range: the operator is taken from the front of the text, blanks around it
 * too. */
enum part_operator {
    PART_NONE,
    PART_EQ,
    PART_NE,
    PART_LT,
    PART_LE,
    PART_GT,
    PART_GE,
    PART_TILDE,      /* ~ */
    PART_TILDE_GT,   /* ~> */
    PART_TILDE_EQ,   /* ~= */
    PART_CARET,      /* ^ */
    PART_TRIPLE,     /* === */
    PART_LESS_TILDE, /* <~ */
    PART_MORE_TILDE, /* >~ */
};
enum part_operator part_take_operator(struct slice *s);
bool part_order_holds(enum part_operator op, int order); /* PART_NONE as PART_EQ */
bool part_neutral_contains(bool (*compare)(struct slice, struct slice, int *), struct slice range,
                           struct slice version, bool *contained);
/* Up to the next separator text; as slice_take_until. *more starts as true. */
bool part_take_piece(struct slice *s, const char *separator, bool *more, struct slice *piece);
