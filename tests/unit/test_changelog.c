#include <stdio.h>

#include "advisory/changelog.h"
#include "test.h"

static const char candidate[] =
    "foo (1.0-2+deb12u3) bookworm-security; urgency=high\n\n"
    "  * Non-maintainer upload by the Security Team.\n"
    "  * Fix overflow (CVE-2024-1003), closes: #1\n"
    "  * Revert the fix of\n    CVE-2024-1009, it broke things.\n\n"
    " -- A <a@example.org>  Sat, 08 Nov 2025 09:12:00 +0000\n\n"
    "foo (1.0-2+deb12u2) bookworm; urgency=medium\n\n"
    "  * cve-2024-1002: also CVE-2024-1001 again\n"
    "  * Mention that CVE-2024-1008 is not affected.\n\n"
    " -- A <a@example.org>  Sat, 01 Nov 2025 09:12:00 +0000\n\n"
    "foo (1.0-2) unstable; urgency=low\n\n  * Fix CVE-2024-1001, GHSA-aaaa-bbbb-cccc.\n\n"
    " -- A <a@example.org>  Sat, 01 Nov 2024 09:12:00 +0000\n";

static const char *claimed(const char *installed, const char *installed_log)
{
    static char text[400];
    struct arena *arena = arena_new();
    struct changelog log, own;
    struct changelog_claims claims;
    changelog_parse(slice_of(candidate), arena, &log);
    changelog_parse(slice_of(installed_log), arena, &own);
    changelog_claims(&log, installed_log ? &own : NULL, installed, arena, &claims);
    size_t used = (size_t)snprintf(text, sizeof(text), "%zu%s", claims.newer,
                                   claims.security ? " security" : "");
    for (size_t i = 0; i < claims.id_count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, " %s", claims.ids[i]);
    arena_free(arena);
    return text;
}

TEST(claims_are_the_newer_entries_minus_what_was_there)
{
    assert_string_equal(claimed("1.0-2", NULL), "2 security CVE-2024-1002 CVE-2024-1003");
    assert_string_equal(claimed("1.0-2+deb12u2", NULL), "1 security CVE-2024-1003");
    assert_string_equal(claimed("1.0-2+deb12u3", NULL), "0");
    assert_string_equal(claimed("0.9-1", NULL), "3 security CVE-2024-1001 CVE-2024-1002 "
                                                "CVE-2024-1003 GHSA-aaaa-bbbb-cccc");
    assert_string_equal(claimed("1.0-2", "foo (1.0-2) x; y\n * CVE-2024-1003 was no bug here\n"),
                        "2 security CVE-2024-1001 CVE-2024-1002");
}

TEST(a_backport_stands_where_its_original_does)
{
    /* 1.0-2~deb11u1 sorts below 1.0-2, whose fixes it has. */
    assert_string_equal(claimed("1.0-2~deb11u1", NULL), "2 security CVE-2024-1002 CVE-2024-1003");
}

TEST(set_aside_lines_are_listed)
{
    struct arena *arena = arena_new();
    struct changelog log;
    changelog_parse(slice_of(candidate), arena, &log);
    assert_int_equal(log.count, 3);
    assert_int_equal(log.set_aside_count, 2);
    assert_string_equal(log.set_aside[0], "CVE-2024-1009, it broke things.");
    changelog_parse(slice_of("\n\nno changelog CVE-2024-1\n"), arena, &log);
    assert_int_equal(log.count, 0);
    arena_free(arena);
}

TEST(an_update_without_ids_gets_an_id_of_its_own)
{
    struct arena *arena = arena_new();
    struct package_context context = {"debian", "12", ""};
    struct changelog_claims none = {.security = true}, plain = {.newer = 1};
    struct assertion_list out = {0};
    changelog_assertions(&none, "apt", &context, "foo", "1.0-1", "1.0-2", arena, &out);
    assert_int_equal(out.count, 1);
    assert_string_equal(out.items[0].vulnerability, "RESOLE-UPDATE:bookworm/foo/1.0-2");
    changelog_assertions(&plain, "apt", &context, "foo", "1.0-1", "1.0-2", arena, &out);
    assert_int_equal(out.count, 1);
    arena_free(arena);
}
