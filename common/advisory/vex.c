#include "advisory/vex.h"

#include <jansson.h>

#include "advisory/json_split.h"
#include "advisory/vex_formats.h"
#include "base/limits.h"

static const char *const status_names[] = {"not_affected", "affected", "fixed",
                                           "under_investigation"};

const char *vex_status_name(enum vex_status status)
{
    return (size_t)status < array_count(status_names) ? status_names[status] : "affected";
}

bool vex_status_parse(const char *text, enum vex_status *out)
{
    for (size_t i = 0; i < array_count(status_names); i++)
        if (strcmp(text, status_names[i]) == 0) {
            *out = (enum vex_status)i;
            return true;
        }
    return false;
}

void vex_add(struct vex_set *set, const struct vex_statement *statement, struct arena *arena)
{
    arena_push(arena, set->items, set->count, set->capacity);
    set->items[set->count] = *statement;
    set->items[set->count].order = set->count;
    set->count++;
}

bool vex_parse(struct slice bytes, const char *document, struct arena *arena, struct vex_set *out,
               struct error *err)
{
    if (bytes.length > LIMIT_DATABASE_BYTES)
        return error_set(err, ERROR_INPUT, "a VEX document of %zu bytes", bytes.length);
    const json_t *root = json_document(bytes, arena, err);
    if (!root)
        return false;
    const json_t *predicate = vex_predicate(root, arena);
    if (predicate)
        root = predicate;
    if (strstr(json_text(root, "@context"), "openvex"))
        return vex_parse_openvex(root, document, arena, out, err);
    if (json_is_object(json_at(root, "document")) && json_at(root, "vulnerabilities"))
        return vex_parse_csaf(root, document, arena, out, err);
    if (strcmp(json_text(root, "bomFormat"), "CycloneDX") == 0)
        return vex_parse_cyclonedx(root, document, arena, out, err);
    return error_set(err, ERROR_INPUT, "neither OpenVEX, CSAF nor CycloneDX");
}

/* pkg:type/namespace/name@version?qualifiers#subpath, in pieces. */
struct purl {
    struct slice path, version, qualifiers;
};

static struct purl purl_split(const char *text)
{
    struct slice s = slice_of(text);
    s = slice_sub(s, 0, slice_find_byte(s, '#'));
    size_t question = slice_find_byte(s, '?');
    struct purl out = {.qualifiers = slice_sub(s, question + 1, s.length)};
    s = slice_sub(s, 0, question);
    size_t at = s.length;
    while (at > 0 && s.data[at - 1] != '@' && s.data[at - 1] != '/')
        at--;
    if (at > 0 && s.data[at - 1] == '@') {
        out.version = slice_sub(s, at, s.length);
        out.path = slice_sub(s, 0, at - 1);
    } else {
        out.path = s;
    }
    return out;
}

static int unhex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The next byte, percent-decoded; -1 at the end. */
static int purl_byte(struct slice *s)
{
    if (s->length == 0)
        return -1;
    int byte = (unsigned char)s->data[0];
    size_t used = 1;
    if (byte == '%' && s->length >= 3 && unhex(s->data[1]) >= 0 && unhex(s->data[2]) >= 0) {
        byte = unhex(s->data[1]) * 16 + unhex(s->data[2]);
        used = 3;
    }
    *s = slice_sub(*s, used, s->length);
    return byte;
}

static bool purl_text_equal(struct slice a, struct slice b)
{
    for (;;) {
        int x = purl_byte(&a), y = purl_byte(&b);
        if (x != y)
            return false;
        if (x < 0)
            return true;
    }
}

static bool has_qualifier(struct slice qualifiers, struct slice want)
{
    struct slice one;
    while (slice_take_until(&qualifiers, '&', &one))
        if (purl_text_equal(one, want))
            return true;
    return false;
}

bool vex_purl_covers(const char *pattern, const char *purl)
{
    if (!pattern || !purl || strncmp(pattern, "pkg:", 4) != 0 || strncmp(purl, "pkg:", 4) != 0)
        return false;
    struct purl p = purl_split(pattern), u = purl_split(purl);
    struct slice wanted = p.qualifiers, one;
    if (!purl_text_equal(p.path, u.path) ||
        (p.version.length > 0 && !purl_text_equal(p.version, u.version)))
        return false;
    while (slice_take_until(&wanted, '&', &one))
        if (one.length > 0 && !has_qualifier(u.qualifiers, one))
            return false;
    return true;
}

static bool names_vulnerability(const struct vex_statement *s, const char *vulnerability,
                                const char *const *aliases, size_t alias_count)
{
    for (size_t i = 0; i <= s->alias_count; i++) {
        const char *id = i == 0 ? s->vulnerability : s->aliases[i - 1];
        if (!id || !*id)
            continue;
        if (strcmp(id, vulnerability) == 0)
            return true;
        for (size_t k = 0; k < alias_count; k++)
            if (strcmp(id, aliases[k]) == 0)
                return true;
    }
    return false;
}

static bool is_image(const char *name, const struct vex_product *product)
{
    return (product->image_purl && vex_purl_covers(name, product->image_purl)) ||
           (product->image_digest && *product->image_digest &&
            strstr(name, product->image_digest)) ||
           (product->image_reference && strcmp(name, product->image_reference) == 0);
}

/* 0: does not speak of it. More exact is more. */
static int exactness(const struct vex_statement *s, const struct vex_product *product)
{
    if (!s->product)
        return !s->subcomponent ? 1 : vex_purl_covers(s->subcomponent, product->purl) ? 2 : 0;
    if (s->subcomponent && *s->subcomponent)
        return (is_image(s->product, product) || vex_purl_covers(s->product, product->purl)) &&
                       vex_purl_covers(s->subcomponent, product->purl)
                   ? 4
                   : 0;
    if (vex_purl_covers(s->product, product->purl))
        return 3;
    return is_image(s->product, product) ? 2 : 0;
}

const struct vex_statement *vex_find(const struct vex_set *set, const char *vulnerability,
                                     const char *const *aliases, size_t alias_count,
                                     const struct vex_product *product)
{
    const struct vex_statement *best = NULL;
    int best_exact = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct vex_statement *s = &set->items[i];
        int exact = exactness(s, product);
        if (exact == 0 || !names_vulnerability(s, vulnerability, aliases, alias_count))
            continue;
        /* The latest word counts; of one time the more exact, then the later in the file. */
        if (!best || s->timestamp > best->timestamp ||
            (s->timestamp == best->timestamp && exact >= best_exact)) {
            best = s;
            best_exact = exact;
        }
    }
    return best;
}
