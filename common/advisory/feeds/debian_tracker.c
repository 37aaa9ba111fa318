/* Debian's security tracker: one JSON object, source package → id → releases. "resolved" with
 * fixed_version "0" means never affected; nodsa says that a fix is not planned now, the package is
 * affected all the same. (https://security-tracker.debian.org/tracker/data/json) */
#include <string.h>

#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "advisory/release.h"

static const struct {
    const char *reason;
    enum advisory_state state;
} nodsa[] = {
    {"ignored", STATE_WILL_NOT_FIX},
    {"postponed", STATE_DEFERRED},
    {"", STATE_DEFERRED},
};

static void urgency_word(const char *urgency, char out[static 32])
{
    size_t length = strcspn(urgency, "*");
    length = length < 31 ? length : 31;
    memcpy(out, urgency, length);
    out[length] = 0;
}

static void open_state(const json_t *entry, const char *urgency, struct assertion *a)
{
    const char *note = json_text(entry, "nodsa");
    a->state = STATE_AFFECTED;
    if (strcmp(urgency, "end-of-life") == 0) {
        a->state = STATE_END_OF_LIFE;
    } else if (json_object_get(entry, "nodsa")) {
        const char *reason = json_text(entry, "nodsa_reason");
        a->state = STATE_DEFERRED;
        for (size_t i = 0; i < array_count(nodsa); i++)
            if (strcmp(nodsa[i].reason, reason) == 0)
                a->state = nodsa[i].state;
        a->reason = *note ? note : reason;
    }
}

static bool put_release(struct feed_sink *sink, const char *package, const char *id,
                        const json_t *about, const char *codename, const json_t *entry,
                        struct arena *arena, struct error *err)
{
    const char *status = json_text(entry, "status"), *fixed = json_text(entry, "fixed_version");
    struct version_range range = {0};
    char urgency[32];
    urgency_word(json_text(entry, "urgency"), urgency);
    struct assertion a = {
        .record = id,
        .vulnerability = id,
        .type = "deb",
        .name = package,
        .name_kind = NAME_SOURCE,
        .context = context_canonical("debian", codename, "", arena),
        .ranges = &range,
        .range_count = 1,
        .severity = urgency,
        .title = json_text(about, "description"),
        .epss = -1,
        .epss_percentile = -1,
    };
    if (strcmp(status, "resolved") == 0) {
        if (!*fixed)
            return error_set(err, ERROR_INPUT, "%s %s: resolved without fixed_version", package,
                             id);
        a.state = strcmp(fixed, "0") == 0 ? STATE_NOT_AFFECTED : STATE_FIXED;
        range.fixed = a.state == STATE_FIXED ? fixed : NULL;
    } else if (strcmp(status, "open") == 0) {
        open_state(entry, urgency, &a);
    } else if (strcmp(status, "undetermined") == 0) {
        a.state = STATE_UNDER_INVESTIGATION;
    } else {
        return error_set(err, ERROR_INPUT, "%s %s: unknown status \"%.40s\"", package, id, status);
    }
    return feed_put(sink, &a, err);
}

static bool put_package(void *context, const char *const *keys, const json_t *item,
                        struct error *err)
{
    struct feed_sink *sink = context;
    struct arena *arena scoped(arena_scope_free) = arena_new();
    const char *id, *codename;
    json_t *about, *entry;
    if (!json_is_object(item) || !*keys[0])
        return error_set(err, ERROR_INPUT, "%s: not an object", keys[0]);
    json_object_foreach((json_t *)(uintptr_t)item, id, about)
    {
        json_t *releases = json_object_get(about, "releases");
        if (!json_is_object(releases))
            return error_set(err, ERROR_INPUT, "%s %s: no releases", keys[0], id);
        sink->counts->records++;
        json_object_foreach(releases, codename, entry)
        {
            if (!put_release(sink, keys[0], id, about, codename, entry, arena, err))
                return false;
        }
    }
    return true;
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    (void)arena;
    uint64_t items;
    struct json_split split = {.path = {"*"}, .item = put_package, .context = sink};
    return json_split_run(in, &split, &items, err);
}

static bool looks_like(struct slice head, const char *name)
{
    (void)name;
    return slice_has_prefix(slice_trim(head), "{") &&
           slice_find(head, "\"releases\"") < head.length &&
           slice_find(head, "\"urgency\"") < head.length &&
           slice_find(head, "\"status\"") < head.length;
}

const struct feed_format feed_debian_tracker = {
    .name = "debian-tracker",
    .parse = parse,
    .looks_like = looks_like,
    .source = "debian-tracker",
};
