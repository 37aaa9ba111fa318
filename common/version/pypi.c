#include "version/pypi.h"

#include "version/orders.h"

/* PEP 440, "Summary of permitted suffixes and relative ordering" and "Normalization". */
static bool is_joint(char c)
{
    return c == '-' || c == '_' || c == '.';
}

static bool take_release(struct slice *text, struct slice *release)
{
    *release = *text;
    for (;;) {
        struct slice rest = *text;
        if (release->length != text->length && !part_take(&rest, '.'))
            break;
        if (part_take_run(&rest, part_is_digit).length == 0)
            break;
        *text = rest;
    }
    release->length -= text->length;
    return release->length > 0;
}

/* [joint] word [joint] [digits]; the text stays as it is if the word is not there. */
static bool take_suffix(struct slice *text, const char *word, struct slice *digits)
{
    struct slice rest = *text;
    if (rest.length && is_joint(rest.data[0]))
        rest = slice_sub(rest, 1, rest.length);
    if (!part_starts_nocase(rest, word))
        return false;
    rest = slice_sub(rest, strlen(word), rest.length);
    struct slice after = rest;
    if (after.length && is_joint(after.data[0]))
        after = slice_sub(after, 1, after.length);
    *digits = part_take_run(&after, part_is_digit);
    *text = after;
    return true;
}

static bool take_any(struct slice *text, const char *const *words, size_t count,
                     struct slice *digits, size_t *which)
{
    for (*which = 0; *which < count; (*which)++) {
        if (take_suffix(text, words[*which], digits))
            return true;
    }
    return false;
}

static void take_suffixes(struct slice *text, struct pypi_version *out)
{
    static const char *const pre[] = {"alpha", "a", "beta", "b", "preview", "pre", "c", "rc"};
    static const char *const post[] = {"post", "rev", "r"};
    size_t which;
    if (take_any(text, pre, array_count(pre), &out->pre, &which)) {
        out->has_pre = true;
        out->pre_kind = which < 2 ? PYPI_ALPHA : which < 4 ? PYPI_BETA : PYPI_RC;
    }
    struct slice rest = *text;
    if (part_take(&rest, '-') && part_is_digit(part_peek(rest))) {
        out->post = part_take_run(&rest, part_is_digit);
        out->has_post = true;
        *text = rest;
    } else {
        out->has_post = take_any(text, post, array_count(post), &out->post, &which);
    }
    out->has_dev = take_suffix(text, "dev", &out->dev);
}

static bool is_local(struct slice text)
{
    for (;;) {
        if (part_take_run(&text, part_is_alnum).length == 0)
            return false;
        if (text.length == 0)
            return true;
        if (!is_joint(text.data[0]))
            return false;
        text = slice_sub(text, 1, text.length);
    }
}

/* Python strips the white space of Unicode too. */
static const char *const wide_blanks[] = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
    "\xe3\x80\x80", "\x1c",         "\x1d",         "\x1e",         "\x1f",
};

static struct slice trim_wide(struct slice text)
{
    size_t before;
    do {
        text = slice_trim(text);
        before = text.length;
        for (size_t i = 0; i < array_count(wide_blanks); i++) {
            size_t length = strlen(wide_blanks[i]);
            if (slice_has_prefix(text, wide_blanks[i]))
                text = slice_sub(text, length, text.length);
            if (slice_has_suffix(text, wide_blanks[i]))
                text.length -= length;
        }
    } while (text.length != before);
    return text;
}

bool pypi_parse(struct slice text, struct pypi_version *out)
{
    *out = (struct pypi_version){0};
    text = trim_wide(text);
    if (!part_take(&text, 'v'))
        part_take(&text, 'V');
    struct slice rest = text, epoch = part_take_run(&rest, part_is_digit);
    if (epoch.length && part_take(&rest, '!')) {
        out->epoch = epoch;
        text = rest;
    }
    if (!take_release(&text, &out->release))
        return false;
    take_suffixes(&text, out);
    if (!part_take(&text, '+'))
        return text.length == 0;
    out->local = text;
    return is_local(text);
}

bool pypi_is_prerelease(const struct pypi_version *version)
{
    return version->has_pre || version->has_dev;
}

int pypi_order_release(struct slice a, struct slice b)
{
    while (a.length || b.length) {
        struct slice x = {"", 0}, y = {"", 0};
        (void)slice_take_until(&a, '.', &x);
        (void)slice_take_until(&b, '.', &y);
        int order = part_compare_numbers(x, y);
        if (order)
            return order;
    }
    return 0;
}

/* 1.0.dev1 lies before 1.0a1, which lies before 1.0. */
static int pre_rank(const struct pypi_version *v)
{
    if (v->has_pre)
        return (int)v->pre_kind;
    return v->has_dev && !v->has_post ? -1 : 10;
}

static int order_optional(bool has_a, struct slice a, bool has_b, struct slice b, int missing)
{
    if (has_a != has_b)
        return has_a ? -missing : missing;
    return has_a ? part_compare_numbers(a, b) : 0;
}

static bool take_local(struct slice *local, struct slice *part)
{
    if (local->length == 0)
        return false;
    *part = part_take_run(local, part_is_alnum);
    *local = slice_sub(*local, 1, local->length);
    return true;
}

/* Part by part: numbers after words; more is later. */
static int order_local(struct slice a, struct slice b)
{
    struct slice x, y;
    for (;;) {
        bool got_a = take_local(&a, &x), got_b = take_local(&b, &y);
        if (!got_a || !got_b)
            return (int)got_a - (int)got_b;
        bool number_a = part_is_all(x, part_is_digit), number_b = part_is_all(y, part_is_digit);
        if (number_a != number_b)
            return number_a ? 1 : -1;
        int order = number_a ? part_compare_numbers(x, y) : part_compare_nocase(x, y);
        if (order)
            return order;
    }
}

int pypi_order(const struct pypi_version *a, const struct pypi_version *b, bool with_local)
{
    int order = part_compare_numbers(a->epoch, b->epoch);
    if (order == 0)
        order = pypi_order_release(a->release, b->release);
    if (order == 0)
        order = part_sign(pre_rank(a) - pre_rank(b));
    if (order == 0 && a->has_pre)
        order = part_compare_numbers(a->pre, b->pre);
    if (order == 0)
        order = order_optional(a->has_post, a->post, b->has_post, b->post, -1);
    if (order == 0)
        order = order_optional(a->has_dev, a->dev, b->has_dev, b->dev, 1);
    return order || !with_local ? order : order_local(a->local, b->local);
}

bool pypi_compare(struct slice a, struct slice b, int *order)
{
    struct pypi_version x, y;
    if (!pypi_parse(a, &x) || !pypi_parse(b, &y))
        return false;
    *order = pypi_order(&x, &y, true);
    return true;
}

static void put_number(struct buf *out, const char *before, struct slice digits)
{
    buf_put_text(out, before);
    buf_put_slice(out, digits.length ? part_strip_zeros(digits) : slice_of("0"));
}

bool pypi_normalise(struct slice text, struct buf *out)
{
    static const char *const pre[] = {"a", "b", "rc"};
    struct pypi_version v;
    struct slice part;
    if (!pypi_parse(text, &v))
        return false;
    if (part_compare_numbers(v.epoch, slice_of("0")) != 0) {
        put_number(out, "", v.epoch);
        buf_put_byte(out, '!');
    }
    for (bool first = true; slice_take_until(&v.release, '.', &part); first = false)
        put_number(out, first ? "" : ".", part);
    if (v.has_pre)
        put_number(out, pre[v.pre_kind], v.pre);
    if (v.has_post)
        put_number(out, ".post", v.post);
    if (v.has_dev)
        put_number(out, ".dev", v.dev);
    for (bool first = true; take_local(&v.local, &part); first = false) {
        buf_put_text(out, first ? "+" : ".");
        if (part_is_all(part, part_is_digit))
            part = part_strip_zeros(part);
        for (size_t i = 0; i < part.length; i++)
            buf_put_byte(out, part_lower(part.data[i]));
    }
    return true;
}
