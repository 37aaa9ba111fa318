#include "version/orders.h"

/* Maven's ComparableVersion (the POM reference, "Version Order Specification"): a tree of numbers,
 * words, words with a number behind ("alpha-1") and lists, one list deeper at every "-" and at
 * every change between letters and digits. */
enum kind { NUMBER, WORD, COMBINATION, LIST };

enum { TEXT_MOST = 512, ITEMS_MOST = 2 * TEXT_MOST + 2, NONE = -1 };

struct item {
    enum kind kind;
    struct slice text;   /* digits or word */
    struct slice digits; /* of a combination */
    int first, last;     /* of a list */
    int previous, next;
};

struct tree {
    struct item items[ITEMS_MOST];
    int count, list;
    int stack[ITEMS_MOST], depth;
};

static int add(struct tree *t, struct item item)
{
    struct item *list = &t->items[t->list];
    item.first = item.last = item.next = NONE;
    item.previous = list->last;
    t->items[t->count] = item;
    if (list->last == NONE)
        list->first = t->count;
    else
        t->items[list->last].next = t->count;
    list->last = t->count;
    return t->count++;
}

static void open_list(struct tree *t)
{
    t->list = add(t, (struct item){.kind = LIST});
    t->stack[t->depth++] = t->list;
}

static bool list_is_empty(const struct tree *t)
{
    return t->items[t->list].first == NONE;
}

static void add_zero(struct tree *t)
{
    add(t, (struct item){.kind = NUMBER, .text = {"0", 1}});
}

static void add_text(struct tree *t, bool combination, bool digit, struct slice text)
{
    if (!combination) {
        add(t, (struct item){.kind = digit ? NUMBER : WORD, .text = text});
        return;
    }
    struct item item = {.kind = COMBINATION, .text = text};
    while (item.text.length && part_is_digit(item.text.data[item.text.length - 1]))
        item.text.length--;
    item.digits = slice_sub(text, item.text.length, text.length);
    if (slice_has_suffix(item.text, "-"))
        item.text.length--;
    add(t, item);
}

static int qualifier_rank(struct slice word, bool before_digit)
{
    static const char *const ranks[] = {"alpha", "beta", "milestone", "rc", "snapshot", "", "sp"};
    static const char *const released[] = {"ga", "final", "release"};
    if (before_digit && word.length == 1) {
        char c = part_lower(word.data[0]);
        if (c == 'a' || c == 'b' || c == 'm')
            return c == 'm' ? 2 : c - 'a';
    }
    for (int i = 0; i < (int)array_count(ranks); i++) {
        if (slice_is_nocase(word, ranks[i]))
            return i;
    }
    for (size_t i = 0; i < array_count(released); i++) {
        if (slice_is_nocase(word, released[i]))
            return 5;
    }
    return slice_is_nocase(word, "cr") ? 3 : 7;
}

enum { RANK_RELEASE = 5, RANK_UNKNOWN = 7 };

static bool is_null(const struct item *item)
{
    switch (item->kind) {
    case NUMBER:
        return part_compare_numbers(item->text, slice_of("")) == 0;
    case LIST:
        return item->first == NONE;
    case WORD:
    case COMBINATION:
        break;
    }
    return false;
}

static void drop(struct tree *t, struct item *list, int at)
{
    struct item *item = &t->items[at];
    if (item->previous == NONE)
        list->first = item->next;
    else
        t->items[item->previous].next = item->next;
    if (item->next == NONE)
        list->last = item->previous;
    else
        t->items[item->next].previous = item->previous;
}

/* Zeros say nothing at the end and before words. */
static void normalise(struct tree *t, struct item *list)
{
    for (int at = list->last, previous; at != NONE; at = previous) {
        struct item *item = &t->items[at];
        previous = item->previous;
        if (!is_null(item))
            continue;
        struct item *next = item->next == NONE ? NULL : &t->items[item->next];
        if (next && next->kind == LIST)
            next = next->first == NONE ? NULL : &t->items[next->first];
        else if (next && next->kind == COMBINATION)
            continue;
        if (!next || next->kind == WORD || next->kind == COMBINATION)
            drop(t, list, at);
    }
}

struct scan {
    struct slice text;
    size_t start;
    bool digit, combination;
};

static void on_separator(struct tree *t, struct scan *s, size_t i)
{
    const char *data = s->text.data;
    if (i == s->start) {
        add_zero(t);
    } else {
        bool joins =
            data[i] == '-' && !s->digit && i + 1 < s->text.length && part_is_digit(data[i + 1]);
        if (joins) { /* alpha-1 is alpha1 */
            s->combination = true;
            return;
        }
        add_text(t, s->combination, s->digit, slice_sub(s->text, s->start, i - s->start));
    }
    s->combination = false;
    s->start = i + 1;
    if (data[i] == '-' && !list_is_empty(t))
        open_list(t);
}

static void on_char(struct tree *t, struct scan *s, size_t i)
{
    bool digit = part_is_digit(s->text.data[i]);
    if (digit && !s->digit && i > s->start) {
        s->combination = true;
        if (!list_is_empty(t))
            open_list(t);
    } else if (!digit && s->digit && i > s->start) {
        add_text(t, s->combination, true, slice_sub(s->text, s->start, i - s->start));
        s->start = i;
        open_list(t);
        s->combination = false;
    }
    s->digit = digit;
}

static bool parse(struct slice text, struct tree *t)
{
    struct scan s = {.text = text};
    if (text.length == 0 || text.length > TEXT_MOST)
        return false;
    t->count = 1;
    t->list = t->depth = 0;
    t->items[0] = (struct item){LIST, .first = NONE, .last = NONE, .previous = NONE, .next = NONE};
    t->stack[t->depth++] = 0;
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.data[i] <= ' ')
            return false;
        if (text.data[i] == '.' || text.data[i] == '-')
            on_separator(t, &s, i);
        else
            on_char(t, &s, i);
    }
    if (text.length > s.start) {
        if (!s.digit && !list_is_empty(t)) /* a word at the end stands as after a "-" */
            open_list(t);
        add_text(t, s.combination, s.digit, slice_sub(text, s.start, text.length));
    }
    while (t->depth > 0)
        normalise(t, &t->items[t->stack[--t->depth]]);
    return true;
}

static int compare_words(struct slice a, bool a_digit, struct slice b, bool b_digit)
{
    int x = qualifier_rank(a, a_digit), y = qualifier_rank(b, b_digit);
    if (x != y)
        return x < y ? -1 : 1;
    return x == RANK_UNKNOWN ? part_compare_nocase(a, b) : 0;
}

static int compare_items(const struct tree *ta, const struct item *a, const struct tree *tb,
                         const struct item *b);

static int compare_with_nothing(const struct tree *t, const struct item *a)
{
    int order = 0;
    switch (a->kind) {
    case NUMBER:
        return part_compare_numbers(a->text, slice_of(""));
    case WORD:
    case COMBINATION:
        return part_sign(qualifier_rank(a->text, a->kind == COMBINATION) - RANK_RELEASE);
    case LIST:
        break;
    }
    for (int i = a->first; i != NONE && order == 0; i = t->items[i].next)
        order = compare_with_nothing(t, &t->items[i]);
    return order;
}

static int compare_lists(const struct tree *ta, const struct item *a, const struct tree *tb,
                         const struct item *b)
{
    int order = 0;
    for (int i = a->first, n = b->first; (i != NONE || n != NONE) && order == 0;) {
        if (i == NONE)
            order = -compare_with_nothing(tb, &tb->items[n]);
        else if (n == NONE)
            order = compare_with_nothing(ta, &ta->items[i]);
        else
            order = compare_items(ta, &ta->items[i], tb, &tb->items[n]);
        i = i == NONE ? NONE : ta->items[i].next;
        n = n == NONE ? NONE : tb->items[n].next;
    }
    return order;
}

/* Numbers after lists after combinations and words; the same word with a number after it without.
 */
static int compare_items(const struct tree *ta, const struct item *a, const struct tree *tb,
                         const struct item *b)
{
    bool a_word = a->kind == WORD || a->kind == COMBINATION;
    bool b_word = b->kind == WORD || b->kind == COMBINATION;
    if (a_word && b_word) {
        int order = compare_words(a->text, a->kind == COMBINATION, b->text, b->kind == COMBINATION);
        if (order)
            return order;
        if (a->kind != b->kind)
            return a->kind == COMBINATION ? 1 : -1;
        return a->kind == COMBINATION ? part_compare_numbers(a->digits, b->digits) : 0;
    }
    if (a->kind == LIST && b->kind == LIST)
        return compare_lists(ta, a, tb, b);
    if (a->kind == NUMBER && b->kind == NUMBER)
        return part_compare_numbers(a->text, b->text);
    int x = a_word ? 0 : a->kind == LIST ? 1 : 2, y = b_word ? 0 : b->kind == LIST ? 1 : 2;
    return x < y ? -1 : 1;
}

bool maven_compare(struct slice a, struct slice b, int *order)
{
    struct tree x, y;
    if (!parse(a, &x) || !parse(b, &y))
        return false;
    *order = compare_lists(&x, &x.items[0], &y, &y.items[0]);
    return true;
}
