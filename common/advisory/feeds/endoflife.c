/* endoflife.date: when releases of products end. Three shapes: product pages (Markdown with YAML
 * front matter, `releases`), the API's full answer (`result` with `releases`), and an object
 * product → cycles. `eol` is a date or a boolean: true is "ended, when is not said", false "has
 * not". */
#include <ctype.h>

#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "advisory/release.h"
#include "advisory/yaml_tree.h"
#include "base/clock.h"

enum { DOCUMENT_BYTES = 64 * 1024 * 1024, ENDED_LONG_AGO = 1 };

static int64_t date_of(const char *text, struct arena *arena)
{
    int64_t at = 0;
    return clock_parse(slice_of(arena_printf(arena, "%.10sT00:00:00Z", text)), &at) ? at : 0;
}

/* 0: no end is known. */
static int64_t end_of(const json_t *value, struct arena *arena)
{
    const char *text = json_string_value(value);
    if (json_is_true(value) || (text && strcmp(text, "true") == 0))
        return ENDED_LONG_AGO;
    return text ? date_of(text, arena) : 0;
}

static const char *first_of(const json_t *item, const char *a, const char *b)
{
    return *json_text(item, a) ? json_text(item, a) : json_text(item, b);
}

static bool put_cycle(const char *product, const json_t *item, struct feed_sink *sink,
                      struct arena *arena, struct error *err)
{
    const char *cycle = first_of(item, "releaseCycle", "cycle");
    const json_t *eol = json_at(item, "eol");
    struct assertion a = feed_blank();
    if (!*cycle)
        cycle = json_text(item, "name");
    sink->counts->records++;
    if (!*cycle) {
        sink->counts->unusable++;
        return true;
    }
    if (!eol)
        eol = json_at(item, "eolFrom");
    a.kind = ASSERTION_RELEASE;
    a.record = a.vulnerability = arena_printf(arena, "%s/%s", product, cycle);
    a.type = "release";
    a.name = product;
    a.name_kind = NAME_BINARY;
    a.context = (struct package_context){"", "", ""};
    a.versions = &cycle;
    a.version_count = 1;
    a.until = end_of(eol, arena);
    if (a.until == 0 && json_is_true(json_at(item, "isEol")))
        a.until = ENDED_LONG_AGO;
    a.state = a.until == ENDED_LONG_AGO ? STATE_END_OF_LIFE : STATE_UNKNOWN;
    a.title = first_of(item, "releaseLabel", "label");
    a.published = date_of(json_text(item, "releaseDate"), arena);
    return feed_put(sink, &a, err);
}

static bool put_cycles(const char *product, const json_t *list, struct feed_sink *sink,
                       struct arena *arena, struct error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (!put_cycle(product, item, sink, arena, err))
            return false;
    }
    return true;
}

/* Between the two lines of dashes. */
static bool parse_page(struct slice bytes, const char *name, struct feed_sink *sink,
                       struct arena *arena, struct error *err)
{
    struct slice body = slice_sub(bytes, 4, bytes.length);
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    body.length = slice_find(body, "\n---");
    const json_t *root = yaml_document(body, arena, err);
    if (!root)
        return false;
    if (!json_is_array(json_at(root, "releases")))
        return error_set(err, ERROR_INPUT, "no releases");
    return put_cycles(arena_strndup(arena, base, strcspn(base, ".")), json_at(root, "releases"),
                      sink, arena, err);
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct slice bytes;
    const char *key;
    json_t *item;
    size_t i;
    if (!feed_read_all(in, DOCUMENT_BYTES, arena, &bytes, err))
        return false;
    if (slice_has_prefix(bytes, "---\n"))
        return parse_page(bytes, in->name, sink, arena, err);
    json_t *root = json_document(bytes, arena, err);
    if (!root)
        return false;
    if (json_is_array(json_at(root, "result"))) {
        json_array_foreach(json_at(root, "result"), i, item)
        {
            if (!put_cycles(json_text(item, "name"), json_at(item, "releases"), sink, arena, err))
                return false;
        }
        return true;
    }
    json_object_foreach(root, key, item)
    {
        if (!json_is_array(json_at(item, "cycles")))
            return error_set(err, ERROR_INPUT, "%.60s: no cycles", key);
        if (!put_cycles(key, json_at(item, "cycles"), sink, arena, err))
            return false;
    }
    return true;
}

static bool wants(const char *name)
{
    struct slice s = slice_of(name);
    return slice_has_suffix(s, ".md") || slice_has_suffix(s, ".json");
}

static bool looks_like(struct slice head, const char *name)
{
    if (slice_has_suffix(slice_of(name), ".md"))
        return slice_has_prefix(head, "---\n") && slice_find(head, "permalink:") < head.length;
    return (slice_find(head, "\"cycles\"") < head.length ||
            slice_find(head, "\"releases\"") < head.length) &&
           (slice_find(head, "\"eol\"") < head.length ||
            slice_find(head, "\"eolFrom\"") < head.length);
}

const struct feed_format feed_endoflife = {
    .name = "endoflife",
    .wants = wants,
    .parse = parse,
    .looks_like = looks_like,
    .source = "endoflife",
};
