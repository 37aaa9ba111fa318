/* Alpine's secdb (also Wolfi's, Chainguard's and MinimOS' security.json): origin package → fixed
 * version → ids. Version "0": not affected. Nothing is said of what has no fix. Ids are dirty:
 * several to a text, with comments; only whole CVE and GHSA ids are kept, or the first word when
 * there is none.
 */
#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "advisory/release.h"
#include "advisory/source.h"

enum { SECDB_BYTES = 256 * 1024 * 1024 };

static bool put_ids(const char *text, struct assertion *a, struct feed_sink *sink,
                    struct arena *arena, struct error *err)
{
    struct slice rest = slice_of(text), word;
    bool any = false;
    while (slice_take_word(&rest, &word)) {
        const char *id = slice_string(arena, word);
        if (!vulnerability_is_cve(id) && strncmp(id, "GHSA-", 5) != 0)
            continue;
        a->record = a->vulnerability = id;
        any = true;
        if (!feed_put(sink, a, err))
            return false;
    }
    rest = slice_of(text);
    if (any || !slice_take_word(&rest, &word)) {
        sink->counts->unusable += !any;
        return true;
    }
    a->record = a->vulnerability = slice_string(arena, word);
    return feed_put(sink, a, err);
}

static bool put_package(const json_t *package, const struct package_context *context,
                        struct feed_sink *sink, struct arena *arena, struct error *err)
{
    const char *version, *name = json_text(package, "name");
    json_t *ids, *id;
    size_t i;
    json_object_foreach(json_object_get(package, "secfixes"), version, ids)
    {
        struct version_range *range = arena_new_object(arena, struct version_range);
        bool never = strcmp(version, "0") == 0;
        range->fixed = version;
        json_array_foreach(ids, i, id)
        {
            struct assertion a = {.type = "apk",
                                  .name = name,
                                  .name_kind = NAME_SOURCE,
                                  .context = *context,
                                  .state = never ? STATE_NOT_AFFECTED : STATE_FIXED,
                                  .ranges = range,
                                  .range_count = never ? 0 : 1,
                                  .epss = -1,
                                  .epss_percentile = -1};
            if (json_is_string(id) && !put_ids(json_string_value(id), &a, sink, arena, err))
                return false;
        }
    }
    return true;
}

/* By the address the file names, else by the source it is read for. */
static const char *distro_of(const char *prefix, const char *source)
{
    static const struct {
        const char *word, *distro;
    } words[] = {{"wolfi", "wolfi"}, {"chainguard", "chainguard"}, {"mini.dev", "minimos"}};
    const struct advisory_source *named = advisory_source_find(source ? source : "");
    for (size_t i = 0; i < array_count(words); i++)
        if (strstr(prefix, words[i].word))
            return words[i].distro;
    return named && strcmp(named->type, "apk") == 0 && strcmp(named->distro, "*") != 0
               ? named->distro
               : "alpine";
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct slice bytes;
    size_t i;
    json_t *item;
    if (!feed_read_all(in, SECDB_BYTES, arena, &bytes, err))
        return false;
    const json_t *root = json_document(bytes, arena, err);
    if (!root)
        return false;
    const char *release = json_text(root, "distroversion"), *prefix = json_text(root, "urlprefix");
    struct package_context context =
        context_canonical(distro_of(prefix, sink->source), release, "", arena);
    if (!json_is_array(json_at(root, "packages")))
        return error_set(err, ERROR_INPUT, "secdb: no packages");
    json_array_foreach(json_at(root, "packages"), i, item)
    {
        sink->counts->records++;
        if (!put_package(json_at(item, "pkg"), &context, sink, arena, err))
            return false;
    }
    return true;
}

static bool wants(const char *name)
{
    return slice_has_suffix(slice_of(name), ".json");
}

static bool looks_like(struct slice head, const char *name)
{
    (void)name;
    return slice_find(head, "\"secfixes\"") < head.length ||
           (slice_find(head, "\"reponame\"") < head.length &&
            slice_find(head, "\"packages\"") < head.length);
}

const struct feed_format feed_alpine_secdb = {
    .name = "alpine-secdb",
    .wants = wants,
    .parse = parse,
    .looks_like = looks_like,
    .source = "alpine-secdb",
};
