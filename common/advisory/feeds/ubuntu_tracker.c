/* Ubuntu's CVE tracker: one text file a CVE, of lines "Key: value"; continuation lines begin with a
 * blank. Status lines are "RELEASE_package: status (note)", RELEASE also with a stream:
 * "esm-infra/xenial_foo", "trusty/esm_foo". "devel" is the release being made: which one is not
 * said, so it is left out. DNE: the package is not there. */
#include <ctype.h>

#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/release.h"
#include "base/clock.h"

enum { FILE_BYTES = 16 * 1024 * 1024 };

struct file {
    const char *candidate, *priority, *cvss;
    int64_t published;
    struct slice text;
};

static struct slice value_of(struct slice line, const char *key)
{
    if (!slice_has_prefix(line, key))
        return (struct slice){0};
    return slice_trim(slice_sub(line, strlen(key), line.length));
}

static void read_heading(struct file *file, struct arena *arena)
{
    struct slice rest = file->text, line;
    bool in_cvss = false;
    while (slice_take_line(&rest, &line)) {
        struct slice value, word;
        if (line.length > 0 && !isspace((unsigned char)line.data[0]))
            in_cvss = slice_has_prefix(line, "CVSS:");
        if ((value = value_of(line, "Candidate:")).length > 0)
            file->candidate = slice_string(arena, value);
        else if ((value = value_of(line, "Priority:")).length > 0 && slice_take_word(&value, &word))
            file->priority = slice_string(arena, word);
        else if ((value = value_of(line, "PublicDate:")).length > 0)
            clock_parse(
                slice_of(arena_printf(arena, "%.*sT00:00:00Z",
                                      (int)(value.length < 10 ? value.length : 10), value.data)),
                &file->published);
        else if (in_cvss && !file->cvss && slice_find(line, "CVSS:3") < line.length) {
            value = slice_sub(line, slice_find(line, "CVSS:3"), line.length);
            if (slice_take_word(&value, &word))
                file->cvss = slice_string(arena, word);
        }
    }
}

/* "jammy", "esm-infra/xenial", "trusty/esm" → release and stream. False: upstream, devel, Snap … */
static bool read_release(struct slice text, struct package_context *context, struct arena *arena)
{
    struct slice rest = text, first, second = {0};
    const char *stream = "", *release;
    slice_take_until(&rest, '/', &first);
    if (rest.length > 0 || first.length < text.length)
        second = rest;
    release = slice_string(arena, first);
    if (second.length > 0 && slice_is(second, "esm")) {
        stream = "esm-infra";
    } else if (second.length > 0) {
        stream = release;
        release = slice_string(arena, second);
    }
    *context = context_canonical("ubuntu", release, stream, arena);
    return release_codename("ubuntu", context->release) != NULL;
}

/* Word → state; what the parentheses say is a version, a reason or a date. */
static const struct {
    const char *word;
    enum advisory_state state;
    const char *reason; /* if the note says none */
} states[] = {
    {"released", STATE_FIXED, NULL},
    {"released-esm", STATE_FIXED, NULL},
    {"needed", STATE_AFFECTED, NULL},
    {"active", STATE_AFFECTED, NULL},
    {"pending", STATE_AFFECTED, "a fix is being made"},
    {"needs-triage", STATE_UNDER_INVESTIGATION, NULL},
    {"in-progress", STATE_AFFECTED, "a fix is being made"},
    {"deferred", STATE_DEFERRED, "deferred"},
    {"ignored", STATE_WILL_NOT_FIX, "ignored"},
    {"not-affected", STATE_NOT_AFFECTED, NULL},
};

static bool is_end_of_life(struct slice note)
{
    return slice_find(note, "end of life") < note.length ||
           slice_find(note, "end-of-life") < note.length ||
           slice_find(note, "reached end") < note.length ||
           slice_find(note, "end of standard support") < note.length ||
           slice_find(note, "out of standard support") < note.length;
}

static bool put_status(const struct file *file, struct slice package, struct slice value,
                       const struct package_context *context, struct feed_sink *sink,
                       struct arena *arena, struct error *err)
{
    struct slice word = {0}, rest = value;
    struct version_range range = {0};
    struct assertion a = feed_blank();
    size_t i = 0;
    if (!slice_take_word(&rest, &word) || slice_is(word, "DNE"))
        return true;
    while (i < array_count(states) && !slice_is(word, states[i].word))
        i++;
    if (i == array_count(states)) {
        sink->counts->unusable++;
        return true;
    }
    struct slice note = slice_trim(rest);
    if (note.length > 1 && note.data[0] == '(')
        note = slice_sub(note, 1, slice_find_byte(note, ')') - 1);
    a.record = a.vulnerability = file->candidate;
    a.type = "deb";
    a.name = slice_string(arena, package);
    a.name_kind = NAME_SOURCE;
    a.context = *context;
    a.state = states[i].state;
    a.reason = note.length > 0 ? slice_string(arena, note) : states[i].reason;
    a.severity = file->priority;
    a.cvss = file->cvss;
    a.published = file->published;
    a.ranges = &range;
    a.range_count = a.state == STATE_NOT_AFFECTED ? 0 : 1;
    if (a.state == STATE_FIXED) {
        if (note.length == 0 || !isdigit((unsigned char)note.data[0])) {
            sink->counts->unusable++;
            return true;
        }
        struct slice version;
        slice_take_word(&note, &version);
        range.fixed = slice_string(arena, version);
        a.reason = NULL;
    } else if (a.state == STATE_WILL_NOT_FIX && is_end_of_life(note)) {
        a.state = STATE_END_OF_LIFE;
    }
    return feed_put(sink, &a, err);
}

static bool read_line(const struct file *file, struct slice line, struct feed_sink *sink,
                      struct arena *arena, struct error *err)
{
    struct package_context context;
    size_t colon = slice_find_byte(line, ':');
    struct slice key = slice_sub(line, 0, colon);
    size_t bar = slice_find_byte(key, '_');
    if (line.length == 0 || !islower((unsigned char)line.data[0]) || colon == line.length ||
        bar == key.length || !read_release(slice_sub(key, 0, bar), &context, arena))
        return true;
    return put_status(file, slice_sub(key, bar + 1, key.length),
                      slice_trim(slice_sub(line, colon + 1, line.length)), &context, sink, arena,
                      err);
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct file file = {0};
    struct slice rest, line;
    if (!feed_read_all(in, FILE_BYTES, arena, &file.text, err))
        return false;
    read_heading(&file, arena);
    if (!file.candidate)
        return error_set(err, ERROR_INPUT, "no Candidate line");
    sink->counts->records++;
    rest = file.text;
    while (slice_take_line(&rest, &line))
        if (!read_line(&file, line, sink, arena, err))
            return false;
    return true;
}

static bool wants(const char *name)
{
    const char *slash = strrchr(name, '/');
    return vulnerability_is_cve(slash ? slash + 1 : name);
}

static bool looks_like(struct slice head, const char *name)
{
    return wants(name) && slice_find(head, "Candidate:") < head.length &&
           slice_find(head, "Priority:") < head.length;
}

const struct feed_format feed_ubuntu_tracker = {
    .name = "ubuntu-tracker",
    .wants = wants,
    .parse = parse,
    .looks_like = looks_like,
    .source = "ubuntu-tracker",
};
