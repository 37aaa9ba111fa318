#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/slice.h"
#include "test.h"

TEST(error_wrap_keeps_the_kind)
{
    struct error err = {0};
    assert_false(error_set(&err, ERROR_RETRY, "no answer from %s", "host"));
    assert_false(error_wrap(&err, "layer %d", 3));
    assert_string_equal(err.text, "layer 3: no answer from host");
    assert_int_equal(err.kind, ERROR_RETRY);
}

TEST(arena_defers_run_last_first)
{
    struct arena *arena = arena_new();
    char *big = arena_alloc(arena, 5 * 1024 * 1024), *small = arena_strdup(arena, "abc");
    big[5 * 1024 * 1024 - 1] = 1;
    assert_string_equal(small, "abc");
    assert_string_equal(arena_printf(arena, "%s-%d", small, 7), "abc-7");
    size_t count = 0, capacity = 0;
    int *items = NULL;
    for (int i = 0; i < 100; i++) {
        arena_push(arena, items, count, capacity);
        items[count++] = i;
    }
    assert_int_equal(items[99], 99);
    arena_free(arena);
}

TEST(slices_take_lines_and_words)
{
    struct slice text = slice_of("one two\r\nthree\n\nend"), line, word;
    assert_true(slice_take_line(&text, &line));
    assert_true(slice_is(line, "one two"));
    assert_true(slice_take_word(&line, &word) && slice_is(word, "one"));
    assert_true(slice_take_line(&text, &line) && slice_is(line, "three"));
    assert_true(slice_take_line(&text, &line) && line.length == 0);
    assert_true(slice_take_line(&text, &line) && slice_is(line, "end"));
    assert_false(slice_take_line(&text, &line));
}

TEST(numbers_are_whole_or_nothing)
{
    uint64_t n = 5;
    assert_false(slice_parse_u64(slice_of("12x"), &n));
    assert_false(slice_parse_u64(slice_of("18446744073709551616"), &n));
    assert_int_equal(n, 5);
    assert_true(slice_parse_u64(slice_of("18446744073709551615"), &n));
}

TEST(json_text_replaces_what_is_no_utf8)
{
    struct buf b scoped(buf_release) = {0};
    buf_put_json(&b, (struct slice){"a\"\n\xc3\xa4\xff", 6});
    assert_string_equal(b.data, "\"a\\\"\\n\xc3\xa4\xef\xbf\xbd\"");
}

TEST(digests_have_one_form)
{
    char text[DIGEST_TEXT_SIZE];
    digest_of("", 0, text);
    assert_string_equal(text,
                        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_true(digest_is_valid(text));
    text[10] = 'G';
    assert_false(digest_is_valid(text));
}

TEST(times_are_read_in_both_forms)
{
    int64_t a = 0, b = 0;
    assert_true(clock_parse(slice_of("2025-11-08T09:12:00.5+01:00"), &a));
    assert_true(clock_parse_http(slice_of("Sat, 08 Nov 2025 08:12:00 UTC"), &b));
    assert_int_equal(a, b);
    assert_false(clock_parse(slice_of("2025-13-08T09:12:00Z"), &a));
}

TEST(settings_name_what_is_wrong)
{
    struct demo {
        int64_t port;
        const char *host;
    } demo;
    static const struct setting rows[] = {
        {"RESOLE_DEMO_PORT", SETTING_I64, offsetof(struct demo, port), "80", "port", 1, 65535},
        {"RESOLE_DEMO_HOST", SETTING_TEXT, offsetof(struct demo, host), "a", "host"},
    };
    struct config_table table = {rows, 2, &demo};
    struct arena *arena = arena_new();
    struct error err = {0};
    char name[] = "demo", flag[] = "--demo-port", value[] = "0", good[] = "--demo-port=81";
    char *bad_args[] = {name, flag, value, NULL}, *good_args[] = {name, good, NULL};
    assert_int_equal(config_load("demo", "", &table, 1, 3, bad_args, arena, &err), CONFIG_WRONG);
    assert_non_null(strstr(err.text, "RESOLE_DEMO_PORT"));
    assert_int_equal(config_load("demo", "", &table, 1, 2, good_args, arena, &err), CONFIG_RUN);
    assert_int_equal(demo.port, 81);
    assert_string_equal(demo.host, "a");
    arena_free(arena);
}
