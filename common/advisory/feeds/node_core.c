/* Node.js' own advisories: JSON, one file each. vuln/core: `vulnerable` and `patched` in npm's
 * range syntax, about the runtime itself. vuln/npm: old ones about packages, module_name and
 * vulnerable_versions. */
#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "base/clock.h"

enum { RECORD_BYTES = 4 * 1024 * 1024 };

static bool is_range(const char *text)
{
    return *text && strcmp(text, "<0.0.0") != 0;
}

static bool put_record(const json_t *root, const char *stem, struct feed_sink *sink,
                       struct arena *arena, struct error *err)
{
    const char *module = json_text(root, "module_name");
    bool core = !*module;
    const json_t *cves = json_at(root, core ? "cve" : "cves");
    const char *patched = json_text(root, core ? "patched" : "patched_versions");
    struct assertion a = feed_blank();
    size_t count = json_array_size(cves);
    a.type = core ? "generic" : "npm";
    a.name = core ? "node" : module;
    a.name_kind = NAME_BINARY;
    a.record = arena_printf(arena, core ? "NODE-CORE-%s" : "NODE-NPM-%s", stem);
    a.affected_range = json_text(root, core ? "vulnerable" : "vulnerable_versions");
    a.safe_ranges = &patched;
    a.safe_range_count = is_range(patched) ? 1 : 0;
    a.state = a.safe_range_count > 0 ? STATE_FIXED : STATE_AFFECTED;
    a.severity = json_text(root, "severity");
    a.cvss = json_text(root, "cvss_vector");
    a.title = json_text(root, core ? "overview" : "title");
    const char *url = json_text(root, "ref");
    a.urls = &url;
    a.url_count = *url ? 1 : 0;
    if (!*a.affected_range)
        return error_set(err, ERROR_INPUT, "no vulnerable versions");
    for (size_t i = 0; i < count || i == 0; i++) {
        const char *cve = json_string_value(json_array_get(cves, i));
        a.vulnerability = cve && *cve ? cve : a.record;
        if (!feed_put(sink, &a, err))
            return false;
    }
    return true;
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct slice bytes;
    if (!feed_read_all(in, RECORD_BYTES, arena, &bytes, err))
        return false;
    json_t *root = json_document(bytes, arena, err), *item;
    const char *slash = strrchr(in->name, '/'), *base = slash ? slash + 1 : in->name, *key;
    if (!root)
        return false;
    /* The repository's index: every core advisory in one object, by number. */
    if (strcmp(base, "index.json") == 0) {
        json_object_foreach(root, key, item)
        {
            sink->counts->records++;
            if (!put_record(item, key, sink, arena, err))
                return error_wrap(err, "%.40s", key);
        }
        return true;
    }
    sink->counts->records++;
    return put_record(root, arena_strndup(arena, base, strcspn(base, ".")), sink, arena, err);
}

static bool wants(const char *name)
{
    struct slice s = slice_of(name);
    return slice_has_suffix(s, ".json") && slice_find(s, "/deps/") == s.length;
}

static bool looks_like(struct slice head, const char *name)
{
    (void)name;
    return (slice_find(head, "\"vulnerable\"") < head.length &&
            slice_find(head, "\"patched\"") < head.length) ||
           (slice_find(head, "\"module_name\"") < head.length &&
            slice_find(head, "\"vulnerable_versions\"") < head.length);
}

const struct feed_format feed_node_core = {
    .name = "node-core",
    .wants = wants,
    .parse = parse,
    .looks_like = looks_like,
    .source = "node-core",
};
