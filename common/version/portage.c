#include "version/orders.h"

/* Package Manager Specification, "Version Specifications" and "Version Comparison":
 * number{.number}[letter]{_suffix[number]}[-r number]. */
static const char *const suffixes[] = {"alpha", "beta", "pre", "rc", "", "p"};
enum { SUFFIX_NONE = 4 };

struct portage {
    struct slice numbers, suffixes, revision;
    char letter;
};

static bool take_suffix(struct slice *text, int *suffix, struct slice *number)
{
    struct slice rest = *text;
    if (!part_take(&rest, '_'))
        return false;
    struct slice word = part_take_run(&rest, part_is_lower);
    for (int i = 0; i < (int)array_count(suffixes); i++) {
        if (i == SUFFIX_NONE || !slice_is(word, suffixes[i]))
            continue;
        *suffix = i;
        *number = part_take_run(&rest, part_is_digit);
        *text = rest;
        return true;
    }
    return false;
}

static bool parse(struct slice text, struct portage *out)
{
    int suffix;
    struct slice number;
    *out = (struct portage){.numbers = text};
    do {
        if (part_take_run(&text, part_is_digit).length == 0)
            return false;
    } while (part_take(&text, '.'));
    out->numbers.length -= text.length;
    if (part_is_lower(part_peek(text))) {
        out->letter = text.data[0];
        text = slice_sub(text, 1, text.length);
    }
    out->suffixes = text;
    while (take_suffix(&text, &suffix, &number))
        ;
    out->suffixes.length -= text.length;
    if (text.length == 0)
        return true;
    if (!part_take(&text, '-') || !part_take(&text, 'r'))
        return false;
    out->revision = text;
    return part_is_all(text, part_is_digit);
}

static struct slice without_zeros_behind(struct slice digits)
{
    while (digits.length && digits.data[digits.length - 1] == '0')
        digits.length--;
    return digits;
}

/* After the first one, a number with a zero in front is a fraction. */
static int compare_numbers(struct slice a, struct slice b)
{
    struct slice x, y;
    for (bool first = true;; first = false) {
        bool got_a = slice_take_until(&a, '.', &x), got_b = slice_take_until(&b, '.', &y);
        if (!got_a || !got_b)
            return (int)got_a - (int)got_b;
        bool fraction = !first && (x.data[0] == '0' || y.data[0] == '0');
        int order = fraction ? part_compare_bytes(without_zeros_behind(x), without_zeros_behind(y))
                             : part_compare_numbers(x, y);
        if (order)
            return order;
    }
}

static int compare_suffixes(struct slice a, struct slice b)
{
    while (a.length || b.length) {
        int x = SUFFIX_NONE, y = SUFFIX_NONE;
        struct slice number_a = {"", 0}, number_b = {"", 0};
        (void)take_suffix(&a, &x, &number_a);
        (void)take_suffix(&b, &y, &number_b);
        if (x != y)
            return x < y ? -1 : 1;
        int order = part_compare_numbers(number_a, number_b);
        if (order)
            return order;
    }
    return 0;
}

bool portage_compare(struct slice a, struct slice b, int *order)
{
    struct portage x, y;
    if (!parse(a, &x) || !parse(b, &y))
        return false;
    *order = compare_numbers(x.numbers, y.numbers);
    if (*order == 0)
        *order = part_sign(x.letter - y.letter);
    if (*order == 0)
        *order = compare_suffixes(x.suffixes, y.suffixes);
    if (*order == 0)
        *order = part_compare_numbers(x.revision, y.revision);
    return true;
}
