#include "version/npm.h"

#include "version/orders.h"

enum { NPM_TEXT_MOST = 256 };

/* A version with parts left out ("1.2", "1.x"): the numbers that are there, in order. */
struct partial {
    int parts;
    uint64_t number[3];
    struct slice pre;
};

static bool take_number(struct slice *text, bool loose, uint64_t *number)
{
    struct slice digits = part_take_run(text, part_is_digit);
    return digits.length && (loose || semver_number_valid(digits)) &&
           slice_parse_u64(digits, number) && *number <= NPM_NUMBER_MOST;
}

static bool is_word_start(char c)
{
    return part_is_alpha(c) || c == '-';
}

/* "-pre" (loose: also without the dash), then "+build". */
static bool take_tail(struct slice *text, bool loose, struct slice *pre)
{
    size_t plus = slice_find_byte(*text, '+');
    struct slice build = slice_sub(*text, plus + 1, text->length);
    *pre = slice_sub(*text, 0, plus);
    bool has_build = plus < text->length;
    *text = slice_sub(*text, text->length, 0);
    if (has_build && !semver_identifiers_valid(build, true))
        return false;
    if (pre->length == 0)
        return true;
    if (!part_take(pre, '-') && !(loose && is_word_start(pre->data[0])))
        return false;
    return semver_identifiers_valid(*pre, loose);
}

static void skip_prefix(struct slice *text)
{
    while (text->length &&
           (text->data[0] == 'v' || text->data[0] == '=' || part_is_blank(text->data[0])))
        *text = slice_sub(*text, 1, text->length);
}

bool npm_version_parse(struct slice text, unsigned options, struct npm_version *out)
{
    bool loose = options & VERSION_LOOSE;
    *out = (struct npm_version){0};
    text = slice_trim(text);
    if (text.length > NPM_TEXT_MOST)
        return false;
    if (loose)
        skip_prefix(&text);
    else
        part_take(&text, 'v');
    for (int i = 0; i < 3; i++) {
        if ((i && !part_take(&text, '.')) || !take_number(&text, loose, &out->number[i]))
            return false;
    }
    return take_tail(&text, loose, &out->pre);
}

int npm_version_order(const struct npm_version *a, const struct npm_version *b)
{
    for (int i = 0; i < 3; i++) {
        if (a->number[i] != b->number[i])
            return a->number[i] < b->number[i] ? -1 : 1;
    }
    return semver_order_pre(a->pre, b->pre);
}

static bool is_wildcard(struct slice text)
{
    char c = part_peek(text);
    return text.length && (c == 'x' || c == 'X' || c == '*');
}

/* Nothing at all is "*". A number after a wildcard is an error. */
static bool partial_parse(struct slice text, bool loose, struct partial *out)
{
    bool wild = false;
    int seen = 0;
    *out = (struct partial){0};
    skip_prefix(&text);
    for (; seen < 3 && text.length; seen++) {
        if (seen && !part_take(&text, '.'))
            break;
        if (is_wildcard(text)) {
            text = slice_sub(text, 1, text.length);
            wild = true;
        } else if (wild || !take_number(&text, loose, &out->number[seen])) {
            return false;
        } else {
            out->parts = seen + 1;
        }
    }
    if (seen < 3 && text.length && text.data[0] != '+')
        return false;
    struct slice pre;
    if (!take_tail(&text, loose, &pre))
        return false;
    if (out->parts == 3)
        out->pre = pre;
    return true;
}

bool npm_comparator_equal(const struct npm_comparator *a, const struct npm_comparator *b)
{
    return a->op == b->op &&
           memcmp(a->version.number, b->version.number, sizeof(a->version.number)) == 0 &&
           slice_equal(a->version.pre, b->version.pre);
}

static bool is_zero(const struct npm_version *v)
{
    return v->number[0] == 0 && v->number[1] == 0 && v->number[2] == 0;
}

bool npm_comparator_is_null(const struct npm_comparator *c)
{
    return c->op == NPM_LT && is_zero(&c->version) && slice_is(c->version.pre, "0");
}

static const char lowest_pre[] = "0";

/* Puts one comparator into the set; ">=0.0.0" is any, and what is there already is not repeated. */
static void put(struct arena *arena, struct npm_set *set, unsigned options, enum npm_operator op,
                const uint64_t *number, struct slice pre)
{
    struct npm_comparator c = {op, {{number[0], number[1], number[2]}, pre}};
    bool low = options & VERSION_INCLUDE_PRERELEASE ? slice_is(pre, lowest_pre) : pre.length == 0;
    if (op == NPM_GE && is_zero(&c.version) && low)
        c.op = NPM_ANY;
    if (c.op == NPM_ANY)
        c.version = (struct npm_version){0};
    for (size_t i = 0; i < set->count; i++) {
        if (npm_comparator_equal(&set->comparators[i], &c))
            return;
    }
    arena_push(arena, set->comparators, set->count, set->capacity);
    set->comparators[set->count++] = c;
}

/* The first version whose number at index is one more: for "<", with the lowest pre-release. */
static void put_below_next(struct arena *arena, struct npm_set *set, unsigned options,
                           const struct partial *p, int index)
{
    uint64_t number[3] = {0};
    for (int i = 0; i <= index; i++)
        number[i] = p->number[i] + (i == index);
    put(arena, set, options, NPM_LT, number, slice_of(lowest_pre));
}

static struct slice low_pre(unsigned options)
{
    return slice_of(options & VERSION_INCLUDE_PRERELEASE ? lowest_pre : "");
}

static void put_any(struct arena *arena, struct npm_set *set)
{
    put(arena, set, 0, NPM_ANY, (const uint64_t[3]){0}, slice_of(""));
}

/* ~ and ^: from the version, below the next one of the number at index. */
static void put_span(struct arena *arena, struct npm_set *set, unsigned options,
                     const struct partial *p, int index)
{
    if (p->parts == 0) {
        put_any(arena, set);
        return;
    }
    put(arena, set, options, NPM_GE, p->number, p->parts < 3 ? low_pre(options) : p->pre);
    put_below_next(arena, set, options, p, index);
}

static int caret_index(const struct partial *p)
{
    if (p->parts < 2 || p->number[0])
        return 0;
    return p->parts < 3 || p->number[1] ? 1 : 2;
}

/* A comparison with parts left out. */
static void put_wild(struct arena *arena, struct npm_set *set, unsigned options,
                     enum npm_operator op, struct partial *p)
{
    int last = p->parts - 1;
    if (p->parts == 0 && (op == NPM_LT || op == NPM_GT)) {
        put(arena, set, options, NPM_LT, (const uint64_t[3]){0}, slice_of(lowest_pre));
    } else if (p->parts == 0) {
        put_any(arena, set);
    } else if (op == NPM_EQ) {
        put_span(arena, set, options, p, last);
    } else if (op == NPM_LE) {
        put_below_next(arena, set, options, p, last);
    } else {
        struct slice pre = op == NPM_LT ? slice_of(lowest_pre) : low_pre(options);
        p->number[last] += op == NPM_GT;
        put(arena, set, options, op == NPM_LT ? NPM_LT : NPM_GE, p->number, pre);
    }
}

static bool put_comparison(struct arena *arena, struct npm_set *set, unsigned options,
                           enum part_operator op, struct slice text)
{
    static const enum npm_operator operators[] = {
        [PART_NONE] = NPM_EQ, [PART_EQ] = NPM_EQ, [PART_LT] = NPM_LT,
        [PART_LE] = NPM_LE,   [PART_GT] = NPM_GT, [PART_GE] = NPM_GE,
    };
    struct partial p;
    if (!partial_parse(text, options & VERSION_LOOSE, &p) || op == PART_NE)
        return false;
    if (op == PART_TILDE || op == PART_TILDE_GT)
        put_span(arena, set, options, &p, p.parts > 1 ? 1 : 0);
    else if (op == PART_CARET)
        put_span(arena, set, options, &p, caret_index(&p));
    else if (op > PART_GE)
        return false;
    else if (p.parts < 3)
        put_wild(arena, set, options, operators[op], &p);
    else
        put(arena, set, options, operators[op], p.number, p.pre);
    return true;
}

/* What can hold nothing makes the whole set that; "any" beside others says nothing. */
static void tidy_set(struct npm_set *set)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (npm_comparator_is_null(&set->comparators[i])) {
            set->comparators[0] = set->comparators[i];
            set->count = 1;
            return;
        }
    }
    for (size_t i = 0; i < set->count && set->count > 1; i++) {
        if (set->comparators[i].op != NPM_ANY)
            set->comparators[kept++] = set->comparators[i];
    }
    if (set->count > 1)
        set->count = kept ? kept : 1;
}

/* "A - B", both ends included; an end with parts left out covers all that begin with it. */
static bool put_hyphen(struct arena *arena, struct npm_set *set, unsigned options,
                       struct slice from, struct slice to)
{
    struct partial a, b;
    bool prerelease = options & VERSION_INCLUDE_PRERELEASE;
    if (!partial_parse(from, options & VERSION_LOOSE, &a) ||
        !partial_parse(to, options & VERSION_LOOSE, &b))
        return false;
    if (a.parts)
        put(arena, set, options, NPM_GE, a.number, a.pre.length ? a.pre : low_pre(options));
    if (b.parts && b.parts < 3)
        put_below_next(arena, set, options, &b, b.parts - 1);
    else if (b.parts && b.pre.length == 0 && prerelease)
        put_below_next(arena, set, options, &b, 2);
    else if (b.parts)
        put(arena, set, options, NPM_LE, b.number, b.pre);
    if (set->count == 0)
        put_any(arena, set);
    tidy_set(set);
    return true;
}

static bool find_hyphen(struct slice text, struct slice *from, struct slice *to)
{
    for (size_t i = 1; i + 1 < text.length; i++) {
        if (text.data[i] != '-' || !part_is_blank(text.data[i - 1]) ||
            !part_is_blank(text.data[i + 1]))
            continue;
        *from = slice_trim(slice_sub(text, 0, i));
        *to = slice_trim(slice_sub(text, i + 1, text.length));
        return true;
    }
    return false;
}

static bool set_parse(struct arena *arena, struct slice text, unsigned options, struct npm_set *set)
{
    struct slice from, to, word;
    *set = (struct npm_set){0};
    text = slice_trim(text);
    if (text.length == 0) {
        put_any(arena, set);
        return true;
    }
    if (find_hyphen(text, &from, &to))
        return put_hyphen(arena, set, options, from, to);
    while (text.length) {
        enum part_operator op = part_take_operator(&text);
        while (text.length && (text.data[0] == '=' || (text.data[0] == 'v' && text.length > 1)))
            text = slice_trim(slice_sub(text, 1, text.length));
        word = slice_of("");
        if (text.length && (text.data[0] == 0 || !strchr("<>^~", text.data[0])))
            (void)slice_take_word(&text, &word);
        bool good = put_comparison(arena, set, options, op, word);
        if (!good && !(options & VERSION_LOOSE)) /* loose drops what it cannot read */
            return false;
        text = slice_trim(text);
    }
    tidy_set(set);
    return set->count > 0;
}

/* Sets that hold nothing go, unless all do; one that holds all stands alone. */
static void tidy_range(struct npm_range *range)
{
    size_t kept = 0;
    for (size_t i = 0; i < range->count; i++) {
        const struct npm_comparator *first = &range->sets[i].comparators[0];
        if (first->op == NPM_ANY && range->sets[i].count == 1) {
            range->sets[0] = range->sets[i];
            range->count = 1;
            return;
        }
    }
    for (size_t i = 0; i < range->count; i++) {
        if (!npm_comparator_is_null(&range->sets[i].comparators[0]))
            range->sets[kept++] = range->sets[i];
    }
    range->count = kept ? kept : 1;
}

bool npm_range_parse(struct arena *arena, struct slice text, unsigned options,
                     struct npm_range *out)
{
    struct slice piece;
    bool more = true;
    *out = (struct npm_range){0};
    while (part_take_piece(&text, "||", &more, &piece)) {
        struct npm_set set;
        if (!set_parse(arena, piece, options, &set)) {
            if (options & VERSION_LOOSE)
                continue;
            return false;
        }
        arena_push(arena, out->sets, out->count, out->capacity);
        out->sets[out->count++] = set;
    }
    if (out->count > 1)
        tidy_range(out);
    return out->count > 0;
}

bool npm_comparator_holds(const struct npm_comparator *c, const struct npm_version *version)
{
    int order = npm_version_order(version, &c->version);
    switch (c->op) {
    case NPM_EQ:
        return order == 0;
    case NPM_LT:
        return order < 0;
    case NPM_LE:
        return order <= 0;
    case NPM_GT:
        return order > 0;
    case NPM_GE:
        return order >= 0;
    case NPM_ANY:
        break;
    }
    return true;
}

bool npm_set_holds(const struct npm_set *set, const struct npm_version *version, unsigned options)
{
    bool named = version->pre.length == 0 || (options & VERSION_INCLUDE_PRERELEASE);
    for (size_t i = 0; i < set->count; i++) {
        const struct npm_comparator *c = &set->comparators[i];
        if (!npm_comparator_holds(c, version))
            return false;
        named = named || (c->version.pre.length &&
                          memcmp(c->version.number, version->number, sizeof(version->number)) == 0);
    }
    return named;
}
