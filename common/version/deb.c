#include "version/orders.h"

/* deb-version(7): [epoch:]upstream[-revision]. */
struct deb {
    struct slice epoch, upstream, revision;
};

static bool deb_char(char c)
{
    return part_is_alnum(c) || c == '.' || c == '+' || c == '~';
}

/* Advisories and foreign packages carry characters that dpkg refuses ("_"): they have an order all
 * the same. What has none is an empty version, an epoch that is no number and a blank inside. */
static bool deb_parse(struct slice text, struct deb *out)
{
    *out = (struct deb){0};
    text = slice_trim(text);
    size_t colon = slice_find_byte(text, ':');
    if (colon < text.length) {
        out->epoch = slice_sub(text, 0, colon);
        text = slice_sub(text, colon + 1, text.length);
        if (!part_is_all(out->epoch, part_is_digit))
            return false;
    }
    out->upstream = text;
    for (size_t i = text.length; i > 0; i--) {
        if (text.data[i - 1] != '-')
            continue;
        out->upstream = slice_sub(text, 0, i - 1);
        out->revision = slice_sub(text, i, text.length);
        break;
    }
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.data[i] <= ' ')
            return false;
    }
    return out->upstream.length > 0;
}

/* ~ before the end, the end before letters, letters before the rest. */
static int deb_rank(struct slice s)
{
    char c = part_peek(s);
    if (s.length == 0 || part_is_digit(c))
        return 0;
    if (c == '~')
        return -1;
    return part_is_alpha(c) ? c : 256 + (unsigned char)c;
}

static int deb_compare_part(struct slice a, struct slice b)
{
    while (a.length || b.length) {
        for (;;) {
            int x = deb_rank(a), y = deb_rank(b);
            if (x != y)
                return x < y ? -1 : 1;
            if (x == 0)
                break;
            a = slice_sub(a, 1, a.length);
            b = slice_sub(b, 1, b.length);
        }
        int order = part_compare_numbers(part_take_run(&a, part_is_digit),
                                         part_take_run(&b, part_is_digit));
        if (order)
            return order;
    }
    return 0;
}

bool deb_compare(struct slice a, struct slice b, int *order)
{
    struct deb x, y;
    if (!deb_parse(a, &x) || !deb_parse(b, &y))
        return false;
    *order = part_compare_numbers(x.epoch, y.epoch);
    if (*order == 0)
        *order = deb_compare_part(x.upstream, y.upstream);
    if (*order == 0)
        *order = deb_compare_part(x.revision, y.revision);
    return true;
}

bool deb_valid(struct slice text)
{
    struct deb version;
    text = slice_trim(text);
    if (!deb_parse(text, &version) || !part_is_digit(version.upstream.data[0]))
        return false;
    bool epoch = version.epoch.length > 0;
    bool dash = text.data[text.length - 1] == '-';
    for (size_t i = 0; i < version.upstream.length; i++) {
        char c = version.upstream.data[i];
        if (!deb_char(c) && c != '-' && !(c == ':' && epoch))
            return false;
    }
    return !dash && (version.revision.length == 0 || part_is_all(version.revision, deb_char));
}
