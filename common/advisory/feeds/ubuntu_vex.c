/* Ubuntu's VEX: OpenVEX documents, one a CVE. Products are package URLs with the source package
 * (arch=source) and every binary of it; one assertion a source package and release is enough, since
 * binaries know their source. The version of a product is the one that is in the archive now, not
 * the first with the fix: `fixed` proves that version and later ones sound and says nothing of
 * earlier ones. Pro streams stand in the distro qualifier ("esm-infra/xenial"). */
#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "advisory/release.h"
#include "base/clock.h"

enum { DOCUMENT_BYTES = 64 * 1024 * 1024 };

static const struct {
    const char *status;
    enum advisory_state state;
} states[] = {
    {"fixed", STATE_FIXED},
    {"affected", STATE_AFFECTED},
    {"not_affected", STATE_NOT_AFFECTED},
    {"under_investigation", STATE_UNDER_INVESTIGATION},
};

/* The words of Canonical's action statements. */
static const struct {
    const char *words;
    enum advisory_state state;
} actions[] = {
    {"no longer supported", STATE_END_OF_LIFE},
    {"decided to not fix", STATE_WILL_NOT_FIX},
    {"deferred", STATE_DEFERRED},
};

static void unescape(struct slice in, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < in.length; i++) {
        unsigned value = 0;
        if (in.data[i] == '%' && i + 2 < in.length) {
            for (size_t k = 1; k <= 2; k++) {
                char c = in.data[i + k];
                value = value * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
            }
            out[length++] = (char)(value & 0x7f);
            i += 2;
        } else {
            out[length++] = in.data[i];
        }
    }
    out[length] = 0;
}

static const char *part(struct arena *arena, struct slice in)
{
    char *out = arena_alloc(arena, in.length + 1);
    unescape(in, out);
    return out;
}

/* pkg:deb/ubuntu/NAME@VERSION?arch=source&distro=RELEASE */
static bool read_product(const char *id, struct assertion *a, struct version_range *range,
                         struct arena *arena)
{
    static const char prefix[] = "pkg:deb/ubuntu/";
    struct slice rest = slice_of(id), name, version, query, item;
    const char *distro = "", *stream = "";
    bool source = false;
    if (strncmp(id, prefix, sizeof(prefix) - 1) != 0)
        return false;
    rest = slice_sub(rest, sizeof(prefix) - 1, rest.length);
    size_t mark = slice_find_byte(rest, '?'), at;
    query = slice_sub(rest, mark + 1, rest.length);
    name = slice_sub(rest, 0, mark);
    at = slice_find_byte(name, '@');
    version = slice_sub(name, at + 1, name.length);
    name = slice_sub(name, 0, at);
    while (slice_take_until(&query, '&', &item)) {
        source |= slice_is(item, "arch=source") || slice_is(item, "arch=src");
        if (slice_has_prefix(item, "distro="))
            distro = part(arena, slice_sub(item, 7, item.length));
    }
    const char *slash = strrchr(distro, '/');
    if (slash) {
        stream = arena_strndup(arena, distro, (size_t)(slash - distro));
        distro = slash + 1;
    }
    a->name = part(arena, name);
    a->context = context_canonical("ubuntu", distro, stream, arena);
    range->introduced =
        a->range_count > 0 && a->state == STATE_NOT_AFFECTED ? part(arena, version) : NULL;
    return source && *a->name && *distro;
}

static void fill_state(const json_t *statement, enum advisory_state state, struct assertion *a)
{
    const char *action = json_text(statement, "action_statement");
    const char *justification = json_text(statement, "justification");
    a->state = state;
    a->reason = *justification ? justification
                : *action      ? action
                               : json_text(statement, "status_notes");
    struct slice words = slice_of(a->reason);
    words.length = slice_find(words, "CVE Notes"); /* what follows is free text */
    for (size_t i = 0; a->state == STATE_AFFECTED && i < array_count(actions); i++)
        if (slice_find(words, actions[i].words) < words.length)
            a->state = actions[i].state;
}

static bool put_statement(const json_t *statement, struct feed_sink *sink, struct arena *arena,
                          struct error *err)
{
    const json_t *vulnerability = json_at(statement, "vulnerability");
    const char *status = json_text(statement, "status");
    struct version_range range = {0};
    struct assertion a = feed_blank();
    size_t i = 0;
    json_t *product;
    while (i < array_count(states) && strcmp(states[i].status, status) != 0)
        i++;
    if (i == array_count(states))
        return error_set(err, ERROR_INPUT, "unknown status \"%.40s\"", status);
    fill_state(statement, states[i].state, &a);
    a.record = a.vulnerability = json_text(vulnerability, "name");
    a.title = json_text(vulnerability, "description");
    a.type = "deb";
    a.name_kind = NAME_SOURCE;
    a.ranges = &range;
    a.range_count = a.state == STATE_NOT_AFFECTED ? 0 : 1;
    if (a.state == STATE_FIXED) {
        a.state = STATE_NOT_AFFECTED;
        a.reason = "fixed";
    }
    if (!*a.record)
        return error_set(err, ERROR_INPUT, "a statement without a vulnerability");
    clock_parse(slice_of(json_text(statement, "timestamp")), &a.published);
    json_array_foreach(json_at(statement, "products"), i, product)
    {
        if (read_product(json_text(product, "@id"), &a, &range, arena) && !feed_put(sink, &a, err))
            return false;
    }
    return true;
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct slice bytes;
    const json_t *root;
    size_t i;
    json_t *statement;
    if (!feed_read_all(in, DOCUMENT_BYTES, arena, &bytes, err) ||
        !(root = json_document(bytes, arena, err)))
        return false;
    const char *schema = json_text(root, "@context");
    if (!*schema) /* files of 2025 have it one level down */
        schema = json_text(json_at(root, "metadata"), "@context");
    if (!strstr(schema, "openvex.dev/ns"))
        return error_set(err, ERROR_INPUT, "\"%.60s\" is not OpenVEX", schema);
    if (!json_is_array(json_at(root, "statements")))
        return error_set(err, ERROR_INPUT, "no statements");
    sink->counts->records++;
    json_array_foreach(json_at(root, "statements"), i, statement)
    {
        if (!put_statement(statement, sink, arena, err))
            return false;
    }
    return true;
}

/* The notices' documents repeat what the CVEs' say. */
static bool wants(const char *name)
{
    return slice_has_suffix(slice_of(name), ".json") && !strstr(name, "/usn/");
}

static bool looks_like(struct slice head, const char *name)
{
    (void)name;
    return slice_find(head, "openvex.dev/ns") < head.length &&
           slice_find(head, "Canonical") < head.length;
}

const struct feed_format feed_ubuntu_vex = {
    .name = "ubuntu-vex",
    .wants = wants,
    .parse = parse,
    .looks_like = looks_like,
    .source = "ubuntu-vex",
};
