/* Facts about vulnerabilities, whatever package: CISA's catalogue of known exploited ones (JSON)
 * and FIRST's EPSS scores (CSV: an optional "#model…" line, a heading, then id,score[,percentile];
 * mirrors write ";" for the comma).
 */
#include <stdlib.h>

#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "base/clock.h"

enum { EPSS_BYTES = 256 * 1024 * 1024 };

static struct assertion fact(const char *id)
{
    return (struct assertion){.kind = ASSERTION_VULNERABILITY,
                              .record = id,
                              .vulnerability = id,
                              .type = "cve",
                              .name = id,
                              .name_kind = NAME_BINARY,
                              .context = {"", "", ""},
                              .epss = -1,
                              .epss_percentile = -1};
}

static bool put_known(void *context, const char *const *keys, const json_t *item, struct error *err)
{
    (void)keys;
    struct feed_sink *sink = context;
    struct arena *arena scoped(arena_scope_free) = arena_new();
    const char *id = json_text(item, "cveID"), *added = json_text(item, "dateAdded");
    struct assertion a = fact(id);
    sink->counts->records++;
    if (!vulnerability_is_cve(id) ||
        !clock_parse(slice_of(arena_printf(arena, "%sT00:00:00Z", added)), &a.kev_added)) {
        sink->counts->unusable++;
        return true;
    }
    a.title = json_text(item, "vulnerabilityName");
    a.kev_ransomware = strcmp(json_text(item, "knownRansomwareCampaignUse"), "Known") == 0;
    return feed_put(sink, &a, err);
}

static bool take_date(void *context, const char *key, const json_t *value, struct error *err)
{
    (void)err;
    struct feed_sink *sink = context;
    int64_t at;
    if (strcmp(key, "dateReleased") == 0 && json_is_string(value) &&
        clock_parse(slice_of(json_string_value(value)), &at))
        sink->counts->newest = at;
    return true;
}

static bool parse_kev(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                      struct error *err)
{
    (void)arena;
    uint64_t items;
    struct json_split split = {
        .path = {"vulnerabilities", "[]"}, .item = put_known, .scalar = take_date, .context = sink};
    return json_split_run(in, &split, &items, err);
}

static bool looks_like_kev(struct slice head, const char *name)
{
    (void)name;
    return slice_find(head, "\"cveID\"") < head.length &&
           slice_find(head, "\"dateAdded\"") < head.length;
}

/* 0 to 1, exponents too; -1: no number. */
static double share(struct slice text)
{
    char copy[40], *end;
    if (text.length == 0 || text.length >= sizeof(copy))
        return -1;
    memcpy(copy, text.data, text.length);
    copy[text.length] = 0;
    double value = strtod(copy, &end);
    return *end == 0 && value >= 0 && value <= 1 ? value : -1;
}

/* "#model_version:v2025.03.14,score_date:2026-08-16T12:55:00Z", or a bare date. */
static void take_score_date(struct slice line, struct feed_counts *counts)
{
    static const char word[] = "score_date:";
    size_t at = slice_find(line, word);
    char text[32] = {0};
    if (at == line.length)
        return;
    struct slice date = slice_sub(line, at + sizeof(word) - 1, line.length);
    if (date.length < 10)
        return;
    memcpy(text, date.data, 10);
    memcpy(text + 10, "T00:00:00Z", 10);
    clock_parse(slice_of(text), &counts->newest);
}

static bool parse_epss(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                       struct error *err)
{
    struct slice text, line;
    if (!feed_read_all(in, EPSS_BYTES, arena, &text, err))
        return false;
    while (slice_take_line(&text, &line)) {
        struct slice rest = line, id = {0}, score = {0}, percentile = {0};
        char name[32];
        if (slice_has_prefix(line, "#"))
            take_score_date(line, sink->counts);
        if (line.length == 0 || line.data[0] == '#' || slice_has_prefix(line, "cve,"))
            continue;
        sink->counts->records++;
        char comma = slice_find_byte(line, ';') < line.length ? ';' : ',';
        slice_take_until(&rest, comma, &id);
        slice_take_until(&rest, comma, &score);
        slice_take_until(&rest, comma, &percentile);
        if (id.length == 0 || id.length >= sizeof(name) || share(score) < 0)
            return error_set(err, ERROR_INPUT, "line %llu: not id,score",
                             (unsigned long long)sink->counts->records);
        memcpy(name, id.data, id.length);
        name[id.length] = 0;
        struct assertion a = fact(name);
        a.epss = share(score);
        a.epss_percentile = share(percentile);
        if (!vulnerability_is_cve(name)) {
            sink->counts->unusable++;
            continue;
        }
        if (!feed_put(sink, &a, err))
            return false;
    }
    return true;
}

static bool looks_like_epss(struct slice head, const char *name)
{
    (void)name;
    size_t mark = slice_find_byte(head, ';');
    struct slice rest = slice_sub(head, mark + 1, head.length), score = {0};
    return slice_find(head, "cve,epss") < head.length ||
           (slice_has_prefix(head, "CVE-") && mark < 24 && slice_take_until(&rest, ';', &score) &&
            share(score) >= 0);
}

const struct feed_format feed_kev = {
    .name = "kev", .parse = parse_kev, .looks_like = looks_like_kev, .source = "kev"};
const struct feed_format feed_epss = {
    .name = "epss", .parse = parse_epss, .looks_like = looks_like_epss, .source = "epss"};
