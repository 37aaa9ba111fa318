#include "version/npm.h"
#include "version/orders.h"

enum { RANGE_MOST = 64 * 1024 };

bool npm_valid(struct slice text)
{
    struct npm_version version;
    return npm_version_parse(text, VERSION_LOOSE, &version);
}

static bool any_set_holds(const struct npm_range *range, const struct npm_version *version,
                          unsigned options)
{
    for (size_t i = 0; i < range->count; i++) {
        if (npm_set_holds(&range->sets[i], version, options))
            return true;
    }
    return false;
}

static bool parse(struct arena *arena, struct slice text, unsigned options, struct npm_range *out)
{
    return text.length <= RANGE_MOST && npm_range_parse(arena, text, options, out);
}

/* What is no version lies in no range. */
bool npm_contains(struct slice range, struct slice version, unsigned options, bool *contained)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct npm_range parsed;
    struct npm_version v;
    if (!parse(arena, range, options, &parsed))
        return false;
    *contained = npm_version_parse(version, options, &v) && any_set_holds(&parsed, &v, options);
    return true;
}

bool npm_range_valid(struct slice range, unsigned options)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct npm_range parsed;
    return parse(arena, range, options, &parsed);
}

static void put_comparator(struct buf *out, const struct npm_comparator *c)
{
    static const char *const operators[] = {
        [NPM_ANY] = "*", [NPM_EQ] = "",  [NPM_LT] = "<",
        [NPM_LE] = "<=", [NPM_GT] = ">", [NPM_GE] = ">=",
    };
    buf_put_text(out, operators[c->op]);
    if (c->op == NPM_ANY)
        return;
    for (int i = 0; i < 3; i++)
        buf_printf(out, "%s%llu", i ? "." : "", (unsigned long long)c->version.number[i]);
    if (c->version.pre.length) {
        buf_put_byte(out, '-');
        buf_put_slice(out, c->version.pre);
    }
}

/* The words "[includePrerelease]" and "[loose]" at the end are options, not range. */
static unsigned take_options(struct slice *text)
{
    static const struct {
        const char *word;
        unsigned option;
    } words[] = {{" [includePrerelease]", VERSION_INCLUDE_PRERELEASE}, {" [loose]", VERSION_LOOSE}};
    unsigned options = 0;
    for (size_t i = 0; i < array_count(words); i++) {
        if (slice_has_suffix(*text, words[i].word)) {
            text->length -= strlen(words[i].word);
            options |= words[i].option;
        }
    }
    return options;
}

/* The range as comparators only. */
bool npm_normalise(struct slice text, struct buf *out)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct npm_range range;
    unsigned options = take_options(&text);
    if (!parse(arena, text, options, &range))
        return false;
    for (size_t i = 0; i < range.count; i++) {
        buf_put_text(out, i ? "||" : "");
        for (size_t n = 0; n < range.sets[i].count; n++) {
            buf_put_text(out, n ? " " : "");
            put_comparator(out, &range.sets[i].comparators[n]);
        }
    }
    return true;
}

static bool is_up(const struct npm_comparator *c)
{
    return c->op == NPM_GT || c->op == NPM_GE;
}

static bool is_down(const struct npm_comparator *c)
{
    return c->op == NPM_LT || c->op == NPM_LE;
}

/* As npm_set_holds for a set of one. */
static bool alone_holds(const struct npm_comparator *c, const struct npm_version *version,
                        unsigned options)
{
    struct npm_comparator copy = *c;
    return npm_set_holds(&(struct npm_set){&copy, 1, 1}, version, options);
}

static bool holds_nothing(const struct npm_comparator *c, unsigned options)
{
    const uint64_t *n = c->version.number;
    if (options & VERSION_INCLUDE_PRERELEASE)
        return npm_comparator_is_null(c);
    return c->op == NPM_LT && n[0] == 0 && n[1] == 0 && n[2] == 0;
}

static bool comparators_meet(const struct npm_comparator *a, const struct npm_comparator *b,
                             unsigned options)
{
    if (a->op == NPM_ANY)
        return true;
    if (a->op == NPM_EQ) /* of "any", only a release, as everywhere */
        return alone_holds(b, &a->version, options);
    if (b->op == NPM_ANY)
        return true;
    if (b->op == NPM_EQ)
        return alone_holds(a, &b->version, options);
    if (holds_nothing(a, options) || holds_nothing(b, options))
        return false;
    if (is_up(a) == is_up(b))
        return true;
    int order = npm_version_order(&a->version, &b->version);
    if (order == 0)
        return (a->op == NPM_LE || a->op == NPM_GE) && (b->op == NPM_LE || b->op == NPM_GE);
    return order < 0 ? is_up(a) : is_down(a);
}

static bool sets_meet(const struct npm_set *a, const struct npm_set *b, unsigned options)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t n = 0; n < b->count; n++) {
            if (!comparators_meet(&a->comparators[i], &b->comparators[n], options))
                return false;
        }
    }
    return true;
}

static bool set_is_satisfiable(const struct npm_set *set, unsigned options)
{
    for (size_t i = 0; i < set->count; i++) {
        for (size_t n = 0; n < i; n++) {
            if (!comparators_meet(&set->comparators[i], &set->comparators[n], options))
                return false;
        }
    }
    return true;
}

/* Whether a version may lie in both ranges. */
bool npm_intersects(struct slice range, struct slice other, unsigned options, bool *contained)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct npm_range a, b;
    if (!parse(arena, range, options, &a) || !parse(arena, other, options, &b))
        return false;
    *contained = false;
    for (size_t i = 0; i < a.count && !*contained; i++) {
        for (size_t n = 0; n < b.count && !*contained; n++)
            *contained = set_is_satisfiable(&a.sets[i], options) &&
                         set_is_satisfiable(&b.sets[n], options) &&
                         sets_meet(&a.sets[i], &b.sets[n], options);
    }
    return true;
}

/* The bounds of a set. */
struct bounds {
    const struct npm_comparator *up, *down, *exact;
    bool empty;
    int order; /* of up against down */
};

static bool is_tighter(const struct npm_comparator *a, const struct npm_comparator *than)
{
    if (!than)
        return true;
    int order = npm_version_order(&a->version, &than->version);
    if (is_down(a))
        order = -order;
    bool strict =
        (a->op == NPM_GT || a->op == NPM_LT) && (than->op == NPM_GE || than->op == NPM_LE);
    return order > 0 || (order == 0 && strict);
}

static struct bounds bounds_of(const struct npm_set *set, unsigned options)
{
    struct bounds b = {0};
    for (size_t i = 0; i < set->count; i++) {
        const struct npm_comparator *c = &set->comparators[i];
        if (is_up(c))
            b.up = is_tighter(c, b.up) ? c : b.up;
        else if (is_down(c))
            b.down = is_tighter(c, b.down) ? c : b.down;
        else if (b.exact && !npm_comparator_equal(c, b.exact))
            b.empty = true;
        else
            b.exact = c;
    }
    if (b.up && b.down) {
        b.order = npm_version_order(&b.up->version, &b.down->version);
        b.empty = b.empty || b.order > 0 ||
                  (b.order == 0 && (b.up->op != NPM_GE || b.down->op != NPM_LE));
    }
    if (b.exact && ((b.up && !alone_holds(b.up, &b.exact->version, options)) ||
                    (b.down && !alone_holds(b.down, &b.exact->version, options))))
        b.empty = true;
    return b;
}

/* A pre-release bound needs one of the same three numbers in the other set, or pre-releases lie
 * inside that the other does not mean. "<1.2.3-0" is "<1.2.3". */
static bool needs_pre(const struct npm_comparator *bound, unsigned options)
{
    if (!bound || (options & VERSION_INCLUDE_PRERELEASE) || bound->version.pre.length == 0)
        return false;
    return !(bound->op == NPM_LT && slice_is(bound->version.pre, "0"));
}

static bool names_pre_of(const struct npm_set *set, const struct npm_comparator *bound)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct npm_version *v = &set->comparators[i].version;
        if (v->pre.length && memcmp(v->number, bound->version.number, sizeof(v->number)) == 0)
            return true;
    }
    return false;
}

/* Whether a bound of the inner set is at least as tight as what the outer asks. */
static bool bound_fits(const struct npm_comparator *bound, const struct npm_comparator *outer,
                       unsigned options)
{
    bool inclusive = bound->op == NPM_GE || bound->op == NPM_LE;
    if (is_up(bound) == is_up(outer) && is_down(bound) == is_down(outer))
        return !is_tighter(outer, bound);
    return !inclusive || alone_holds(outer, &bound->version, options);
}

static bool bounds_fit(const struct bounds *b, const struct npm_set *outer, unsigned options)
{
    bool outer_up = false, outer_down = false;
    for (size_t i = 0; i < outer->count; i++) {
        const struct npm_comparator *c = &outer->comparators[i];
        outer_up = outer_up || is_up(c);
        outer_down = outer_down || is_down(c);
        if ((b->up && !bound_fits(b->up, c, options)) ||
            (b->down && !bound_fits(b->down, c, options)))
            return false;
        if (c->op == NPM_EQ && (b->up || b->down) && !(b->up && b->down && b->order == 0))
            return false;
    }
    if ((b->up && outer_down && !b->down) || (b->down && outer_up && !b->up))
        return false;
    return !(needs_pre(b->up, options) && !names_pre_of(outer, b->up)) &&
           !(needs_pre(b->down, options) && !names_pre_of(outer, b->down));
}

static bool set_is_any(const struct npm_set *set)
{
    return set->count == 1 && set->comparators[0].op == NPM_ANY;
}

/* null: the inner set is empty. */
static bool set_is_within(struct npm_set inner, struct npm_set outer, unsigned options, bool *null)
{
    struct npm_comparator from = {.op = NPM_GE};
    bool prerelease = options & VERSION_INCLUDE_PRERELEASE;
    *null = false;
    if (set_is_any(&outer) && (prerelease || set_is_any(&inner)))
        return true;
    from.version.pre = slice_of(prerelease ? "0" : "");
    if (set_is_any(&inner))
        inner = (struct npm_set){&from, 1, 1};
    if (set_is_any(&outer))
        outer = (struct npm_set){&from, 1, 1};
    struct bounds b = bounds_of(&inner, options);
    *null = b.empty;
    if (b.empty)
        return false;
    if (!b.exact)
        return bounds_fit(&b, &outer, options);
    for (size_t i = 0; i < outer.count; i++) {
        if (!alone_holds(&outer.comparators[i], &b.exact->version, options))
            return false;
    }
    return true;
}

/* Whether every version of the range lies in the other one. Empty sets beside others say nothing.
 */
bool npm_subset(struct slice range, struct slice other, unsigned options, bool *contained)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct npm_range a, b;
    bool solid = false;
    if (!parse(arena, range, options, &a) || !parse(arena, other, options, &b))
        return false;
    *contained = true;
    for (size_t i = 0; i < a.count && *contained && !slice_equal(range, other); i++) {
        bool within = false, null;
        for (size_t n = 0; n < b.count && !within; n++) {
            within = set_is_within(a.sets[i], b.sets[n], options, &null);
            solid = solid || !null;
        }
        *contained = within || !solid;
    }
    return true;
}
