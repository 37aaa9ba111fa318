#include "version/composer.h"
#include "version/orders.h"

/* Composer's constraints (getcomposer.org, "Versions and constraints"). */
struct bounds { /* numbers of a constraint that is made of numbers */
    struct slice number[4];
    int count;
    struct composer_modifier modifier;
    bool wild, wild_dev, build;
};

static bool any_char(char c)
{
    return c == 'x' || c == 'X' || c == '*';
}

/* v?1[.2[.3[.4]]] and a modifier, or ".x" behind fewer than four. */
static bool parse_bounds(struct slice text, struct bounds *out)
{
    *out = (struct bounds){0};
    size_t plus = slice_find_byte(text, '+');
    out->build = plus < text.length;
    text = slice_sub(text, 0, plus);
    if (!part_take(&text, 'v'))
        part_take(&text, 'V');
    out->number[out->count++] = part_take_run(&text, part_is_digit);
    if (out->number[0].length == 0)
        return false;
    while (out->count < 4) {
        struct slice rest = text;
        if (!part_take(&rest, '.') || !part_is_digit(part_peek(rest)))
            break;
        out->number[out->count++] = part_take_run(&rest, part_is_digit);
        text = rest;
    }
    for (struct slice rest = text; part_take(&rest, '.') && any_char(part_peek(rest));) {
        text = rest = slice_sub(rest, 1, rest.length);
        out->wild = true;
    }
    if (!out->wild)
        return composer_modifier_parse(text, &out->modifier);
    out->wild_dev = slice_is_nocase(text, "-dev") || slice_is_nocase(text, ".dev");
    return text.length == 0 || out->wild_dev;
}

/* The first `kept` numbers, the last of them plus one, zeros behind, "-dev": what lies below it
 * begins with the numbers. */
static bool put_next(const struct bounds *b, int kept, uint64_t more, struct buf *out)
{
    for (int i = 0; i < 4; i++) {
        uint64_t number = 0;
        if (i < kept && b->number[i].length && !slice_parse_u64(b->number[i], &number))
            return false;
        buf_printf(out, "%s%llu", i ? "." : "",
                   (unsigned long long)(i == kept - 1 ? number + more : number));
    }
    buf_put_text(out, "-dev");
    return true;
}

struct check {
    struct slice version; /* normal form */
    unsigned options;
};

/* PHP's order among numbers; a branch only equals itself. */
static bool holds(const struct check *check, enum part_operator op, struct slice bound)
{
    bool a = composer_is_branch(check->version), b = composer_is_branch(bound);
    bool same = slice_equal(check->version, bound);
    if (op == PART_NE && (a || b))
        return !same;
    if (a && b)
        return (op == PART_EQ || op == PART_NONE) && same;
    if ((a || b) && !(check->options & VERSION_EXACT))
        return false;
    return part_order_holds(op, composer_order(check->version, bound));
}

static bool span_holds(const struct check *check, const struct buf *low, const struct buf *high)
{
    return holds(check, PART_GE, buf_slice(low)) && holds(check, PART_LT, buf_slice(high));
}

static bool is_bare(const struct bounds *b)
{
    return b->modifier.stability.length == 0 && !b->modifier.dev && !b->wild_dev;
}

/* ~ keeps the numbers but the last given one, ^ those up to the first that is not 0. */
static bool check_span(const struct check *check, struct slice text, bool caret, bool *result)
{
    struct buf low scoped(buf_release) = {0}, high scoped(buf_release) = {0};
    struct bounds b;
    if (!parse_bounds(text, &b) || (b.wild && !b.wild_dev) ||
        !composer_version_normalise(text, &low))
        return false;
    if (is_bare(&b))
        buf_put_text(&low, "-dev");
    int kept = b.count + b.wild_dev - 1;
    if (caret) {
        kept = 1;
        while (kept < 3 && kept < b.count && slice_is(b.number[kept - 1], "0"))
            kept++;
    }
    if (!put_next(&b, kept > 1 ? kept : 1, 1, &high))
        return false;
    *result = span_holds(check, &low, &high);
    return true;
}

static bool check_wild(const struct check *check, const struct bounds *b, bool *result)
{
    struct buf low scoped(buf_release) = {0}, high scoped(buf_release) = {0};
    if (b->count > 3 || !put_next(b, b->count, 0, &low) || !put_next(b, b->count, 1, &high))
        return false;
    *result = span_holds(check, &low, &high);
    return true;
}

static bool check_hyphen(const struct check *check, struct slice from, struct slice to,
                         bool *result)
{
    struct buf low scoped(buf_release) = {0}, high scoped(buf_release) = {0};
    struct bounds a, b;
    if (!parse_bounds(from, &a) || !parse_bounds(to, &b) || !composer_version_normalise(from, &low))
        return false;
    if (is_bare(&a))
        buf_put_text(&low, "-dev");
    bool whole = b.count > 2 || !is_bare(&b) || b.build;
    if (whole ? !composer_version_normalise(to, &high) : !put_next(&b, b.count, 1, &high))
        return false;
    *result = holds(check, PART_GE, buf_slice(&low)) &&
              holds(check, whole ? PART_LE : PART_LT, buf_slice(&high));
    return true;
}

static bool has_modifier(struct slice text)
{
    struct bounds b;
    size_t dash = slice_find_byte(text, '-');
    struct composer_modifier m;
    if (dash < text.length && composer_modifier_parse(slice_sub(text, dash, text.length), &m))
        return true;
    return parse_bounds(text, &b) && !is_bare(&b) && dash < text.length;
}

/* "@beta" behind a version: its pre-releases down to that stability count. */
static bool split_flag(struct slice *text, struct slice *flag)
{
    static const char *const flags[] = {"stable", "rc", "beta", "alpha", "dev"};
    size_t at = slice_find_byte(*text, '@');
    *flag = slice_sub(*text, at + 1, text->length);
    for (size_t i = 0; i < array_count(flags) && at < text->length; i++) {
        if (!slice_is_nocase(*flag, flags[i]))
            continue;
        *text = slice_sub(*text, 0, at);
        *flag = slice_of(i == 0 ? "" : flags[i]);
        return true;
    }
    *flag = slice_of("");
    return false;
}

static bool check_comparison(const struct check *check, enum part_operator op, struct slice text,
                             struct slice flag, bool *result)
{
    struct buf bound scoped(buf_release) = {0};
    if (!composer_version_normalise(text, &bound)) {
        if (!slice_has_suffix(text, "-dev"))
            return false;
        buf_put_text(&bound, "dev-");
        buf_put(&bound, text.data, text.length - 4);
    }
    bool branch = composer_is_branch(buf_slice(&bound));
    bool exact = check->options & VERSION_EXACT;
    if (op > PART_EQ && flag.length && !branch && !has_modifier(text)) {
        buf_put_byte(&bound, '-');
        buf_put_slice(&bound, flag);
    } else if ((op == PART_LT || op == PART_GE) && !branch && !exact && !has_modifier(text)) {
        buf_put_text(&bound, "-dev");
    }
    *result = holds(check, op, buf_slice(&bound));
    return true;
}

static bool is_all_wild(struct slice text)
{
    if (!part_take(&text, 'v'))
        part_take(&text, 'V');
    do {
        if (!any_char(part_peek(text)))
            return false;
        text = slice_sub(text, 1, text.length);
    } while (part_take(&text, '.'));
    return text.length == 0;
}

static bool check_one(const struct check *check, enum part_operator op, struct slice text,
                      bool *result)
{
    struct slice flag = {"", 0};
    struct bounds b;
    *result = true;
    if (split_flag(&text, &flag) && text.length == 0)
        return true;
    if (text.length == 0)
        return false;
    if (op == PART_NONE && is_all_wild(text))
        return true;
    if (op == PART_TILDE || op == PART_CARET)
        return check_span(check, text, op == PART_CARET, result);
    if (op > PART_GE)
        return false;
    if (op == PART_NONE && parse_bounds(text, &b) && b.wild && !b.wild_dev)
        return check_wild(check, &b, result);
    return check_comparison(check, op, text, flag, result);
}

static bool is_gap(char c)
{
    return c == ',' || part_is_blank(c);
}

static bool is_word_char(char c)
{
    return !is_gap(c);
}

/* "A - B" with blanks on both sides. */
static bool take_hyphen(struct slice *text, struct slice *to)
{
    struct slice rest = *text;
    if (part_take_run(&rest, part_is_blank).length == 0 || !part_take(&rest, '-') ||
        part_take_run(&rest, part_is_blank).length == 0)
        return false;
    *to = part_take_run(&rest, is_word_char);
    *text = rest;
    return true;
}

static void skip_alias(struct slice *text)
{
    struct slice rest = *text, word;
    if (slice_take_word(&rest, &word) && slice_is(word, "as") && slice_take_word(&rest, &word))
        *text = rest;
}

static bool check_all(const struct check *check, struct slice all, bool *result)
{
    int count = 0;
    *result = true;
    for (;; count++) {
        struct slice to;
        bool one;
        part_take_run(&all, is_gap);
        if (all.length == 0)
            return count > 0;
        enum part_operator op = part_take_operator(&all);
        struct slice word = part_take_run(&all, is_word_char);
        bool good = take_hyphen(&all, &to) && op == PART_NONE ? check_hyphen(check, word, to, &one)
                                                              : check_one(check, op, word, &one);
        if (!good)
            return false;
        skip_alias(&all);
        *result = *result && one;
    }
}

static bool check_range(const struct check *check, struct slice range, bool *contained)
{
    struct slice all;
    bool more = true, one;
    *contained = false;
    while (part_take_piece(&range, "|", &more, &all)) {
        part_take(&range, '|');
        if (!check_all(check, all, &one))
            return false;
        *contained = *contained || one;
    }
    return true;
}

bool composer_contains(struct slice range, struct slice version, unsigned options, bool *contained)
{
    struct buf normal scoped(buf_release) = {0};
    if (!composer_version_normalise(version, &normal))
        return false;
    struct check check = {buf_slice(&normal), options};
    return check_range(&check, range, contained);
}

bool composer_range_valid(struct slice range, unsigned options)
{
    struct check check = {slice_of("1.0.0.0"), options};
    bool contained;
    return check_range(&check, range, &contained);
}
