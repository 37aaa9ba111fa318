/* NVD 2.0: the API's pages, the yearly files, and files with `cve.configurations` alone (overrides
 * of what NVD has not analysed). Two things are taken: CVSS vectors as facts about the
 * vulnerability, and CPE matches of the few products that no better source speaks of (stack
 * products unpacked from archives). An AND configuration becomes "only if B is present" when its
 * other side names such a product too, else a platform note. Dates carry no zone: UTC. */
#include <stdio.h>

#include "advisory/alias.h"
#include "advisory/cpe_product.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "base/buf.h"
#include "base/clock.h"

enum { PLATFORMS_MOST = 8 };

struct record {
    const char *id, *title;
    int64_t published, modified;
    const char *cvss;
    struct feed_sink *sink;
    struct arena *arena;
    uint64_t put;
};

static int64_t date_of(const char *text, struct arena *arena)
{
    int64_t at = 0;
    return clock_parse(slice_of(arena_printf(arena, "%.19sZ", text)), &at) ? at : 0;
}

/* The primary's vector, else the first one. */
static const char *vector_of(const json_t *metrics)
{
    const char *first = "";
    size_t i;
    json_t *metric;
    json_array_foreach(metrics, i, metric)
    {
        const char *vector = json_text(json_at(metric, "cvssData"), "vectorString");
        if (strcmp(json_text(metric, "type"), "Primary") == 0 && *vector)
            return vector;
        first = *first ? first : vector;
    }
    return first;
}

static const char *vectors(const json_t *metrics, struct arena *arena)
{
    static const char *const keys[] = {"cvssMetricV40", "cvssMetricV31", "cvssMetricV30",
                                       "cvssMetricV2"};
    struct buf text scoped(buf_release) = {0};
    for (size_t i = 0; i < array_count(keys); i++) {
        const char *vector = vector_of(json_at(metrics, keys[i]));
        if (*vector)
            buf_printf(&text, "%s%s", text.length > 0 ? " " : "", vector);
    }
    return text.length > 0 ? arena_strndup(arena, text.data, text.length) : NULL;
}

static bool put_fact(struct record *r, struct error *err)
{
    struct assertion a = feed_blank();
    a.kind = ASSERTION_VULNERABILITY;
    a.record = a.vulnerability = a.name = r->id;
    a.type = "cve";
    a.name_kind = NAME_BINARY;
    a.context = (struct package_context){"", "", ""};
    a.cvss = r->cvss;
    a.title = r->title;
    a.published = r->published;
    a.modified = r->modified;
    r->put++;
    return feed_put(r->sink, &a, err);
}

static bool put_match(struct record *r, const json_t *match, const struct condition *conditions,
                      size_t count, struct error *err)
{
    struct cpe_product product;
    struct version_range range = {0};
    struct assertion a = feed_blank();
    if (!cpe_product_find(slice_of(json_text(match, "criteria")), &product, r->arena))
        return true;
    const char *from = json_text(match, "versionStartIncluding");
    const char *after = json_text(match, "versionStartExcluding");
    const char *before = json_text(match, "versionEndExcluding");
    const char *last = json_text(match, "versionEndIncluding");
    bool exact = !*from && !*after && !*before && !*last && product.version;
    range =
        (struct version_range){*from ? from : NULL, *before ? before : NULL, *last ? last : NULL};
    a.record = a.vulnerability = r->id;
    a.type = product.type;
    a.name = product.name;
    a.name_kind = NAME_BINARY;
    a.context = (struct package_context){"", "", ""};
    a.state = *before ? STATE_FIXED : STATE_AFFECTED;
    if (*after) { /* an open start: only an expression can say it */
        struct buf text scoped(buf_release) = {0};
        buf_printf(&text, "> %s", after);
        if (*before || *last)
            buf_printf(&text, ", %s %s", *before ? "<" : "<=", *before ? before : last);
        a.affected_range = arena_strndup(r->arena, text.data, text.length);
    } else if (exact) {
        a.versions = &product.version;
        a.version_count = 1;
    } else {
        a.ranges = &range;
        a.range_count = 1;
    }
    a.conditions = conditions;
    a.condition_count = count;
    a.cvss = r->cvss;
    a.title = r->title;
    a.published = r->published;
    r->put++;
    return feed_put(r->sink, &a, err);
}

/* What the other nodes of an AND say must be there. */
static size_t platforms(const json_t *nodes, const json_t *own, struct condition *out,
                        struct arena *arena)
{
    size_t count = 0, i, k;
    json_t *node, *match;
    json_array_foreach(nodes, i, node)
    {
        if (node == own)
            continue;
        json_array_foreach(json_at(node, "cpeMatch"), k, match)
        {
            struct cpe_product product;
            const char *criteria = json_text(match, "criteria");
            if (count == PLATFORMS_MOST) { /* any of them will do: too many to tell */
                out[count - 1] = (struct condition){CONDITION_PLATFORM, "*"};
                return count;
            }
            bool known = cpe_product_find(slice_of(criteria), &product, arena);
            out[count++] = (struct condition){known ? CONDITION_WITH_PACKAGE : CONDITION_PLATFORM,
                                              known ? product.name : criteria};
        }
    }
    return count;
}

static bool put_configuration(struct record *r, const json_t *configuration, struct error *err)
{
    const json_t *nodes = json_at(configuration, "nodes");
    bool both = strcmp(json_text(configuration, "operator"), "AND") == 0;
    struct condition conditions[PLATFORMS_MOST];
    size_t i, k;
    json_t *node, *match;
    json_array_foreach(nodes, i, node)
    {
        size_t count = both ? platforms(nodes, node, conditions, r->arena) : 0;
        if (json_is_true(json_at(node, "negate")))
            continue;
        json_array_foreach(json_at(node, "cpeMatch"), k, match)
        {
            if (json_is_true(json_at(match, "vulnerable")) &&
                !put_match(r, match, conditions, count, err))
                return false;
        }
    }
    return true;
}

static const char *description(const json_t *cve)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_at(cve, "descriptions"), i, item)
    {
        if (strcmp(json_text(item, "lang"), "en") == 0)
            return json_text(item, "value");
    }
    return NULL;
}

static bool put_cve(const json_t *cve, const char *id, struct feed_sink *sink, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct record r = {.id = id, .sink = sink, .arena = arena};
    size_t i;
    json_t *configuration;
    sink->counts->records++;
    if (!vulnerability_is_cve(id))
        return error_set(err, ERROR_INPUT, "\"%.40s\" is no CVE id", id);
    if (strcmp(json_text(cve, "vulnStatus"), "Rejected") == 0) {
        sink->counts->withdrawn++;
        return true;
    }
    r.title = description(cve);
    r.published = date_of(json_text(cve, "published"), arena);
    r.modified = date_of(json_text(cve, "lastModified"), arena);
    r.cvss = vectors(json_at(cve, "metrics"), arena);
    if (r.cvss && !put_fact(&r, err))
        return false;
    json_array_foreach(json_at(cve, "configurations"), i, configuration)
    {
        if (!put_configuration(&r, configuration, err))
            return error_wrap(err, "%s", id);
    }
    sink->counts->no_package += r.put == 0;
    return true;
}

static bool put_vulnerability(void *context, const char *const *keys, const json_t *item,
                              struct error *err)
{
    (void)keys;
    const json_t *cve = json_at(item, "cve");
    return put_cve(cve, json_text(cve, "id"), context, err);
}

static bool check_scalar(void *context, const char *key, const json_t *value, struct error *err)
{
    struct feed_sink *sink = context;
    const char *text = json_string_value(value);
    int64_t at;
    char whole[32];
    if (strcmp(key, "timestamp") == 0 && text && strlen(text) >= 19) {
        snprintf(whole, sizeof(whole), "%.19sZ", text);
        if (clock_parse(slice_of(whole), &at) && at > sink->counts->newest)
            sink->counts->newest = at;
    }
    if (strcmp(key, "version") == 0 && (!text || strncmp(text, "2.", 2) != 0))
        return error_set(err, ERROR_INPUT, "schema version \"%.20s\": only 2.x is read",
                         text ? text : "");
    return true;
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    uint64_t items;
    const char *slash = strrchr(in->name, '/'), *base = slash ? slash + 1 : in->name;
    struct json_split split = {.path = {"vulnerabilities", "[]"},
                               .item = put_vulnerability,
                               .scalar = check_scalar,
                               .context = sink};
    const char *stem = arena_strndup(arena, base, strcspn(base, "."));
    if (!vulnerability_is_cve(stem))
        return json_split_run(in, &split, &items, err);
    struct slice bytes;
    const json_t *root;
    if (!feed_read_all(in, 64 * 1024 * 1024, arena, &bytes, err) ||
        !(root = json_document(bytes, arena, err)))
        return false;
    return put_cve(json_at(root, "cve"), stem, sink, err);
}

static bool wants(const char *name)
{
    return slice_has_suffix(slice_of(name), ".json");
}

static bool looks_like(struct slice head, const char *name)
{
    (void)name;
    return slice_find(head, "\"NVD_CVE\"") < head.length ||
           (slice_find(head, "\"cpeMatch\"") < head.length &&
            slice_find(head, "\"cve\"") < head.length &&
            slice_find(head, "\"nodes\"") < head.length);
}

const struct feed_format feed_nvd = {
    .name = "nvd",
    .wants = wants,
    .parse = parse,
    .looks_like = looks_like,
    .source = "nvd",
};
