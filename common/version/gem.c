#include "version/orders.h"

/* Gem::Version: segments of digits and of letters; "-" stands for ".pre."; nothing at all is 0. */
enum { TEXT_MOST = 512 };

struct segment {
    struct slice text;
    bool number;
};

struct gem {
    struct segment segments[TEXT_MOST];
    int count;
    bool prerelease;
};

/* Platform names that a version of an installed gem may carry behind a "-". */
static bool is_platform(struct slice text)
{
    static const char *const names[] = {
        "x86",    "x64",   "x86_64",  "amd64",     "i386",  "i486",  "i586",    "i686",  "arm",
        "armv",   "arm64", "aarch64", "universal", "java",  "jruby", "mswin",   "mingw", "linux",
        "darwin", "ruby",  "powerpc", "ppc",       "s390x", "sparc", "riscv64", "mips",
    };
    for (size_t i = 0; i < array_count(names); i++) {
        struct slice rest = slice_sub(text, strlen(names[i]), text.length);
        if (!part_starts_nocase(text, names[i]))
            continue;
        part_take_run(&rest, part_is_digit);
        if (rest.length == 0 || rest.data[0] == '-')
            return true;
    }
    return false;
}

static struct slice without_platform(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '-' && is_platform(slice_sub(text, i + 1, text.length)))
            return slice_sub(text, 0, i);
    }
    return text;
}

static bool is_tail_char(char c)
{
    return part_is_alnum(c) || c == '-';
}

/* digits {"." alnum} ["-" alnum-or-dash {"." alnum-or-dash}] */
static bool is_well_formed(struct slice text)
{
    if (part_take_run(&text, part_is_digit).length == 0)
        return text.length == 0;
    bool (*is)(char) = part_is_alnum;
    while (text.length) {
        char c = text.data[0];
        if (c == '-' && is == part_is_alnum)
            is = is_tail_char;
        else if (c != '.')
            return false;
        text = slice_sub(text, 1, text.length);
        if (part_take_run(&text, is).length == 0)
            return false;
    }
    return true;
}

static void add(struct gem *gem, struct slice text, bool number)
{
    gem->segments[gem->count++] = (struct segment){text, number};
    gem->prerelease = gem->prerelease || !number;
}

/* Zeros at the end of the numbers in front, and at the end of all, say nothing. */
static void drop_zeros(struct gem *gem)
{
    int from = 0, kept;
    while (from < gem->count && gem->segments[from].number)
        from++;
    kept = from;
    while (kept > 0 && part_compare_numbers(gem->segments[kept - 1].text, slice_of("")) == 0)
        kept--;
    memmove(&gem->segments[kept], &gem->segments[from],
            (size_t)(gem->count - from) * sizeof(gem->segments[0]));
    gem->count -= from - kept;
    while (gem->count > kept && gem->segments[gem->count - 1].number &&
           part_compare_numbers(gem->segments[gem->count - 1].text, slice_of("")) == 0)
        gem->count--;
}

static bool parse_segments(struct slice text, struct gem *out)
{
    out->count = 0;
    out->prerelease = false;
    text = without_platform(slice_trim(text));
    if (text.length > TEXT_MOST || !is_well_formed(text))
        return false;
    while (text.length) {
        if (part_take(&text, '-')) {
            add(out, slice_of("pre"), false);
        } else if (!part_take(&text, '.')) {
            struct slice digits = part_take_run(&text, part_is_digit);
            add(out, digits.length ? digits : part_take_run(&text, part_is_alpha),
                digits.length > 0);
        }
    }
    return true;
}

static int compare_segments(const struct gem *a, const struct gem *b)
{
    for (int i = 0; i < a->count || i < b->count; i++) {
        static const struct segment zero = {{"0", 1}, true};
        const struct segment *x = i < a->count ? &a->segments[i] : &zero;
        const struct segment *y = i < b->count ? &b->segments[i] : &zero;
        if (x->number != y->number)
            return x->number ? 1 : -1;
        int order = x->number ? part_compare_numbers(x->text, y->text)
                              : part_compare_bytes(x->text, y->text);
        if (order)
            return order;
    }
    return 0;
}

bool gem_compare(struct slice a, struct slice b, int *order)
{
    struct gem x, y;
    if (!parse_segments(a, &x) || !parse_segments(b, &y))
        return false;
    drop_zeros(&x);
    drop_zeros(&y);
    *order = compare_segments(&x, &y);
    return true;
}

/* gem-prerelease: the kind of the version. */
bool gem_prerelease_normalise(struct slice text, struct buf *out)
{
    struct gem gem;
    if (!parse_segments(text, &gem))
        return false;
    buf_put_text(out, gem.prerelease ? "prerelease" : "release");
    return true;
}

static int leading_numbers(const struct gem *gem)
{
    int count = 0;
    while (count < gem->count && gem->segments[count].number)
        count++;
    return count;
}

/* ~>: not below, and the numbers but the last stay; pre-releases of the next are out too. */
static bool is_compatible(struct slice wanted, struct slice version)
{
    struct gem w, v;
    if (!parse_segments(wanted, &w) || !parse_segments(version, &v))
        return false;
    int fixed = leading_numbers(&w), given = leading_numbers(&v);
    fixed = fixed > 1 ? fixed - 1 : fixed;
    for (int i = 0; i < fixed; i++) {
        struct slice number = i < given ? v.segments[i].text : slice_of("0");
        if (part_compare_numbers(number, w.segments[i].text) != 0)
            return false;
    }
    drop_zeros(&w);
    drop_zeros(&v);
    return compare_segments(&v, &w) >= 0;
}

bool gem_contains(struct slice range, struct slice version, unsigned options, bool *contained)
{
    struct slice piece;
    bool more = true;
    int order;
    (void)options;
    *contained = true;
    while (part_take_piece(&range, ",", &more, &piece)) {
        enum part_operator op = part_take_operator(&piece);
        if ((op > PART_GE && op != PART_TILDE_GT) || (op && piece.length == 0) ||
            !gem_compare(version, piece, &order))
            return false;
        bool holds =
            op == PART_TILDE_GT ? is_compatible(piece, version) : part_order_holds(op, order);
        *contained = *contained && holds;
    }
    return true;
}

bool gem_range_valid(struct slice range, unsigned options)
{
    bool contained;
    return gem_contains(range, slice_of("0"), options, &contained);
}
