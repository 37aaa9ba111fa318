#include "version/orders.h"

/* Maven's ranges: "[1.0,2.0)", "[1.5]", several with commas between. A version alone, which to
 * Maven is a wish that any other satisfies, is left to the neutral syntax: in an advisory it means
 * that version. The resolver's differ: "[1.2.*]". */
struct bound {
    struct slice text; /* empty: open */
    bool inclusive;
};

struct interval {
    struct bound low, high;
};

typedef bool compare_function(struct slice, struct slice, int *);

/* "[1.2.*]" lies from 1.2.min to 1.2.max. */
static bool wildcard(struct slice inner, struct interval *out, char *low, char *high, size_t size)
{
    if (!slice_has_suffix(inner, ".*") || inner.length + 4 > size)
        return false;
    size_t stem = inner.length - 1;
    memcpy(low, inner.data, stem);
    memcpy(high, inner.data, stem);
    memcpy(low + stem, "min", 3);
    memcpy(high + stem, "max", 3);
    out->low = (struct bound){{low, stem + 3}, true};
    out->high = (struct bound){{high, stem + 3}, true};
    return true;
}

static bool parse_interval(struct slice text, compare_function *compare, struct interval *out)
{
    int order;
    out->low = (struct bound){.inclusive = text.data[0] == '['};
    out->high = (struct bound){.inclusive = text.data[text.length - 1] == ']'};
    struct slice inner = slice_trim(slice_sub(text, 1, text.length - 2));
    size_t comma = slice_find_byte(inner, ',');
    out->low.text = slice_trim(slice_sub(inner, 0, comma));
    if (comma == inner.length) {
        out->high.text = out->low.text;
        return out->low.inclusive && out->high.inclusive && inner.length > 0 &&
               compare(inner, inner, &order);
    }
    out->high.text = slice_trim(slice_sub(inner, comma + 1, inner.length));
    if (slice_find_byte(out->high.text, ',') < out->high.text.length)
        return false;
    if (out->low.text.length && !compare(out->low.text, out->low.text, &order))
        return false;
    if (out->high.text.length && !compare(out->high.text, out->high.text, &order))
        return false;
    if (out->low.text.length == 0 || out->high.text.length == 0)
        return true;
    return compare(out->low.text, out->high.text, &order) && order <= 0 &&
           (order < 0 || (out->low.inclusive && out->high.inclusive));
}

static bool interval_holds(const struct interval *i, struct slice version,
                           compare_function *compare, bool *holds)
{
    int low = 1, high = -1;
    if (i->low.text.length && !compare(version, i->low.text, &low))
        return false;
    if (i->high.text.length && !compare(version, i->high.text, &high))
        return false;
    *holds = (low > 0 || (low == 0 && i->low.inclusive)) &&
             (high < 0 || (high == 0 && i->high.inclusive));
    return true;
}

/* Takes "[…]" or "(…)" from the front, and a comma behind it. */
static bool take_brackets(struct slice *range, struct slice *text)
{
    size_t end = 0;
    while (end < range->length && range->data[end] != ']' && range->data[end] != ')')
        end++;
    if (end == range->length)
        return false;
    *text = slice_sub(*range, 0, end + 1);
    *range = slice_trim(slice_sub(*range, end + 1, range->length));
    if (part_take(range, ','))
        *range = slice_trim(*range);
    return true;
}

static bool contains(struct slice range, struct slice version, compare_function *compare,
                     bool resolver, bool *contained)
{
    struct slice text, upper = {"", 0};
    char low[600], high[600];
    int count = 0, order;
    *contained = false;
    range = slice_trim(range);
    while (part_peek(range) == '[' || part_peek(range) == '(') {
        struct interval interval;
        bool holds;
        if (!take_brackets(&range, &text))
            return false;
        struct slice inner = slice_trim(slice_sub(text, 1, text.length - 2));
        bool wild = resolver && slice_has_prefix(text, "[") && slice_has_suffix(text, "]") &&
                    wildcard(inner, &interval, low, high, sizeof(low));
        if (!wild && !parse_interval(text, compare, &interval))
            return false;
        bool ordered = count == 0 || (interval.low.text.length && upper.length &&
                                      compare(interval.low.text, upper, &order) && order >= 0);
        if (!ordered || !interval_holds(&interval, version, compare, &holds))
            return false;
        *contained = *contained || holds;
        upper = wild ? slice_of("") : interval.high.text;
        count++;
    }
    return range.length == 0 && count > 0;
}

bool maven_contains(struct slice range, struct slice version, unsigned options, bool *contained)
{
    (void)options;
    return contains(range, version, maven_compare, false, contained);
}

bool maven_resolver_contains(struct slice range, struct slice version, unsigned options,
                             bool *contained)
{
    (void)options;
    return contains(range, version, maven_resolver_compare, true, contained);
}

bool maven_range_valid(struct slice range, unsigned options)
{
    bool contained;
    int order;
    return maven_contains(range, slice_of("0"), options, &contained) ||
           (slice_find_byte(range, '[') == range.length &&
            slice_find_byte(range, '(') == range.length && maven_compare(range, range, &order));
}

bool maven_resolver_range_valid(struct slice range, unsigned options)
{
    bool contained;
    return maven_resolver_contains(range, slice_of("0"), options, &contained);
}
