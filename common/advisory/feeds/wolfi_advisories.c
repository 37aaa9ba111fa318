/* Wolfi's and Chainguard's advisories, schema version 2: one YAML file a package, each advisory a
 * history of events of which the last by time rules. Times are RFC 3339 in UTC: text order is time
 * order. */
#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "advisory/release.h"
#include "advisory/yaml_tree.h"
#include "base/clock.h"

enum { RECORD_BYTES = 16 * 1024 * 1024 };

static const struct {
    const char *type;
    enum advisory_state state;
    const char *reason;
} events[] = {
    {"fixed", STATE_FIXED, NULL},
    {"false-positive-determination", STATE_NOT_AFFECTED, "false positive"},
    {"pending-upstream-fix", STATE_DEFERRED, "waits for upstream's fix"},
    {"fix-not-planned", STATE_WILL_NOT_FIX, "a fix is not planned"},
    {"true-positive-determination", STATE_AFFECTED, NULL},
    {"detection", STATE_UNDER_INVESTIGATION, NULL},
    {"analysis-not-planned", STATE_UNDER_INVESTIGATION, "an analysis is not planned"},
};

static const json_t *last_event(const json_t *list)
{
    const json_t *last = NULL;
    size_t i;
    json_t *event;
    json_array_foreach(list, i, event)
    {
        if (!last || strcmp(json_text(event, "timestamp"), json_text(last, "timestamp")) >= 0)
            last = event;
    }
    return last;
}

static bool fill_state(const json_t *event, struct assertion *a, struct version_range *range,
                       struct error *err)
{
    const char *type = json_text(event, "type");
    const json_t *data = json_at(event, "data");
    size_t i = 0;
    while (i < array_count(events) && strcmp(events[i].type, type) != 0)
        i++;
    if (i == array_count(events))
        return error_set(err, ERROR_INPUT, "%s: unknown event \"%.40s\"", a->record, type);
    a->state = events[i].state;
    a->reason = events[i].reason;
    if (a->state == STATE_NOT_AFFECTED && *json_text(data, "type"))
        a->reason = json_text(data, "type"); /* vulnerable-code-not-present … */
    if (a->state == STATE_FIXED) {
        range->fixed = json_text(data, "fixed-version");
        a->range_count = 1;
        if (!*range->fixed)
            return error_set(err, ERROR_INPUT, "%s: fixed without a version", a->record);
        if (strcmp(range->fixed, "0") == 0) {
            a->state = STATE_NOT_AFFECTED;
            a->range_count = 0;
        }
    }
    clock_parse(slice_of(json_text(event, "timestamp")), &a->modified);
    return true;
}

static bool put_advisory(const json_t *item, const struct assertion *like, struct feed_sink *sink,
                         struct arena *arena, struct error *err)
{
    struct version_range range = {0};
    struct assertion a = *like;
    const json_t *event = last_event(json_at(item, "events")), *list = json_at(item, "aliases");
    const char **aliases = arena_new_array(arena, const char *, json_array_size(list) + 1);
    size_t i;
    json_t *alias;
    sink->counts->records++;
    a.record = a.vulnerability = json_text(item, "id");
    a.ranges = &range;
    if (!*a.record || !event)
        return error_set(err, ERROR_INPUT, "an advisory without id or events");
    json_array_foreach(list, i, alias)
    {
        if (!json_is_string(alias))
            continue;
        aliases[a.alias_count++] = json_string_value(alias);
        if (!vulnerability_is_cve(a.vulnerability) &&
            vulnerability_id_compare(json_string_value(alias), a.vulnerability) < 0)
            a.vulnerability = json_string_value(alias);
    }
    a.aliases = aliases;
    return fill_state(event, &a, &range, err) && feed_put(sink, &a, err);
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct slice bytes;
    const json_t *root;
    size_t i;
    json_t *item;
    if (!feed_read_all(in, RECORD_BYTES, arena, &bytes, err) ||
        !(root = yaml_document(bytes, arena, err)))
        return false;
    const char *version = json_text(root, "schema-version");
    struct assertion like = feed_blank();
    like.type = "apk";
    like.name = json_text(json_at(root, "package"), "name");
    like.name_kind = NAME_SOURCE;
    like.context = context_canonical("wolfi", "", "", arena);
    if (*version != '2' || (version[1] && version[1] != '.'))
        return error_set(err, ERROR_INPUT, "schema version \"%.20s\": only 2 is read", version);
    if (!*like.name)
        return error_set(err, ERROR_INPUT, "no package is named");
    json_array_foreach(json_at(root, "advisories"), i, item)
    {
        if (!put_advisory(item, &like, sink, arena, err))
            return false;
    }
    return true;
}

static bool wants(const char *name)
{
    return slice_has_suffix(slice_of(name), ".advisories.yaml");
}

static bool looks_like(struct slice head, const char *name)
{
    (void)name;
    return slice_find(head, "schema-version:") < head.length &&
           slice_find(head, "advisories:") < head.length;
}

const struct feed_format feed_wolfi_advisories = {
    .name = "wolfi-advisories",
    .wants = wants,
    .parse = parse,
    .looks_like = looks_like,
    .source = "wolfi-advisories",
};
