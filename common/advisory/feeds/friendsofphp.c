/* FriendsOfPHP's security advisories: one YAML file an advisory, a set of bounds for each branch:
 * every bound of a branch holds together, any branch counts. Branches without an upper bound have
 * no fix. */
#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "advisory/release.h"
#include "advisory/yaml_tree.h"
#include "base/buf.h"
#include "base/clock.h"

enum { RECORD_BYTES = 1024 * 1024 };

static bool put_bounds(const json_t *bounds, struct buf *out, bool *has_end)
{
    size_t i;
    json_t *bound;
    json_array_foreach(bounds, i, bound)
    {
        const char *text = json_string_value(bound);
        if (!text)
            return false;
        *has_end |= *text == '<';
        buf_printf(out, "%s%s", i > 0 ? "," : "", text);
    }
    return json_array_size(bounds) > 0;
}

/* "a,b || c,d". */
static const char *branches(const json_t *list, bool *has_end, struct arena *arena,
                            struct error *err)
{
    struct buf text scoped(buf_release) = {0};
    const char *name;
    json_t *branch;
    json_object_foreach((json_t *)(uintptr_t)list, name, branch)
    {
        if (text.length > 0)
            buf_put_text(&text, " || ");
        if (!put_bounds(json_at(branch, "versions"), &text, has_end)) {
            error_fill(err, ERROR_INPUT, "branch %.60s: no versions", name);
            return NULL;
        }
    }
    if (text.length == 0)
        error_fill(err, ERROR_INPUT, "no branches");
    return text.length > 0 ? arena_strndup(arena, text.data, text.length) : NULL;
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    static const char prefix[] = "composer://";
    struct slice bytes;
    const json_t *root;
    bool has_end = false;
    if (!feed_read_all(in, RECORD_BYTES, arena, &bytes, err) ||
        !(root = yaml_document(bytes, arena, err)))
        return false;
    const char *reference = json_text(root, "reference"), *cve = json_text(root, "cve");
    const char *slash = strrchr(in->name, '/');
    struct assertion a = feed_blank();
    if (strncmp(reference, prefix, sizeof(prefix) - 1) != 0)
        return error_set(err, ERROR_INPUT, "no composer:// reference");
    sink->counts->records++;
    a.affected_range = branches(json_at(root, "branches"), &has_end, arena, err);
    if (!a.affected_range)
        return false;
    a.type = "composer";
    a.name = package_name_normal("composer", reference + sizeof(prefix) - 1, arena);
    a.name_kind = NAME_BINARY;
    a.state = has_end ? STATE_FIXED : STATE_AFFECTED;
    const char *base = slash ? slash + 1 : in->name;
    const char *stem = arena_strndup(arena, base, strcspn(base, "."));
    a.record = vulnerability_is_cve(stem) ? stem : arena_printf(arena, "%s/%s", a.name, stem);
    a.vulnerability = vulnerability_is_cve(cve) ? cve : a.record;
    a.title = json_text(root, "title");
    const char *url = json_text(root, "link");
    a.urls = &url;
    a.url_count = *url ? 1 : 0;
    return feed_put(sink, &a, err);
}

static bool looks_like(struct slice head, const char *name)
{
    return feed_wants_yaml(name) && slice_find(head, "composer://") < head.length &&
           slice_find(head, "branches:") < head.length;
}

const struct feed_format feed_friendsofphp = {
    .name = "friendsofphp",
    .wants = feed_wants_yaml,
    .parse = parse,
    .looks_like = looks_like,
    .source = "friendsofphp",
};
