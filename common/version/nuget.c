#include "version/orders.h"
#include "version/semver.h"

/* NuGet: SemVer with one to four numbers, blanks around them, and labels in any case. */
struct nuget {
    struct slice number[4];
    int numbers;
    struct slice labels;
};

static bool parse(struct slice text, struct nuget *out)
{
    *out = (struct nuget){0};
    size_t plus = slice_find_byte(text, '+');
    if (plus < text.length &&
        !semver_identifiers_valid(slice_trim(slice_sub(text, plus + 1, text.length)), true))
        return false;
    text = slice_trim(slice_sub(text, 0, plus));
    size_t dash = slice_find_byte(text, '-');
    if (dash < text.length) {
        out->labels = slice_sub(text, dash + 1, text.length);
        if (!semver_identifiers_valid(out->labels, true))
            return false;
    }
    text = slice_sub(text, 0, dash);
    do {
        text = slice_trim(text);
        struct slice digits = part_take_run(&text, part_is_digit);
        if (digits.length == 0 || out->numbers == 4)
            return false;
        out->number[out->numbers++] = digits;
        text = slice_trim(text);
    } while (part_take(&text, '.'));
    return text.length == 0;
}

static int compare_labels(struct slice a, struct slice b)
{
    struct slice x, y;
    bool more_a = true, more_b = true;
    if (a.length == 0 || b.length == 0)
        return (a.length == 0) - (b.length == 0);
    for (;;) {
        bool got_a = part_take_piece(&a, ".", &more_a, &x);
        bool got_b = part_take_piece(&b, ".", &more_b, &y);
        if (!got_a || !got_b)
            return (int)got_a - (int)got_b;
        bool number_a = part_is_all(x, part_is_digit), number_b = part_is_all(y, part_is_digit);
        if (number_a != number_b)
            return number_a ? -1 : 1;
        int order = number_a ? part_compare_numbers(x, y) : part_compare_nocase(x, y);
        if (order)
            return order;
    }
}

bool nuget_compare(struct slice a, struct slice b, int *order)
{
    struct nuget x, y;
    if (!parse(a, &x) || !parse(b, &y))
        return false;
    *order = 0;
    for (int i = 0; i < 4 && *order == 0; i++)
        *order = part_compare_numbers(x.number[i], y.number[i]);
    if (*order == 0)
        *order = compare_labels(x.labels, y.labels);
    return true;
}

bool nuget_valid(struct slice text)
{
    struct nuget version;
    uint64_t number;
    if (!parse(text, &version))
        return false;
    for (int i = 0; i < version.numbers; i++) {
        if (!slice_parse_u64(version.number[i], &number) || number > INT32_MAX)
            return false;
    }
    return true;
}

bool nuget_normalise(struct slice text, struct buf *out)
{
    struct nuget v;
    if (!nuget_valid(text) || !parse(text, &v))
        return false;
    int shown = v.numbers == 4 && part_compare_numbers(v.number[3], slice_of("")) ? 4 : 3;
    for (int i = 0; i < shown; i++) {
        buf_put_text(out, i ? "." : "");
        buf_put_slice(out, v.number[i].length ? part_strip_zeros(v.number[i]) : slice_of("0"));
    }
    if (v.labels.length) {
        buf_put_byte(out, '-');
        buf_put_slice(out, v.labels);
    }
    return true;
}

struct range {
    struct slice low, high; /* empty: open */
    bool low_inclusive, high_inclusive;
};

/* "1.*" and "1.0.0-*" float: they begin at what stands before the star. */
static bool floor_of(struct slice text, struct slice *low)
{
    *low = text;
    if (!slice_has_suffix(text, "*"))
        return nuget_valid(text);
    *low = slice_sub(text, 0, text.length - 1);
    while (low->length && (low->data[low->length - 1] == '.' || low->data[low->length - 1] == '-'))
        low->length--;
    return low->length == 0 || nuget_valid(*low);
}

static bool parse_range(struct slice text, struct range *out)
{
    int order;
    *out = (struct range){.low_inclusive = true};
    text = slice_trim(text);
    char first = part_peek(text), last = text.length ? text.data[text.length - 1] : '\0';
    if (first != '[' && first != '(')
        return text.length && floor_of(text, &out->low);
    if (text.length < 3 || (last != ']' && last != ')'))
        return false;
    out->low_inclusive = first == '[';
    out->high_inclusive = last == ']';
    struct slice inner = slice_sub(text, 1, text.length - 2);
    size_t comma = slice_find_byte(inner, ',');
    out->low = slice_trim(slice_sub(inner, 0, comma));
    out->high = slice_trim(slice_sub(inner, comma + 1, inner.length));
    if (comma == inner.length) {
        out->high = out->low;
        return out->low_inclusive && out->high_inclusive && nuget_valid(out->low);
    }
    if ((out->low.length == 0 && out->high.length == 0) ||
        (out->low.length && !floor_of(out->low, &out->low)) ||
        (out->high.length && !nuget_valid(out->high)))
        return false;
    if (out->low.length == 0 || out->high.length == 0)
        return true;
    return nuget_compare(out->low, out->high, &order) && order <= 0 &&
           (order < 0 || (out->low_inclusive && out->high_inclusive));
}

bool nuget_contains(struct slice range, struct slice version, unsigned options, bool *contained)
{
    struct range r;
    int low = 1, high = -1;
    (void)options;
    if (!parse_range(range, &r) || !nuget_compare(version, version, &low))
        return false;
    low = 1;
    if ((r.low.length && !nuget_compare(version, r.low, &low)) ||
        (r.high.length && !nuget_compare(version, r.high, &high)))
        return false;
    *contained =
        (low > 0 || (low == 0 && r.low_inclusive)) && (high < 0 || (high == 0 && r.high_inclusive));
    return true;
}

bool nuget_range_valid(struct slice range, unsigned options)
{
    struct range r;
    (void)options;
    return parse_range(range, &r);
}

/* nuget-range: the bounds in words of comparison, as NuGet prints a dependency. */
bool nuget_range_normalise(struct slice text, struct buf *out)
{
    struct range r;
    int order = 1;
    if (!parse_range(text, &r))
        return false;
    bool exact =
        r.low.length && r.high.length && nuget_compare(r.low, r.high, &order) && order == 0;
    buf_put_byte(out, '(');
    if (r.low.length) {
        buf_put_text(out, exact ? "= " : r.low_inclusive ? ">= " : "> ");
        (void)nuget_normalise(r.low, out);
    }
    if (r.high.length && !exact) {
        buf_put_text(out, r.low.length ? " && " : "");
        buf_put_text(out, r.high_inclusive ? "<= " : "< ");
        (void)nuget_normalise(r.high, out);
    }
    buf_put_byte(out, ')');
    return true;
}
