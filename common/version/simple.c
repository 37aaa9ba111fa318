#include "version/orders.h"

/* Ecosystems whose versions are numbers with separators. */
static int compare_number_lists(struct slice a, struct slice b)
{
    for (;;) {
        struct slice x = part_take_run(&a, part_is_digit), y = part_take_run(&b, part_is_digit);
        int order = part_compare_numbers(x, y);
        if (order)
            return order;
        if (a.length == 0 || b.length == 0)
            return (a.length > 0) - (b.length > 0);
        a = slice_sub(a, 1, a.length);
        b = slice_sub(b, 1, b.length);
    }
}

/* Numbers, one or more, one separator out of a set between two. */
static bool is_number_list(struct slice text, const char *separators)
{
    for (;;) {
        if (part_take_run(&text, part_is_digit).length == 0)
            return false;
        if (text.length == 0)
            return true;
        if (!strchr(separators, text.data[0]) || text.data[0] == '\0')
            return false;
        text = slice_sub(text, 1, text.length);
    }
}

/* R's package_version: "." and "-" alike, a longer list is later. */
bool cran_compare(struct slice a, struct slice b, int *order)
{
    if (!is_number_list(a, ".-") || !is_number_list(b, ".-"))
        return false;
    *order = compare_number_lists(a, b);
    return true;
}

/* Haskell's PVP: a list of numbers, compared as lists. */
bool hackage_compare(struct slice a, struct slice b, int *order)
{
    if (!is_number_list(a, ".") || !is_number_list(b, "."))
        return false;
    *order = compare_number_lists(a, b);
    return true;
}
