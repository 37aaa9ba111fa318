#include <string.h>

#include "message/messages.h"
#include "test.h"

TEST(a_message_survives_the_round_trip)
{
    struct arena *arena = arena_new();
    struct buf text scoped(buf_release) = {0};
    struct error err = {0};
    const char *names[] = {"openssl", "zlib"};
    struct advisory_changed in = {.source = "debian-tracker",
                                  .type = "deb",
                                  .names = {names, 2},
                                  .revision = 7,
                                  .first_load = true};
    struct advisory_changed out = {0};
    assert_true(message_encode(topic_of(&in), &in, &text, &err));
    assert_true(message_decode(arena, topic_of(&in), buf_slice(&text), &out, &err));
    assert_string_equal(out.names.items[1], "zlib");
    assert_int_equal(out.revision, 7);
    assert_true(out.first_load);
    assert_string_equal(message_key(topic_of(&out), &out), "debian-tracker");
    arena_free(arena);
}

TEST(errors_name_topic_and_field)
{
    static const struct {
        const char *json, *error;
    } rows[] = {
        {"{\"digest\":\"d\",\"bytes\":\"x\"}", "layer.fetched: bytes: not a number"},
        {"{\"bytes\":1}", "layer.fetched: digest: missing"},
        {"{\"digest\":\"a\\u0000b\"}", "layer.fetched: not JSON"},
        {"[]", "layer.fetched: not a JSON object"},
        {"{", "layer.fetched: not JSON"},
    };
    for (size_t i = 0; i < array_count(rows); i++) {
        struct arena *arena = arena_new();
        struct layer_fetched out = {0};
        struct error err = {0};
        assert_false(
            message_decode(arena, &topic_layer_fetched, slice_of(rows[i].json), &out, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_non_null(strstr(err.text, rows[i].error));
        arena_free(arena);
    }
}

TEST(every_topic_is_found_by_name)
{
    for (size_t i = 0; i < topic_count; i++)
        assert_ptr_equal(topic_find(topics[i]->name), topics[i]);
    assert_null(topic_find("no.such"));
}
