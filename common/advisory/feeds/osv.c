#include "advisory/feeds/osv.h"

#include <ctype.h>

#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "advisory/release.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "version/version.h"

enum {
    OSV_RECORD_BYTES = 64 * 1024 * 1024,
    OSV_EVENTS_MOST = 4096, /* the longest today has some dozens; sorting is quadratic */
};

struct names {
    const char **items;
    size_t count, capacity;
};

static void names_add(struct names *names, const char *name, struct arena *arena)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return;
    arena_push(arena, names->items, names->count, names->capacity);
    names->items[names->count++] = name;
}

static void names_add_list(struct names *names, const json_t *list, bool only_cve,
                           struct arena *arena)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *text = json_string_value(item);
        if (text && *text && (!only_cve || vulnerability_is_cve(text)))
            names_add(names, text, arena);
    }
}

static void names_add_tags(struct names *names, const json_t *list, struct arena *arena)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *tag = json_string_value(item);
        const char *version = tag ? osv_git_version(tag, arena) : NULL;
        if (version)
            names_add(names, version, arena);
    }
}

/* UBUNTU-CVE-2024-1 and DEBIAN-CVE-2024-1 speak of CVE-2024-1. */
static const char *inner_cve(const char *id)
{
    const char *cve = strstr(id, "-CVE-");
    return cve && vulnerability_is_cve(cve + 1) ? cve + 1 : NULL;
}

/* The ids that findings are told by: the CVEs the record stands for, else its own id. */
static void find_vulnerabilities(const json_t *record, const char *id, bool distribution,
                                 struct names *out, struct names *aliases, struct arena *arena)
{
    if (vulnerability_is_cve(id))
        names_add(out, id, arena);
    else if (inner_cve(id))
        names_add(out, inner_cve(id), arena);
    names_add_list(aliases, json_at(record, "aliases"), false, arena);
    if (out->count == 0)
        names_add_list(out, json_at(record, "aliases"), true, arena);
    if (out->count == 0)
        names_add_list(out, json_at(record, "upstream"), true, arena);
    if (out->count == 0 && distribution)
        names_add_list(out, json_at(record, "related"), true, arena);
    if (out->count == 0)
        names_add(out, id, arena);
}

struct affected {
    struct version_range *ranges;
    size_t range_count, range_capacity;
    bool git, has_fix;
};

static void add_range(struct affected *out, struct version_range range, struct arena *arena)
{
    arena_push(arena, out->ranges, out->range_count, out->range_capacity);
    out->ranges[out->range_count++] = range;
}

struct event {
    const char *version;
    enum version_event_kind kind;
};

static bool read_event(const json_t *item, struct event *out)
{
    static const char *const keys[] = {"introduced", "fixed", "last_affected", "limit"};
    for (size_t i = 0; i < array_count(keys); i++) {
        out->version = json_string_value(json_at(item, keys[i]));
        out->kind = (enum version_event_kind)i;
        if (out->version)
            return true;
    }
    return false;
}

static bool comes_before(const struct ecosystem *ecosystem, const struct event *a,
                         const struct event *b)
{
    struct error ignored;
    int order = 0;
    if (strcmp(a->version, "0") == 0 || strcmp(b->version, "0") == 0)
        return strcmp(a->version, "0") == 0 && strcmp(b->version, "0") != 0;
    return version_compare(ecosystem, slice_of(a->version), slice_of(b->version), &order,
                           &ignored) &&
           order < 0;
}

/* Events come in any order (OSV schema): by version, unless they alternate as they stand. */
static void sort_events(const struct ecosystem *ecosystem, struct event *events, size_t count)
{
    bool alternate = true;
    for (size_t i = 0; i < count; i++)
        alternate &= (events[i].kind == VERSION_INTRODUCED) == (i % 2 == 0);
    for (size_t i = 1; ecosystem && !alternate && i < count; i++)
        for (size_t k = i; k > 0 && comes_before(ecosystem, &events[k], &events[k - 1]); k--) {
            struct event moved = events[k];
            events[k] = events[k - 1];
            events[k - 1] = moved;
        }
}

/* An end without a beginning and a beginning within a range say nothing new. */
static void put_ranges(const struct event *events, size_t count, struct affected *out,
                       struct arena *arena)
{
    const char *open = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *version = events[i].version;
        bool last = events[i].kind == VERSION_LAST_AFFECTED;
        out->has_fix |= events[i].kind == VERSION_FIXED;
        if (events[i].kind == VERSION_INTRODUCED) {
            open = open ? open : version;
        } else if (open) {
            add_range(out,
                      (struct version_range){open, last ? NULL : version, last ? version : NULL},
                      arena);
            open = NULL;
        }
    }
    if (open)
        add_range(out, (struct version_range){open, NULL, NULL}, arena);
}

static bool read_events(const json_t *list, const char *type, struct affected *out,
                        struct arena *arena, struct error *err)
{
    size_t i, count = json_array_size(list);
    struct event *events = arena_new_array(arena, struct event, count);
    json_t *item;
    if (count > OSV_EVENTS_MOST)
        return error_set(err, ERROR_INPUT, "a range of %zu events", count);
    json_array_foreach(list, i, item)
    {
        if (!read_event(item, &events[i]))
            return error_set(err, ERROR_INPUT, "a range event of no known kind");
    }
    sort_events(ecosystem_find(slice_of(type)), events, count);
    put_ranges(events, count, out, arena);
    return true;
}

static bool read_ranges(const json_t *affected, const char *package_type, struct affected *out,
                        struct arena *arena, struct error *err)
{
    size_t i;
    json_t *range;
    json_array_foreach(json_at(affected, "ranges"), i, range)
    {
        const char *type = json_text(range, "type");
        if (strcmp(type, "GIT") == 0) {
            out->git = true;
            continue;
        }
        if (!read_events(json_at(range, "events"), package_type, out, arena, err))
            return false;
    }
    return true;
}

static const char *cvss_vectors(const json_t *list, struct arena *arena)
{
    struct buf text scoped(buf_release) = {0};
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (strncmp(json_text(item, "type"), "CVSS", 4) == 0 && *json_text(item, "score"))
            buf_printf(&text, "%s%s", text.length > 0 ? " " : "", json_text(item, "score"));
    }
    return text.length > 0 ? arena_strndup(arena, text.data, text.length) : NULL;
}

static const char *word_of_list(const json_t *list, const char *type)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (strcmp(json_text(item, "type"), type) == 0)
            return json_text(item, "score");
    }
    return "";
}

/* The first that says something: they are never all there. */
static const char *severity_word(const json_t *record, const json_t *affected, struct arena *arena)
{
    const char *summary = json_text(record, "summary"), *colon = strchr(summary, ':');
    const char *const candidates[] = {
        json_text(json_at(affected, "database_specific"), "severity"),
        json_text(json_at(affected, "ecosystem_specific"), "severity"),
        json_text(json_at(affected, "ecosystem_specific"), "urgency"),
        word_of_list(json_at(affected, "severity"), "Ubuntu"),
        json_text(json_at(record, "database_specific"), "severity"),
        word_of_list(json_at(record, "severity"), "Ubuntu"),
    };
    for (size_t i = 0; i < array_count(candidates); i++)
        if (*candidates[i])
            return candidates[i];
    if (colon && colon - summary < 12)
        return arena_strndup(arena, summary, (size_t)(colon - summary));
    return NULL;
}

static void read_urls(const json_t *record, struct assertion *a, struct arena *arena)
{
    struct names urls = {0};
    size_t i;
    json_t *item;
    json_array_foreach(json_at(record, "references"), i, item)
    {
        if (urls.count < 4 && *json_text(item, "url"))
            names_add(&urls, json_text(item, "url"), arena);
    }
    a->urls = urls.items;
    a->url_count = urls.count;
}

static int64_t when(const json_t *record, const char *key)
{
    int64_t at = 0;
    /* Go's repository copy writes year 1 where there is no date. */
    return clock_parse(slice_of(json_text(record, key)), &at) && at > 0 ? at : 0;
}

static bool is_informational(const json_t *affected)
{
    return *json_text(json_at(affected, "database_specific"), "informational") != 0;
}

static enum package_name_kind name_kind(const char *type, const struct package_context *context)
{
    if (strcmp(type, "deb") == 0 || strcmp(type, "apk") == 0)
        return NAME_SOURCE;
    if (strcmp(context->distro, "mariner") == 0 || strcmp(context->distro, "azurelinux") == 0)
        return NAME_SOURCE;
    return NAME_BINARY;
}

static bool put_affected(const json_t *record, const json_t *affected, struct feed_sink *sink,
                         struct arena *arena, struct error *err)
{
    const json_t *package = json_at(affected, "package");
    const char *id = json_text(record, "id"), *name = json_text(package, "name");
    struct names vulnerabilities = {0}, aliases = {0};
    struct affected ranges = {0};
    struct assertion a = {.record = id, .epss = -1, .epss_percentile = -1};
    const char *product = package ? NULL : osv_git_product(affected);
    if (product) {
        a.type = "generic";
        a.context = (struct package_context){"", "", ""};
        name = product;
    } else if (!osv_ecosystem(slice_of(json_text(package, "ecosystem")), &a.type, &a.context,
                              arena) ||
               !*name) {
        sink->counts->no_package++;
        return true;
    }
    if (is_informational(affected)) {
        sink->counts->informational++;
        return true;
    }
    if (!read_ranges(affected, a.type, &ranges, arena, err))
        return error_wrap(err, "%s", id);
    struct names versions = {0};
    if (ranges.range_count == 0 && product)
        names_add_tags(&versions, json_at(affected, "versions"), arena);
    else if (ranges.range_count == 0)
        names_add_list(&versions, json_at(affected, "versions"), false, arena);
    if (ranges.range_count == 0 && versions.count == 0) {
        sink->counts->git_only++;
        return true;
    }
    a.name = package_name_normal(a.type, name, arena);
    a.name_kind = name_kind(a.type, &a.context);
    a.state = ranges.has_fix ? STATE_FIXED : STATE_AFFECTED;
    a.ranges = ranges.ranges;
    a.range_count = ranges.range_count;
    a.versions = versions.items;
    a.version_count = versions.count;
    osv_conditions(affected, &a, arena);
    a.cvss = cvss_vectors(json_at(affected, "severity"), arena);
    if (!a.cvss)
        a.cvss = cvss_vectors(json_at(record, "severity"), arena);
    a.severity = severity_word(record, affected, arena);
    a.title = json_text(record, "summary");
    read_urls(record, &a, arena);
    a.published = when(record, "published");
    a.modified = when(record, "modified");
    find_vulnerabilities(record, id, *a.context.distro != 0, &vulnerabilities, &aliases, arena);
    a.aliases = aliases.items;
    a.alias_count = vulnerabilities.count > 1 ? 0 : aliases.count;
    for (size_t i = 0; i < vulnerabilities.count; i++) {
        a.vulnerability = vulnerabilities.items[i];
        if (!feed_put(sink, &a, err))
            return false;
    }
    return true;
}

bool osv_record_put(const json_t *record, struct feed_sink *sink, struct arena *arena,
                    struct error *err)
{
    size_t i;
    json_t *affected;
    if (!json_is_object(record) || !*json_text(record, "id"))
        return error_set(err, ERROR_INPUT, "an OSV record without id");
    sink->counts->records++;
    if (*json_text(record, "withdrawn")) {
        sink->counts->withdrawn++;
        return true;
    }
    if (json_array_size(json_at(record, "affected")) == 0)
        sink->counts->no_package++;
    json_array_foreach(json_at(record, "affected"), i, affected)
    {
        if (!put_affected(record, affected, sink, arena, err))
            return false;
    }
    return true;
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct slice bytes;
    size_t i;
    json_t *item;
    if (!feed_read_all(in, OSV_RECORD_BYTES, arena, &bytes, err))
        return false;
    json_t *root = json_document(bytes, arena, err);
    if (!root)
        return false;
    if (!json_is_array(root))
        return osv_record_put(root, sink, arena, err);
    json_array_foreach(root, i, item)
    {
        if (!osv_record_put(item, sink, arena, err))
            return false;
    }
    return true;
}

static bool wants(const char *name)
{
    struct slice s = slice_of(name);
    const char *slash = strrchr(name, '/');
    return slice_has_suffix(s, ".json") && !slice_has_suffix(s, ".schema.json") &&
           strcmp(slash ? slash + 1 : name, "index.json") != 0;
}

bool osv_looks_like(struct slice head, const char *name)
{
    (void)name;
    size_t id = slice_find(head, "\"id\"");
    return id < head.length && slice_find(head, "\"CVE_data_meta\"") == head.length &&
           (slice_find(head, "\"affected\"") < head.length ||
            slice_find(head, "\"schema_version\"") < head.length ||
            slice_find(head, "\"withdrawn\"") < head.length) &&
           slice_find(head, "\"dataType\"") == head.length;
}

const struct feed_format feed_osv = {
    .name = "osv",
    .wants = wants,
    .parse = parse,
    .looks_like = osv_looks_like,
    .source = "osv",
};
