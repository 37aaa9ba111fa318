/* Arch Linux' issues (security.archlinux.org/all.json): a group names packages, the affected
 * version, the fixed one and its CVEs. */
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "advisory/release.h"

static const struct {
    const char *status;
    enum advisory_state state;
} states[] = {
    {"Fixed", STATE_FIXED},
    {"Testing", STATE_FIXED},
    {"Vulnerable", STATE_AFFECTED},
    {"Not affected", STATE_NOT_AFFECTED},
    {"Unknown", STATE_UNDER_INVESTIGATION},
};

static bool find_state(const char *status, enum advisory_state *state)
{
    for (size_t i = 0; i < array_count(states); i++)
        if (strcmp(states[i].status, status) == 0) {
            *state = states[i].state;
            return true;
        }
    return false;
}

static bool put_package(const json_t *issues, struct assertion *a, struct feed_sink *sink,
                        struct error *err)
{
    size_t i;
    json_t *issue;
    a->vulnerability = a->record;
    if (json_array_size(issues) == 0)
        return feed_put(sink, a, err);
    json_array_foreach(issues, i, issue)
    {
        a->vulnerability = json_string_value(issue);
        if (!feed_put(sink, a, err))
            return false;
    }
    return true;
}

static bool put_group(void *context, const char *const *keys, const json_t *item, struct error *err)
{
    (void)keys;
    struct feed_sink *sink = context;
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct version_range range = {0};
    struct assertion a = feed_blank();
    size_t i;
    json_t *package;
    a.record = json_text(item, "name");
    if (!json_is_object(item) || !*a.record || !json_is_array(json_at(item, "packages")))
        return error_set(err, ERROR_INPUT, "a group without name or packages");
    sink->counts->records++;
    if (!find_state(json_text(item, "status"), &a.state))
        return error_set(err, ERROR_INPUT, "%s: unknown status \"%.40s\"", a.record,
                         json_text(item, "status"));
    a.type = "alpm";
    a.name_kind = NAME_BINARY;
    a.context = context_canonical("arch", "", "", arena);
    a.severity = json_text(item, "severity");
    a.title = json_text(item, "type");
    a.ranges = &range;
    a.range_count = a.state == STATE_NOT_AFFECTED ? 0 : 1;
    range.fixed = json_text(item, "fixed");
    if (a.state == STATE_FIXED && !*range.fixed)
        a.state = STATE_AFFECTED;
    json_array_foreach(json_at(item, "packages"), i, package)
    {
        a.name = json_string_value(package);
        if (a.name && *a.name && !put_package(json_at(item, "issues"), &a, sink, err))
            return false;
    }
    return true;
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    (void)arena;
    uint64_t items;
    struct json_split split = {.path = {"[]"}, .item = put_group, .context = sink};
    return json_split_run(in, &split, &items, err);
}

static bool looks_like(struct slice head, const char *name)
{
    (void)name;
    return slice_find(head, "\"AVG-") < head.length && slice_find(head, "\"issues\"") < head.length;
}

const struct feed_format feed_arch = {
    .name = "arch",
    .parse = parse,
    .looks_like = looks_like,
    .source = "arch",
};
