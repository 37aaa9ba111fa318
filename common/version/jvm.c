#include "version/orders.h"
#include "version/semver.h"

/* Java: JEP 223 (11.0.2+9, 9-ea) and what came before (1.8.0_131-b11, 8u131). Builds do not count.
 */
enum { NUMBERS = 6 };

struct jvm {
    struct slice number[NUMBERS];
    struct slice pre;
};

static bool is_joint(char c)
{
    return c == '.' || c == '_' || c == 'u';
}

static bool is_build(struct slice word)
{
    return part_take(&word, 'b') && part_is_all(word, part_is_digit);
}

static bool parse(struct slice text, struct jvm *out)
{
    int count = 0;
    struct slice piece;
    bool more = true;
    *out = (struct jvm){0};
    text = slice_trim(text);
    text = slice_sub(text, 0, slice_find_byte(text, '+'));
    for (;;) {
        struct slice digits = part_take_run(&text, part_is_digit);
        if (digits.length == 0 || count == NUMBERS)
            return false;
        out->number[count++] = digits;
        if (text.length == 0 || !is_joint(text.data[0]))
            break;
        if (text.data[0] == 'u' && count == 1) /* 8u131 is 8.0.131 */
            out->number[count++] = slice_of("0");
        text = slice_sub(text, 1, text.length);
    }
    if (count > 1 && slice_is(out->number[0], "1")) { /* 1.8.0 is 8.0 */
        memmove(&out->number[0], &out->number[1], sizeof(out->number) - sizeof(out->number[0]));
        out->number[NUMBERS - 1] = (struct slice){"", 0};
    }
    if (text.length == 0)
        return true;
    if (!part_take(&text, '-'))
        return false;
    while (part_take_piece(&text, "-", &more, &piece)) {
        if (piece.length == 0)
            return false;
        if (out->pre.length == 0 && !is_build(piece))
            out->pre = piece;
    }
    return true;
}

bool jvm_compare(struct slice a, struct slice b, int *order)
{
    struct jvm x, y;
    if (!parse(a, &x) || !parse(b, &y))
        return false;
    *order = 0;
    for (int i = 0; i < NUMBERS && *order == 0; i++)
        *order = part_compare_numbers(x.number[i], y.number[i]);
    if (*order == 0)
        *order = semver_order_pre(x.pre, y.pre);
    return true;
}
