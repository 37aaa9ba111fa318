#include "version/composer.h"

#include "version/orders.h"

enum { TEXT_MOST = 512 };

static bool is_joint(char c)
{
    return c == '.' || c == '_' || c == '-';
}

bool composer_is_branch(struct slice text)
{
    return part_starts_nocase(text, "dev-");
}

/* The longest run of [.-]digits. */
static struct slice take_sequence(struct slice *text)
{
    struct slice all = *text;
    for (;;) {
        struct slice rest = *text;
        if (rest.length && (rest.data[0] == '.' || rest.data[0] == '-'))
            rest = slice_sub(rest, 1, rest.length);
        if (part_take_run(&rest, part_is_digit).length == 0)
            break;
        *text = rest;
    }
    all.length -= text->length;
    return all;
}

bool composer_modifier_parse(struct slice text, struct composer_modifier *out)
{
    static const char *const words[] = {"stable", "beta",  "b",  "rc", "alpha",
                                        "a",      "patch", "pl", "p"};
    *out = (struct composer_modifier){0};
    struct slice rest = text;
    if (rest.length && is_joint(rest.data[0]))
        rest = slice_sub(rest, 1, rest.length);
    for (size_t i = 0; i < array_count(words); i++) {
        if (!part_starts_nocase(rest, words[i]))
            continue;
        out->stability = slice_of(words[i]);
        rest = slice_sub(rest, strlen(words[i]), rest.length);
        out->numbers = take_sequence(&rest);
        break;
    }
    struct slice dev = rest.length < text.length ? rest : text;
    if (dev.length && (dev.data[0] == '.' || dev.data[0] == '-'))
        dev = slice_sub(dev, 1, dev.length);
    out->dev = slice_is_nocase(dev, "dev");
    return text.length == 0 || out->dev || (rest.length == 0 && (out->stability.length));
}

static void put_modifier(struct buf *out, const struct composer_modifier *m)
{
    struct slice numbers = m->numbers;
    const char *word = slice_is(m->stability, "a")    ? "alpha"
                       : slice_is(m->stability, "b")  ? "beta"
                       : slice_is(m->stability, "rc") ? "RC"
                       : slice_is(m->stability, "p") || slice_is(m->stability, "pl")
                           ? "patch"
                           : m->stability.data;
    if (slice_is(m->stability, "stable"))
        return;
    if (m->stability.length) {
        while (numbers.length && (numbers.data[0] == '.' || numbers.data[0] == '-'))
            numbers = slice_sub(numbers, 1, numbers.length);
        buf_put_byte(out, '-');
        buf_put_text(out, word);
        buf_put_slice(out, numbers);
    }
    if (m->dev)
        buf_put_text(out, "-dev");
}

/* "-0.3.7", "-x.7.z": identifiers of SemVer, two or more, one of them a number. */
static bool is_semver_tail(struct slice text)
{
    struct slice piece;
    bool more = true, number = false;
    int count = 0;
    if (!part_take(&text, '-'))
        return false;
    for (; part_take_piece(&text, ".", &more, &piece); count++) {
        if (!part_is_all(piece, part_is_alnum))
            return false;
        number = number || part_is_all(piece, part_is_digit);
    }
    return count > 1 && number;
}

/* v1[.2[.3[.4]]]modifier */
static bool put_classical(struct slice text, struct buf *out)
{
    struct composer_modifier modifier;
    struct slice number[4] = {0};
    int count = 0;
    number[count++] = part_take_run(&text, part_is_digit);
    if (number[0].length == 0 || number[0].length > 5)
        return false;
    while (count < 4) {
        struct slice rest = text;
        if (!part_take(&rest, '.') || !part_is_digit(part_peek(rest)))
            break;
        number[count++] = part_take_run(&rest, part_is_digit);
        text = rest;
    }
    bool semver = !composer_modifier_parse(text, &modifier);
    if (semver && !is_semver_tail(text))
        return false;
    for (int i = 0; i < 4; i++) {
        buf_put_text(out, i ? "." : "");
        buf_put_slice(out, number[i].length ? number[i] : slice_of("0"));
    }
    if (semver)
        buf_put_slice(out, text);
    else
        put_modifier(out, &modifier);
    return true;
}

/* Takes [.:-] and between least and most digits; most are taken. */
static bool take_group(struct slice *text, bool joint, size_t least, size_t most)
{
    struct slice rest = *text;
    if (joint && rest.length && (rest.data[0] == '.' || rest.data[0] == ':' || rest.data[0] == '-'))
        rest = slice_sub(rest, 1, rest.length);
    size_t n = 0;
    while (n < most && n < rest.length && part_is_digit(rest.data[n]))
        n++;
    *text = slice_sub(rest, n, rest.length);
    return n >= least;
}

/* Four digits, pairs of digits, then up to two groups of one to three; what is left is the
 * modifier. Fewer are tried when the modifier does not fit. */
static bool find_date(struct slice text, struct slice *date, struct composer_modifier *modifier)
{
    struct slice after = text;
    if (!take_group(&after, false, 4, 4))
        return false;
    for (int pairs = 6; pairs > 0; pairs--) {
        struct slice rest = after;
        bool good = true;
        for (int i = 0; i < pairs && good; i++)
            good = take_group(&rest, true, 2, 2);
        for (int groups = 2; good && groups >= 0; groups--) {
            struct slice tail = rest;
            bool fits = true;
            for (int i = 0; i < groups && fits; i++)
                fits = take_group(&tail, true, 1, 3);
            *date = slice_sub(text, 0, text.length - tail.length);
            if (fits && composer_modifier_parse(tail, modifier))
                return true;
        }
    }
    return false;
}

static bool put_date(struct slice text, struct buf *out)
{
    struct composer_modifier modifier;
    struct slice date;
    if (!find_date(text, &date, &modifier))
        return false;
    for (size_t i = 0; i < date.length; i++)
        buf_put_byte(out, part_is_digit(date.data[i]) ? date.data[i] : '.');
    put_modifier(out, &modifier);
    return true;
}

static bool take_wild(struct slice *text)
{
    char c = part_peek(*text);
    if (c != 'x' && c != 'X' && c != '*')
        return false;
    *text = slice_sub(*text, 1, text->length);
    return true;
}

/* 2.x-dev, 2.1-dev: a branch that is named by numbers. */
static bool put_numeric_branch(struct slice text, struct buf *out)
{
    if (!part_starts_nocase(slice_sub(text, text.length < 3 ? 0 : text.length - 3, 3), "dev"))
        return false;
    text.length -= 3;
    if (text.length && (text.data[text.length - 1] == '.' || text.data[text.length - 1] == '-'))
        text.length--;
    if (!part_take(&text, 'v'))
        part_take(&text, 'V');
    for (int i = 0; i < 4; i++) {
        buf_put_text(out, i ? "." : "");
        if (i && text.length && !part_take(&text, '.'))
            return false;
        struct slice digits = part_take_run(&text, part_is_digit);
        if (digits.length == 0 && (i == 0 || (text.length && !take_wild(&text))))
            return false;
        buf_put_slice(out, digits.length ? digits : slice_of(COMPOSER_ANY_NUMBER));
    }
    buf_put_text(out, "-dev");
    return text.length == 0;
}

/* "A as B" is A. */
static struct slice without_alias(struct slice text)
{
    size_t at = slice_find(text, " as ");
    if (at == 0 || at == text.length)
        return text;
    struct slice alias = slice_trim(slice_sub(text, at + 4, text.length));
    struct slice name = slice_trim(slice_sub(text, 0, at));
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] == ',' || part_is_blank(name.data[i]))
            return text;
    }
    return alias.length ? name : text;
}

static struct slice without_flag(struct slice text)
{
    static const char *const flags[] = {"@stable", "@rc", "@beta", "@alpha", "@dev"};
    for (size_t i = 0; i < array_count(flags); i++) {
        size_t length = strlen(flags[i]);
        if (text.length >= length &&
            part_starts_nocase(slice_sub(text, text.length - length, length), flags[i]))
            text.length -= length;
    }
    return text;
}

static struct slice without_build(struct slice text)
{
    size_t plus = slice_find_byte(text, '+');
    for (size_t i = 0; i < text.length; i++) {
        if (part_is_blank(text.data[i]) || text.data[i] == ',')
            return text;
    }
    return plus > 0 && plus + 1 < text.length ? slice_sub(text, 0, plus) : text;
}

bool composer_version_normalise(struct slice text, struct buf *out)
{
    size_t before = out->length;
    if (text.length > TEXT_MOST)
        return false;
    text = without_flag(without_alias(slice_trim(text)));
    if (slice_is(text, "master") || slice_is(text, "trunk") || slice_is(text, "default")) {
        buf_put_text(out, "dev-");
        buf_put_slice(out, text);
        return true;
    }
    if (composer_is_branch(text)) {
        buf_put_text(out, "dev-");
        buf_put_slice(out, slice_sub(text, 4, text.length));
        return true;
    }
    text = without_build(text);
    struct slice bare = text;
    if (!part_take(&bare, 'v'))
        part_take(&bare, 'V');
    if (put_classical(bare, out))
        return true;
    out->length = before;
    if (put_date(bare, out))
        return true;
    out->length = before;
    return put_numeric_branch(text, out);
}

bool composer_normalise(struct slice text, struct buf *out)
{
    return composer_version_normalise(text, out);
}

/* PHP's version_compare: runs of digits, runs of letters; "-", "_", "+" and "." between. */
static bool is_gap(char c)
{
    return is_joint(c) || c == '+';
}

static bool is_form_char(char c)
{
    return !part_is_digit(c) && !is_gap(c);
}

static bool take_form(struct slice *text, struct slice *form)
{
    part_take_run(text, is_gap);
    *form = part_take_run(text, part_is_digit);
    if (form->length == 0)
        *form = part_take_run(text, is_form_char);
    return form->length > 0;
}

/* Words by how they begin; an unknown one lies below all. */
static int form_rank(struct slice form)
{
    static const struct {
        const char *prefix;
        int rank;
    } ranks[] = {{"dev", 0}, {"alpha", 1}, {"a", 1}, {"beta", 2}, {"b", 2},
                 {"RC", 3},  {"rc", 3},    {"#", 4}, {"pl", 5},   {"p", 5}};
    if (part_is_digit(part_peek(form)))
        return 4;
    for (size_t i = 0; i < array_count(ranks); i++) {
        if (slice_has_prefix(form, ranks[i].prefix))
            return ranks[i].rank;
    }
    return -1;
}

int composer_order(struct slice a, struct slice b)
{
    struct slice x, y;
    for (;;) {
        bool got_a = take_form(&a, &x), got_b = take_form(&b, &y);
        if (!got_a && !got_b)
            return 0;
        if (!got_a)
            return part_is_digit(y.data[0]) ? -1 : part_sign(4 - form_rank(y));
        if (!got_b)
            return part_is_digit(x.data[0]) ? 1 : part_sign(form_rank(x) - 4);
        bool numbers = part_is_digit(x.data[0]) && part_is_digit(y.data[0]);
        int order = numbers ? part_compare_numbers(x, y) : part_sign(form_rank(x) - form_rank(y));
        if (order)
            return order;
    }
}

/* Branches have no order, but each is equal to itself. */
bool composer_compare(struct slice a, struct slice b, int *order)
{
    struct buf x scoped(buf_release) = {0}, y scoped(buf_release) = {0};
    if (!composer_version_normalise(a, &x) || !composer_version_normalise(b, &y))
        return false;
    struct slice left = buf_slice(&x), right = buf_slice(&y);
    *order = 0;
    if (composer_is_branch(left) || composer_is_branch(right))
        return slice_equal(left, right);
    *order = composer_order(left, right);
    return true;
}
