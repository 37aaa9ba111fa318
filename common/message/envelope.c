#include "message/envelope.h"

#include <string.h>

#include "base/digest.h"

/* The value of `name`, compared without case; NULL data when absent. */
static struct slice header_find(const struct envelope_header *headers, size_t count,
                                const char *name)
{
    for (size_t i = 0; i < count && i < ENVELOPE_HEADERS_MOST; i++) {
        if (slice_is_nocase(slice_of(headers[i].name), name))
            return headers[i].value;
    }
    return (struct slice){0};
}

static bool text_take(struct arena *arena, const struct envelope_header *headers, size_t count,
                      const char *name, bool required, const char **out, struct error *err)
{
    struct slice value = header_find(headers, count, name);
    *out = NULL;
    if (!value.length && !required)
        return true;
    if (!value.length)
        return error_set(err, ERROR_INPUT, "envelope: %s is missing", name);
    if (value.length > ENVELOPE_TEXT_MOST)
        return error_set(err, ERROR_INPUT, "envelope: %s is longer than %d bytes", name,
                         ENVELOPE_TEXT_MOST);
    if (!slice_is_utf8(value) || memchr(value.data, '\0', value.length))
        return error_set(err, ERROR_INPUT, "envelope: %s is no text", name);
    *out = slice_string(arena, value);
    return true;
}

bool envelope_decode(struct arena *arena, const struct envelope_header *headers, size_t count,
                     struct envelope *out, struct error *err)
{
    struct slice version = header_find(headers, count, "ce_specversion");
    struct slice content = header_find(headers, count, "content-type");
    struct error ignored = {0};
    if (!slice_has_prefix(version, "1."))
        return error_set(err, ERROR_INPUT, "envelope: ce_specversion is not 1.x");
    if (content.length && !slice_has_prefix(content, "application/json"))
        return error_set(err, ERROR_INPUT, "envelope: content-type is not application/json");
    /* Tracing is a courtesy: a bad value is no reason to lose the message. */
    (void)text_take(arena, headers, count, "traceparent", false, &out->traceparent, &ignored);
    return text_take(arena, headers, count, "ce_id", true, &out->id, err) &&
           text_take(arena, headers, count, "ce_source", true, &out->source, err) &&
           text_take(arena, headers, count, "ce_type", false, &out->type, err) &&
           text_take(arena, headers, count, "ce_time", false, &out->time, err);
}

size_t envelope_encode(const struct envelope *envelope, struct envelope_header out[static 8])
{
    const struct {
        const char *name, *value;
    } all[] = {
        {"ce_specversion", "1.0"},
        {"ce_id", envelope->id},
        {"ce_source", envelope->source},
        {"ce_type", envelope->type},
        {"ce_time", envelope->time},
        {"content-type", "application/json"},
        {"traceparent", envelope->traceparent},
    };
    size_t n = 0;
    for (size_t i = 0; i < array_count(all); i++) {
        if (all[i].value)
            out[n++] = (struct envelope_header){all[i].name, slice_of(all[i].value)};
    }
    return n;
}

const char *envelope_type(struct arena *arena, const char *topic_name)
{
    return arena_printf(arena, "resole.%s.v1", topic_name);
}

/* W3C Trace Context, 3.2: version-traceid-parentid-flags, lower-case hex. */
static bool trace_is_valid(const char *text)
{
    unsigned char bytes[16];
    struct slice s = slice_of(text);
    return s.length == 55 && text[2] == '-' && text[35] == '-' && text[52] == '-' &&
           memcmp(text, "00", 2) == 0 && hex_decode(slice_sub(s, 3, 32), bytes, 16) &&
           hex_decode(slice_sub(s, 36, 16), bytes, 8) && hex_decode(slice_sub(s, 53, 2), bytes, 1);
}

void traceparent_new(const char *parent, char out[static 56])
{
    unsigned char bytes[16];
    char trace[33], span[17];
    random_bytes(bytes, sizeof(bytes));
    hex_encode(bytes, sizeof(bytes), trace);
    random_bytes(bytes, 8);
    hex_encode(bytes, 8, span);
    if (parent && trace_is_valid(parent))
        memcpy(trace, parent + 3, 32);
    memcpy(out, "00-", 3);
    memcpy(out + 3, trace, 32);
    out[35] = '-';
    memcpy(out + 36, span, 16);
    memcpy(out + 52, "-01", 4);
}
