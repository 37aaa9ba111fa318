#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "advisory/alias.h"
#include "advisory/bundle.h"
#include "advisory/feed.h"
#include "advisory/match.h"
#include "advisory/match_parts.h"
#include "advisory/noise.h"
#include "advisory/release.h"
#include "advisory/severity.h"
#include "advisory/upstream.h"
#include "test.h"

/* Feeds of our own, small. */
static const char tracker[] =
    "{\"openssl\":{"
    "\"CVE-2024-0001\":{\"description\":\"a\",\"releases\":{\"bookworm\":{\"status\":\"resolved\","
    "\"fixed_version\":\"3.0.11-1~deb12u2\",\"urgency\":\"high\"}}},"
    "\"CVE-2024-0002\":{\"releases\":{\"bookworm\":{\"status\":\"open\",\"urgency\":\"low**\"}}},"
    "\"CVE-2024-0003\":{\"releases\":{\"bookworm\":{\"status\":\"resolved\",\"fixed_version\":"
    "\"0\","
    "\"urgency\":\"unimportant\"}}},"
    "\"CVE-2024-0004\":{\"releases\":{\"bookworm\":{\"status\":\"open\",\"urgency\":\"end-of-"
    "life\"}}},"
    "\"CVE-2024-0005\":{\"releases\":{\"bookworm\":{\"status\":\"open\",\"urgency\":\"low\","
    "\"nodsa\":\"Minor issue\",\"nodsa_reason\":\"postponed\"}}},"
    "\"CVE-2024-0006\":{\"releases\":{\"trixie\":{\"status\":\"open\",\"urgency\":\"low\"}}},"
    "\"CVE-2024-0007\":{\"releases\":{\"bookworm\":{\"status\":\"undetermined\","
    "\"urgency\":\"low\"}}}}}";

static const char osv[] =
    "[{\"id\":\"GHSA-aaaa-bbbb-cccc\",\"aliases\":[\"CVE-2024-9\"],\"affected\":[{\"package\":"
    "{\"ecosystem\":\"PyPI\",\"name\":\"Foo_Bar\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":["
    "{\"introduced\":\"0\"},{\"fixed\":\"1.2\"},{\"introduced\":\"2.0\"},{\"fixed\":\"2.0.3\"}]}]}]"
    ","
    "\"severity\":[{\"type\":\"CVSS_V3\",\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/"
    "A:H\"}"
    "]},"
    "{\"id\":\"PYSEC-2024-1\",\"aliases\":[\"CVE-2024-1009\",\"GHSA-dddd-eeee-ffff\"],\"affected\":"
    "[{"
    "\"package\":{\"ecosystem\":\"PyPI\",\"name\":\"foo-bar\"},\"versions\":[\"2.0.1\"]}]},"
    "{\"id\":\"GHSA-dddd-eeee-ffff\",\"affected\":[{\"package\":{\"ecosystem\":\"PyPI\","
    "\"name\":\"foo.bar\"},\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"2.0\"},"
    "{\"last_affected\":\"2.0.1\"}]}]}]},"
    "{\"id\":\"GHSA-gone\",\"withdrawn\":\"2024-01-01T00:00:00Z\",\"affected\":[{\"package\":"
    "{\"ecosystem\":\"PyPI\",\"name\":\"foo-bar\"},\"versions\":[\"2.0.1\"]}]}]";

struct memory {
    struct arena *arena;
    struct assertion_list list;
};

static bool keep(void *context, const struct assertion *a, struct error *err)
{
    (void)err;
    struct memory *m = context;
    arena_push(m->arena, m->list.items, m->list.count, m->list.capacity);
    m->list.items[m->list.count++] = *assertion_copy(m->arena, a);
    return true;
}

static bool find(void *context, const char *type, const char *distro, const char *release,
                 const char *name, struct arena *arena, struct assertion_list *out,
                 struct error *err)
{
    (void)err;
    const struct memory *m = context;
    for (size_t i = 0; i < m->list.count; i++) {
        const struct assertion *a = &m->list.items[i];
        if (strcmp(a->type, type) != 0 || strcmp(a->context.distro, distro) != 0 ||
            strcmp(a->context.release, release) != 0 || strcmp(a->name, name) != 0)
            continue;
        arena_push(arena, out->items, out->count, out->capacity);
        out->items[out->count++] = *a;
    }
    return true;
}

static void load(struct memory *m, const char *format, const char *source, const char *text)
{
    struct feed_counts counts = {0};
    struct error err = {0};
    struct feed_sink sink = {keep, m, source, &counts};
    if (!feed_parse_bytes(feed_format_find(format), slice_of(text), "x.json", &sink, &err))
        fail_msg("%s", err.text);
}

static const char *judge(struct memory *m, const struct match_package *package, bool all)
{
    static char text[1000];
    struct error err = {0};
    struct match_result result;
    struct source_status status[] = {{advisory_source_find("debian-tracker"), SOURCE_FRESH, 0},
                                     {advisory_source_find("osv-pypi"), SOURCE_FRESH, 0}};
    struct match_options options = {status, 2, all};
    struct assertion_lookup lookup = {find, m};
    assert_true(match_packages(package, 1, &lookup, &options, m->arena, &result, &err));
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < result.count; i++)
        used += (size_t)snprintf(
            text + used, sizeof(text) - used, "%s %s %s %s;", result.findings[i].vulnerability,
            advisory_state_name(result.findings[i].state),
            result.findings[i].fixed_version ? result.findings[i].fixed_version : "-",
            result.findings[i].severity);
    snprintf(text + used, sizeof(text) - used, "%s", coverage_name(result.coverage[0]));
    return text;
}

TEST(the_tracker_has_a_state_for_everything)
{
    struct memory m = {.arena = arena_new()};
    load(&m, "debian-tracker", "debian-tracker", tracker);
    struct match_package package = {.type = "deb",
                                    .name = "libssl3",
                                    .version = "3.0.11-1~deb12u1+b1",
                                    .source_name = "openssl",
                                    .source_version = "3.0.11-1~deb12u1",
                                    .context = {"debian", "12", ""}};
    assert_string_equal(judge(&m, &package, false),
                        "CVE-2024-0001 fixed 3.0.11-1~deb12u2 high;CVE-2024-0002 affected - low;"
                        "CVE-2024-0004 end-of-life - unknown;CVE-2024-0005 deferred - low;"
                        "CVE-2024-0007 under-investigation - low;covered");
    package.source_version = "3.0.11-1~deb12u2";
    assert_null(strstr(judge(&m, &package, false), "0001"));
    assert_non_null(strstr(judge(&m, &package, true), "CVE-2024-0001 not-affected"));
    package.context.distro = "alpine";
    assert_string_equal(judge(&m, &package, false), "unknown");
    arena_free(m.arena);
}

TEST(osv_names_ranges_and_aliases_meet)
{
    struct memory m = {.arena = arena_new()};
    load(&m, "osv", "osv-pypi", osv);
    struct match_package package = {.type = "pypi", .name = "foo.bar", .version = "1.1"};
    package.context = (struct package_context){"", "", ""};
    assert_string_equal(judge(&m, &package, false),
                        "GHSA-aaaa-bbbb-cccc fixed 1.2 critical;covered");
    package.version = "2.0.1";
    assert_string_equal(judge(&m, &package, false),
                        "CVE-2024-1009 affected - unknown;GHSA-aaaa-bbbb-cccc fixed 2.0.3 critical;"
                        "covered");
    package.version = "2.0.3";
    assert_string_equal(judge(&m, &package, false), "covered");
    package.owned = true;
    package.version = "2.0.1";
    assert_string_equal(judge(&m, &package, false), "covered");
    arena_free(m.arena);
}

TEST(a_stream_of_its_own_speaks_of_nobody_else)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct memory m = {.arena = arena};
    struct version_range range = {.fixed = "1.2-3.el9_2"};
    struct assertion a = {.kind = ASSERTION_PACKAGE,
                          .source = "redhat-oval",
                          .record = "RHSA-2026:1",
                          .vulnerability = "CVE-2026-1",
                          .type = "rpm",
                          .name = "foo",
                          .context = {"rhel", "9", "eus-9.2"},
                          .state = STATE_FIXED,
                          .ranges = &range,
                          .range_count = 1};
    struct match_package package = {
        .type = "rpm", .name = "foo", .version = "1.1-1.el9", .context = {"rhel", "9", ""}};
    arena_push(arena, m.list.items, m.list.count, m.list.capacity);
    m.list.items[m.list.count++] = a;
    assert_null(strstr(judge(&m, &package, false), "CVE-2026-1"));
    package.context.stream = "eus-9.4";
    assert_null(strstr(judge(&m, &package, false), "CVE-2026-1"));
    package.context.stream = "eus-9.2";
    assert_non_null(strstr(judge(&m, &package, false), "CVE-2026-1 fixed 1.2-3.el9_2"));
}

TEST(a_fix_that_the_repository_lacks_is_pending)
{
    struct memory m = {.arena = arena_new()};
    load(&m, "debian-tracker", "debian-tracker", tracker);
    const char *versions[] = {"3.0.11-1~deb12u1+b2", "3.0.11-1~deb12u1", "openssl"};
    struct assertion candidate = {.kind = ASSERTION_CANDIDATE,
                                  .source = "apt",
                                  .record = "bookworm",
                                  .vulnerability = "",
                                  .type = "deb",
                                  .name = "libssl3",
                                  .name_kind = NAME_BINARY,
                                  .context = {"debian", "12", ""},
                                  .versions = versions,
                                  .version_count = 3};
    keep(&m, &candidate, NULL);
    struct match_package package = {.type = "deb",
                                    .name = "libssl3",
                                    .version = "3.0.11-1~deb12u1",
                                    .source_name = "openssl",
                                    .source_version = "3.0.11-1~deb12u1",
                                    .context = {"debian", "12", ""}};
    assert_non_null(strstr(judge(&m, &package, false), "CVE-2024-0001 fix-pending"));
    versions[1] = "3.0.11-1~deb12u2";
    m.list.items[m.list.count - 1] = *assertion_copy(m.arena, &candidate);
    assert_non_null(strstr(judge(&m, &package, false), "CVE-2024-0001 fixed"));
    arena_free(m.arena);
}

TEST(a_damaged_feed_is_refused_with_its_reason)
{
    struct memory m = {.arena = arena_new()};
    struct feed_counts counts = {0};
    struct feed_sink sink = {keep, &m, "debian-tracker", &counts};
    const struct feed_format *format = feed_format_find("debian-tracker");
    for (size_t cut = 1; cut < sizeof(tracker) - 1; cut += 7) {
        struct error err = {0};
        assert_false(
            feed_parse_bytes(format, (struct slice){tracker, cut}, "tracker", &sink, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_true(err.text[0] != 0);
    }
    struct error err = {0};
    assert_false(feed_parse_bytes(
        format, slice_of("{\"a\":{\"CVE-1\":{\"releases\":{\"sid\":{\"status\":\"odd\"}}}}}"),
        "tracker", &sink, &err));
    assert_non_null(strstr(err.text, "odd"));
    arena_free(m.arena);
}

TEST(a_shelf_gives_back_what_was_put)
{
    char path[] = "/tmp/resole-shelf-XXXXXX";
    int fd = mkstemp(path);
    struct memory m = {.arena = arena_new()};
    struct error err = {0};
    load(&m, "debian-tracker", "debian-tracker", tracker);
    load(&m, "osv", "osv-pypi", osv);
    struct shelf_builder *builder = shelf_builder_new();
    for (size_t i = 0; i < m.list.count; i++)
        assert_true(shelf_builder_add(builder, &m.list.items[i], &err));
    struct shelf_meta meta = {.source = "x", .format = "y", .as_of = 7, .origin = "z"};
    assert_true(shelf_builder_write_fd(builder, fd, &meta, &err));
    shelf_builder_free(builder);
    close(fd);
    struct shelf *shelf = shelf_open(path, &err);
    assert_non_null(shelf);
    assert_int_equal(shelf_meta(shelf)->as_of, 7);
    assert_int_equal(shelf_meta(shelf)->context_count, 3);
    for (size_t i = 0; i < m.list.count; i++) {
        const struct assertion *a = &m.list.items[i];
        struct assertion_list list = {0};
        bool found = false;
        assert_true(shelf_find(shelf, a->type, a->context.distro, a->context.release, a->name,
                               m.arena, &list, &err));
        for (size_t k = 0; k < list.count; k++)
            found |= assertion_compare(&list.items[k], a) == 0;
        assert_true(found);
    }
    shelf_close(shelf);
    unlink(path);
    arena_free(m.arena);
}

TEST(two_cves_never_become_one_family)
{
    struct arena *arena = arena_new();
    struct alias_set *set = alias_set_new(arena);
    assert_true(alias_join(set, "GHSA-x", "CVE-2024-0001"));
    assert_false(alias_join(set, "GHSA-x", "CVE-2024-0002"));
    assert_true(alias_join(set, "PYSEC-1", "GHSA-x"));
    assert_string_equal(alias_family(set, "PYSEC-1"), "CVE-2024-0001");
    assert_string_equal(alias_family(set, "CVE-2024-0002"), "CVE-2024-0002");
    assert_string_equal(alias_family(set, "never seen"), "never seen");
    arena_free(arena);
}

TEST(releases_have_one_name)
{
    static const struct {
        const char *distro, *release, *want_distro, *want_release;
    } rows[] = {
        {"Debian", "bookworm", "debian", "12"},
        {"debian", "12.5", "debian", "12"},
        {"debian", "trixie/sid", "debian", "13"},
        {"ubuntu", "jammy", "ubuntu", "22.04"},
        {"alpine", "v3.20", "alpine", "3.20"},
        {"alpine", "3.20.1", "alpine", "3.20"},
        {"alpine", "3.22_alpha20250108", "alpine", "edge"},
        {"centos", "8", "rhel", "8"},
        {"Rocky Linux", "9.3", "rocky", "9"},
        {"amzn", "2018.03", "amzn", "1"},
        {"amzn", "2023", "amzn", "2023"},
        {"wolfi", "20230201", "wolfi", ""},
        {"debian", "sid", "debian", "unstable"},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < array_count(rows); i++) {
        struct package_context c = context_canonical(rows[i].distro, rows[i].release, "", arena);
        assert_string_equal(c.distro, rows[i].want_distro);
        assert_string_equal(c.release, rows[i].want_release);
    }
    const char *type;
    struct package_context c;
    assert_true(osv_ecosystem(slice_of("Ubuntu:Pro:18.04:LTS"), &type, &c, arena));
    assert_string_equal(type, "deb");
    assert_string_equal(c.release, "18.04");
    assert_string_equal(c.stream, "pro");
    assert_true(osv_ecosystem(slice_of("crates.io"), &type, &c, arena));
    assert_string_equal(type, "cargo");
    assert_false(osv_ecosystem(slice_of("Nowhere"), &type, &c, arena));
    arena_free(arena);
}

TEST(osv_ecosystems_of_vendors)
{
    static const struct {
        const char *ecosystem, *type, *distro, *release, *stream;
    } rows[] = {
        {"Red Hat:enterprise_linux:8::baseos", "rpm", "rhel", "8", ""},
        {"Red Hat:rhel_eus:9.2::appstream", "rpm", "rhel", "9", "eus-9.2"},
        {"SUSE:Linux Enterprise Server 15 SP4", "rpm", "sles", "15.4", ""},
        {"openSUSE:Leap 15.6", "rpm", "opensuse-leap", "15.6", ""},
        {"openSUSE:Tumbleweed", "rpm", "opensuse-tumbleweed", "", ""},
        {"Azure Linux:3", "rpm", "azurelinux", "3.0", ""},
        {"Root:Debian:12", "deb", "debian", "12", "rootio"},
        {"Root:PyPI", "pypi", "", "", ""},
        {"Echo", "deb", "echo", "", ""},
        {"MinimOS", "apk", "minimos", "", ""},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < array_count(rows); i++) {
        struct package_context c;
        const char *type = NULL;
        assert_true(osv_ecosystem(slice_of(rows[i].ecosystem), &type, &c, arena));
        assert_string_equal(type, rows[i].type);
        assert_string_equal(c.distro, rows[i].distro);
        assert_string_equal(c.release, rows[i].release);
        assert_string_equal(c.stream, rows[i].stream);
    }
    assert_string_equal(vendor_stream("deb", "nginx", "1.22.1-9+deb12u2.root.io.1"), "rootio");
    assert_string_equal(vendor_stream("apk", "less", "643-r00072"), "rootio");
    assert_null(vendor_stream("apk", "less", "643-r1"));
    assert_null(vendor_stream("deb", "nginx", "1.22.1-9+deb12u2"));
    arena_free(arena);
}

TEST(cvss_scores_are_computed)
{
    static const struct {
        const char *vector;
        double score;
        int major;
    } rows[] = {
        {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, 3},
        {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, 3},
        {"CVSS:3.0/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N", 2.2, 3},
        {"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, 3},
        {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, 3},
        {"AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5, 2},
        {"AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8, 2},
        {"(AV:L/AC:H/Au:N/C:C/I:C/A:C)", 6.2, 2},
    };
    for (size_t i = 0; i < array_count(rows); i++) {
        double score = -1;
        int major = 0;
        assert_true(cvss_score(slice_of(rows[i].vector), &score, &major));
        assert_int_equal((int)(score * 10 + 0.5), (int)(rows[i].score * 10 + 0.5));
        assert_int_equal(major, rows[i].major);
    }
    double score;
    int major;
    assert_false(cvss_score(slice_of("CVSS:3.1/AV:N/AC:L"), &score, &major));
    assert_false(
        cvss_score(slice_of("CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), &score, &major));
}

TEST(what_only_sorts_somewhere_is_in_no_range)
{
    const struct version_range ranges[] = {{.fixed = "1.2.0"}};
    struct assertion a = {
        .type = "golang", .name = "x.example/a", .ranges = ranges, .range_count = 1};
    struct error err = {0};
    const char *fixed, *rule;
    bool affected = true;
    assert_false(match_version(&a, "(devel)", &affected, &fixed, &rule, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_true(match_version(&a, "v1.1.9", &affected, &fixed, &rule, &err));
    assert_true(affected);
}

TEST(a_range_without_brackets_means_comparisons_for_maven_too)
{
    static const char *const safe[] = {"5.3.18"};
    struct assertion a = {.type = "maven",
                          .name = "g:a",
                          .affected_range = ">= 5.3.0, < 5.3.18",
                          .safe_ranges = safe,
                          .safe_range_count = 1};
    struct error err = {0};
    const char *fixed, *rule;
    bool affected = false;
    assert_true(match_version(&a, "5.3.15", &affected, &fixed, &rule, &err));
    assert_true(affected);
    assert_true(match_version(&a, "5.3.18", &affected, &fixed, &rule, &err));
    assert_false(affected);
}

static struct assertion kernel_record(const char *stream, const char *release,
                                      const struct version_range *range)
{
    return (struct assertion){.source = "redhat-vex",
                              .record = "CVE-2024-0340",
                              .vulnerability = "CVE-2024-0340",
                              .type = "rpm",
                              .name = "kernel",
                              .name_kind = NAME_BINARY,
                              .context = {"rhel", release, stream},
                              .state = STATE_FIXED,
                              .ranges = range,
                              .range_count = 1,
                              .epss = -1,
                              .epss_percentile = -1};
}

TEST(the_own_stream_comes_before_the_release)
{
    static const struct version_range main_fix = {NULL, "5.14.0-503.11.1.el9_5", NULL},
                                      own_fix = {NULL, "5.14.0-427.68.1.el9_4", NULL};
    struct assertion records[] = {kernel_record("", "9", &main_fix),
                                  kernel_record("eus-9.4", "9", &own_fix)};
    struct memory m = {.arena = arena_new(), .list = {records, 2, 2}};
    struct match_package package = {.type = "rpm",
                                    .name = "kernel",
                                    .version = "5.14.0-427.68.1.el9_4",
                                    .context = {"rhel", "9", "eus-9.4"}};
    assert_string_equal(judge(&m, &package, false), "unknown");
    package.version = "5.14.0-427.1.1.el9_4";
    assert_string_equal(judge(&m, &package, false),
                        "CVE-2024-0340 fixed 5.14.0-427.68.1.el9_4 unknown;unknown");
    package.context.stream = "";
    assert_string_equal(judge(&m, &package, false),
                        "CVE-2024-0340 fixed 5.14.0-503.11.1.el9_5 unknown;unknown");
    /* A vendor's records may name no release: they speak of his rebuilds alone. */
    records[1] = kernel_record("rootio", "", &own_fix);
    assert_string_equal(judge(&m, &package, false),
                        "CVE-2024-0340 fixed 5.14.0-503.11.1.el9_5 unknown;unknown");
    package.version = "5.14.0-427.1.1.el9_4.root.io.1";
    assert_string_equal(judge(&m, &package, false),
                        "CVE-2024-0340 fixed 5.14.0-427.68.1.el9_4 unknown;unknown");
    arena_free(m.arena);
}

TEST(a_fix_is_read_from_ranges_in_words)
{
    static const char *const gem_safe[] = {"~> 2.0.9, >= 2.0.9.2", ">= 2.1.4"};
    static const struct {
        const char *type, *affected, *version, *fixed;
        size_t safe;
    } rows[] = {
        {"gem", NULL, "2.0.9.1", "2.0.9.2", 2},
        {"gem", NULL, "2.1.0", "2.1.4", 2},
        {"composer", ">=1.0,<1.4 || >=2.0,<2.1.3", "2.0.7", "2.1.3", 0},
        {"composer", ">=1.0,<1.4 || >=2.0,<2.1.3", "1.2", "1.4", 0},
        {"npm", "<=1.2.0", "1.1.0", NULL, 0},
        {"generic", "> 1.1.0, < 1.1.1k", "1.1.1", "1.1.1k", 0},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < array_count(rows); i++) {
        struct assertion a = {.type = rows[i].type,
                              .affected_range = rows[i].affected,
                              .safe_ranges = gem_safe,
                              .safe_range_count = rows[i].safe};
        const char *fixed = match_fix(&a, rows[i].version, arena);
        if (rows[i].fixed)
            assert_string_equal(fixed, rows[i].fixed);
        else
            assert_null(fixed);
    }
    arena_free(arena);
}

TEST(what_must_stand_beside_it)
{
    const struct match_package packages[] = {
        {.type = "generic", .name = "tomcat", .version = "9"},
        {.type = "generic", .name = "openssl", .version = "3"}};
    const struct match_scope alone = {packages, 1}, both = {packages, 2};
    const struct condition windows[] = {{CONDITION_PLATFORM, "cpe:2.3:o:microsoft:windows:-"},
                                        {CONDITION_PLATFORM, "cpe:2.3:o:apple:mac_os_x:-"}};
    const struct condition linux_too[] = {{CONDITION_PLATFORM, "cpe:2.3:o:microsoft:windows:-"},
                                          {CONDITION_PLATFORM, "cpe:2.3:o:linux:linux_kernel:-"}};
    const struct condition either[] = {{CONDITION_WITH_PACKAGE, "openssl"},
                                       {CONDITION_WITH_PACKAGE, "wolfssl"}};
    struct assertion a = {.type = "generic", .name = "tomcat", .conditions = windows};
    a.condition_count = 2;
    assert_false(match_conditions(&a, packages, &alone));
    a.conditions = linux_too;
    assert_true(match_conditions(&a, packages, &alone));
    a.conditions = either;
    assert_false(match_conditions(&a, packages, &alone));
    assert_true(match_conditions(&a, packages, &both));
}

TEST(a_source_of_one_product_covers_no_other)
{
    struct source_status node = {advisory_source_find("node-core"), SOURCE_FRESH, 0};
    struct match_options options = {&node, 1};
    struct match_package package = {.type = "generic", .name = "node", .version = "20.1.0"};
    assert_int_equal(match_coverage(&package, &options), COVERAGE_COVERED);
    package.name = "nginx";
    assert_int_equal(match_coverage(&package, &options), COVERAGE_UNKNOWN);
}

TEST(upstream_is_asked_where_the_distribution_is_silent)
{
    static const struct version_range upstream = {"1.0.1", "1.0.1h", NULL},
                                      own = {NULL, "1.0.1e-r0", NULL};
    struct assertion records[] = {{.source = "nvd",
                                   .record = "CVE-2014-0224",
                                   .vulnerability = "CVE-2014-0224",
                                   .type = "generic",
                                   .name = "openssl",
                                   .name_kind = NAME_BINARY,
                                   .context = {"", "", ""},
                                   .state = STATE_FIXED,
                                   .ranges = &upstream,
                                   .range_count = 1,
                                   .epss = -1,
                                   .epss_percentile = -1},
                                  kernel_record("", "3.18", &own)};
    struct memory m = {.arena = arena_new(), .list = {records, 1, 1}};
    struct match_package package = {.type = "apk",
                                    .name = "libcrypto1.0",
                                    .version = "1.0.1f-r0",
                                    .source_name = "openssl",
                                    .source_version = "1.0.1f-r0",
                                    .context = {"alpine", "3.18", ""}};
    /* No fixed version: upstream's is none of a package. */
    assert_string_equal(judge(&m, &package, false), "CVE-2014-0224 affected - unknown;unknown");
    package.version = package.source_version = "1.0.1h-r2";
    assert_string_equal(judge(&m, &package, true), "unknown");
    /* The distribution's word comes first. */
    records[1].source = "alpine-secdb";
    records[1].vulnerability = records[1].record = "CVE-2014-0224";
    records[1].type = "apk";
    records[1].name = "openssl";
    records[1].name_kind = NAME_SOURCE;
    records[1].context.distro = "alpine";
    m.list.count = 2;
    package.version = package.source_version = "1.0.1f-r0";
    assert_string_equal(judge(&m, &package, false), "unknown");
    package.type = "deb";
    package.context = (struct package_context){"debian", "12", ""};
    assert_string_equal(judge(&m, &package, true), "covered");
    assert_string_equal(upstream_version("9.3_p2-r1", m.arena), "9.3p2");
    assert_string_equal(upstream_version("3.12.0_rc1-r0", m.arena), "3.12.0-rc1");
    arena_free(m.arena);
}

/* A shared alias belongs to one of two CVEs, the same one whichever record is read first. */
TEST(families_do_not_hang_on_the_order_of_records)
{
    static const char *const shared[] = {"GHSA-x"};
    static const struct version_range all = {NULL, NULL, NULL}, mended = {NULL, "2", NULL};
    const char *ids[] = {"CVE-2024-0001", "CVE-2024-0002", "GHSA-x"};
    char first[1000] = "";
    for (size_t turn = 0; turn < 3; turn++) {
        struct memory m = {.arena = arena_new()};
        struct assertion records[3];
        for (size_t i = 0; i < 3; i++) {
            records[i] = kernel_record("", "", (i + turn) % 3 == 2 ? &mended : &all);
            records[i].source = "osv-pypi";
            records[i].type = "pypi";
            records[i].context = (struct package_context){"", "", ""};
            records[i].record = records[i].vulnerability = ids[(i + turn) % 3];
            records[i].aliases = shared;
            records[i].alias_count = 1;
        }
        m.list = (struct assertion_list){records, 3, 3};
        struct match_package package = {.type = "pypi", .name = "kernel", .version = "1"};
        const char *said = judge(&m, &package, false);
        if (turn == 0)
            snprintf(first, sizeof(first), "%s", said);
        assert_string_equal(said, first);
        arena_free(m.arena);
    }
    assert_string_equal(first, "CVE-2024-0001 fixed 2 unknown;CVE-2024-0002 affected - unknown;"
                               "covered");
}

TEST(kernel_headers_are_noise_with_a_reason)
{
    assert_non_null(noise_reason("deb", "linux-libc-dev", "linux"));
    assert_non_null(noise_reason("deb", "linux-headers-6.1.0-18-amd64", "linux-signed-amd64"));
    assert_non_null(noise_reason("deb", "linux-libc-dev-arm64-cross", "linux"));
    assert_non_null(noise_reason("rpm", "kernel-headers", NULL));
    assert_non_null(noise_reason("apk", "linux-headers", "linux-headers"));
    assert_null(noise_reason("deb", "linux-image-6.1.0-18-amd64", "linux-signed-amd64"));
    assert_null(noise_reason("deb", "linux-libc-dev", "cross-toolchain-base"));
    assert_null(noise_reason("rpm", "kernel", NULL));
    assert_null(noise_reason("npm", "linux-headers-x", NULL));

    static const struct version_range range = {NULL, "6.1.99-1", NULL};
    struct assertion record = kernel_record("", "12", &range);
    struct memory m = {.arena = arena_new(), .list = {&record, 1, 1}};
    struct match_package package = {.type = "deb",
                                    .name = "linux-libc-dev",
                                    .version = "6.1.1-1",
                                    .source_name = "linux",
                                    .source_version = "6.1.1-1",
                                    .context = {"debian", "12", ""}};
    record.source = "debian-tracker";
    record.type = "deb";
    record.name = "linux";
    record.name_kind = NAME_SOURCE;
    record.context.distro = "debian";
    assert_string_equal(judge(&m, &package, false), "covered");
    assert_string_equal(judge(&m, &package, true), "CVE-2024-0340 not-affected - unknown;covered");
    package.name = "linux-image-6.1.0-1-amd64";
    assert_string_equal(judge(&m, &package, false), "CVE-2024-0340 fixed 6.1.99-1 unknown;covered");
    arena_free(m.arena);
}
