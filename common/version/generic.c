#include "version/orders.h"
#include "version/semver.h"

/* Programs that come from no package manager: numbers, pre-releases (3.12.0rc1, 9.0.0-M1), and
 * patches told by letters (OpenSSL's 1.1.1k and 0.9.8zh, OpenSSH's 8.5p1), which come after the
 * bare number. */
struct generic {
    struct slice base, letters, digits;
};

static struct generic split(struct slice text)
{
    size_t from = slice_find_byte(text, '+');
    struct generic out = {.base = slice_trim(slice_sub(text, 0, from))};
    size_t end = out.base.length, digits = end, letters;
    while (digits > 0 && part_is_digit(out.base.data[digits - 1]))
        digits--;
    letters = digits;
    while (letters > 0 && part_is_alpha(out.base.data[letters - 1]))
        letters--;
    size_t count = digits - letters;
    bool patch =
        digits == end ? count == 1 || count == 2 : count == 1 && out.base.data[letters] == 'p';
    if (!patch || letters == 0 || !part_is_digit(out.base.data[letters - 1]))
        return out;
    out.letters = slice_sub(out.base, letters, count);
    out.digits = slice_sub(out.base, digits, end - digits);
    out.base.length = letters;
    return out;
}

bool generic_compare(struct slice a, struct slice b, int *order)
{
    struct generic x = split(a), y = split(b);
    if (!semver_compare(x.base, y.base, order))
        return false;
    if (*order == 0)
        *order = slice_compare(x.letters, y.letters);
    if (*order == 0)
        *order = part_compare_numbers(x.digits, y.digits);
    *order = part_sign(*order);
    return true;
}
