#include <string.h>

#include "advisory/apt_sources.h"
#include "test.h"

TEST(one_line_entries)
{
    struct arena *arena = arena_new();
    struct apt_source_list list = {0};
    struct error err = {0};
    const char *text = "# comment\n"
                       "deb [arch=amd64 signed-by=/k/a.gpg trusted=yes] http://h.example/debian "
                       "bookworm main contrib # tail\n"
                       "deb-src http://h.example/debian bookworm main\n"
                       "deb cdrom:[x]/ bookworm main\n"
                       "deb http://h.example/sec/ bookworm-security main\n";
    assert_true(apt_sources_parse(arena, "sources.list", slice_of(text), &list, &err));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].uri, "http://h.example/debian/");
    assert_string_equal(list.items[0].keyrings[0], "/k/a.gpg");
    assert_true(list.items[0].trusted_option);
    assert_int_equal(list.items[0].component_count, 2);
    assert_string_equal(apt_suite_release(arena, list.items[1].suite), "bookworm");
    arena_free(arena);
}

TEST(deb822_entries)
{
    struct arena *arena = arena_new();
    struct apt_source_list list = {0};
    struct error err = {0};
    const char *text = "Types: deb deb-src\nURIs: https://h.example/debian\n"
                       "Suites: trixie trixie-updates\nComponents: main\nSigned-By: /k/b.gpg\n\n"
                       "Types: deb\nEnabled: no\nURIs: https://h.example/x\nSuites: a\n";
    assert_true(apt_sources_parse(arena, "debian.sources", slice_of(text), &list, &err));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[1].suite, "trixie-updates");
    assert_string_equal(list.items[1].keyrings[0], "/k/b.gpg");
    arena_free(arena);
}

TEST(a_wrong_line_is_named)
{
    static const char *const rows[] = {"dab http://h/ s main\n", "deb http://h/\n",
                                       "deb [arch=amd64 http://h/ s main\n"};
    for (size_t i = 0; i < array_count(rows); i++) {
        struct arena *arena = arena_new();
        struct apt_source_list list = {0};
        struct error err = {0};
        assert_false(apt_sources_parse(arena, "x.list", slice_of(rows[i]), &list, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_non_null(strstr(err.text, "x.list: line 1"));
        arena_free(arena);
    }
}
