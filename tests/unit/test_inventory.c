#include <string.h>

#include "inventory/compose.h"
#include "inventory/reader.h"
#include "inventory/sink.h"
#include "test.h"

struct layer {
    struct reader_sink sink;
    struct evidence evidence;
};

static void layer_file(struct layer *layer, const char *path, const char *text)
{
    struct reader_file file = {.path = path, .bytes = slice_of(text)};
    sink_touched(&layer->sink, path);
    reader_offer(&file, &layer->sink);
}

static const struct package *find(const struct inventory *inventory, const char *name)
{
    for (size_t i = 0; i < inventory->package_count; i++)
        if (strcmp(inventory->packages[i].component.name, name) == 0)
            return &inventory->packages[i];
    static const char *no_paths[] = {""};
    static const struct package none = {
        .component = {"", "", "", "", "", "", "", ""}, .paths = no_paths, .layer = SIZE_MAX};
    return &none;
}

static bool has(const struct inventory *inventory, const char *name)
{
    return find(inventory, name)->layer != SIZE_MAX;
}

static void compose(struct arena *arena, struct layer *layers, size_t count, struct inventory *out)
{
    const struct evidence **list = arena_new_array(arena, const struct evidence *, count);
    for (size_t i = 0; i < count; i++) {
        evidence_sort(&layers[i].evidence);
        list[i] = &layers[i].evidence;
    }
    inventory_compose(list, count, NULL, arena, out);
}

static const char status_base[] = "Package: libc6\nStatus: install ok installed\n"
                                  "Architecture: amd64\nSource: glibc\nVersion: 2.36-9\n"
                                  "Description: x\n more\n\n"
                                  "Package: gone\nStatus: deinstall ok config-files\n"
                                  "Version: 1\n\n"
                                  "Package: libfoo\nStatus: install ok installed\n"
                                  "Architecture: amd64\nSource: foo (1:2.0-1)\n"
                                  "Version: 1:2.0-1+b1\n";

static const char status_upper[] = "Package: libc6\nStatus: install ok installed\n"
                                   "Architecture: amd64\nSource: glibc\nVersion: 2.36-9\n\n"
                                   "Package: libfoo\nStatus: install ok installed\n"
                                   "Architecture: amd64\nSource: foo\nVersion: 1:2.1-1\n\n"
                                   "Package: python3-x\nStatus: hold ok installed\n"
                                   "Architecture: all\nVersion: 3\n";

TEST(a_package_belongs_to_the_layer_that_brought_its_version)
{
    struct arena *arena = arena_new();
    struct layer layers[2];
    struct inventory inventory;
    for (size_t i = 0; i < 2; i++)
        sink_init(&layers[i].sink, arena, &layers[i].evidence);
    layer_file(&layers[0], "var/lib/dpkg/status", status_base);
    layer_file(&layers[0], "etc/os-release",
               "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n");
    layer_file(&layers[1], "var/lib/dpkg/status", status_upper);
    layer_file(&layers[1], "var/lib/dpkg/info/python3-x.list",
               "/.\n/usr/lib/python3/dist-packages/x-3.dist-info/METADATA\n");
    layer_file(&layers[1], "usr/lib/python3/dist-packages/x-3.dist-info/METADATA",
               "Metadata-Version: 2.1\nName: X_y\nVersion: 3\n\nName: no\n");
    layer_file(&layers[1], "opt/app/Z.egg-info/PKG-INFO", "Name: Z\nVersion: 1\n");
    compose(arena, layers, 2, &inventory);
    assert_int_equal(inventory.package_count, 5);
    assert_int_equal(find(&inventory, "libc6")->layer, 0);
    assert_int_equal(find(&inventory, "libc6")->tier, TIER_OS);
    assert_int_equal(find(&inventory, "libfoo")->layer, 1);
    assert_int_equal(find(&inventory, "libfoo")->tier, TIER_STACK);
    assert_false(has(&inventory, "gone"));
    const struct package *owned = find(&inventory, "x-y");
    assert_non_null(owned->owner);
    assert_string_equal(owned->owner->name, "python3-x");
    assert_int_equal(owned->tier, TIER_STACK);
    assert_null(find(&inventory, "z")->owner);
    assert_int_equal(find(&inventory, "z")->tier, TIER_APPLICATION);
    assert_string_equal(inventory.context.release, "bookworm");
    assert_true(inventory.complete);
    assert_string_equal(
        component_purl(&find(&inventory, "libfoo")->component, &inventory.context, arena),
        "pkg:deb/debian/libfoo@1:2.1-1?arch=amd64&distro=debian-12&upstream=foo");
    arena_free(arena);
}

TEST(source_version_of_its_own)
{
    struct arena *arena = arena_new();
    struct layer layer;
    struct inventory inventory;
    sink_init(&layer.sink, arena, &layer.evidence);
    layer_file(&layer, "var/lib/dpkg/status", status_base);
    compose(arena, &layer, 1, &inventory);
    assert_string_equal(find(&inventory, "libfoo")->component.source_version, "1:2.0-1");
    assert_string_equal(find(&inventory, "libc6")->component.source_version, "2.36-9");
    arena_free(arena);
}

TEST(upper_layers_hide_single_files)
{
    struct arena *arena = arena_new();
    struct layer layers[3];
    struct inventory inventory;
    for (size_t i = 0; i < 3; i++)
        sink_init(&layers[i].sink, arena, &layers[i].evidence);
    layer_file(&layers[0], "a/A-1.dist-info/METADATA", "Name: a\nVersion: 1\n");
    layer_file(&layers[0], "b/B-1.dist-info/METADATA", "Name: b\nVersion: 1\n");
    layer_file(&layers[0], "c/C-1.dist-info/METADATA", "Name: c\nVersion: 1\n");
    layer_file(&layers[0], "d/A-1.dist-info/METADATA", "Name: a\nVersion: 1\n");
    sink_gone(&layers[1].sink, "a", false);
    sink_gone(&layers[1].sink, "b", true);
    layer_file(&layers[2], "c/C-1.dist-info/METADATA", "Name: c\nVersion: 2\n");
    compose(arena, layers, 3, &inventory);
    assert_int_equal(inventory.package_count, 2);
    assert_int_equal(find(&inventory, "a")->path_count, 1);
    assert_string_equal(find(&inventory, "a")->paths[0], "d/A-1.dist-info/METADATA");
    assert_string_equal(find(&inventory, "c")->component.version, "2");
    assert_int_equal(inventory.hidden_count, 2);
    assert_string_equal(inventory.hidden[0].component->name, "b");
    assert_string_equal(inventory.hidden[1].component->name, "c");
    assert_false(inventory.has_database);
    arena_free(arena);
}

TEST(a_removed_database_does_not_hide_its_packages)
{
    static const char *const how[] = {"removed", "emptied"};
    for (size_t i = 0; i < array_count(how); i++) {
        struct arena *arena = arena_new();
        struct layer layers[2];
        struct inventory inventory;
        sink_init(&layers[0].sink, arena, &layers[0].evidence);
        sink_init(&layers[1].sink, arena, &layers[1].evidence);
        layer_file(&layers[0], "var/lib/dpkg/status", status_base);
        layer_file(&layers[0], "var/lib/dpkg/info/libfoo.list", "/usr/lib/libfoo.so.2\n");
        layer_file(&layers[0], "var/lib/dpkg/info/libc6.list", "/usr/lib/libc.so.6\n");
        sink_gone(&layers[1].sink, "usr/lib/libfoo.so.2", false);
        if (i == 0)
            sink_gone(&layers[1].sink, "var/lib/dpkg", false);
        else
            layer_file(&layers[1], "var/lib/dpkg/status", "");
        compose(arena, layers, 2, &inventory);
        assert_true(has(&inventory, "libc6"));
        assert_false(has(&inventory, "libfoo")); /* its files went too */
        assert_int_equal(inventory.warning_count, 1);
        assert_string_equal(inventory.warnings[0].code, "database-removed");
        arena_free(arena);
    }
}

/* The upper layer's status names python3-x alone. What dpkg removed has lost its list too. */
TEST(a_truncated_database_does_not_hide_its_packages)
{
    struct arena *arena = arena_new();
    struct layer layers[2];
    struct inventory inventory;
    sink_init(&layers[0].sink, arena, &layers[0].evidence);
    sink_init(&layers[1].sink, arena, &layers[1].evidence);
    layer_file(&layers[0], "var/lib/dpkg/status", status_base);
    layer_file(&layers[0], "var/lib/dpkg/info/libfoo.list",
               "/usr\n/usr/lib\n/usr/lib/libfoo.so.2\n");
    layer_file(&layers[0], "var/lib/dpkg/info/libc6.list", "/usr\n/usr/lib\n/usr/lib/libc.so.6\n");
    layer_file(&layers[1], "var/lib/dpkg/status",
               "Package: python3-x\nStatus: install ok installed\nVersion: 3\n");
    sink_gone(&layers[1].sink, "var/lib/dpkg/info/libfoo.list", false);
    sink_gone(&layers[1].sink, "usr/lib/libfoo.so.2", false);
    compose(arena, layers, 2, &inventory);
    assert_true(has(&inventory, "python3-x"));
    assert_true(has(&inventory, "libc6"));
    assert_int_equal(find(&inventory, "libc6")->layer, 0);
    assert_false(has(&inventory, "libfoo"));
    assert_int_equal(inventory.warning_count, 1);
    assert_string_equal(inventory.warnings[0].code, "database-truncated");
    arena_free(arena);
}

/* usr-merge, a link of an upper layer, and a file that a later layer wrote over. */
TEST(ownership_follows_links_and_later_layers)
{
    static const char metadata[] = "Name: x\nVersion: 1\n";
    struct arena *arena = arena_new();
    struct layer layers[3];
    struct inventory inventory;
    for (size_t i = 0; i < 3; i++)
        sink_init(&layers[i].sink, arena, &layers[i].evidence);
    layer_file(&layers[0], "var/lib/dpkg/status", status_base);
    layer_file(&layers[0], "var/lib/dpkg/info/libfoo.list",
               "/lib\n/lib/python3/a-1.dist-info/METADATA\n/srv/py/b-1.dist-info/METADATA\n"
               "/usr/lib/python3/c-1.dist-info/METADATA\n");
    sink_link(&layers[0].sink, "lib", "usr/lib");
    layer_file(&layers[0], "usr/lib/python3/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n");
    layer_file(&layers[0], "data/py/b-1.dist-info/METADATA", "Name: b\nVersion: 1\n");
    sink_link(&layers[1].sink, "srv/py", "../data/py");
    layer_file(&layers[2], "usr/lib/python3/c-1.dist-info/METADATA", "Name: c\nVersion: 1\n");
    layer_file(&layers[2], "opt/x-1.dist-info/METADATA", metadata);
    compose(arena, layers, 3, &inventory);
    assert_string_equal(find(&inventory, "a")->owner->name, "libfoo");
    assert_string_equal(find(&inventory, "b")->owner->name, "libfoo");
    assert_null(find(&inventory, "c")->owner); /* written over */
    assert_null(find(&inventory, "x")->owner);
    arena_free(arena);
}

TEST(evidence_survives_its_stored_form)
{
    struct arena *arena = arena_new();
    struct layer layer;
    struct evidence back;
    struct error err = {0};
    struct buf packed scoped(buf_release) = {0};
    struct buf before scoped(buf_release) = {0};
    struct buf after scoped(buf_release) = {0};
    sink_init(&layer.sink, arena, &layer.evidence);
    layer_file(&layer, "var/lib/dpkg/status", status_base);
    layer_file(&layer, "var/lib/dpkg/info/libfoo:amd64.list", "/usr/lib/libfoo.so.2\n/etc/x\n");
    layer_file(&layer, "opt/\xff.dist-info/METADATA", "Name: \"q\"\nVersion: 1\n");
    sink_gone(&layer.sink, "etc", true);
    sink_link(&layer.sink, "lib", "usr/lib");
    sink_warning(&layer.sink, "test", "x", true, "lossy %d", 1);
    evidence_sort(&layer.evidence);
    evidence_pack(&layer.evidence, &packed);
    assert_true(evidence_unpack(buf_slice(&packed), arena, &back, &err));
    evidence_encode(&layer.evidence, &before);
    evidence_encode(&back, &after);
    assert_string_equal(buf_text(&before), buf_text(&after));
    assert_false(back.complete);
    before.length -= 4;
    assert_false(evidence_decode(buf_slice(&before), arena, &back, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    arena_free(arena);
}
