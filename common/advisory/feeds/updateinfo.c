/* updateinfo.xml of rpm-md repositories (createrepo_c's schema): Amazon, AlmaLinux, Rocky, Fedora,
 * Oracle. One <update> at a time is held. CVEs stand in <reference type="cve">, with Fedora only in
 * title and description. The same fix repeats for every architecture: one assertion a package and
 * version, with the architectures as conditions. */
#include <ctype.h>
#include <stdio.h>

#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/release.h"
#include "advisory/xml_events.h"
#include "base/clock.h"

enum { PACKAGES_MOST = 20000, IDS_MOST = 4000 };

struct package {
    const char *name, *version; /* epoch:version-release */
    struct condition *arches;
    size_t arch_count, arch_capacity;
};

struct reading {
    const char *distro;
    struct feed_sink *sink;
    struct arena *arena; /* of the update in hand */
    const char *id, *title, *severity, *release, *type, *url;
    int64_t published, modified;
    struct package *packages;
    size_t package_count, package_capacity;
    const char **ids;
    size_t id_count, id_capacity;
    const char *module;
    bool open;
};

static void begin_update(struct reading *r, const char *const *attributes)
{
    struct feed_sink *sink = r->sink;
    const char *distro = r->distro;
    arena_free(r->arena);
    *r = (struct reading){.distro = distro, .sink = sink, .arena = arena_new(), .open = true};
    r->type = arena_strdup(r->arena, xml_attribute(attributes, "type"));
}

static void add_id(struct reading *r, const char *id)
{
    for (size_t i = 0; i < r->id_count; i++)
        if (strcmp(r->ids[i], id) == 0)
            return;
    if (r->id_count == IDS_MOST)
        return;
    arena_push(r->arena, r->ids, r->id_count, r->id_capacity);
    r->ids[r->id_count++] = id;
}

/* Every CVE id in running text. */
static void add_ids_of(struct reading *r, struct slice text)
{
    while (text.length > 0) {
        size_t at = slice_find(text, "CVE-"), end = at + 4;
        if (at == text.length)
            return;
        while (end < text.length &&
               (isdigit((unsigned char)text.data[end]) || text.data[end] == '-'))
            end++;
        const char *id = slice_string(r->arena, slice_sub(text, at, end - at));
        if (vulnerability_is_cve(id))
            add_id(r, id);
        text = slice_sub(text, end, text.length);
    }
}

static void add_arch(struct package *package, const char *arch, struct arena *arena)
{
    for (size_t i = 0; i < package->arch_count; i++)
        if (strcmp(package->arches[i].value, arch) == 0)
            return;
    arena_push(arena, package->arches, package->arch_count, package->arch_capacity);
    package->arches[package->arch_count++] = (struct condition){CONDITION_ARCH, arch};
}

static bool begin_package(struct reading *r, const char *const *attributes, struct error *err)
{
    const char *name = xml_attribute(attributes, "name"), *arch = xml_attribute(attributes, "arch");
    const char *epoch = xml_attribute(attributes, "epoch");
    const char *version = xml_attribute(attributes, "version");
    const char *release = xml_attribute(attributes, "release");
    if (!*name || !*version)
        return error_set(err, ERROR_INPUT, "%s: a package without name or version",
                         r->id ? r->id : "an update");
    if (strcmp(arch, "src") == 0)
        return true;
    const char *whole = arena_printf(r->arena, "%s:%s%s%s", *epoch ? epoch : "0", version,
                                     *release ? "-" : "", release);
    const char *own = arena_strdup(r->arena, arch);
    /* Neighbours: a vendor writes a package's architectures together or near. */
    for (size_t i = r->package_count; i-- > 0;) {
        struct package *p = &r->packages[i];
        if (strcmp(p->name, name) == 0 && strcmp(p->version, whole) == 0) {
            add_arch(p, own, r->arena);
            return true;
        }
    }
    if (r->package_count == PACKAGES_MOST)
        return error_set(err, ERROR_INPUT, "%s: more than %d packages", r->id ? r->id : "an update",
                         PACKAGES_MOST);
    arena_push(r->arena, r->packages, r->package_count, r->package_capacity);
    r->packages[r->package_count] =
        (struct package){.name = arena_strdup(r->arena, name), .version = whole};
    if (*own)
        add_arch(&r->packages[r->package_count], own, r->arena);
    r->package_count++;
    return true;
}

/* "2024-01-02 03:04:05", "2018-01-11 21:05", a bare date or Unix seconds. */
static int64_t date_of(const char *text, struct arena *arena)
{
    int64_t at = 0;
    if (slice_parse_i64(slice_of(text), &at))
        return at;
    return clock_parse(slice_of(arena_printf(arena, "%.10sT00:00:00Z", text)), &at) ? at : 0;
}

static bool on_begin(void *context, const char *name, const char *const *attributes,
                     struct error *err)
{
    struct reading *r = context;
    if (strcmp(name, "update") == 0) {
        begin_update(r, attributes);
        return true;
    }
    if (!r->open)
        return strcmp(name, "updates") == 0 ||
               error_set(err, ERROR_INPUT, "<%.40s> outside an update", name);
    if (strcmp(name, "package") == 0)
        return begin_package(r, attributes, err);
    if (strcmp(name, "issued") == 0)
        r->published = date_of(xml_attribute(attributes, "date"), r->arena);
    else if (strcmp(name, "updated") == 0)
        r->modified = date_of(xml_attribute(attributes, "date"), r->arena);
    else if (strcmp(name, "module") == 0)
        r->module = arena_printf(r->arena, "%s:%s", xml_attribute(attributes, "name"),
                                 xml_attribute(attributes, "stream"));
    else if (strcmp(name, "reference") == 0) {
        const char *id = xml_attribute(attributes, "id"), *type = xml_attribute(attributes, "type");
        if (strcmp(type, "cve") == 0 && *id)
            add_id(r, arena_strdup(r->arena, id));
        else if (strcmp(type, "self") == 0)
            r->url = arena_strdup(r->arena, xml_attribute(attributes, "href"));
        add_ids_of(r, slice_of(xml_attribute(attributes, "title")));
    }
    return true;
}

/* Amazon's ids and versions, Fedora's, Rocky's … name the release: the first that says it. */
static struct package_context context_of(const struct reading *r, const struct package *package,
                                         struct arena *arena)
{
    static const char *const markers[] = {".amzn", ".el", ".fc", "_el", ".ol", ".azl"};
    for (size_t i = 0; i < array_count(markers); i++) {
        const char *at = strstr(package->version, markers[i]);
        if (at && isdigit((unsigned char)at[strlen(markers[i])])) {
            at += strlen(markers[i]);
            return context_canonical(r->distro, arena_strndup(arena, at, strspn(at, "0123456789")),
                                     "", arena);
        }
    }
    const char *text = r->release ? r->release : "", *digits = text + strcspn(text, "0123456789");
    if (strncmp(r->id, "ALAS-", 5) == 0 || strncmp(r->id, "ALAS2-", 6) == 0)
        digits = r->id[4] == '2' ? "2" : "1";
    return context_canonical(r->distro, arena_strndup(arena, digits, strspn(digits, "0123456789")),
                             "", arena);
}

static bool put_package(struct reading *r, const struct package *package, struct error *err)
{
    struct version_range range = {.fixed = package->version};
    struct assertion a = feed_blank();
    size_t room = package->arch_count + 1;
    struct condition *conditions = arena_new_array(r->arena, struct condition, room);
    for (size_t i = 0; i < package->arch_count; i++)
        conditions[i] = package->arches[i];
    a.condition_count = package->arch_count;
    if (r->module || strstr(package->version, ".module"))
        conditions[a.condition_count++] =
            (struct condition){CONDITION_MODULE, r->module ? r->module : "*"};
    a.conditions = conditions;
    a.record = r->id;
    a.type = "rpm";
    a.name = package->name;
    a.name_kind = NAME_BINARY;
    a.context = context_of(r, package, r->arena);
    a.state = STATE_FIXED;
    a.ranges = &range;
    a.range_count = 1;
    a.severity = r->severity;
    a.title = r->title;
    a.urls = &r->url;
    a.url_count = r->url ? 1 : 0;
    a.published = r->published;
    a.modified = r->modified;
    for (size_t i = 0; i < r->id_count || i == 0; i++) {
        a.vulnerability = r->id_count > 0 ? r->ids[i] : r->id;
        if (!feed_put(r->sink, &a, err))
            return false;
    }
    return true;
}

static bool end_update(struct reading *r, struct error *err)
{
    struct feed_counts *counts = r->sink->counts;
    r->open = false;
    counts->records++;
    if (!r->id || !*r->id)
        return error_set(err, ERROR_INPUT, "an update without id");
    /* Fedora writes CVEs of its security updates in running text alone. */
    bool security = r->type && strcmp(r->type, "security") == 0;
    if (!security && r->id_count == 0) {
        counts->informational++;
        return true;
    }
    counts->no_package += r->package_count == 0;
    for (size_t i = 0; i < r->package_count; i++)
        if (!put_package(r, &r->packages[i], err))
            return false;
    return true;
}

static bool on_end(void *context, const char *name, struct slice text, struct error *err)
{
    struct reading *r = context;
    if (!r->open)
        return true;
    if (strcmp(name, "update") == 0)
        return end_update(r, err);
    if (strcmp(name, "id") == 0)
        r->id = slice_string(r->arena, text);
    else if (strcmp(name, "title") == 0)
        r->title = slice_string(r->arena, text);
    else if (strcmp(name, "severity") == 0)
        r->severity = slice_string(r->arena, text);
    else if (strcmp(name, "release") == 0)
        r->release = slice_string(r->arena, text);
    if (strcmp(name, "title") == 0 ||
        (strcmp(name, "description") == 0 && strcmp(r->type, "security") == 0))
        add_ids_of(r, text);
    return true;
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, const char *distro,
                  struct error *err)
{
    struct reading reading = {.distro = distro, .sink = sink, .arena = arena_new()};
    const struct xml_events events = {on_begin, on_end, &reading};
    bool ok = xml_events_run(in, &events, err);
    arena_free(reading.arena);
    return ok;
}

static bool wants(const char *name)
{
    return strstr(name, "updateinfo") != NULL;
}

static bool is_updateinfo(struct slice head)
{
    return slice_find(head, "<updates") < head.length;
}

#define UPDATEINFO(variable, text, distro, ...)                                                    \
    static bool parse_##variable(struct feed_stream *in, struct feed_sink *sink,                   \
                                 struct arena *arena, struct error *err)                           \
    {                                                                                              \
        (void)arena;                                                                               \
        return parse(in, sink, distro, err);                                                       \
    }                                                                                              \
    static bool looks_like_##variable(struct slice head, const char *name)                         \
    {                                                                                              \
        static const char *const words[] = {__VA_ARGS__};                                          \
        (void)name;                                                                                \
        for (size_t i = 0; is_updateinfo(head) && i < array_count(words); i++)                     \
            if (slice_find(head, words[i]) < head.length)                                          \
                return true;                                                                       \
        return false;                                                                              \
    }                                                                                              \
    const struct feed_format variable = {.name = text,                                             \
                                         .wants = wants,                                           \
                                         .parse = parse_##variable,                                \
                                         .looks_like = looks_like_##variable,                      \
                                         .source = text}

UPDATEINFO(feed_amazon_updateinfo, "amazon-updateinfo", "amzn", "amazon.com", "ALAS");
UPDATEINFO(feed_almalinux_updateinfo, "almalinux-updateinfo", "almalinux", "almalinux.org",
           "<id>ALSA-", "<id>ALBA-");
UPDATEINFO(feed_rocky_updateinfo, "rocky-updateinfo", "rocky", "rockylinux.org", "<id>RLSA-",
           "<id>RLBA-");
UPDATEINFO(feed_fedora_updateinfo, "fedora-updateinfo", "fedora", "fedoraproject.org",
           "<id>FEDORA-");
UPDATEINFO(feed_oracle_updateinfo, "oracle-updateinfo", "ol", "oracle.com", "<id>ELSA-",
           "<id>ELBA-");
