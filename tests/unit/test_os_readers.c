#include <stdio.h>
#include <string.h>
#include <zstd.h>

#include "inventory/compose.h"
#include "inventory/reader.h"
#include "inventory/sink.h"
#include "test.h"

static void load(const char *name, struct buf *out)
{
    char path[1000], block[4096];
    size_t got;
    snprintf(path, sizeof(path), "%s/rpm/%s", TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    while ((got = fread(block, 1, sizeof(block), file)) > 0)
        buf_put(out, block, got);
    fclose(file);
}

static void read_as(struct arena *arena, struct slice bytes, const char *path,
                    struct evidence *evidence)
{
    struct reader_sink sink;
    struct reader_file file = {.path = path, .bytes = bytes};
    sink_init(&sink, arena, evidence);
    sink_touched(&sink, path);
    reader_offer(&file, &sink);
    reader_finish(&sink);
}

TEST(every_kind_of_rpm_database_says_the_same)
{
    static const struct {
        const char *file, *path;
    } kinds[] = {
        {"Packages.little", "var/lib/rpm/Packages"},
        {"Packages.big", "var/lib/rpm/Packages"},
        {"Packages.db", "usr/lib/sysimage/rpm/Packages.db"},
        {"rpmdb.sqlite", "var/lib/rpm/rpmdb.sqlite"},
    };
    for (size_t i = 0; i < array_count(kinds); i++) {
        struct arena *arena = arena_new();
        struct evidence evidence;
        struct buf bytes scoped(buf_release) = {0};
        load(kinds[i].file, &bytes);
        read_as(arena, buf_slice(&bytes), kinds[i].path, &evidence);
        assert_true(evidence.complete);
        assert_int_equal(evidence.set_count, 1);
        const struct evidence_set *set = &evidence.sets[0];
        assert_int_equal(set->count, 2); /* gpg-pubkey is no package */
        assert_string_equal(set->items[0].component.name, "bash");
        assert_string_equal(set->items[0].component.version, "5.1-2.el9");
        assert_string_equal(set->items[0].component.source_name, "bash");
        assert_string_equal(set->items[0].component.vendor, "Example");
        assert_string_equal(set->items[1].component.version, "2:1~rc1-3");
        assert_string_equal(set->items[1].component.source_name, "perl-x-src");
        assert_string_equal(set->items[1].component.module, "perl:5.32:82:ab");
        assert_int_equal(evidence.owned_count, 2);
        assert_int_equal(evidence.owned[0].count, 3);
        assert_string_equal(evidence.owned[0].paths[1], "usr/bin/bash");
        arena_free(arena);
    }
}

TEST(a_damaged_rpm_database_gives_the_rest_and_says_so)
{
    static const char *const files[] = {"Packages.little", "Packages.db", "rpmdb.sqlite"};
    static const char *const paths[] = {"var/lib/rpm/Packages", "var/lib/rpm/Packages.db",
                                        "var/lib/rpm/rpmdb.sqlite"};
    for (size_t i = 0; i < array_count(files); i++) {
        struct arena *arena = arena_new();
        struct evidence evidence;
        struct buf bytes scoped(buf_release) = {0};
        load(files[i], &bytes);
        bytes.length = bytes.length * 3 / 4;
        read_as(arena, buf_slice(&bytes), paths[i], &evidence);
        assert_false(evidence.complete);
        assert_true(evidence.warning_count > 0);
        arena_free(arena);
    }
}

TEST(apk_packages_and_their_origin)
{
    static const char text[] = "P:musl\nV:1.2.4-r2\nA:x86_64\no:musl\nF:lib\n"
                               "R:ld-musl-x86_64.so.1\n\n\nP:ssl_client\nV:1.36.1-r5\n"
                               "A:x86_64\no:busybox\nF:\nF:usr/bin\nR:ssl_client\n";
    struct arena *arena = arena_new();
    struct evidence evidence;
    struct inventory inventory;
    read_as(arena, slice_of(text), "lib/apk/db/installed", &evidence);
    const struct evidence *layers[] = {&evidence};
    inventory_compose(layers, 1, NULL, arena, &inventory);
    assert_int_equal(inventory.package_count, 2);
    assert_string_equal(inventory.packages[1].component.source_name, "busybox");
    assert_string_equal(inventory.packages[1].component.version, "1.36.1-r5");
    assert_int_equal(evidence.owned_count, 2);
    assert_string_equal(evidence.owned[1].paths[0], "usr/bin/ssl_client");
    arena_free(arena);
}

TEST(a_chiseled_image_has_its_manifest)
{
    static const char wall[] =
        "{\"jsonwall\":\"1.0\",\"schema\":\"1.0\",\"count\":7}\n"
        "{\"kind\":\"content\",\"slice\":\"libc6_libs\",\"path\":\"/lib/libc.so.6\"}\n"
        "{\"kind\":\"content\",\"slice\":\"openssl_bins\",\"path\":\"/usr/bin/openssl\"}\n"
        "{\"kind\":\"package\",\"name\":\"libc6\",\"version\":\"2.39-0ubuntu8.3\",\"sha256\":"
        "\"00\","
        "\"arch\":\"amd64\"}\n"
        "{\"kind\":\"package\",\"name\":\"openssl\",\"version\":\"3.0.13-0ubuntu3.4\",\"arch\":"
        "\"amd64\"}\n"
        "{\"kind\":\"path\",\"path\":\"/lib/"
        "libc.so.6\",\"mode\":\"0755\",\"slices\":[\"libc6_libs\"]}\n"
        "{\"kind\":\"slice\",\"name\":\"libc6_libs\"}\n";
    char packed[2048];
    size_t length = ZSTD_compress(packed, sizeof(packed), wall, sizeof(wall) - 1, 3);
    assert_false(ZSTD_isError(length));
    struct arena *arena = arena_new();
    struct evidence evidence;
    struct inventory inventory;
    read_as(arena, (struct slice){packed, length}, "var/lib/chisel/manifest.wall", &evidence);
    const struct evidence *layers[] = {&evidence};
    inventory_compose(layers, 1, NULL, arena, &inventory);
    assert_true(inventory.complete);
    assert_int_equal(inventory.package_count, 2);
    assert_string_equal(inventory.packages[0].component.name, "libc6");
    assert_string_equal(inventory.packages[1].component.version, "3.0.13-0ubuntu3.4");
    assert_string_equal(inventory.packages[1].component.arch, "amd64");
    assert_int_equal(evidence.owned_count, 2);
    assert_string_equal(evidence.owned[1].paths[0], "usr/bin/openssl");
    for (size_t cut = 0; cut < length; cut += 3) { /* any end is survived, and told */
        read_as(arena, (struct slice){packed, cut}, "var/lib/chisel/manifest.wall", &evidence);
        assert_false(evidence.complete);
    }
    arena_free(arena);
}

TEST(a_product_says_its_version_and_an_owned_one_is_its_package)
{
    static const char elf[] = "\177ELF............................................................"
                              "nginx version: nginx/%s\0nginx version: nginx/1.25.3\0";
    struct arena *arena = arena_new();
    struct evidence evidence;
    struct inventory inventory;
    struct reader_sink sink;
    sink_init(&sink, arena, &evidence);
    struct reader_file files[] = {
        {.path = "opt/nginx/sbin/nginx", .bytes = {elf, sizeof(elf)}},
        {.path = "opt/nginx/sbin/other", .bytes = {elf, sizeof(elf)}},
        {.path = "usr/sbin/nginx", .bytes = {elf, sizeof(elf)}},
        {.path = "var/lib/dpkg/status",
         .bytes = slice_of("Package: nginx\nStatus: install ok installed\nVersion: 1.25.3-1\n")},
        {.path = "var/lib/dpkg/info/nginx.list", .bytes = slice_of("/usr/sbin/nginx\n")},
    };
    for (size_t i = 0; i < array_count(files); i++)
        reader_offer(&files[i], &sink);
    reader_finish(&sink);
    const struct evidence *layers[] = {&evidence};
    inventory_compose(layers, 1, NULL, arena, &inventory);
    assert_int_equal(inventory.package_count, 2);
    assert_string_equal(inventory.packages[1].component.type, "generic");
    assert_string_equal(inventory.packages[1].component.version, "1.25.3");
    assert_int_equal(inventory.packages[1].tier, TIER_STACK);
    arena_free(arena);
}
