#include "matcher/rows.h"

#include <jansson.h>

#include "advisory/json_split.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"

const struct advisory_source *source_row(const char *name)
{
    char stem[64];
    size_t length = strcspn(name, ":");
    if (length >= sizeof(stem))
        return NULL;
    memcpy(stem, name, length);
    stem[length] = 0;
    return advisory_source_find(stem);
}

static const char *text_at(const json_t *list, size_t i)
{
    return json_string_value(json_array_get(list, i));
}

static const char *const *texts(const json_t *list, struct arena *arena, size_t *count)
{
    *count = json_array_size(list);
    const char **items = arena_new_array(arena, const char *, *count);
    for (size_t i = 0; i < *count; i++)
        items[i] = text_at(list, i) ? text_at(list, i) : "";
    return items;
}

static void read_ranges(const json_t *list, struct arena *arena, struct assertion *out)
{
    size_t count = json_array_size(list);
    struct version_range *ranges = arena_new_array(arena, struct version_range, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        ranges[i] = (struct version_range){text_at(item, 0), text_at(item, 1), text_at(item, 2)};
    }
    out->ranges = ranges;
    out->range_count = count;
}

static void read_conditions(const json_t *list, struct arena *arena, struct assertion *out)
{
    size_t count = json_array_size(list);
    struct condition *conditions = arena_new_array(arena, struct condition, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        conditions[i].kind = (enum condition_kind)json_integer_value(json_array_get(item, 0));
        conditions[i].value = text_at(item, 1) ? text_at(item, 1) : "";
    }
    out->conditions = conditions;
    out->condition_count = count;
}

static const char *word(const struct db_rows *rows, size_t row, int column)
{
    const char *text = row_text(rows, row, column);
    return text ? text : "";
}

bool assertion_of_row(const struct db_rows *rows, size_t row, struct arena *arena,
                      struct assertion *out, struct error *err)
{
    const json_t *ranges = json_document(slice_of(row_text(rows, row, 11)), arena, err);
    const json_t *conditions = json_document(slice_of(row_text(rows, row, 12)), arena, err);
    const json_t *record = json_document(slice_of(row_text(rows, row, 17)), arena, err);
    if (!ranges || !conditions || !record)
        return false;
    struct text_list aliases = row_texts(rows, row, 3);
    *out = (struct assertion){
        .kind = (enum assertion_kind)json_integer_value(json_at(record, "kind")),
        .source = word(rows, row, 1),
        .record = arena_strdup(arena, json_text(record, "id")),
        .vulnerability = word(rows, row, 2),
        .aliases = aliases.items,
        .alias_count = aliases.count,
        .type = word(rows, row, 4),
        .name = word(rows, row, 5),
        .name_kind = row_bool(rows, row, 6) ? NAME_SOURCE : NAME_BINARY,
        .context = {word(rows, row, 7), word(rows, row, 8), word(rows, row, 9)},
        .reason = json_string_value(json_at(record, "reason")),
        .affected_range = json_string_value(json_at(record, "range")),
        .severity = row_text(rows, row, 13),
        .cvss = row_text(rows, row, 14),
        .title = row_text(rows, row, 15),
        .published = row_i64(rows, row, 18),
        .epss = -1,
        .epss_percentile = -1,
    };
    if (!advisory_state_parse(slice_of(word(rows, row, 10)), &out->state))
        return error_set(err, ERROR_FATAL, "assertion of unknown state %s", word(rows, row, 10));
    read_ranges(ranges, arena, out);
    read_conditions(conditions, arena, out);
    out->versions = texts(json_at(record, "versions"), arena, &out->version_count);
    out->safe_ranges = texts(json_at(record, "safe"), arena, &out->safe_range_count);
    return true;
}

static void put_text(struct buf *out, const char *text)
{
    if (text && *text)
        buf_put_json(out, slice_of(text));
    else
        buf_put_text(out, "null");
}

static void put_texts(struct buf *out, const char *name, const char *const *list, size_t count)
{
    buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        buf_put_text(out, i > 0 ? "," : "");
        buf_put_json(out, slice_of(list[i]));
    }
    buf_put_text(out, "]");
}

static const char *finish(struct buf *text, struct arena *arena)
{
    const char *copy = arena_strndup(arena, text->data, text->length);
    buf_clear(text);
    return copy;
}

static const char *ranges_text(const struct assertion *a, struct buf *text, struct arena *arena)
{
    buf_put_text(text, "[");
    for (size_t i = 0; i < a->range_count; i++) {
        buf_put_text(text, i > 0 ? ",[" : "[");
        put_text(text, a->ranges[i].introduced);
        buf_put_text(text, ",");
        put_text(text, a->ranges[i].fixed);
        buf_put_text(text, ",");
        put_text(text, a->ranges[i].last_affected);
        buf_put_text(text, "]");
    }
    buf_put_text(text, "]");
    return finish(text, arena);
}

static const char *conditions_text(const struct assertion *a, struct buf *text, struct arena *arena)
{
    buf_put_text(text, "[");
    for (size_t i = 0; i < a->condition_count; i++) {
        buf_printf(text, "%s[%d,", i > 0 ? "," : "", (int)a->conditions[i].kind);
        buf_put_json(text, slice_of(a->conditions[i].value));
        buf_put_text(text, "]");
    }
    buf_put_text(text, "]");
    return finish(text, arena);
}

static const char *record_text(const struct assertion *a, struct buf *text, struct arena *arena)
{
    buf_printf(text, "{\"kind\":%d,\"id\":", (int)a->kind);
    put_text(text, a->record ? a->record : "");
    if (a->reason && *a->reason) {
        buf_put_text(text, ",\"reason\":");
        put_text(text, a->reason);
    }
    if (a->affected_range && *a->affected_range) {
        buf_put_text(text, ",\"range\":");
        put_text(text, a->affected_range);
    }
    if (a->version_count > 0)
        put_texts(text, "versions", a->versions, a->version_count);
    if (a->safe_range_count > 0)
        put_texts(text, "safe", a->safe_ranges, a->safe_range_count);
    if (a->epss >= 0)
        buf_printf(text, ",\"epss\":%.6f", a->epss);
    if (a->epss_percentile >= 0)
        buf_printf(text, ",\"percentile\":%.6f", a->epss_percentile);
    if (a->kev_added > 0)
        buf_printf(text, ",\"kev\":%lld,\"ransomware\":%s", (long long)a->kev_added,
                   a->kev_ransomware ? "true" : "false");
    if (a->until > 0)
        buf_printf(text, ",\"until\":%lld", (long long)a->until);
    buf_put_text(text, "}");
    return finish(text, arena);
}

static const char *time_text(int64_t at, struct arena *arena)
{
    char text[32];
    if (at <= 0)
        return NULL;
    clock_format(at, text);
    return arena_strdup(arena, text);
}

/* The one number that says it, when one does. */
static const char *single_fix(const struct assertion *a)
{
    const char *fix = NULL;
    for (size_t i = 0; i < a->range_count; i++) {
        if (!a->ranges[i].fixed || !*a->ranges[i].fixed)
            continue;
        if (fix)
            return NULL;
        fix = a->ranges[i].fixed;
    }
    return fix;
}

void assertion_to_row(const struct assertion *a, struct arena *arena,
                      struct db_value out[static ASSERTION_COLUMNS])
{
    struct buf text scoped(buf_release) = {0};
    struct digest_stream stream;
    char digest[DIGEST_TEXT_SIZE];
    const char *ranges = ranges_text(a, &text, arena);
    const char *conditions = conditions_text(a, &text, arena);
    const char *record = record_text(a, &text, arena);
    const char *const parts[] = {a->vulnerability,
                                 a->type,
                                 a->name,
                                 a->context.distro,
                                 a->context.release,
                                 a->context.stream,
                                 advisory_state_name(a->state),
                                 a->severity,
                                 a->cvss,
                                 ranges,
                                 conditions,
                                 record};
    digest_init(&stream);
    for (size_t i = 0; i < array_count(parts); i++)
        digest_update(&stream, parts[i] ? parts[i] : "", strlen(parts[i] ? parts[i] : "") + 1);
    for (size_t i = 0; i < a->alias_count; i++)
        digest_update(&stream, a->aliases[i], strlen(a->aliases[i]) + 1);
    digest_update(&stream, a->name_kind == NAME_SOURCE ? "s" : "b", 1);
    digest_final(&stream, digest);
    out[0] = db_text(arena_printf(arena, "%.32s", digest + strlen("sha256:")));
    out[1] = db_text(a->vulnerability);
    out[2] = db_text_array(a->aliases, a->alias_count);
    out[3] = db_text(a->type);
    out[4] = db_text(a->name);
    out[5] = db_bool(a->name_kind == NAME_SOURCE);
    out[6] = db_text(a->context.distro ? a->context.distro : "");
    out[7] = db_text(a->context.release ? a->context.release : "");
    out[8] = db_text(a->context.stream ? a->context.stream : "");
    out[9] = db_text(advisory_state_name(a->state));
    out[10] = db_text(single_fix(a));
    out[11] = db_json(ranges);
    out[12] = db_json(conditions);
    out[13] = db_text(a->severity);
    out[14] = db_text(a->cvss);
    out[15] = db_text(a->title);
    out[16] = db_text(a->url_count > 0 ? a->urls[0] : NULL);
    out[17] = db_text(time_text(a->published, arena));
    out[18] = db_text(time_text(a->modified, arena));
    out[19] = db_json(record);
}
