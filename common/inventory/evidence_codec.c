/* JSON lines. One array a line, the first member says what it is; a set's items follow the set. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/limits.h"
#include "inventory/evidence.h"

enum { EVIDENCE_ZSTD_LEVEL = 3 };

static void put_texts(struct buf *out, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_put_byte(out, ',');
        buf_put_json(out, slice_of(texts[i]));
    }
}

#define put_line(out, kind, ...)                                                                   \
    put_line_texts((out), (kind), (const char *const[]){__VA_ARGS__},                              \
                   array_count(((const char *const[]){__VA_ARGS__})))

static void put_line_texts(struct buf *out, const char *kind, const char *const *texts,
                           size_t count)
{
    buf_printf(out, "[\"%s\",", kind);
    put_texts(out, texts, count);
    buf_put_text(out, "]\n");
}

static void put_set(struct buf *out, const struct evidence_set *set)
{
    put_line(out, set->database ? "database" : "files", set->source, set->path);
    for (size_t i = 0; i < set->count; i++) {
        const struct evidence_item *item = &set->items[i];
        const char *fields[COMPONENT_FIELDS + 2];
        for (size_t f = 0; f < COMPONENT_FIELDS; f++)
            fields[f] = component_field(&item->component, f);
        fields[COMPONENT_FIELDS] = item->path;
        fields[COMPONENT_FIELDS + 1] = item->reader;
        buf_put_text(out, "[\"item\",");
        put_texts(out, fields, array_count(fields));
        buf_printf(out, ",%d]\n", (int)item->confidence);
    }
}

void evidence_encode(const struct evidence *evidence, struct buf *out)
{
    buf_printf(out, "[\"layer\",\"%s\",%lld,%d,%s]\n", evidence->diff_id,
               (long long)evidence->bytes, evidence->reader_version,
               evidence->complete ? "true" : "false");
    for (size_t i = 0; i < evidence->set_count; i++)
        put_set(out, &evidence->sets[i]);
    for (size_t i = 0; i < evidence->owned_count; i++) {
        const struct evidence_owned *owned = &evidence->owned[i];
        buf_put_text(out, "[\"owned\",");
        put_texts(
            out, (const char *const[]){owned->source, owned->package, owned->arch, owned->path}, 4);
        if (owned->count > 0)
            buf_put_byte(out, ',');
        put_texts(out, owned->paths, owned->count);
        buf_put_text(out, "]\n");
    }
    for (size_t i = 0; i < evidence->gone_count; i++)
        put_line(out, evidence->gone[i].opaque ? "opaque" : "gone", evidence->gone[i].path);
    for (size_t i = 0; i < evidence->touched_count; i++)
        put_line(out, "touched", evidence->touched[i]);
    for (size_t i = 0; i < evidence->link_count; i++)
        put_line(out, "link", evidence->links[i].path, evidence->links[i].target);
    for (size_t i = 0; i < evidence->fact_count; i++)
        put_line(out, "fact", evidence->facts[i].kind, evidence->facts[i].path,
                 evidence->facts[i].name, evidence->facts[i].value);
    for (size_t i = 0; i < evidence->warning_count; i++)
        put_line(out, evidence->warnings[i].lossy ? "lossy" : "warning", evidence->warnings[i].code,
                 evidence->warnings[i].path, evidence->warnings[i].text);
    buf_put_text(out, "[\"end\"]\n");
}

struct decoder {
    struct arena *arena;
    struct evidence *out;
    size_t line, sets, owned, gone, touched, links, facts, warnings; /* capacities */
    bool began, ended;
};

static bool bad(const struct decoder *decoder, const char *what, struct error *err)
{
    return error_set(err, ERROR_INPUT, "evidence: line %zu: %s", decoder->line, what);
}

/* The texts of members 1 … count; false unless all are texts. */
static bool take_texts(const struct decoder *decoder, const json_t *line, size_t from,
                       const char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(line, from + i);
        if (!json_is_string(value))
            return false;
        texts[i] = arena_strdup(decoder->arena, json_string_value(value));
    }
    return true;
}

static bool decode_layer(struct decoder *decoder, const json_t *line, struct error *err)
{
    const char *diff_id = NULL;
    if (decoder->began || json_array_size(line) != 5 ||
        !take_texts(decoder, line, 1, &diff_id, 1) || !json_is_integer(json_array_get(line, 2)) ||
        !json_is_integer(json_array_get(line, 3)) || !json_is_boolean(json_array_get(line, 4)))
        return bad(decoder, "not a layer", err);
    decoder->began = true;
    decoder->out->diff_id = diff_id;
    decoder->out->bytes = json_integer_value(json_array_get(line, 2));
    decoder->out->reader_version = (int)json_integer_value(json_array_get(line, 3));
    decoder->out->complete = json_is_true(json_array_get(line, 4));
    return true;
}

static bool decode_set(struct decoder *decoder, const json_t *line, bool database,
                       struct error *err)
{
    const char *texts[2];
    struct evidence *out = decoder->out;
    if (json_array_size(line) != 3 || !take_texts(decoder, line, 1, texts, 2))
        return bad(decoder, "not a set", err);
    if (out->set_count >= LIMIT_WARNINGS)
        return bad(decoder, "too many sets", err);
    arena_push(decoder->arena, out->sets, out->set_count, decoder->sets);
    out->sets[out->set_count++] =
        (struct evidence_set){.source = texts[0], .path = texts[1], .database = database};
    return true;
}

static bool decode_item(struct decoder *decoder, const json_t *line, struct error *err)
{
    const char *texts[COMPONENT_FIELDS + 2];
    const json_t *confidence = json_array_get(line, COMPONENT_FIELDS + 3);
    struct evidence *out = decoder->out;
    if (json_array_size(line) != COMPONENT_FIELDS + 4 || out->set_count == 0 ||
        !take_texts(decoder, line, 1, texts, COMPONENT_FIELDS + 2) ||
        !json_is_integer(confidence) || json_integer_value(confidence) < 0 ||
        json_integer_value(confidence) > CONFIDENCE_DEVELOPMENT)
        return bad(decoder, "not an item", err);
    struct evidence_set *set = &out->sets[out->set_count - 1];
    if (set->count > LIMIT_PACKAGES)
        return bad(decoder, "too many packages", err);
    struct evidence_item item = {.path = texts[COMPONENT_FIELDS],
                                 .reader = texts[COMPONENT_FIELDS + 1],
                                 .confidence = (enum confidence)json_integer_value(confidence)};
    for (size_t f = 0; f < COMPONENT_FIELDS; f++)
        component_set_field(&item.component, f, texts[f]);
    arena_push(decoder->arena, set->items, set->count, set->capacity);
    set->items[set->count++] = item;
    return true;
}

static bool decode_owned(struct decoder *decoder, const json_t *line, struct error *err)
{
    const char *texts[4];
    struct evidence *out = decoder->out;
    size_t size = json_array_size(line);
    if (size < 5 || !take_texts(decoder, line, 1, texts, 4))
        return bad(decoder, "not an ownership list", err);
    struct evidence_owned owned = {
        .source = texts[0], .package = texts[1], .arch = texts[2], .path = texts[3]};
    owned.count = size - 5;
    owned.paths = arena_new_array(decoder->arena, const char *, owned.count);
    if (!take_texts(decoder, line, 5, owned.paths, owned.count))
        return bad(decoder, "not an ownership list", err);
    arena_push(decoder->arena, out->owned, out->owned_count, decoder->owned);
    out->owned[out->owned_count++] = owned;
    return true;
}

static bool decode_small(struct decoder *decoder, const char *kind, const json_t *line,
                         struct error *err)
{
    struct evidence *out = decoder->out;
    struct arena *arena = decoder->arena;
    const char *t[4] = {"", "", "", ""};
    size_t count = json_array_size(line) - 1;
    if (count > 4 || !take_texts(decoder, line, 1, t, count))
        return bad(decoder, "unknown record", err);
    if ((strcmp(kind, "gone") == 0 || strcmp(kind, "opaque") == 0) && count == 1) {
        arena_push(arena, out->gone, out->gone_count, decoder->gone);
        out->gone[out->gone_count++] = (struct evidence_gone){t[0], kind[0] == 'o'};
    } else if (strcmp(kind, "touched") == 0 && count == 1) {
        arena_push(arena, out->touched, out->touched_count, decoder->touched);
        out->touched[out->touched_count++] = t[0];
    } else if (strcmp(kind, "link") == 0 && count == 2) {
        arena_push(arena, out->links, out->link_count, decoder->links);
        out->links[out->link_count++] = (struct evidence_link){t[0], t[1]};
    } else if (strcmp(kind, "fact") == 0 && count == 4) {
        arena_push(arena, out->facts, out->fact_count, decoder->facts);
        out->facts[out->fact_count++] = (struct evidence_fact){t[0], t[1], t[2], t[3]};
    } else if ((strcmp(kind, "lossy") == 0 || strcmp(kind, "warning") == 0) && count == 3) {
        arena_push(arena, out->warnings, out->warning_count, decoder->warnings);
        out->warnings[out->warning_count++] =
            (struct evidence_warning){t[0], t[1], t[2], kind[0] == 'l'};
    } else if (strcmp(kind, "end") == 0 && count == 0) {
        decoder->ended = true;
    } else {
        return bad(decoder, "unknown record", err);
    }
    return true;
}

static bool decode_line(struct decoder *decoder, const json_t *line, struct error *err)
{
    const char *kind = json_string_value(json_array_get(line, 0));
    if (!kind || decoder->ended)
        return bad(decoder, "not a record", err);
    if (strcmp(kind, "layer") == 0)
        return decode_layer(decoder, line, err);
    if (!decoder->began)
        return bad(decoder, "no layer before", err);
    if (strcmp(kind, "item") == 0)
        return decode_item(decoder, line, err);
    if (strcmp(kind, "files") == 0 || strcmp(kind, "database") == 0)
        return decode_set(decoder, line, kind[0] == 'd', err);
    if (strcmp(kind, "owned") == 0)
        return decode_owned(decoder, line, err);
    return decode_small(decoder, kind, line, err);
}

bool evidence_decode(struct slice text, struct arena *arena, struct evidence *out,
                     struct error *err)
{
    struct decoder decoder = {.arena = arena, .out = out};
    struct slice line;
    *out = (struct evidence){.diff_id = ""};
    while (slice_take_line(&text, &line)) {
        decoder.line++;
        json_t *value = json_loadb(line.data, line.length, JSON_REJECT_DUPLICATES, NULL);
        bool ok = json_is_array(value) ? decode_line(&decoder, value, err)
                                       : bad(&decoder, "not JSON", err);
        json_decref(value);
        if (!ok)
            return false;
    }
    return decoder.ended || bad(&decoder, "cut short", err);
}

void evidence_pack(const struct evidence *evidence, struct buf *out)
{
    struct buf text scoped(buf_release) = {0};
    evidence_encode(evidence, &text);
    size_t most = ZSTD_compressBound(text.length);
    buf_reserve(out, most);
    size_t length =
        ZSTD_compress(out->data + out->length, most, text.data, text.length, EVIDENCE_ZSTD_LEVEL);
    if (ZSTD_isError(length))
        abort(); /* only for want of memory */
    out->length += length;
}

bool evidence_unpack(struct slice packed, struct arena *arena, struct evidence *out,
                     struct error *err)
{
    unsigned long long size = ZSTD_getFrameContentSize(packed.data, packed.length);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
        size > (unsigned long long)LIMIT_NESTED_BYTES)
        return error_set(err, ERROR_INPUT, "evidence: not the stored form");
    struct buf text scoped(buf_release) = {0};
    buf_reserve(&text, (size_t)size + 1);
    size_t length = ZSTD_decompress(text.data, (size_t)size, packed.data, packed.length);
    if (ZSTD_isError(length))
        return error_set(err, ERROR_INPUT, "evidence: %s", ZSTD_getErrorName(length));
    text.length = length;
    return evidence_decode(buf_slice(&text), arena, out, err);
}
