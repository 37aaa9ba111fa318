/* RustSec's advisory database: one Markdown file an advisory, TOML in front. Vulnerable is what
 * lies in neither patched nor unaffected; informational ones (unmaintained, unsound) are counted.
 */
#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "advisory/toml_tree.h"
#include "base/clock.h"

enum { RECORD_BYTES = 1024 * 1024, RANGES_MOST = 64, SYSTEMS_MOST = 16 };

static const char fence[] = "```toml";

/* Between the fences; false: the file has none. */
static bool front_matter(struct slice text, struct slice *out)
{
    if (!slice_has_prefix(text, fence))
        return false;
    text = slice_sub(text, sizeof(fence) - 1, text.length);
    size_t end = slice_find(text, "\n```");
    *out = slice_sub(text, 0, end);
    return end < text.length;
}

static size_t add_texts(const json_t *list, const char **out, size_t count, size_t most)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (json_is_string(item) && count < most)
            out[count++] = json_string_value(item);
    }
    return count;
}

/* An advisory of Windows alone is of no Linux image. */
static void fill_systems(const json_t *affected, struct assertion *a, struct arena *arena)
{
    const char *names[SYSTEMS_MOST];
    size_t count = add_texts(json_at(affected, "os"), names, 0, SYSTEMS_MOST);
    struct condition *list = arena_new_array(arena, struct condition, count);
    for (size_t i = 0; i < count; i++)
        list[i] = (struct condition){CONDITION_PLATFORM, names[i]};
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], "linux") == 0)
            count = 0;
    a->conditions = list;
    a->condition_count = count;
}

static bool put(const json_t *root, const char *file, struct feed_sink *sink, struct arena *arena,
                struct error *err)
{
    const json_t *advisory = json_at(root, "advisory"), *versions = json_at(root, "versions");
    const json_t *aliases = json_at(advisory, "aliases");
    struct assertion a = feed_blank();
    const char **safe = arena_new_array(arena, const char *, RANGES_MOST);
    const char **ids = arena_new_array(arena, const char *, RANGES_MOST);
    size_t patched = add_texts(json_at(versions, "patched"), safe, 0, RANGES_MOST);
    a.record = json_text(advisory, "id");
    bool crate = strstr(file, "rust/") == NULL || strstr(file, "crates/") != NULL;
    a.type = crate ? "cargo" : "generic"; /* the toolchain's own: std, cargo, rustdoc */
    a.name = crate ? json_text(advisory, "package") : "rust";
    a.name_kind = NAME_BINARY;
    a.state = patched > 0 ? STATE_FIXED : STATE_AFFECTED;
    a.safe_ranges = safe;
    a.safe_range_count = add_texts(json_at(versions, "unaffected"), safe, patched, RANGES_MOST);
    a.cvss = json_text(advisory, "cvss");
    const char *url = json_text(advisory, "url");
    a.urls = &url;
    a.url_count = *url ? 1 : 0;
    clock_parse(slice_of(arena_printf(arena, "%sT00:00:00Z", json_text(advisory, "date"))),
                &a.published);
    fill_systems(json_at(root, "affected"), &a, arena);
    size_t count = add_texts(aliases, ids, 0, RANGES_MOST), cves = 0;
    for (size_t i = 0; i < count; i++)
        cves += vulnerability_is_cve(ids[i]);
    a.aliases = ids;
    a.alias_count = cves > 1 ? 0 : count;
    for (size_t i = 0; i < count; i++) {
        a.vulnerability = ids[i];
        if (vulnerability_is_cve(ids[i]) && !feed_put(sink, &a, err))
            return false;
    }
    a.vulnerability = a.record;
    return cves > 0 || feed_put(sink, &a, err);
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct slice bytes, front;
    const json_t *root;
    if (!feed_read_all(in, RECORD_BYTES, arena, &bytes, err))
        return false;
    if (!front_matter(bytes, &front))
        return error_set(err, ERROR_INPUT, "no TOML in front");
    if (!(root = toml_document(front, arena, err)))
        return false;
    const json_t *advisory = json_at(root, "advisory");
    if (!*json_text(advisory, "id") || !*json_text(advisory, "package"))
        return error_set(err, ERROR_INPUT, "an advisory without id or package");
    sink->counts->records++;
    bool withdrawn = *json_text(advisory, "withdrawn") != 0;
    bool informational = *json_text(advisory, "informational") != 0;
    sink->counts->withdrawn += withdrawn;
    sink->counts->informational += informational && !withdrawn;
    return withdrawn || informational || put(root, in->name, sink, arena, err);
}

static bool wants(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slice_has_suffix(slice_of(name), ".md") &&
           (strncmp(slash ? slash + 1 : name, "RUSTSEC-", 8) == 0 ||
            strncmp(slash ? slash + 1 : name, "CVE-", 4) == 0);
}

static bool looks_like(struct slice head, const char *name)
{
    (void)name;
    return slice_has_prefix(head, fence) && slice_find(head, "advisory") < head.length;
}

const struct feed_format feed_rustsec = {
    .name = "rustsec",
    .wants = wants,
    .parse = parse,
    .looks_like = looks_like,
    .source = "rustsec",
};
