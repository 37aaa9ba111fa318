/* Matches packages against assertions, for tests/corpora. One question a line of JSON on stdin:
 * {"packages": [{type, name, version, arch, source_name, source_version, module, vendor, distro,
 * release, stream}], "assertions": [{source, type, name, name_kind, distro, release, stream,
 * vulnerability, aliases, state, ranges: [{introduced, fixed, last_affected}], versions,
 * affected_range, safe_ranges, conditions: [{kind, value}]}], "documents": [{format, name, text}]}:
 * documents are read as feeds, what they say stands beside the assertions.
 * Answer: [{package, vulnerability, state, fixed}] or {"error": …}. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advisory/feed.h"
#include "advisory/match.h"
#include "advisory/release.h"
#include "base/buf.h"

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value ? value : "";
}

static const char *text_or_null(const json_t *object, const char *key)
{
    const char *value = text(object, key);
    return *value ? value : NULL;
}

static const char **texts(const json_t *object, const char *key, struct arena *arena, size_t *count)
{
    const json_t *array = json_object_get(object, key);
    *count = json_array_size(array);
    const char **out = arena_new_array(arena, const char *, *count);
    for (size_t i = 0; i < *count; i++)
        out[i] = json_string_value(json_array_get(array, i));
    return out;
}

static struct match_package read_package(const json_t *p, struct arena *arena)
{
    return (struct match_package){
        .type = text(p, "type"),
        .name = text(p, "name"),
        .version = text(p, "version"),
        .arch = text_or_null(p, "arch"),
        .source_name = text_or_null(p, "source_name"),
        .source_version = text_or_null(p, "source_version"),
        .module = text_or_null(p, "module"),
        .vendor = text_or_null(p, "vendor"),
        .context = *text(p, "distro") ? context_canonical(text(p, "distro"), text(p, "release"),
                                                          text(p, "stream"), arena)
                                      : (struct package_context){"", "", ""},
    };
}

static void read_ranges(const json_t *a, struct arena *arena, struct assertion *out)
{
    const json_t *ranges = json_object_get(a, "ranges");
    out->range_count = json_array_size(ranges);
    struct version_range *list = arena_new_array(arena, struct version_range, out->range_count);
    for (size_t i = 0; i < out->range_count; i++) {
        const json_t *range = json_array_get(ranges, i);
        list[i] =
            (struct version_range){text_or_null(range, "introduced"), text_or_null(range, "fixed"),
                                   text_or_null(range, "last_affected")};
    }
    out->ranges = list;
}

static void read_conditions(const json_t *a, struct arena *arena, struct assertion *out)
{
    static const char *const kinds[] = {"arch", "module", "platform", "symbol",
                                        "with", "reboot", "unless"};
    const json_t *conditions = json_object_get(a, "conditions");
    size_t count = json_array_size(conditions);
    struct condition *list = arena_new_array(arena, struct condition, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *condition = json_array_get(conditions, i);
        for (size_t k = 0; k < array_count(kinds); k++)
            if (strcmp(text(condition, "kind"), kinds[k]) == 0)
                list[out->condition_count++] =
                    (struct condition){(enum condition_kind)k, text(condition, "value")};
    }
    out->conditions = list;
}

static struct assertion read_assertion(const json_t *a, struct arena *arena)
{
    struct assertion out = {
        .kind = ASSERTION_PACKAGE,
        .source = *text(a, "source") ? text(a, "source") : "osv",
        .record = text(a, "vulnerability"),
        .vulnerability = text(a, "vulnerability"),
        .type = text(a, "type"),
        .name = package_name_normal(text(a, "type"), text(a, "name"), arena),
        .name_kind = strcmp(text(a, "name_kind"), "source") == 0 ? NAME_SOURCE : NAME_BINARY,
        .state = STATE_AFFECTED,
        .affected_range = text_or_null(a, "affected_range"),
        .epss = -1,
        .epss_percentile = -1,
    };
    if (*text(a, "distro"))
        out.context =
            context_canonical(text(a, "distro"), text(a, "release"), text(a, "stream"), arena);
    (void)advisory_state_parse(slice_of(text(a, "state")), &out.state);
    out.aliases = texts(a, "aliases", arena, &out.alias_count);
    out.versions = texts(a, "versions", arena, &out.version_count);
    out.safe_ranges = texts(a, "safe_ranges", arena, &out.safe_range_count);
    read_ranges(a, arena, &out);
    read_conditions(a, arena, &out);
    return out;
}

struct taken {
    struct assertion_list *list;
    struct arena *arena;
};

static bool take(void *context, const struct assertion *a, struct error *err)
{
    const struct taken *taken = context;
    (void)err;
    arena_push(taken->arena, taken->list->items, taken->list->count, taken->list->capacity);
    taken->list->items[taken->list->count++] = *assertion_copy(taken->arena, a);
    return true;
}

static bool read_documents(const json_t *documents, struct arena *arena, struct assertion_list *out,
                           struct error *err)
{
    for (size_t i = 0; i < json_array_size(documents); i++) {
        const json_t *document = json_array_get(documents, i);
        const struct feed_format *format = feed_format_find(text(document, "format"));
        struct feed_counts counts = {0};
        struct taken taken = {out, arena};
        struct feed_sink sink = {take, &taken, text(document, "format"), &counts};
        if (!format)
            return error_set(err, ERROR_INPUT, "%s: no such format", text(document, "format"));
        if (!feed_parse_bytes(format, slice_of(text(document, "text")), text(document, "name"),
                              &sink, err))
            return false;
    }
    return true;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool find(void *context, const char *type, const char *distro, const char *release,
                 const char *name, struct arena *arena, struct assertion_list *out,
                 struct error *err)
{
    const struct assertion_list *all = context;
    (void)err;
    for (size_t i = 0; i < all->count; i++) {
        const struct assertion *a = &all->items[i];
        if (!same(a->type, type) || !same(a->context.distro, distro) ||
            !same(a->context.release, release) || !same(a->name, name))
            continue;
        arena_push(arena, out->items, out->count, out->capacity);
        out->items[out->count++] = *a;
    }
    return true;
}

static void put_findings(const struct match_result *result, struct buf *out)
{
    buf_put_byte(out, '[');
    for (size_t i = 0; i < result->count; i++) {
        const struct finding *f = &result->findings[i];
        buf_printf(out, "%s{\"package\": %zu, \"vulnerability\": ", i ? ", " : "", f->package);
        buf_put_json(out, slice_of(f->vulnerability));
        buf_printf(out, ", \"state\": \"%s\", \"conditional\": %s, \"fixed\": ",
                   advisory_state_name(f->state), f->conditional ? "true" : "false");
        buf_put_json(out, slice_of(f->fixed_version));
        buf_put_text(out, ", \"aliases\": [");
        for (size_t n = 0; n < f->alias_count; n++) {
            buf_put_text(out, n ? ", " : "");
            buf_put_json(out, slice_of(f->aliases[n]));
        }
        buf_put_text(out, "]}");
    }
    buf_put_byte(out, ']');
}

static void answer(const char *line)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct buf out scoped(buf_release) = {0};
    struct error err = {0};
    struct match_result result = {0};
    struct match_options options = {0};
    json_t *question = json_loads(line, 0, NULL);
    const json_t *packages = json_object_get(question, "packages");
    const json_t *assertions = json_object_get(question, "assertions");
    size_t count = json_array_size(packages);
    struct match_package *list = arena_new_array(arena, struct match_package, count);
    struct assertion_list all = {0};
    for (size_t i = 0; i < count; i++)
        list[i] = read_package(json_array_get(packages, i), arena);
    for (size_t i = 0; i < json_array_size(assertions); i++) {
        arena_push(arena, all.items, all.count, all.capacity);
        all.items[all.count++] = read_assertion(json_array_get(assertions, i), arena);
    }
    const struct assertion_lookup lookup = {find, &all};
    if (read_documents(json_object_get(question, "documents"), arena, &all, &err) &&
        match_packages(list, count, &lookup, &options, arena, &result, &err)) {
        put_findings(&result, &out);
    } else {
        buf_put_text(&out, "{\"error\": ");
        buf_put_json(&out, slice_of(err.text));
        buf_put_byte(&out, '}');
    }
    puts(buf_text(&out));
    json_decref(question);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        answer(line);
        fflush(stdout);
    }
    free(line);
    return 0;
}
