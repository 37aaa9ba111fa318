#include "version/orders.h"

/* apk-package(5): number{.number}[letter]{_suffix[number]}[~hash][-r#]. A version that is not of
 * that form still has an order: it reads as far as it goes, and ends in something invalid. */
enum token { FIRST, NUMBER, LETTER, SUFFIX, SUFFIX_NUMBER, HASH, REVISION, END, INVALID };

static const char *const suffixes[] = {"alpha", "beta", "pre", "rc", "",
                                       "cvs",   "svn",  "git", "hg", "p"};
enum { SUFFIX_NONE = 4 };

struct reader {
    struct slice rest, text;
    enum token token;
    int suffix;
};

static bool is_hex(char c)
{
    return part_is_digit(c) || (c >= 'a' && c <= 'f');
}

static enum token read_digits(struct reader *r, enum token token)
{
    r->text = part_take_run(&r->rest, part_is_digit);
    return r->text.length ? token : INVALID;
}

static enum token read_suffix(struct reader *r)
{
    r->text = part_take_run(&r->rest, part_is_lower);
    for (int i = 0; i < (int)array_count(suffixes); i++) {
        if (i != SUFFIX_NONE && slice_is(r->text, suffixes[i])) {
            r->suffix = i;
            return SUFFIX;
        }
    }
    return INVALID;
}

static enum token read_next(struct reader *r)
{
    char c = part_peek(r->rest);
    enum token before = r->token;
    if (r->rest.length == 0)
        return END;
    if (part_is_digit(c))
        return before == SUFFIX ? read_digits(r, SUFFIX_NUMBER) : INVALID;
    r->text = slice_sub(r->rest, 0, 1);
    r->rest = slice_sub(r->rest, 1, r->rest.length);
    if (part_is_lower(c))
        return before <= NUMBER ? LETTER : INVALID;
    if (c == '.')
        return before <= NUMBER ? read_digits(r, NUMBER) : INVALID;
    if (c == '_')
        return before <= SUFFIX_NUMBER ? read_suffix(r) : INVALID;
    if (c == '~' && before < HASH) {
        r->text = part_take_run(&r->rest, is_hex);
        return r->text.length ? HASH : INVALID;
    }
    if (c == '-' && before < REVISION && part_take(&r->rest, 'r'))
        return read_digits(r, REVISION);
    return INVALID;
}

static void advance(struct reader *r)
{
    r->token = read_next(r);
}

static struct reader begin(struct slice text)
{
    struct reader r = {.rest = text};
    r.token = read_digits(&r, FIRST);
    return r;
}

static int compare_token(const struct reader *a, const struct reader *b)
{
    switch (a->token) {
    case NUMBER: /* a leading zero makes it a fraction: by bytes */
        if (a->text.data[0] == '0' || b->text.data[0] == '0')
            return part_compare_bytes(a->text, b->text);
        return part_compare_numbers(a->text, b->text);
    case FIRST:
    case SUFFIX_NUMBER:
    case REVISION:
        return part_compare_numbers(a->text, b->text);
    case SUFFIX:
        return (a->suffix > b->suffix) - (a->suffix < b->suffix);
    case LETTER:
    case HASH:
    case END:
    case INVALID:
        break;
    }
    return part_compare_bytes(a->text, b->text);
}

/* fuzzy: a b that ends is equal to all that begin with it. */
static int compare(struct slice left, struct slice right, bool fuzzy)
{
    struct reader a = begin(left), b = begin(right);
    while (a.token == b.token && a.token < END) {
        int order = compare_token(&a, &b);
        if (order)
            return order;
        advance(&a);
        advance(&b);
    }
    if (a.token == b.token || (fuzzy && b.token == END))
        return 0;
    if (a.token == SUFFIX && a.suffix < SUFFIX_NONE)
        return -1;
    if (b.token == SUFFIX && b.suffix < SUFFIX_NONE)
        return 1;
    return a.token > b.token ? -1 : 1;
}

bool apk_compare(struct slice a, struct slice b, int *order)
{
    *order = compare(a, b, false);
    return a.length && b.length;
}

bool apk_valid(struct slice text)
{
    struct reader r = begin(text);
    while (r.token < END)
        advance(&r);
    return r.token == END;
}

/* A dependency of apk: one of = < <= > >= ~ <~ >~ and a version; "!" is the caller's. */
static bool apk_holds(struct slice piece, struct slice version, bool *holds)
{
    enum part_operator op = part_take_operator(&piece);
    *holds = true;
    if (piece.length == 0)
        return op == PART_NONE;
    bool fuzzy =
        op == PART_TILDE || op == PART_TILDE_EQ || op == PART_LESS_TILDE || op == PART_MORE_TILDE;
    int order = compare(version, piece, fuzzy);
    *holds = fuzzy ? order == 0 || (op == PART_LESS_TILDE && order < 0) ||
                         (op == PART_MORE_TILDE && order > 0)
                   : part_order_holds(op, order);
    return op <= PART_TILDE || fuzzy;
}

bool apk_contains(struct slice range, struct slice version, unsigned options, bool *contained)
{
    struct slice all, piece;
    bool more = true, holds;
    *contained = false;
    (void)options;
    while (part_take_piece(&range, "||", &more, &all)) {
        bool more_pieces = true, every = true;
        while (part_take_piece(&all, ",", &more_pieces, &piece)) {
            if (!apk_holds(piece, version, &holds))
                return false;
            every = every && holds;
        }
        *contained = *contained || every;
    }
    return version.length > 0;
}
