#include "version/orders.h"
#include "version/pypi.h"

/* PEP 440, "Version specifiers". Pre-releases count like other versions: the question is what a
 * range covers, not what an installer should choose. */
struct specifier {
    enum part_operator op;
    bool prefix; /* ".*" */
    struct slice text;
    struct pypi_version version;
};

static bool has_second_number(struct slice release)
{
    return slice_find_byte(release, '.') < release.length;
}

static bool parse_specifier(struct slice text, struct specifier *out)
{
    *out = (struct specifier){0};
    out->op = part_take_operator(&text);
    out->text = slice_trim(text);
    if (out->op == PART_TRIPLE)
        return out->text.length > 0;
    bool equality = out->op == PART_EQ || out->op == PART_NE;
    text = out->text;
    if (equality && slice_has_suffix(text, ".*")) {
        out->prefix = true;
        text.length -= 2;
    }
    if (!pypi_parse(text, &out->version))
        return false;
    const struct pypi_version *v = &out->version;
    if (out->prefix && (v->has_pre || v->has_post || v->has_dev || v->local.length))
        return false;
    if (!equality && v->local.length)
        return false;
    if (out->op == PART_TILDE_EQ)
        return has_second_number(v->release);
    return equality || (out->op >= PART_LT && out->op <= PART_GE);
}

static bool same_epoch(const struct pypi_version *a, const struct pypi_version *b)
{
    return part_compare_numbers(a->epoch, b->epoch) == 0;
}

static bool same_base(const struct pypi_version *a, const struct pypi_version *b)
{
    return same_epoch(a, b) && pypi_order_release(a->release, b->release) == 0;
}

/* Whether the version's release begins with the numbers of the prefix, padded with zeros. */
static bool begins_with(const struct pypi_version *version, const struct pypi_version *prefix,
                        struct slice numbers)
{
    struct slice release = version->release, x, y;
    if (!same_epoch(version, prefix))
        return false;
    while (slice_take_until(&numbers, '.', &y)) {
        if (!slice_take_until(&release, '.', &x))
            x = slice_of("0");
        if (part_compare_numbers(x, y) != 0)
            return false;
    }
    return true;
}

static struct slice without_last(struct slice release)
{
    while (release.length && release.data[release.length - 1] != '.')
        release.length--;
    return slice_sub(release, 0, release.length ? release.length - 1 : 0);
}

static bool equals(const struct specifier *s, const struct pypi_version *version)
{
    if (s->prefix)
        return begins_with(version, &s->version, s->version.release);
    return pypi_order(version, &s->version, s->version.local.length > 0) == 0;
}

static bool specifier_holds(const struct specifier *s, const struct pypi_version *version)
{
    const struct pypi_version *wanted = &s->version;
    int order = s->prefix ? 0 : pypi_order(version, wanted, false);
    switch ((int)s->op) {
    case PART_EQ:
        return equals(s, version);
    case PART_NE:
        return !equals(s, version);
    case PART_LE:
        return order <= 0;
    case PART_GE:
        return order >= 0;
    case PART_LT: /* not what leads up to the version itself */
        return order < 0 && !(!pypi_is_prerelease(wanted) && pypi_is_prerelease(version) &&
                              same_base(version, wanted));
    case PART_GT: /* not what follows the version itself */
        return order > 0 && !(!wanted->has_post && version->has_post && same_base(version, wanted));
    default:
        break;
    }
    return order >= 0 && begins_with(version, wanted, without_last(wanted->release));
}

bool pypi_contains(struct slice range, struct slice version, unsigned options, bool *contained)
{
    struct pypi_version parsed;
    struct specifier s;
    struct slice piece;
    bool more = true, good = pypi_parse(version, &parsed);
    (void)options;
    *contained = true;
    while (part_take_piece(&range, ",", &more, &piece)) {
        piece = slice_trim(piece);
        if (piece.length == 0)
            continue;
        if (!parse_specifier(piece, &s))
            return false;
        if (s.op == PART_TRIPLE)
            *contained = *contained && part_compare_nocase(slice_trim(version), s.text) == 0;
        else if (!good)
            return false;
        else
            *contained = *contained && specifier_holds(&s, &parsed);
    }
    return true;
}

bool pypi_range_valid(struct slice range, unsigned options)
{
    bool contained;
    return pypi_contains(range, slice_of("0"), options, &contained);
}
