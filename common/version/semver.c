#include "version/semver.h"

#include "version/orders.h"

static bool is_identifier_char(char c)
{
    return part_is_alnum(c) || c == '-';
}

bool semver_number_valid(struct slice digits)
{
    return part_is_all(digits, part_is_digit) && (digits.length == 1 || digits.data[0] != '0');
}

bool semver_identifiers_valid(struct slice text, bool leading_zeros)
{
    struct slice piece;
    bool more = true;
    while (part_take_piece(&text, ".", &more, &piece)) {
        if (!part_is_all(piece, is_identifier_char))
            return false;
        if (!leading_zeros && part_is_all(piece, part_is_digit) && !semver_number_valid(piece))
            return false;
    }
    return true;
}

/* Splits off "+build" and leaves it empty if there is none; false if it is there and wrong. */
static bool split_build(struct slice *text, struct slice *build)
{
    size_t plus = slice_find_byte(*text, '+');
    *build = slice_sub(*text, plus + 1, text->length);
    bool there = plus < text->length;
    *text = slice_sub(*text, 0, plus);
    return !there || semver_identifiers_valid(*build, true);
}

bool semver_parse_strict(struct slice text, struct semver *out)
{
    *out = (struct semver){0};
    if (!split_build(&text, &out->build))
        return false;
    for (int i = 0; i < 3; i++) {
        out->number[i] = part_take_run(&text, part_is_digit);
        if (!semver_number_valid(out->number[i]) || (i < 2 && !part_take(&text, '.')))
            return false;
    }
    if (text.length == 0)
        return true;
    if (!part_take(&text, '-'))
        return false;
    out->pre = text;
    return semver_identifiers_valid(text, false);
}

/* Takes ".digits" if nothing but a separator follows, so that "1.0.0.rc" and "1.2.3b" stop. */
static bool take_dotted_number(struct slice *text, struct slice *digits)
{
    struct slice rest = *text;
    if (!part_take(&rest, '.'))
        return false;
    *digits = part_take_run(&rest, part_is_digit);
    if (digits->length == 0)
        return false;
    *text = rest;
    return true;
}

bool semver_parse_lenient(struct slice text, struct semver *out)
{
    struct slice digits;
    *out = (struct semver){0};
    text = slice_trim(text);
    while (part_peek(text) == 'v' || part_peek(text) == 'V' || part_peek(text) == '=' ||
           (text.length && part_is_blank(text.data[0])))
        text = slice_sub(text, 1, text.length);
    size_t plus = slice_find_byte(text, '+');
    out->build = slice_sub(text, plus + 1, text.length);
    text = slice_sub(text, 0, plus);
    out->number[0] = part_take_run(&text, part_is_digit);
    if (out->number[0].length == 0)
        return false;
    for (int i = 1; i < 3 && take_dotted_number(&text, &digits); i++)
        out->number[i] = digits;
    out->more = text;
    while (out->number[2].length && take_dotted_number(&text, &digits))
        ;
    out->more.length -= text.length;
    if (!part_take(&text, '-'))
        out->dotted = part_take(&text, '.');
    out->pre = text;
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.data[i] <= ' ')
            return false;
    }
    return true;
}

/* Up to the next separator, "." or (dashes) also "-". */
static bool take_identifier(struct slice *s, bool dashes, bool *more, struct slice *piece)
{
    size_t dot = slice_find_byte(*s, '.'), dash = dashes ? slice_find_byte(*s, '-') : s->length;
    return part_take_piece(s, dash < dot ? "-" : ".", more, piece);
}

static int order_identifiers(struct slice a, struct slice b, bool dashes)
{
    struct slice x, y;
    bool more_a = a.length > 0, more_b = b.length > 0;
    for (;;) {
        bool got_a = take_identifier(&a, dashes, &more_a, &x);
        bool got_b = take_identifier(&b, dashes, &more_b, &y);
        if (!got_a || !got_b)
            return (int)got_a - (int)got_b;
        bool number_a = part_is_all(x, part_is_digit), number_b = part_is_all(y, part_is_digit);
        if (number_a != number_b)
            return number_a ? -1 : 1;
        int order = number_a ? part_compare_numbers(x, y) : part_compare_bytes(x, y);
        if (order)
            return order;
    }
}

int semver_order_identifiers(struct slice a, struct slice b)
{
    return order_identifiers(a, b, false);
}

int semver_order_pre(struct slice a, struct slice b)
{
    if (a.length == 0 || b.length == 0)
        return (a.length == 0) - (b.length == 0);
    return semver_order_identifiers(a, b);
}

static int order_more(struct slice a, struct slice b)
{
    while (a.length || b.length) {
        struct slice x = {"", 0}, y = {"", 0};
        (void)take_dotted_number(&a, &x);
        (void)take_dotted_number(&b, &y);
        int order = part_compare_numbers(x, y);
        if (order)
            return order;
    }
    return 0;
}

int semver_order(const struct semver *a, const struct semver *b)
{
    for (int i = 0; i < 3; i++) {
        int order = part_compare_numbers(a->number[i], b->number[i]);
        if (order)
            return order;
    }
    int order = order_more(a->more, b->more);
    if (order == 0 && (a->dotted || b->dotted) && a->pre.length && b->pre.length)
        return order_identifiers(a->pre, b->pre, true);
    return order ? order : semver_order_pre(a->pre, b->pre);
}

bool semver_compare(struct slice a, struct slice b, int *order)
{
    struct semver x, y;
    if (!semver_parse_lenient(a, &x) || !semver_parse_lenient(b, &y))
        return false;
    *order = semver_order(&x, &y);
    return true;
}

bool semver_valid(struct slice text)
{
    struct semver version;
    return semver_parse_strict(text, &version);
}

/* Dart's pub orders builds as well: none, then identifier by identifier. */
bool pub_compare(struct slice a, struct slice b, int *order)
{
    struct semver x, y;
    if (!semver_parse_lenient(a, &x) || !semver_parse_lenient(b, &y))
        return false;
    *order = semver_order(&x, &y);
    if (*order == 0)
        *order = semver_order_identifiers(x.build, y.build);
    return true;
}

/* Bitnami puts its own revision behind a "-". What advisories speak of is the software in it, so a
 * number there does not count. */
static void drop_revision(struct semver *version)
{
    if (part_is_all(version->pre, part_is_digit))
        version->pre.length = 0;
}

bool bitnami_compare(struct slice a, struct slice b, int *order)
{
    struct semver x, y;
    if (!semver_parse_lenient(a, &x) || !semver_parse_lenient(b, &y))
        return false;
    drop_revision(&x);
    drop_revision(&y);
    *order = semver_order(&x, &y);
    return true;
}
