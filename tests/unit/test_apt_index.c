#include <stdio.h>

#include "advisory/apt_index.h"
#include "base/digest.h"
#include "test.h"

static struct arena *arena;

static bool remember(void *context, const struct deb822_stanza *stanza, struct error *err)
{
    (void)err;
    struct apt_package package;
    char *out = context;
    if (apt_package_read(stanza, arena, &package))
        snprintf(out + strlen(out), 400 - strlen(out), "%s=%s/%s=%s;", package.name,
                 package.version, package.source, package.source_version);
    return true;
}

static const char packages[] =
    "Package: libfoo1\nSource: foo (1.2-3)\nVersion: 1.2-3+b2\nDepends: a,\n b (>= 1)\n\n"
    "# a comment\nPackage: bar\nVersion: 2:1-1+b10\n\n\n"
    "Package: no-version\n\npackage: baz\nVERSION: 3\nDescription: x\n .\n y";

TEST(stanzas_come_out_the_same_for_any_pieces)
{
    static const char want[] = "libfoo1=1.2-3+b2/foo=1.2-3;bar=2:1-1+b10/bar=2:1-1;baz=3/baz=3;";
    arena = arena_new();
    for (size_t piece = 1; piece <= sizeof(packages); piece++) {
        char got[400] = "";
        struct error err = {0};
        struct deb822_stream *stream = deb822_stream_new(remember, got);
        for (size_t at = 0; at < sizeof(packages) - 1; at += piece) {
            size_t left = sizeof(packages) - 1 - at;
            assert_true(
                deb822_stream_put(stream, packages + at, left < piece ? left : piece, &err));
        }
        assert_true(deb822_stream_finish(stream, &err));
        deb822_stream_free(stream);
        assert_string_equal(got, want);
    }
    arena_free(arena);
}

TEST(continuation_lines_lose_one_blank)
{
    struct arena *a = arena_new();
    struct slice text = slice_of(" stray\nA: 1\n  two\n three\nB:\n x\n\nC: d\n");
    struct deb822_stanza stanza = {0};
    size_t bad = 0;
    assert_true(deb822_take(&text, a, &stanza, &bad));
    assert_int_equal(bad, 1);
    assert_true(slice_is(deb822_get(&stanza, "a"), "1\n two\nthree"));
    assert_true(slice_is(deb822_get(&stanza, "B"), "\nx"));
    assert_true(deb822_take(&text, a, &stanza, &bad));
    assert_true(slice_is(deb822_get(&stanza, "C"), "d"));
    assert_false(deb822_take(&text, a, &stanza, &bad));
    arena_free(a);
}

static const char release_text[] =
    "Origin: Demo\nSuite: stable\nCodename: demo\nDate: Sat, 08 Nov 2025 09:12:00 UTC\n"
    "Valid-Until: Sat, 15 Nov 2025 09:12:00 UTC\nAcquire-By-Hash: yes\nComponents: main\n"
    "Architectures: amd64\nSHA256:\n"
    " e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 "
    "main/binary-amd64/Packages\n"
    " e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 "
    "main/binary-amd64/Packages.gz\n";

TEST(release_offers_the_smallest_packages_file_by_hash)
{
    struct arena *a = arena_new();
    struct error err = {0};
    struct apt_release release;
    assert_true(apt_release_parse(slice_of(release_text), a, &release, &err));
    const struct apt_release_file *file = apt_release_packages(&release, "updates/main", "amd64");
    assert_non_null(file);
    assert_string_equal(file->path, "main/binary-amd64/Packages.gz");
    assert_string_equal(apt_release_request(&release, file, a),
                        "main/binary-amd64/by-hash/SHA256/"
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_true(apt_release_file_verify(file, slice_of(""), &err));
    assert_false(apt_release_file_verify(file, slice_of("x"), &err));
    assert_null(apt_release_packages(&release, "main", "arm64"));
    arena_free(a);
}

TEST(release_is_refused_when_expired_older_or_from_tomorrow)
{
    struct arena *a = arena_new();
    struct error err = {0};
    struct apt_release release;
    assert_true(apt_release_parse(slice_of(release_text), a, &release, &err));
    assert_true(apt_release_check(&release, release.date + 3600, release.date, &err));
    assert_false(apt_release_check(&release, release.valid_until + 1, 0, &err));
    assert_non_null(strstr(err.text, "expired"));
    assert_false(apt_release_check(&release, release.date, release.date + 1, &err));
    assert_non_null(strstr(err.text, "older"));
    assert_false(apt_release_check(&release, release.date - 3 * 86400, 0, &err));
    arena_free(a);
}

TEST(release_paths_stay_inside)
{
    struct arena *a = arena_new();
    struct error err = {0};
    struct apt_release release;
    struct slice text = slice_of(
        "Suite: s\nDate: Sat, 08 Nov 2025 09:12:00 UTC\nSHA256:\n "
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 main/../../x\n");
    assert_false(apt_release_parse(text, a, &release, &err));
    arena_free(a);
}

TEST(an_unsigned_release_is_not_trusted)
{
    struct arena *a = arena_new();
    struct error err = {0};
    struct slice body;
    char signer[64];
    struct apt_keyring none = {"none", slice_of("")};
    assert_false(apt_inrelease_verify(slice_of(release_text), &none, 1, a, &body, signer, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    arena_free(a);
}
