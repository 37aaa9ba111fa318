#include <string.h>

#include "message/envelope.h"
#include "test.h"

#define H(header_name, text)                                                                       \
    {                                                                                              \
        (header_name),                                                                             \
        {                                                                                          \
            (text), sizeof(text) - 1                                                               \
        }                                                                                          \
    }

TEST(an_envelope_survives_the_round_trip)
{
    struct arena *arena = arena_new();
    struct envelope_header headers[8];
    struct envelope out = {0};
    struct error err = {0};
    const struct envelope in = {.id = "1",
                                .source = "resole/fetcher",
                                .type = envelope_type(arena, "layer.fetched"),
                                .time = "2026-11-30T21:40:19Z",
                                .traceparent = NULL};
    size_t count = envelope_encode(&in, headers);
    assert_int_equal(count, 6); /* no traceparent, but specversion and content-type */
    assert_true(envelope_decode(arena, headers, count, &out, &err));
    assert_string_equal(out.id, "1");
    assert_string_equal(out.source, "resole/fetcher");
    assert_string_equal(out.type, "resole.layer.fetched.v1");
    assert_string_equal(out.time, "2026-11-30T21:40:19Z");
    assert_null(out.traceparent);
    arena_free(arena);
}

TEST(what_an_envelope_must_have)
{
    static const struct {
        struct envelope_header headers[4];
        const char *error; /* NULL: fine */
    } rows[] = {
        {{H("ce_specversion", "1.0"), H("ce_id", "a"), H("ce_source", "b")}, NULL},
        {{H("CE_SpecVersion", "1.0"), H("CE_ID", "a"), H("Ce_Source", "b")}, NULL},
        {{H("ce_specversion", "1.1"), H("ce_id", "a"), H("ce_source", "b"), H("x", "\xff")}, NULL},
        {{H("ce_specversion", "0.3"), H("ce_id", "a"), H("ce_source", "b")}, "ce_specversion"},
        {{H("ce_id", "a"), H("ce_source", "b")}, "ce_specversion"},
        {{H("ce_specversion", "1.0"), H("ce_source", "b")}, "ce_id is missing"},
        {{H("ce_specversion", "1.0"), H("ce_id", ""), H("ce_source", "b")}, "ce_id is missing"},
        {{H("ce_specversion", "1.0"), H("ce_id", "a\0b"), H("ce_source", "b")}, "ce_id is no text"},
        {{H("ce_specversion", "1.0"), H("ce_id", "\xc3"), H("ce_source", "b")}, "ce_id is no text"},
        {{H("ce_specversion", "1.0"), H("ce_id", "a"), H("ce_source", "b"),
          H("content-type", "text/plain")},
         "content-type"},
    };
    for (size_t i = 0; i < array_count(rows); i++) {
        struct arena *arena = arena_new();
        struct envelope out = {0};
        struct error err = {0};
        size_t count = 0;
        while (count < 4 && rows[i].headers[count].name)
            count++;
        bool good = envelope_decode(arena, rows[i].headers, count, &out, &err);
        assert_int_equal(good, rows[i].error == NULL);
        if (!good) {
            assert_int_equal(err.kind, ERROR_INPUT);
            assert_non_null(strstr(err.text, rows[i].error));
        }
        arena_free(arena);
    }
}

TEST(a_long_id_is_refused)
{
    struct arena *arena = arena_new();
    char id[ENVELOPE_TEXT_MOST + 1];
    struct envelope_header headers[] = {
        H("ce_specversion", "1.0"), {"ce_id", {id, sizeof(id)}}, H("ce_source", "b")};
    struct envelope out = {0};
    struct error err = {0};
    memset(id, 'x', sizeof(id));
    assert_false(envelope_decode(arena, headers, 3, &out, &err));
    headers[1].value.length--;
    assert_true(envelope_decode(arena, headers, 3, &out, &err));
    arena_free(arena);
}

TEST(a_trace_goes_on_with_a_new_span)
{
    static const char parent[] = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
    static const char *const malformed[] = {
        NULL, "", "00-xyz", "00-0123456789ABCDEF0123456789abcdef-0123456789abcdef-01",
        "ff-0123456789abcdef0123456789abcdef-0123456789abcdef-01"};
    char child[56];
    traceparent_new(parent, child);
    assert_int_equal(strlen(child), 55);
    assert_memory_equal(child, parent, 36);
    assert_memory_not_equal(child + 36, parent + 36, 16);
    for (size_t i = 0; i < array_count(malformed); i++) {
        traceparent_new(malformed[i], child);
        assert_int_equal(strlen(child), 55);
        assert_memory_not_equal(child, parent, 36);
    }
}
