#include "advisory/oval.h"

#include <ctype.h>
#include <stdlib.h>

#include "advisory/alias.h"
#include "advisory/xml_events.h"
#include "base/clock.h"

enum { OVAL_DEPTH = 32 };
#define OVAL_BYTES_MOST ((size_t)220 * 1024 * 1024)

struct reading {
    struct oval_document *out;
    struct arena *arena;
    bool (*keep)(const char *comment);
    const char **pool; /* texts once: open addressing over the hash */
    size_t pool_count, pool_size;
    struct oval_definition *definition; /* the open one */
    uint32_t open[OVAL_DEPTH], last[OVAL_DEPTH];
    size_t depth;
    struct oval_item *item;
    const char *resolution;
};

static size_t hash(const char *text)
{
    uint64_t value = 1469598103934665603u;
    for (; *text; text++)
        value = (value ^ (unsigned char)*text) * 1099511628211u;
    return (size_t)(value ^ (value >> 29));
}

static void pool_grow(struct reading *r)
{
    size_t size = r->pool_size ? r->pool_size * 2 : 4096;
    const char **pool = arena_new_array(r->arena, const char *, size);
    for (size_t i = 0; i < r->pool_size; i++) {
        if (!r->pool[i])
            continue;
        size_t at = hash(r->pool[i]) & (size - 1);
        while (pool[at])
            at = (at + 1) & (size - 1);
        pool[at] = r->pool[i];
    }
    r->pool = pool;
    r->pool_size = size;
}

static const char *intern(struct reading *r, const char *text)
{
    if (!text || !*text)
        return "";
    if (r->pool_count * 2 >= r->pool_size)
        pool_grow(r);
    size_t at = hash(text) & (r->pool_size - 1);
    while (r->pool[at]) {
        if (strcmp(r->pool[at], text) == 0)
            return r->pool[at];
        at = (at + 1) & (r->pool_size - 1);
    }
    r->pool_count++;
    return r->pool[at] = arena_strdup(r->arena, text);
}

static const char *intern_slice(struct reading *r, struct slice text)
{
    char copy[512];
    if (text.length >= sizeof(copy))
        return slice_string(r->arena, text);
    if (text.length > 0)
        memcpy(copy, text.data, text.length);
    copy[text.length] = 0;
    return intern(r, copy);
}

static uint32_t add_node(struct reading *r, struct oval_node node)
{
    struct oval_document *out = r->out;
    arena_push(r->arena, out->nodes, out->node_count, out->node_capacity);
    out->nodes[out->node_count] = node;
    return (uint32_t)out->node_count++;
}

static bool attach(struct reading *r, uint32_t node, struct error *err)
{
    if (r->depth == 0) {
        if (r->definition->root == 0)
            r->definition->root = node;
        return true;
    }
    if (r->depth == OVAL_DEPTH)
        return error_set(err, ERROR_INPUT, "%s: criteria too deep", r->definition->id);
    uint32_t *last = &r->last[r->depth - 1];
    if (*last)
        r->out->nodes[*last].next = node;
    else
        r->out->nodes[r->open[r->depth - 1]].first = node;
    *last = node;
    return true;
}

static bool begin_criteria(struct reading *r, const char *const *attributes, struct error *err)
{
    bool any = strcmp(xml_attribute(attributes, "operator"), "OR") == 0;
    uint32_t node = add_node(r, (struct oval_node){.criteria = true, .any = any});
    if (!attach(r, node, err))
        return false;
    if (r->depth == OVAL_DEPTH)
        return error_set(err, ERROR_INPUT, "%s: criteria too deep", r->definition->id);
    r->open[r->depth] = node;
    r->last[r->depth++] = 0;
    return true;
}

static bool begin_criterion(struct reading *r, const char *const *attributes, struct error *err)
{
    const char *comment = xml_attribute(attributes, "comment");
    if (r->keep && !r->keep(comment)) {
        if (r->depth > 0)
            r->out->nodes[r->open[r->depth - 1]].dropped = true;
        return true;
    }
    return attach(
        r,
        add_node(r, (struct oval_node){.test = intern(r, xml_attribute(attributes, "test_ref")),
                                       .comment = intern(r, comment)}),
        err);
}

static void add_cve(struct reading *r, struct slice text, const char *severity, const char *cvss)
{
    struct oval_definition *d = r->definition;
    size_t at = slice_find(text, "CVE-"), end = at + 4;
    while (end < text.length && (isdigit((unsigned char)text.data[end]) || text.data[end] == '-'))
        end++;
    if (at == text.length)
        return;
    const char *id = intern_slice(r, slice_sub(text, at, end - at));
    if (!vulnerability_is_cve(id))
        return;
    const char *slash = strchr(cvss, '/'); /* "8.8/CVSS:3.0/AV:N…" */
    const char *vector = slash && isdigit((unsigned char)*cvss) ? slash + 1 : cvss;
    for (size_t i = 0; i < d->cve_count; i++)
        if (strcmp(d->cves[i].id, id) == 0) {
            if (*vector)
                d->cves[i].cvss = intern(r, vector);
            if (*severity)
                d->cves[i].severity = intern(r, severity);
            return;
        }
    arena_push(r->arena, d->cves, d->cve_count, d->cve_capacity);
    d->cves[d->cve_count++] = (struct oval_cve){id, intern(r, severity), intern(r, vector)};
}

static int64_t date_of(const char *text, struct arena *arena)
{
    int64_t at = 0;
    if (clock_parse(slice_of(text), &at))
        return at;
    return clock_parse(slice_of(arena_printf(arena, "%.10sT00:00:00Z", text)), &at) ? at : 0;
}

/* What stands in <cve> is known when it ends: its attributes wait. */
static void begin_cve(struct reading *r, const char *const *attributes)
{
    static const char *const scores[] = {"cvss_vector", "cvss4", "cvss3", "cvss2"};
    static const char *const words[] = {"priority", "impact"};
    const char *severity = "", *cvss = "";
    for (size_t i = 0; i < array_count(scores) && !*cvss; i++)
        cvss = xml_attribute(attributes, scores[i]);
    for (size_t i = 0; i < array_count(words) && !*severity; i++)
        severity = xml_attribute(attributes, words[i]);
    add_cve(r, slice_of(xml_attribute(attributes, "href")), severity, cvss);
}

static bool begin_in_definition(struct reading *r, const char *name, const char *const *attributes,
                                struct error *err)
{
    struct oval_definition *d = r->definition;
    if (strcmp(name, "criteria") == 0)
        return begin_criteria(r, attributes, err);
    if (strcmp(name, "criterion") == 0)
        return begin_criterion(r, attributes, err);
    if (strcmp(name, "reference") == 0) {
        const char *id = xml_attribute(attributes, "ref_id");
        if (strcmp(xml_attribute(attributes, "source"), "CVE") == 0)
            add_cve(r, slice_of(id), "", "");
        else if (!d->reference)
            d->reference = intern(r, id);
    } else if (strcmp(name, "cve") == 0) {
        begin_cve(r, attributes);
    } else if (strcmp(name, "issued") == 0) {
        d->published = date_of(xml_attribute(attributes, "date"), r->arena);
    } else if (strcmp(name, "updated") == 0) {
        d->modified = date_of(xml_attribute(attributes, "date"), r->arena);
    } else if (strcmp(name, "advisory") == 0) {
        d->from = intern(r, xml_attribute(attributes, "from"));
    } else if (strcmp(name, "resolution") == 0) {
        r->resolution = intern(r, xml_attribute(attributes, "state"));
    }
    return true;
}

static struct oval_item *add_item(struct reading *r, struct oval_items *list,
                                  const char *const *attributes)
{
    arena_push(r->arena, list->items, list->count, list->capacity);
    struct oval_item *item = &list->items[list->count++];
    *item = (struct oval_item){.id = intern(r, xml_attribute(attributes, "id"))};
    return item;
}

static void begin_item(struct reading *r, const char *name, const char *const *attributes)
{
    struct slice s = slice_of(name);
    bool package = slice_has_prefix(s, "rpminfo_") || slice_has_prefix(s, "dpkginfo_");
    if (slice_has_suffix(s, "_test"))
        r->item = add_item(r, &r->out->tests, attributes);
    else if (slice_has_suffix(s, "_object"))
        r->item = add_item(r, &r->out->objects, attributes);
    else if (slice_has_suffix(s, "_state"))
        r->item = add_item(r, &r->out->states, attributes);
    else if (slice_has_suffix(s, "_variable"))
        r->item = add_item(r, &r->out->variables, attributes);
    else
        return;
    r->item->is_package = package;
}

static void begin_in_item(struct reading *r, const char *name, const char *const *attributes)
{
    if (strcmp(name, "object") == 0)
        r->item->object = intern(r, xml_attribute(attributes, "object_ref"));
    else if (strcmp(name, "state") == 0)
        r->item->state = intern(r, xml_attribute(attributes, "state_ref"));
    else if (strcmp(name, "name") == 0)
        r->item->variable = intern(r, xml_attribute(attributes, "var_ref"));
    else if (strcmp(name, "evr") == 0)
        r->item->operation = intern(r, xml_attribute(attributes, "operation"));
    else if (strcmp(name, "signature_keyid") == 0)
        r->item->is_signature = true;
}

static bool on_begin(void *context, const char *name, const char *const *attributes,
                     struct error *err)
{
    struct reading *r = context;
    if (arena_bytes(r->arena) > OVAL_BYTES_MOST)
        return error_set(err, ERROR_INPUT, "more than %zu bytes of definitions", OVAL_BYTES_MOST);
    if (r->item) {
        begin_in_item(r, name, attributes);
        return true;
    }
    if (r->definition)
        return begin_in_definition(r, name, attributes, err);
    if (strcmp(name, "definition") == 0) {
        struct oval_document *out = r->out;
        arena_push(r->arena, out->definitions, out->definition_count, out->definition_capacity);
        r->definition = &out->definitions[out->definition_count++];
        *r->definition =
            (struct oval_definition){.id = arena_strdup(r->arena, xml_attribute(attributes, "id")),
                                     .klass = intern(r, xml_attribute(attributes, "class"))};
        r->depth = 0;
        return true;
    }
    begin_item(r, name, attributes);
    return true;
}

static void end_in_definition(struct reading *r, const char *name, struct slice text)
{
    struct oval_definition *d = r->definition;
    if (strcmp(name, "criteria") == 0 && r->depth > 0)
        r->depth--;
    else if (strcmp(name, "title") == 0)
        d->title = intern_slice(r, text);
    else if (strcmp(name, "severity") == 0)
        d->severity = intern_slice(r, text);
    else if (strcmp(name, "platform") == 0 && !d->platform)
        d->platform = intern_slice(r, text);
    else if (strcmp(name, "patchable") == 0)
        d->patchable = intern_slice(r, text);
    else if (strcmp(name, "cpe") == 0 && !d->cpe)
        d->cpe = intern_slice(r, text);
    else if (strcmp(name, "advisory_date") == 0 || strcmp(name, "date") == 0)
        d->published = date_of(slice_string(r->arena, text), r->arena);
    else if (strcmp(name, "cve") == 0)
        add_cve(r, text, "", "");
    else if (strcmp(name, "component") == 0 && r->resolution) {
        arena_push(r->arena, d->resolutions, d->resolution_count, d->resolution_capacity);
        d->resolutions[d->resolution_count++] =
            (struct oval_resolution){r->resolution, intern_slice(r, text)};
    } else if (strcmp(name, "resolution") == 0)
        r->resolution = NULL;
}

static void end_in_item(struct reading *r, const char *name, struct slice text)
{
    struct oval_item *item = r->item;
    if (strcmp(name, "name") == 0)
        item->name = intern_slice(r, text);
    else if (strcmp(name, "evr") == 0)
        item->evr = intern_slice(r, text);
    else if (strcmp(name, "arch") == 0)
        item->arch = intern_slice(r, text);
    else if (strcmp(name, "version") == 0)
        item->version = intern_slice(r, text);
    else if (strcmp(name, "value") == 0) {
        arena_push(r->arena, item->values, item->value_count, item->value_capacity);
        item->values[item->value_count++] = intern_slice(r, text);
    }
}

static bool on_end(void *context, const char *name, struct slice text, struct error *err)
{
    struct reading *r = context;
    struct slice s = slice_of(name);
    (void)err;
    if (r->item) {
        if (slice_has_suffix(s, "_test") || slice_has_suffix(s, "_object") ||
            slice_has_suffix(s, "_state") || slice_has_suffix(s, "_variable"))
            r->item = NULL;
        else
            end_in_item(r, name, text);
    } else if (r->definition) {
        if (strcmp(name, "definition") == 0)
            r->definition = NULL;
        else
            end_in_definition(r, name, text);
    } else if (strcmp(name, "product_name") == 0) {
        r->out->product = intern_slice(r, text);
    } else if (strcmp(name, "schema_version") == 0) {
        r->out->schema = intern_slice(r, text);
    } else if (strcmp(name, "timestamp") == 0) {
        r->out->timestamp =
            date_of(arena_printf(r->arena, "%.19sZ", slice_string(r->arena, text)), r->arena);
    }
    return true;
}

static int item_compare(const void *a, const void *b)
{
    const struct oval_item *x = a, *y = b;
    return strcmp(x->id, y->id);
}

const struct oval_item *oval_find(const struct oval_items *items, const char *id)
{
    const struct oval_item key = {.id = id};
    if (items->count == 0 || !id)
        return NULL;
    return bsearch(&key, items->items, items->count, sizeof(key), item_compare);
}

static void sort(struct oval_items *items)
{
    if (items->count > 1)
        qsort(items->items, items->count, sizeof(struct oval_item), item_compare);
}

bool oval_read(struct feed_stream *in, bool (*keep)(const char *comment), struct arena *arena,
               struct oval_document *out, struct error *err)
{
    struct reading reading = {.out = out, .arena = arena, .keep = keep};
    const struct xml_events events = {on_begin, on_end, &reading};
    *out = (struct oval_document){.product = "", .schema = ""};
    add_node(&reading, (struct oval_node){0});
    if (!xml_events_run(in, &events, err))
        return false;
    if (strncmp(out->schema, "5.", 2) != 0)
        return error_set(err, ERROR_INPUT, "OVAL schema version \"%.20s\": only 5.x is read",
                         out->schema);
    sort(&out->tests);
    sort(&out->objects);
    sort(&out->states);
    sort(&out->variables);
    return true;
}
