/* Debian's lists of advisories (data/DSA/list, DLA/list, DTSA/list of the security tracker), text:
 *   [29 Mar 2024] DSA-9999-1 foo - security update
 *   <TAB>{CVE-2024-1 CVE-2024-2}
 *   <TAB>[bookworm] - foo 1.2-3+deb12u1
 * The ids may be missing (regression updates); a state in <…> may stand for the version. */
#include <ctype.h>
#include <stdio.h>

#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/release.h"
#include "base/clock.h"

enum { LIST_BYTES = 64 * 1024 * 1024 };

struct entry {
    const char *record, *title;
    int64_t published;
    struct slice ids;
};

static const struct {
    const char *word;
    enum advisory_state state;
} words[] = {
    {"<not-affected>", STATE_NOT_AFFECTED},
    {"<end-of-life>", STATE_END_OF_LIFE},
    {"<unfixed>", STATE_AFFECTED},
    {"<no-dsa>", STATE_DEFERRED},
    {"<ignored>", STATE_WILL_NOT_FIX},
    {"<postponed>", STATE_DEFERRED},
    {"<undetermined>", STATE_UNDER_INVESTIGATION},
    {"<removed>", STATE_AFFECTED},
};

/* "29 Mar 2024". */
static int64_t list_date(struct slice text, struct arena *arena)
{
    int64_t at = 0;
    const char *http = arena_printf(arena, "Mon, %.*s 00:00:00 GMT", (int)text.length, text.data);
    return clock_parse_http(slice_of(http), &at) ? at : 0;
}

static bool read_heading(struct slice line, struct entry *entry, struct arena *arena)
{
    size_t end = slice_find_byte(line, ']');
    struct slice rest = slice_sub(line, end + 1, line.length), id;
    if (end == line.length || !slice_take_word(&rest, &id))
        return false;
    *entry = (struct entry){slice_string(arena, id),
                            slice_string(arena, slice_trim(rest)),
                            list_date(slice_sub(line, 1, end - 1), arena),
                            {0}};
    return true;
}

static bool put_ids(const struct entry *entry, struct assertion *a, struct feed_sink *sink,
                    struct arena *arena, struct error *err)
{
    struct slice rest = entry->ids, id;
    bool any = false;
    while (slice_take_word(&rest, &id)) {
        a->vulnerability = slice_string(arena, id);
        any = true;
        if (!feed_put(sink, a, err))
            return false;
    }
    a->vulnerability = entry->record;
    return any || feed_put(sink, a, err);
}

/* "[bookworm] - foo 1.2-3+deb12u1". */
static bool read_package(struct slice line, const struct entry *entry, struct feed_sink *sink,
                         struct arena *arena, struct error *err)
{
    struct slice rest, dash, name, version;
    size_t end = slice_find_byte(line, ']');
    struct version_range range = {0};
    struct assertion a = feed_blank();
    rest = slice_sub(line, end + 1, line.length);
    if (end == line.length || !slice_take_word(&rest, &dash) || !slice_is(dash, "-") ||
        !slice_take_word(&rest, &name) || !slice_take_word(&rest, &version))
        return error_set(err, ERROR_INPUT, "%s: not \"[release] - package version\"",
                         entry->record);
    a.record = entry->record;
    a.title = entry->title;
    a.published = entry->published;
    a.type = "deb";
    a.name = slice_string(arena, name);
    a.name_kind = NAME_SOURCE;
    a.context =
        context_canonical("debian", slice_string(arena, slice_sub(line, 1, end - 1)), "", arena);
    a.state = STATE_FIXED;
    a.ranges = &range;
    a.range_count = 1;
    range.fixed = slice_string(arena, version);
    if (version.data[0] == '<') {
        size_t i = 0;
        while (i < array_count(words) && !slice_is(version, words[i].word))
            i++;
        if (i == array_count(words))
            return error_set(err, ERROR_INPUT, "%s: unknown state %.30s", entry->record,
                             range.fixed);
        a.state = words[i].state;
        range.fixed = NULL;
        a.range_count = 0;
    }
    return put_ids(entry, &a, sink, arena, err);
}

static bool read_line(struct slice line, struct entry *entry, struct feed_sink *sink,
                      struct arena *arena, struct error *err)
{
    struct slice text = slice_trim(line);
    if (text.length == 0 || slice_has_prefix(text, "NOTE:") || slice_has_prefix(text, "TODO:"))
        return true;
    if (line.data[0] == '[') {
        sink->counts->records++;
        return read_heading(text, entry, arena) ||
               error_set(err, ERROR_INPUT, "not \"[date] id package\": %.*s",
                         (int)(text.length < 60 ? text.length : 60), text.data);
    }
    if (!entry->record)
        return error_set(err, ERROR_INPUT, "text before the first advisory");
    if (text.data[0] == '{') {
        entry->ids = slice_sub(text, 1, slice_find_byte(text, '}') - 1);
        return true;
    }
    if (text.data[0] == '[')
        return read_package(text, entry, sink, arena, err);
    sink->counts->unusable++;
    return true;
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct slice text, line;
    struct entry entry = {0};
    if (!feed_read_all(in, LIST_BYTES, arena, &text, err))
        return false;
    while (slice_take_line(&text, &line))
        if (line.length > 0 && !read_line(line, &entry, sink, arena, err))
            return false;
    return true;
}

static bool wants(const char *name)
{
    struct slice s = slice_of(name);
    return slice_has_suffix(s, "DSA/list") || slice_has_suffix(s, "DLA/list") ||
           slice_has_suffix(s, "DTSA/list");
}

static bool looks_like(struct slice head, const char *name)
{
    struct slice line = {0}, rest = head;
    (void)name;
    slice_take_line(&rest, &line);
    return line.length > 14 && line.data[0] == '[' &&
           (slice_find(line, "] DSA-") < line.length || slice_find(line, "] DLA-") < line.length ||
            slice_find(line, "] DTSA-") < line.length);
}

const struct feed_format feed_debian_lists = {
    .name = "debian-lists",
    .wants = wants,
    .parse = parse,
    .looks_like = looks_like,
    .source = "debian-lists",
};
