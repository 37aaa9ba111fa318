/* Photon OS' cve_data_photonN.json: an array of {cve_id, pkg, cve_score, aff_ver, res_ver, status}.
 * The release stands in the file's name alone. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "advisory/release.h"
#include "advisory/severity.h"

struct reading {
    struct feed_sink *sink;
    struct package_context context;
};

static const struct {
    const char *status;
    enum advisory_state state;
} states[] = {
    {"Fixed", STATE_FIXED},
    {"Not Affected", STATE_NOT_AFFECTED},
    {"Affected", STATE_AFFECTED},
    {"Under Evaluation", STATE_UNDER_INVESTIGATION},
    {"Won't Fix", STATE_WILL_NOT_FIX},
    {"Will not fix", STATE_WILL_NOT_FIX},
};

static bool fill_state(const json_t *item, struct assertion *a, struct version_range *range,
                       struct error *err)
{
    const char *status = json_text(item, "status"), *fixed = json_text(item, "res_ver");
    size_t i = 0;
    if (!*status) { /* older files have no status */
        a->state = *fixed && strcmp(fixed, "NA") != 0 ? STATE_FIXED : STATE_AFFECTED;
    } else {
        while (i < array_count(states) && strcmp(states[i].status, status) != 0)
            i++;
        if (i == array_count(states))
            return error_set(err, ERROR_INPUT, "%s: unknown status \"%.40s\"", a->record, status);
        a->state = states[i].state;
    }
    if (a->state == STATE_FIXED) {
        if (!*fixed || strcmp(fixed, "NA") == 0)
            return error_set(err, ERROR_INPUT, "%s: fixed without a version", a->record);
        range->fixed = fixed;
    }
    a->range_count = a->state == STATE_NOT_AFFECTED ? 0 : 1;
    return true;
}

static bool put_row(void *context, const char *const *keys, const json_t *item, struct error *err)
{
    (void)keys;
    struct reading *reading = context;
    struct feed_sink *sink = reading->sink;
    struct version_range range = {0};
    struct assertion a = feed_blank();
    const json_t *score = json_at(item, "cve_score");
    a.record = json_text(item, "cve_id");
    a.name = json_text(item, "pkg");
    if (!json_is_object(item) || !*a.name)
        return error_set(err, ERROR_INPUT, "a row without pkg");
    sink->counts->records++;
    if (!vulnerability_is_cve(a.record)) {
        sink->counts->unusable++; /* UNK-1, "Re" … */
        return true;
    }
    a.type = "rpm";
    a.name_kind = NAME_BINARY;
    a.context = reading->context;
    a.ranges = &range;
    a.severity = json_is_number(score)
                     ? severity_name(severity_of_score(json_number_value(score), 3))
                     : NULL;
    return fill_state(item, &a, &range, err) && feed_put(sink, &a, err);
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    static const char word[] = "cve_data_photon";
    uint64_t items;
    const char *at = strstr(in->name, word);
    if (!at || !isdigit((unsigned char)at[sizeof(word) - 1]))
        return error_set(err, ERROR_INPUT,
                         "the release stands in the name: cve_data_photon5.0.json");
    at += sizeof(word) - 1;
    const char *release = arena_strndup(arena, at, strspn(at, "0123456789."));
    struct reading reading = {sink, context_canonical("photon", release, "", arena)};
    struct json_split split = {.path = {"[]"}, .item = put_row, .context = &reading};
    return json_split_run(in, &split, &items, err);
}

static bool wants(const char *name)
{
    return strstr(name, "cve_data_photon") != NULL;
}

static bool looks_like(struct slice head, const char *name)
{
    (void)name;
    return slice_find(head, "\"res_ver\"") < head.length &&
           slice_find(head, "\"cve_id\"") < head.length;
}

const struct feed_format feed_photon = {
    .name = "photon-json",
    .wants = wants,
    .parse = parse,
    .looks_like = looks_like,
    .source = "photon-json",
};
