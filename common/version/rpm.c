#include "version/orders.h"

/* rpm-version(7): runs of digits and of letters, ~ before everything, ^ after the end but before
 * anything else. Bytes that are neither letter, digit, ~ nor ^ only separate. */
static bool is_separator(char c)
{
    return !part_is_alnum(c) && c != '~' && c != '^';
}

/* 2 = this byte decided nothing, go on with runs. */
static int compare_mark(struct slice *a, struct slice *b, char mark)
{
    bool x = part_peek(*a) == mark && a->length, y = part_peek(*b) == mark && b->length;
    if (!x && !y)
        return 2;
    if (mark == '~' && x != y)
        return x ? -1 : 1;
    if (mark == '^' && x != y) {
        if (a->length == 0)
            return -1;
        if (b->length == 0)
            return 1;
        return x ? -1 : 1;
    }
    part_take(a, mark);
    part_take(b, mark);
    return 0;
}

static int compare_segments(struct slice a, struct slice b)
{
    if (slice_equal(a, b))
        return 0;
    while (a.length || b.length) {
        part_take_run(&a, is_separator);
        part_take_run(&b, is_separator);
        int mark = compare_mark(&a, &b, '~');
        if (mark == 2)
            mark = compare_mark(&a, &b, '^');
        if (mark == 0)
            continue;
        if (mark != 2)
            return mark;
        if (a.length == 0 || b.length == 0)
            break;
        bool numeric = part_is_digit(a.data[0]);
        bool (*is)(char) = numeric ? part_is_digit : part_is_alpha;
        struct slice x = part_take_run(&a, is), y = part_take_run(&b, is);
        if (y.length == 0)
            return numeric ? 1 : -1;
        int order = numeric ? part_compare_numbers(x, y) : part_compare_bytes(x, y);
        if (order)
            return order;
    }
    return (a.length > 0) - (b.length > 0);
}

bool rpm_segment_compare(struct slice a, struct slice b, int *order)
{
    *order = compare_segments(a, b);
    return true;
}

/* epoch:version-release; the epoch counts only if it is all digits. */
struct evr {
    struct slice epoch, version, release;
    bool has_release;
};

static bool evr_parse(struct slice text, struct evr *out)
{
    struct slice rest = text, digits = part_take_run(&rest, part_is_digit);
    *out = (struct evr){.version = text};
    if (part_take(&rest, ':')) {
        out->epoch = digits;
        out->version = rest;
    }
    for (size_t i = rest.length; i > 0; i--) {
        if (rest.data[i - 1] != '-')
            continue;
        out->release = slice_sub(rest, i, rest.length);
        out->has_release = true;
        out->version.length -= rest.length - i + 1;
        break;
    }
    return text.length > 0;
}

bool rpm_compare(struct slice a, struct slice b, int *order)
{
    struct evr x, y;
    if (!evr_parse(a, &x) || !evr_parse(b, &y))
        return false;
    *order = part_compare_numbers(x.epoch, y.epoch);
    if (*order == 0)
        *order = compare_segments(x.version, y.version);
    if (*order == 0)
        *order = x.has_release != y.has_release ? (x.has_release ? 1 : -1)
                                                : compare_segments(x.release, y.release);
    return true;
}

static bool is_not_alnum(char c)
{
    return !part_is_alnum(c);
}

/* alpm: the order of rpm before ~ and ^ came, where letters at the end mean a pre-release and the
 * number of separators counts. */
static int compare_alpm(struct slice a, struct slice b)
{
    while (a.length && b.length) {
        size_t x_gap = part_take_run(&a, is_not_alnum).length;
        size_t y_gap = part_take_run(&b, is_not_alnum).length;
        if (a.length == 0 || b.length == 0)
            break;
        if (x_gap != y_gap)
            return x_gap < y_gap ? -1 : 1;
        bool numeric = part_is_digit(a.data[0]);
        bool (*is)(char) = numeric ? part_is_digit : part_is_alpha;
        struct slice x = part_take_run(&a, is), y = part_take_run(&b, is);
        if (y.length == 0)
            return numeric ? 1 : -1;
        int order = numeric ? part_compare_numbers(x, y) : part_compare_bytes(x, y);
        if (order)
            return order;
    }
    if (a.length == 0 && b.length == 0)
        return 0;
    return (a.length == 0 && !part_is_alpha(part_peek(b))) || part_is_alpha(part_peek(a)) ? -1 : 1;
}

bool alpm_compare(struct slice a, struct slice b, int *order)
{
    struct evr x, y;
    if (!evr_parse(a, &x) || !evr_parse(b, &y))
        return false;
    *order = part_compare_numbers(x.epoch, y.epoch);
    if (*order == 0)
        *order = compare_alpm(x.version, y.version);
    if (*order == 0 && x.has_release && y.has_release)
        *order = compare_alpm(x.release, y.release);
    return true;
}
