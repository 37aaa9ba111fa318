#include "version/orders.h"
#include "version/semver.h"

/* Cargo: SemVer with numbers that fit 64 bits; requirements as The Cargo Book, "Specifying
 * Dependencies", and the semver crate read them. */
struct requirement {
    enum part_operator op; /* PART_NONE = caret; PART_EQ with parts < 3 = a wildcard */
    int parts;             /* numbers given: 0 for "*" */
    uint64_t number[3];
    struct slice pre;
};

static bool numbers_of(const struct semver *version, uint64_t number[3])
{
    for (int i = 0; i < 3; i++) {
        if (!slice_parse_u64(version->number[i], &number[i]))
            return false;
    }
    return true;
}

bool cargo_valid(struct slice text)
{
    struct semver version;
    uint64_t number[3];
    return semver_parse_strict(text, &version) && numbers_of(&version, number);
}

/* Builds count in the end, so that the order is total; a number before a word, equal numbers by
 * their leading zeros. */
bool cargo_compare(struct slice a, struct slice b, int *order)
{
    struct semver x, y;
    if (!semver_parse_lenient(a, &x) || !semver_parse_lenient(b, &y))
        return false;
    *order = semver_order(&x, &y);
    if (*order == 0)
        *order = semver_order_identifiers(x.build, y.build);
    if (*order == 0)
        *order = part_sign((x.build.length > y.build.length) - (x.build.length < y.build.length));
    return true;
}

static bool is_wildcard(char c)
{
    return c == '*' || c == 'x' || c == 'X';
}

static bool parse_parts(struct slice *text, struct requirement *out, bool *wild)
{
    for (int i = 0; i < 3; i++) {
        if (i && !part_take(text, '.'))
            return true;
        if (is_wildcard(part_peek(*text)) && text->length) {
            *text = slice_sub(*text, 1, text->length);
            *wild = true;
            continue;
        }
        struct slice digits = part_take_run(text, part_is_digit);
        if (*wild || !semver_number_valid(digits) || !slice_parse_u64(digits, &out->number[i]))
            return false;
        out->parts = i + 1;
    }
    return true;
}

static bool parse_requirement(struct slice text, bool alone, struct requirement *out)
{
    bool wild = false, build;
    *out = (struct requirement){.op = part_take_operator(&text)};
    text = slice_trim(text);
    if ((out->op > PART_GE && out->op != PART_TILDE && out->op != PART_CARET) ||
        out->op == PART_NE || !parse_parts(&text, out, &wild))
        return false;
    size_t plus = slice_find_byte(text, '+');
    build = plus < text.length;
    if (build &&
        (!semver_identifiers_valid(slice_sub(text, plus + 1, text.length), true) || out->parts < 3))
        return false;
    text = slice_sub(text, 0, plus);
    if (part_take(&text, '-')) {
        if (out->parts < 3 || !semver_identifiers_valid(text, false))
            return false;
        out->pre = text;
    } else if (text.length) {
        return false;
    }
    if (wild && out->op == PART_NONE)
        out->op = PART_EQ;
    return !wild || out->parts > 0 || (alone && out->op == PART_EQ);
}

/* -1, 0, 1 of a version against a requirement's given numbers; missing ones are equal. */
static int against(const struct requirement *r, const uint64_t *number)
{
    for (int i = 0; i < r->parts; i++) {
        if (number[i] != r->number[i])
            return number[i] < r->number[i] ? -1 : 1;
    }
    return 0;
}

static bool same_leading(const struct requirement *r, const uint64_t *number, int count)
{
    for (int i = 0; i < count && i < r->parts; i++) {
        if (number[i] != r->number[i])
            return false;
    }
    return true;
}

static bool requirement_holds(const struct requirement *r, const uint64_t *number, struct slice pre)
{
    int order = against(r, number);
    if (order == 0 && r->parts == 3)
        order = semver_order_pre(pre, r->pre);
    switch ((int)r->op) {
    case PART_LT:
        return order < 0;
    case PART_GT:
        return order > 0;
    case PART_LE:
        return order <= 0;
    case PART_GE:
        return order >= 0;
    case PART_EQ:
        return order == 0;
    case PART_TILDE:
        return order >= 0 && same_leading(r, number, 2);
    default:
        break;
    }
    int fixed = r->number[0] || r->parts < 2 ? 1 : r->number[1] || r->parts < 3 ? 2 : 3;
    return order >= 0 && same_leading(r, number, fixed);
}

/* A pre-release is meant only by a requirement that names one of the same three numbers. */
static bool names_pre(const struct requirement *r, const uint64_t *number)
{
    return r->pre.length && r->parts == 3 && same_leading(r, number, 3);
}

static bool walk(struct slice range, const uint64_t *number, struct slice pre, bool *contained)
{
    struct slice piece;
    struct requirement r;
    bool more = true, named = pre.length == 0;
    bool alone = slice_find_byte(range, ',') == range.length;
    *contained = true;
    while (part_take_piece(&range, ",", &more, &piece)) {
        if (!parse_requirement(piece, alone, &r))
            return false;
        *contained = *contained && requirement_holds(&r, number, pre);
        named = named || names_pre(&r, number);
    }
    *contained = *contained && named;
    return true;
}

bool cargo_contains(struct slice range, struct slice version, unsigned options, bool *contained)
{
    struct semver parsed;
    uint64_t number[3];
    (void)options;
    return semver_parse_strict(version, &parsed) && numbers_of(&parsed, number) &&
           walk(range, number, parsed.pre, contained);
}

bool cargo_range_valid(struct slice range, unsigned options)
{
    bool contained;
    (void)options;
    return walk(range, (const uint64_t[3]){0}, slice_of(""), &contained);
}
