/* The Ruby Advisory Database: one YAML file an advisory. Vulnerable is what lies in neither
 * patched_versions nor unaffected_versions; without patched_versions no fix exists. Advisories of
 * the engines themselves say `engine:` instead of `gem:`. */
#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "advisory/yaml_tree.h"
#include "base/clock.h"

enum { RECORD_BYTES = 1024 * 1024 };

static size_t add_ranges(const json_t *list, const char **out, size_t count)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (json_is_string(item) && count < 64)
            out[count++] = json_string_value(item);
    }
    return count;
}

static void fill_ids(const json_t *root, struct assertion *a, struct arena *arena)
{
    const char *cve = json_text(root, "cve"), *ghsa = json_text(root, "ghsa"),
               *osvdb = json_text(root, "osvdb");
    const char **aliases = arena_new_array(arena, const char *, 2);
    if (*cve)
        aliases[a->alias_count++] =
            arena_printf(arena, "%s%s", strncmp(cve, "CVE-", 4) == 0 ? "" : "CVE-", cve);
    if (*ghsa)
        aliases[a->alias_count++] = arena_printf(arena, "GHSA-%s", ghsa);
    a->aliases = aliases;
    a->record = a->vulnerability = a->alias_count > 0 ? aliases[0]
                                   : *osvdb           ? arena_printf(arena, "OSVDB-%s", osvdb)
                                                      : NULL;
}

static const char *file_stem(const char *name, struct arena *arena)
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    return arena_strndup(arena, base, strcspn(base, "."));
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct slice bytes;
    const json_t *root;
    if (!feed_read_all(in, RECORD_BYTES, arena, &bytes, err) ||
        !(root = yaml_document(bytes, arena, err)))
        return false;
    const char *gem = json_text(root, "gem"), *engine = json_text(root, "engine");
    struct assertion a = feed_blank();
    const char **safe = arena_new_array(arena, const char *, 64);
    if (!json_is_object(root) || (!*gem && !*engine && !*json_text(root, "library")))
        return error_set(err, ERROR_INPUT, "neither gem nor engine is named");
    sink->counts->records++;
    if (!*gem && !*engine) {
        sink->counts->no_package++;
        return true;
    }
    size_t patched = add_ranges(json_at(root, "patched_versions"), safe, 0);
    a.type = *gem ? "gem" : "generic";
    a.name = *gem ? gem : engine;
    a.name_kind = NAME_BINARY;
    a.state = patched > 0 ? STATE_FIXED : STATE_AFFECTED;
    a.safe_ranges = safe;
    a.safe_range_count = add_ranges(json_at(root, "unaffected_versions"), safe, patched);
    fill_ids(root, &a, arena);
    if (!a.record)
        a.record = a.vulnerability = file_stem(in->name, arena);
    a.title = json_text(root, "title");
    const char *url = json_text(root, "url");
    a.urls = &url;
    a.url_count = *url ? 1 : 0;
    clock_parse(slice_of(arena_printf(arena, "%sT00:00:00Z", json_text(root, "date"))),
                &a.published);
    return feed_put(sink, &a, err);
}

static bool looks_like(struct slice head, const char *name)
{
    return feed_wants_yaml(name) &&
           (slice_find(head, "\ngem: ") < head.length ||
            slice_find(head, "\nengine: ") < head.length || slice_has_prefix(head, "gem: ")) &&
           slice_find(head, "title:") < head.length;
}

const struct feed_format feed_ruby_advisory = {
    .name = "ruby-advisory-db",
    .wants = feed_wants_yaml,
    .parse = parse,
    .looks_like = looks_like,
    .source = "ruby-advisory-db",
};
