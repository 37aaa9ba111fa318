#include "version/part.h"

#include <strings.h>

bool part_take(struct slice *s, char byte)
{
    if (s->length == 0 || s->data[0] != byte)
        return false;
    *s = slice_sub(*s, 1, s->length);
    return true;
}

struct slice part_take_run(struct slice *s, bool (*is)(char))
{
    size_t n = 0;
    while (n < s->length && is(s->data[n]))
        n++;
    struct slice run = slice_sub(*s, 0, n);
    *s = slice_sub(*s, n, s->length);
    return run;
}

bool part_is_all(struct slice s, bool (*is)(char))
{
    return part_take_run(&s, is).length > 0 && s.length == 0;
}

struct slice part_strip_zeros(struct slice digits)
{
    while (digits.length > 1 && digits.data[0] == '0')
        digits = slice_sub(digits, 1, digits.length);
    return digits;
}

int part_compare_numbers(struct slice a, struct slice b)
{
    while (part_take(&a, '0'))
        ;
    while (part_take(&b, '0'))
        ;
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return part_compare_bytes(a, b);
}

int part_compare_bytes(struct slice a, struct slice b)
{
    return part_sign(slice_compare(a, b));
}

int part_compare_nocase(struct slice a, struct slice b)
{
    size_t least = a.length < b.length ? a.length : b.length;
    for (size_t i = 0; i < least; i++) {
        int x = (unsigned char)part_lower(a.data[i]), y = (unsigned char)part_lower(b.data[i]);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (a.length > b.length) - (a.length < b.length);
}

bool part_starts_nocase(struct slice s, const char *prefix)
{
    size_t length = strlen(prefix);
    return s.length >= length && strncasecmp(s.data, prefix, length) == 0;
}

enum part_operator part_take_operator(struct slice *s)
{
    static const struct {
        const char *text;
        enum part_operator op;
    } operators[] = {
        {"===", PART_TRIPLE},    {"==", PART_EQ},       {"!=", PART_NE},
        {"<>", PART_NE},         {"<=", PART_LE},       {">=", PART_GE},
        {"~>", PART_TILDE_GT},   {"~=", PART_TILDE_EQ}, {"<~", PART_LESS_TILDE},
        {">~", PART_MORE_TILDE}, {"<", PART_LT},        {">", PART_GT},
        {"=", PART_EQ},          {"~", PART_TILDE},     {"^", PART_CARET},
    };
    *s = slice_trim(*s);
    for (size_t i = 0; i < array_count(operators); i++) {
        if (slice_has_prefix(*s, operators[i].text)) {
            *s = slice_trim(slice_sub(*s, strlen(operators[i].text), s->length));
            return operators[i].op;
        }
    }
    return PART_NONE;
}

bool part_order_holds(enum part_operator op, int order)
{
    switch (op) {
    case PART_LT:
        return order < 0;
    case PART_LE:
        return order <= 0;
    case PART_GT:
        return order > 0;
    case PART_GE:
        return order >= 0;
    case PART_NE:
        return order != 0;
    case PART_NONE:
    case PART_EQ:
    case PART_TRIPLE:
    case PART_TILDE:
    case PART_TILDE_GT:
    case PART_TILDE_EQ:
    case PART_CARET:
    case PART_LESS_TILDE:
    case PART_MORE_TILDE:
        break;
    }
    return order == 0;
}

bool part_take_piece(struct slice *s, const char *separator, bool *more, struct slice *piece)
{
    if (!*more)
        return false;
    size_t at = slice_find(*s, separator);
    *more = at < s->length;
    *piece = slice_sub(*s, 0, at);
    *s = slice_sub(*s, at + strlen(separator), s->length);
    return true;
}

static bool neutral_all_hold(bool (*compare)(struct slice, struct slice, int *), struct slice all,
                             struct slice version, bool *holds)
{
    struct slice piece;
    bool more = true;
    *holds = true;
    while (part_take_piece(&all, ",", &more, &piece)) {
        enum part_operator op = part_take_operator(&piece);
        int order;
        if (op == PART_NONE && (piece.length == 0 || slice_is(piece, "*")))
            continue;
        if (op > PART_GE || !compare(version, piece, &order))
            return false;
        *holds = *holds && part_order_holds(op, order);
    }
    return true;
}

bool part_neutral_contains(bool (*compare)(struct slice, struct slice, int *), struct slice range,
                           struct slice version, bool *contained)
{
    struct slice all;
    bool more = true, holds;
    *contained = false;
    while (part_take_piece(&range, "||", &more, &all)) {
        if (!neutral_all_hold(compare, all, version, &holds))
            return false;
        *contained = *contained || holds;
    }
    return true;
}
