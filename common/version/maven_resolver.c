#include "version/orders.h"

/* Maven's resolver (GenericVersionScheme): a flat list of numbers, qualifiers and words; what is
 * missing counts as 0 or "release". "min" and "max" at the end lie below and above all. */
enum kind { MINIMUM, QUALIFIER, WORD, NUMBER, MAXIMUM };

enum { TEXT_MOST = 512 };

struct item {
    enum kind kind;
    int rank;          /* of a qualifier; 0 is the release itself */
    struct slice text; /* digits or word */
};

struct list {
    struct item items[TEXT_MOST];
    int count;
};

static bool is_joint(char c)
{
    return c == '.' || c == '-' || c == '_';
}

static bool is_word_char(char c)
{
    return !is_joint(c) && !part_is_digit(c);
}

static bool find_rank(struct slice word, bool before_digit, int *rank)
{
    static const struct {
        const char *word;
        int rank;
    } ranks[] = {{"alpha", -5},    {"beta", -4}, {"milestone", -3}, {"cr", -2},     {"rc", -2},
                 {"snapshot", -1}, {"ga", 0},    {"final", 0},      {"release", 0}, {"sp", 1}};
    if (before_digit && word.length == 1) {
        char c = part_lower(word.data[0]);
        *rank = c == 'a' ? -5 : c == 'b' ? -4 : -3;
        if (c == 'a' || c == 'b' || c == 'm')
            return true;
    }
    for (size_t i = 0; i < array_count(ranks); i++) {
        *rank = ranks[i].rank;
        if (slice_is_nocase(word, ranks[i].word))
            return true;
    }
    return false;
}

static struct item take_item(struct slice *text)
{
    struct item item = {.kind = NUMBER, .text = part_take_run(text, part_is_digit)};
    if (item.text.length == 0) {
        item.text = part_take_run(text, is_word_char);
        bool before_digit = text->length && part_is_digit(text->data[0]);
        if (item.text.length == 0)
            item.kind = NUMBER;
        else if (text->length == 0 && slice_is_nocase(item.text, "min"))
            item.kind = MINIMUM;
        else if (text->length == 0 && slice_is_nocase(item.text, "max"))
            item.kind = MAXIMUM;
        else
            item.kind = find_rank(item.text, before_digit, &item.rank) ? QUALIFIER : WORD;
    }
    if (text->length && is_joint(text->data[0]))
        *text = slice_sub(*text, 1, text->length);
    return item;
}

static bool is_number(const struct item *item)
{
    return item->kind == NUMBER || item->kind == MINIMUM || item->kind == MAXIMUM;
}

static int compare_with_padding(const struct item *item)
{
    switch (item->kind) {
    case MINIMUM:
        return -1;
    case QUALIFIER:
        return part_sign(item->rank);
    case NUMBER:
        return part_compare_numbers(item->text, slice_of(""));
    case WORD:
    case MAXIMUM:
        break;
    }
    return 1;
}

static int compare_items(const struct item *a, const struct item *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == NUMBER)
        return part_compare_numbers(a->text, b->text);
    return a->kind == QUALIFIER ? part_sign(a->rank - b->rank)
                                : part_compare_nocase(a->text, b->text);
}

/* Drops zeros and release words at the end of every run of numbers or of words. */
static void trim_padding(struct list *list)
{
    int number = -1, end = list->count - 1;
    for (int i = end; i > 0; i--) {
        const struct item *item = &list->items[i];
        if ((int)is_number(item) != number) {
            end = i;
            number = is_number(item);
        }
        bool inside = i == list->count - 1 || is_number(&list->items[i - 1]) == is_number(item);
        if (end == i && inside && compare_with_padding(item) == 0) {
            memmove(&list->items[i], &list->items[i + 1],
                    (size_t)(list->count - i - 1) * sizeof(list->items[0]));
            list->count--;
            end--;
        }
    }
}

static bool parse(struct slice text, struct list *list)
{
    if (text.length > TEXT_MOST)
        return false;
    list->count = 0;
    while (text.length)
        list->items[list->count++] = take_item(&text);
    trim_padding(list);
    return true;
}

/* kind: only numbers (1), only words (0), any (-1). */
static int compare_rest(const struct list *list, int from, int number)
{
    int order = 0;
    for (int i = from; i < list->count && order == 0; i++) {
        if (number >= 0 && number != (int)is_number(&list->items[i]))
            break;
        order = compare_with_padding(&list->items[i]);
    }
    return order;
}

static int compare_lists(const struct list *a, const struct list *b)
{
    int number = 1;
    for (int i = 0; i < a->count || i < b->count; i++) {
        if (i >= a->count)
            return -compare_rest(b, i, -1);
        if (i >= b->count)
            return compare_rest(a, i, -1);
        const struct item *x = &a->items[i], *y = &b->items[i];
        if (is_number(x) != is_number(y)) {
            if (i == 0)
                return compare_items(x, y);
            return number == (int)is_number(x) ? compare_rest(a, i, number)
                                               : -compare_rest(b, i, number);
        }
        int order = compare_items(x, y);
        if (order)
            return order;
        number = is_number(x);
    }
    return 0;
}

bool maven_resolver_compare(struct slice a, struct slice b, int *order)
{
    struct list x, y;
    if (!parse(a, &x) || !parse(b, &y))
        return false;
    *order = compare_lists(&x, &y);
    return true;
}
