#include "version/orders.h"
#include "version/semver.h"

/* Go modules: SemVer with a "v" in front, and vMAJOR and vMAJOR.MINOR as short forms. Advisories
 * write it without the "v". */
struct go_version {
    struct semver semver;
    int numbers;
};

static bool parse(struct slice text, struct go_version *out)
{
    struct semver *v = &out->semver;
    *out = (struct go_version){0};
    size_t plus = slice_find_byte(text, '+');
    bool has_build = plus < text.length;
    v->build = slice_sub(text, plus + 1, text.length);
    text = slice_sub(text, 0, plus);
    do {
        v->number[out->numbers] = part_take_run(&text, part_is_digit);
        if (!semver_number_valid(v->number[out->numbers]))
            return false;
        out->numbers++;
    } while (out->numbers < 3 && part_take(&text, '.'));
    bool has_pre = part_take(&text, '-');
    v->pre = has_pre ? text : slice_sub(text, text.length, 0);
    if ((!has_pre && text.length) || ((has_pre || has_build) && out->numbers < 3))
        return false;
    return (!has_pre || semver_identifiers_valid(v->pre, false)) &&
           (!has_build || semver_identifiers_valid(v->build, true));
}

bool golang_valid(struct slice text)
{
    struct go_version version;
    return part_take(&text, 'v') && parse(text, &version);
}

/* The toolchain's own: go1.21rc2 is 1.21.0-rc.2 of the standard library. */
static bool parse_toolchain(struct slice text, struct go_version *out)
{
    struct slice rest = text;
    (void)(slice_has_prefix(rest, "go") && (rest = slice_sub(rest, 2, rest.length), true));
    size_t end = 0;
    while (end < rest.length && (part_is_digit(rest.data[end]) || rest.data[end] == '.'))
        end++;
    struct slice tail = slice_sub(rest, end, rest.length);
    if (!parse(slice_sub(rest, 0, end), out))
        return false;
    if (tail.length == 0)
        return true;
    if (slice_has_prefix(tail, "-") || slice_has_prefix(tail, " ") || slice_has_prefix(tail, "+"))
        return true; /* go1.21.3-vendor, go1.22.1 X:experiment */
    if (!slice_has_prefix(tail, "rc") && !slice_has_prefix(tail, "beta"))
        return false;
    out->semver.pre = tail;
    return true;
}

bool golang_ordered(struct slice text)
{
    struct go_version version;
    struct slice bare = text;
    part_take(&bare, 'v');
    return parse(bare, &version) || parse_toolchain(text, &version);
}

/* "rc2" and "rc.2" are the same word and number. */
static int order_pre(struct slice a, struct slice b)
{
    struct slice x = a, y = b;
    struct slice word_x = part_take_run(&x, part_is_lower),
                 word_y = part_take_run(&y, part_is_lower);
    struct slice dot_x = x, dot_y = y;
    part_take(&dot_x, '.');
    part_take(&dot_y, '.');
    bool toolchain = (dot_x.length == x.length) != (dot_y.length == y.length);
    if (toolchain && slice_equal(word_x, word_y) && part_is_all(dot_x, part_is_digit) &&
        part_is_all(dot_y, part_is_digit))
        return part_compare_numbers(dot_x, dot_y);
    return semver_order_pre(a, b);
}

/* As the go tool does, what is no version comes before every version and equals its like. */
bool golang_compare(struct slice a, struct slice b, int *order)
{
    struct go_version x, y;
    struct slice bare_a = a, bare_b = b;
    part_take(&bare_a, 'v');
    part_take(&bare_b, 'v');
    bool good_a = parse(bare_a, &x) || parse_toolchain(a, &x);
    bool good_b = parse(bare_b, &y) || parse_toolchain(b, &y);
    *order = (int)good_a - (int)good_b;
    if (!good_a || !good_b)
        return true;
    struct slice pre_x = x.semver.pre, pre_y = y.semver.pre;
    x.semver.pre.length = y.semver.pre.length = 0;
    *order = semver_order(&x.semver, &y.semver);
    if (*order == 0)
        *order = order_pre(pre_x, pre_y);
    return true;
}

bool golang_normalise(struct slice text, struct buf *out)
{
    struct go_version version;
    if (!part_take(&text, 'v') || !parse(text, &version))
        return false;
    size_t plus = slice_find_byte(text, '+');
    buf_put_byte(out, 'v');
    buf_put(out, text.data, plus);
    for (int i = version.numbers; i < 3; i++)
        buf_put_text(out, ".0");
    return true;
}

static bool is_stamp(struct slice text)
{
    return text.length == 14 && part_is_all(text, part_is_digit);
}

/* The part "-[pre.0.|0.]yyyymmddhhmmss-revision" of a pseudo-version: where the stamp begins and
 * what lies between the version and the stamp. */
static bool split_pseudo(struct slice pre, struct slice *base)
{
    size_t dash = pre.length;
    while (dash > 0 && pre.data[dash - 1] != '-')
        dash--;
    if (dash < 2 || dash == pre.length ||
        !part_is_all(slice_sub(pre, dash, pre.length), part_is_alnum))
        return false;
    size_t from = dash - 1;
    while (from > 0 && part_is_digit(pre.data[from - 1]))
        from--;
    if (!is_stamp(slice_sub(pre, from, dash - 1 - from)))
        return false;
    *base = slice_sub(pre, 0, from);
    return from == 0 || slice_is(*base, "0.") || slice_has_suffix(*base, ".0.");
}

/* Digits minus one; false for 0. */
static bool put_decremented(struct slice digits, struct buf *out)
{
    struct buf text scoped(buf_release) = {0};
    buf_put_slice(&text, digits);
    size_t at = digits.length;
    while (at > 0 && text.data[at - 1] == '0')
        text.data[--at] = '9';
    if (at == 0)
        return false;
    text.data[at - 1]--;
    buf_put_slice(out, part_strip_zeros(buf_slice(&text)));
    return true;
}

/* golang-pseudo: the version that a pseudo-version comes after; empty if it comes after none. */
bool golang_pseudo_normalise(struct slice text, struct buf *out)
{
    struct go_version version;
    struct slice base;
    if (!part_take(&text, 'v') || !parse(text, &version) || version.numbers < 3 ||
        !split_pseudo(version.semver.pre, &base))
        return false;
    const struct slice *n = version.semver.number;
    if (base.length == 0)
        return slice_is(n[1], "0") && slice_is(n[2], "0");
    buf_printf(out, "v%.*s.%.*s.", (int)n[0].length, n[0].data, (int)n[1].length, n[1].data);
    if (slice_is(base, "0.")) {
        if (!put_decremented(n[2], out))
            return false;
    } else {
        buf_put_slice(out, n[2]);
        buf_put_byte(out, '-');
        buf_put(out, base.data, base.length - 3);
    }
    if (version.semver.build.length) {
        buf_put_byte(out, '+');
        buf_put_slice(out, version.semver.build);
    }
    return true;
}
