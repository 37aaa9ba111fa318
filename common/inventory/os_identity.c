#include "inventory/os_identity.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/visibility.h"

struct fields {
    struct os_field *items;
    size_t count, capacity;
};

static const char *field_find(const struct os_field *items, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(items[i].name, name) == 0)
            return items[i].value;
    return "";
}

const char *inventory_os_field(const struct inventory *inventory, const char *name)
{
    return field_find(inventory->os, inventory->os_count, name);
}

static void field_put(struct fields *fields, struct arena *arena, const char *name,
                      const char *value)
{
    char *lower = arena_strdup(arena, name);
    for (char *p = lower; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    if (!value[0] || field_find(fields->items, fields->count, lower)[0])
        return;
    arena_push(arena, fields->items, fields->count, fields->capacity);
    fields->items[fields->count++] = (struct os_field){lower, value};
}

/* The facts of this kind (and path, unless NULL) that the topmost layer states. */
static void facts_collect(const struct evidence *const *layers, size_t count, const char *kind,
                          const char *path, struct arena *arena, struct fields *out)
{
    for (size_t i = count; i-- > 0 && out->count == 0;)
        for (size_t j = 0; j < layers[i]->fact_count; j++) {
            const struct evidence_fact *fact = &layers[i]->facts[j];
            if (strcmp(fact->kind, kind) == 0 && (!path || strcmp(fact->path, path) == 0) &&
                !path_is_hidden(layers, count, i, fact->path))
                field_put(out, arena, fact->name, fact->value);
        }
}

/* Version numbers of releases whose os-release does not say the codename. */
static const struct {
    const char *id, *version, *codename;
} codenames[] = {
    {"debian", "7", "wheezy"},       {"debian", "8", "jessie"},     {"debian", "9", "stretch"},
    {"debian", "10", "buster"},      {"debian", "11", "bullseye"},  {"debian", "12", "bookworm"},
    {"debian", "13", "trixie"},      {"debian", "14", "forky"},     {"ubuntu", "12.04", "precise"},
    {"ubuntu", "14.04", "trusty"},   {"ubuntu", "16.04", "xenial"}, {"ubuntu", "18.04", "bionic"},
    {"ubuntu", "20.04", "focal"},    {"ubuntu", "22.04", "jammy"},  {"ubuntu", "24.04", "noble"},
    {"ubuntu", "24.10", "oracular"}, {"ubuntu", "25.04", "plucky"}, {"ubuntu", "25.10", "questing"},
};

static bool is_debian_like(const char *id)
{
    static const char *const ids[] = {"debian", "ubuntu",    "raspbian", "devuan",
                                      "kali",   "linuxmint", "pop",      "neon"};
    for (size_t i = 0; i < array_count(ids); i++)
        if (strcmp(id, ids[i]) == 0)
            return true;
    return false;
}

/* "9 (stretch)" → stretch; "trixie/sid" → trixie. */
static const char *codename_in(struct arena *arena, const char *text)
{
    const char *open = strchr(text, '(');
    const char *close = open ? strchr(open, ')') : NULL;
    if (close)
        return arena_strndup(arena, open + 1, (size_t)(close - open - 1));
    const char *slash = strstr(text, "/sid");
    const char *begin = slash;
    while (begin && begin > text && isalpha((unsigned char)begin[-1]))
        begin--;
    return slash ? arena_strndup(arena, begin, (size_t)(slash - begin)) : "";
}

static const char *release_of(struct arena *arena, const struct inventory *inventory,
                              const char *id, const char *version)
{
    if (!is_debian_like(id))
        return version;
    const char *codename = inventory_os_field(inventory, "version_codename");
    for (size_t i = 0; !codename[0] && i < array_count(codenames); i++) {
        size_t length = strlen(codenames[i].version);
        if (strcmp(codenames[i].id, id) == 0 &&
            strncmp(codenames[i].version, version, length) == 0 &&
            (version[length] == 0 || version[length] == '.'))
            codename = codenames[i].codename;
    }
    if (!codename[0])
        codename = codename_in(arena, inventory_os_field(inventory, "version"));
    if (!codename[0])
        codename = codename_in(arena, inventory_os_field(inventory, "pretty_name"));
    return codename[0] ? codename : version;
}

/* Red Hat's streams for one minor release, as its content sets name them:
 * "rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2", without a release that of os-release. */
static const char *redhat_stream(const char *sets, const char *version, struct arena *arena)
{
    static const char *const streams[] = {"eus", "e4s", "aus", "tus", "els"};
    struct slice rest = slice_of(sets), set;
    while (slice_take_until(&rest, ',', &set))
        for (size_t i = 0; i < array_count(streams); i++) {
            const char *mark = arena_printf(arena, "-%s-rpms", streams[i]);
            size_t at = slice_find(set, mark);
            if (at == set.length || !slice_has_prefix(set, "rhel-"))
                continue;
            struct slice tail = slice_sub(set, at + strlen(mark), set.length), major;
            const char *release = version;
            if (slice_has_prefix(tail, "__") && slice_find(tail, "_DOT_") < tail.length) {
                tail = slice_sub(tail, 2, tail.length);
                size_t dot = slice_find(tail, "_DOT_"), end = dot + 5;
                while (end < tail.length && isdigit((unsigned char)tail.data[end]))
                    end++;
                release = arena_printf(arena, "%.*s.%.*s", (int)dot, tail.data,
                                       (int)(end - dot - 5), tail.data + dot + 5);
            }
            major = slice_of(release);
            major.length = slice_find_byte(major, '.');
            if (strcmp(streams[i], "els") == 0)
                release = slice_string(arena, major);
            return release[0] ? arena_printf(arena, "%s-%s", streams[i], release) : "";
        }
    return "";
}

/* "stream" facts: what other files say (Ubuntu Pro). */
static const char *stream_of(const struct evidence *const *layers, size_t count,
                             const struct context *context, struct arena *arena)
{
    struct fields streams = {0};
    if (strcmp(context->distro, "alpine") == 0 && strstr(context->version_id, "_alpha"))
        return "edge";
    if (strcmp(context->distro, "rhel") == 0)
        return redhat_stream(context->content_set, context->version_id, arena);
    facts_collect(layers, count, "stream", NULL, arena, &streams);
    return field_find(streams.items, streams.count, context->distro);
}

static int order_fields(const void *a, const void *b)
{
    return strcmp(((const struct os_field *)a)->name, ((const struct os_field *)b)->name);
}

static const char *content_sets(const struct evidence *const *layers, size_t count,
                                struct arena *arena)
{
    struct fields sets = {0};
    struct buf text scoped(buf_release) = {0};
    for (size_t i = 0; i < count; i++) /* every layer's: each part has its own repositories */
        for (size_t j = 0; j < layers[i]->fact_count; j++) {
            const struct evidence_fact *fact = &layers[i]->facts[j];
            if (strcmp(fact->kind, "content-set") == 0 &&
                !path_is_hidden(layers, count, i, fact->path))
                field_put(&sets, arena, fact->name, fact->value);
        }
    if (sets.count > 1)
        qsort(sets.items, sets.count, sizeof(sets.items[0]), order_fields);
    for (size_t i = 0; i < sets.count; i++)
        buf_printf(&text, "%s%s", i > 0 ? "," : "", sets.items[i].value);
    return arena_strndup(arena, buf_text(&text), text.length);
}

void os_identify(const struct evidence *const *layers, size_t count, struct arena *arena,
                 struct inventory *out)
{
    static const struct {
        const char *kind, *path;
    } places[] = {
        {"os-release", "etc/os-release"},     {"os-release", "usr/lib/os-release"},
        {"os-legacy", "etc/alpine-release"},  {"os-legacy", "etc/centos-release"},
        {"os-legacy", "etc/rocky-release"},   {"os-legacy", "etc/almalinux-release"},
        {"os-legacy", "etc/oracle-release"},  {"os-legacy", "etc/fedora-release"},
        {"os-legacy", "etc/redhat-release"},  {"os-legacy", "etc/photon-release"},
        {"os-legacy", "etc/mariner-release"}, {"os-legacy", "etc/SuSE-release"},
        {"os-lsb", "etc/lsb-release"},        {"os-legacy", "etc/debian_version"},
        {"os-legacy", "etc/arch-release"},    {"os-legacy", "etc/system-release"},
    };
    struct fields fields = {0};
    for (size_t i = 0; i < array_count(places) && fields.count == 0; i++)
        facts_collect(layers, count, places[i].kind, places[i].path, arena, &fields);
    const char *lsb = field_find(fields.items, fields.count, "distrib_id");
    if (lsb[0]) {
        char *id = arena_strdup(arena, lsb);
        for (char *p = id; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        field_put(&fields, arena, "id", id);
        field_put(&fields, arena, "version_id",
                  field_find(fields.items, fields.count, "distrib_release"));
        field_put(&fields, arena, "version_codename",
                  field_find(fields.items, fields.count, "distrib_codename"));
    }
    if (fields.count > 1)
        qsort(fields.items, fields.count, sizeof(fields.items[0]), order_fields);
    out->os = fields.items;
    out->os_count = fields.count;
    const char *id = inventory_os_field(out, "id");
    const char *version = inventory_os_field(out, "version_id");
    struct context context = {
        .distro = id,
        .release = release_of(arena, out, id, version),
        .version_id = version,
        .content_set = content_sets(layers, count, arena),
    };
    context.stream = stream_of(layers, count, &context, arena);
    if (strcmp(id, "alpine") == 0 && strcmp(context.stream, "edge") == 0)
        context.release = "edge"; /* whatever os-release says: packages come from there */
    out->context = context_filled(context);
}
