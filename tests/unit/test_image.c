#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/client.h"
#include "image/blob_store.h"
#include "image/chain_id.h"
#include "image/image_write.h"
#include "image/layer_write.h"
#include "image/mirrors.h"
#include "image/source.h"
#include "test.h"

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

TEST(references)
{
    static const struct {
        const char *text, *canonical; /* NULL: refused */
    } table[] = {
        {"debian", "docker.io/library/debian"},
        {"debian:12", "docker.io/library/debian:12"},
        {"grafana/grafana", "docker.io/grafana/grafana"},
        {"index.docker.io/library/debian", "docker.io/library/debian"},
        {"localhost/a", "localhost/a"},
        {"localhost:5000/a/b:c", "localhost:5000/a/b:c"},
        {"REG.example/a", "reg.example/a"},
        {"[::1]:5000/a", "[::1]:5000/a"},
        {"r.io/a:1@" DIGEST_A, "r.io/a:1@" DIGEST_A},
        {"r.io/a_b/c__d/e--f.g", "r.io/a_b/c__d/e--f.g"},
        {"r.io/A", NULL},
        {"r.io/a//b", NULL},
        {"r.io/a/", NULL},
        {"r.io/-a", NULL},
        {"r.io/a___b", NULL},
        {"a:", NULL},
        {"a:.b", NULL},
        {"a@sha256:1", NULL},
        {"a@md5:d41d8cd98f00b204e9800998ecf8427e", NULL},
        {"r.io:99999/a", NULL},
        {"../a", NULL},
        {"", NULL},
        {"a b", NULL},
    };
    for (size_t i = 0; i < array_count(table); i++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        struct reference reference;
        struct error err = {0};
        bool good = reference_parse(arena, table[i].text, &reference, &err);
        if (good != (table[i].canonical != NULL))
            fail_msg("%s: %s", table[i].text, good ? "accepted" : err.text);
        if (good)
            assert_string_equal(reference_text(arena, &reference), table[i].canonical);
    }
}

TEST(image_names)
{
    static const struct {
        const char *text;
        enum image_transport transport;
        const char *path, *tag;
    } table[] = {
        {"oci:/x/y:tag", IMAGE_OCI, "/x/y", "tag"},
        {"oci:/x/y", IMAGE_OCI, "/x/y", ""},
        {"oci-archive:a.tar:1.0", IMAGE_OCI_ARCHIVE, "a.tar", "1.0"},
        {"docker-archive:a.tar:r.io/x/y:1", IMAGE_DOCKER_ARCHIVE, "a.tar", "r.io/x/y:1"},
        {"dir:/tmp", IMAGE_DIRECTORY, "/tmp", ""},
        {"sbom:b.json", IMAGE_SBOM, "b.json", ""},
        {"-", IMAGE_STDIN, "", ""},
        {"./nothing.tar", IMAGE_PATH, "./nothing.tar", ""},
        {"debian:12", IMAGE_REGISTRY, "", ""},
        {"docker://debian:12", IMAGE_REGISTRY, "", ""},
        {"docker:debian:12", IMAGE_DOCKER, "", ""},
        {"podman:localhost/a", IMAGE_PODMAN, "", ""},
    };
    for (size_t i = 0; i < array_count(table); i++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        struct image_name name;
        struct error err = {0};
        if (!image_name_parse(arena, table[i].text, &name, &err))
            fail_msg("%s: %s", table[i].text, err.text);
        assert_int_equal(name.transport, table[i].transport);
        assert_string_equal(name.path, table[i].path);
        assert_string_equal(name.tag, table[i].tag);
    }
}

TEST(platforms)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct platform platform;
    struct error err = {0};
    assert_true(platform_parse(arena, "linux/aarch64", &platform, &err));
    assert_string_equal(platform_text(arena, platform), "linux/arm64");
    assert_true(platform_parse(arena, "linux/arm", &platform, &err));
    assert_string_equal(platform_text(arena, platform), "linux/arm");
    assert_true(platform_parse(arena, "x86_64", &platform, &err));
    assert_true(platform_is_listed(arena, "linux/arm64, linux/amd64", platform));
    assert_false(platform_is_listed(arena, "linux/arm64", platform));
    assert_false(platform_parse(arena, "a/b/c/d", &platform, &err));
    assert_false(platform_parse(arena, "linux//v7", &platform, &err));
}

#define DESCRIPTOR(type, extra)                                                                    \
    "{\"mediaType\":\"" type "\",\"digest\":\"" DIGEST_A "\",\"size\":2" extra "}"

TEST(manifest_kinds)
{
    static const struct {
        const char *json;
        int kind; /* -1: refused */
    } table[] = {
        {"{\"schemaVersion\":2,\"config\":" DESCRIPTOR(
             MEDIA_OCI_CONFIG, "") ",\"layers\":[" DESCRIPTOR(MEDIA_OCI_LAYER_GZIP, "") "]}",
         MANIFEST_IMAGE},
        {"{\"config\":" DESCRIPTOR(MEDIA_DOCKER_CONFIG, "") ",\"layers\":[]}", MANIFEST_IMAGE},
        {"{\"config\":" DESCRIPTOR(MEDIA_OCI_CONFIG, "") ",\"layers\":[" DESCRIPTOR(
             "application/vnd.in-toto+json", "") "]}",
         MANIFEST_ATTESTATION},
        {"{\"config\":" DESCRIPTOR(MEDIA_OCI_CONFIG, "") ",\"layers\":[" DESCRIPTOR(
             "application/vnd.dev.cosign.simplesigning.v1+json", "") "]}",
         MANIFEST_SIGNATURE},
        {"{\"config\":" DESCRIPTOR("application/vnd.cncf.helm.config.v1+json",
                                   "") ",\"layers\":[]}",
         MANIFEST_CHART},
        {"{\"artifactType\":\"application/spdx+json\",\"config\":" DESCRIPTOR(MEDIA_OCI_EMPTY,
                                                                              "") ",\"layers\":[]}",
         MANIFEST_ARTIFACT},
        {"{\"manifests\":[" DESCRIPTOR(MEDIA_OCI_MANIFEST, "") "]}", MANIFEST_INDEX},
        {"{\"schemaVersion\":1,\"fsLayers\":[{\"blobSum\":\"" DIGEST_A "\"}]}", MANIFEST_IMAGE},
        {"{\"manifests\":[],\"layers\":[]}", -1},
        {"{\"mediaType\":\"" MEDIA_OCI_INDEX
         "\",\"config\":" DESCRIPTOR(MEDIA_OCI_CONFIG, "") ",\"layers\":[]}",
         -1},
        {"{\"layers\":[{\"digest\":\"sha256:zz\",\"size\":1}]}", -1},
        {"{\"config\":" DESCRIPTOR(MEDIA_OCI_CONFIG, ",\"size\":3") ",\"layers\":[]}", -1},
        {"[]", -1},
        {"", -1},
        {"{}", -1},
    };
    for (size_t i = 0; i < array_count(table); i++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        struct manifest manifest;
        struct error err = {0};
        bool good = manifest_parse(arena, slice_of(table[i].json), NULL, &manifest, &err);
        if (good != (table[i].kind >= 0))
            fail_msg("%s: %s", table[i].json, good ? "accepted" : err.text);
        if (good)
            assert_string_equal(manifest_kind_name(manifest.kind),
                                manifest_kind_name((enum manifest_kind)table[i].kind));
        else
            assert_int_equal(err.kind, ERROR_INPUT);
    }
}

TEST(platform_of_an_index)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct manifest index;
    struct error err = {0};
    struct platform wanted;
    const char *json = "{\"manifests\":[" DESCRIPTOR(
        MEDIA_OCI_MANIFEST,
        ",\"platform\":{\"os\":\"unknown\",\"architecture\":"
        "\"unknown\"},\"annotations\":{\"vnd.docker.reference."
        "type\":\"attestation-manifest\"}") ","
                                            "{\"mediaType\":\"" MEDIA_OCI_MANIFEST
                                            "\",\"digest\":\"" DIGEST_B
                                            "\",\"size\":1,\"platform\":{\"os\":\"linux\","
                                            "\"architecture\":\"arm\",\"variant\":\"v6\"}}"
                                            "]}";
    assert_true(manifest_parse(arena, slice_of(json), MEDIA_OCI_INDEX, &index, &err));
    assert_int_equal(descriptor_kind(&index.children[0]), MANIFEST_ATTESTATION);
    assert_true(platform_parse(arena, "linux/arm/v7", &wanted, &err));
    const struct descriptor *found = manifest_find_platform(&index, wanted);
    assert_non_null(found);
    assert_string_equal(found->digest, DIGEST_B);
    assert_true(platform_parse(arena, "linux/arm/v5", &wanted, &err));
    assert_null(manifest_find_platform(&index, wanted));
    assert_true(tag_is_referrer("sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                "aaaaaa.sig"));
    assert_false(tag_is_referrer("sha256-1"));
}

TEST(configs_keep_what_they_do_not_know)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct image_config config;
    struct error err = {0};
    struct slice out;
    const char *json =
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[\"A=1\",\"A=2\"],"
        "\"Healthcheck\":{\"Interval\":3000000000},\"OnBuild\":null},\"rootfs\":{\"type\":"
        "\"layers\",\"diff_ids\":[\"" DIGEST_A "\",\"" DIGEST_B "\"]},\"history\":[{\"created_by\":"
        "\"a\"},{\"created_by\":\"env\",\"empty_layer\":true},{\"created_by\":\"b\"}],\"x-own\":{"
        "\"deep\":[1,2]}}";
    assert_true(image_config_parse(arena, slice_of(json), &config, &err));
    assert_string_equal(image_config_env(arena, &config, "A"), "2");
    size_t entry;
    assert_true(image_config_history_of_layer(&config, 1, &entry));
    assert_int_equal(entry, 2);
    assert_true(image_config_encode(arena, &config, &out, &err));
    assert_string_equal(out.data, json); /* untouched: the same bytes */
    assert_true(image_config_cut(arena, &config, 1, &err));
    assert_int_equal(config.diff_id_count, 1);
    assert_int_equal(config.history_count, 2);
    assert_true(image_config_append(arena, &config, DIGEST_A,
                                    (struct image_history){.created_by = "resole"}, &err));
    assert_true(image_config_set_label(arena, &config, "k", "v", &err));
    assert_string_equal(image_config_label(&config, "k"), "v");
    assert_int_equal(config.diff_id_count, 2);
    assert_true(image_config_encode(arena, &config, &out, &err));
    assert_non_null(strstr(out.data, "\"x-own\":{\"deep\":[1,2]}"));
    assert_non_null(strstr(out.data, "\"Healthcheck\":{\"Interval\":3000000000}"));
}

TEST(chain_ids)
{
    const char *const ids[] = {DIGEST_A, DIGEST_B};
    char one[DIGEST_TEXT_SIZE], two[DIGEST_TEXT_SIZE], expected[DIGEST_TEXT_SIZE];
    chain_id_of(ids, 1, one);
    assert_string_equal(one, DIGEST_A);
    chain_id_of(ids, 2, two);
    digest_of(DIGEST_A " " DIGEST_B, strlen(DIGEST_A " " DIGEST_B), expected);
    assert_string_equal(two, expected);
}

/* ---- layers written ---- */

static const char long_name[] =
    "usr/share/a-rather-long-folder-name-that-alone-fills-much/of-the-hundred-bytes-of-ustar/and-"
    "then-some-more-of-it/so-that-the-prefix-is-needed-as-well-and-still-is-not-enough-for-it-all/"
    "because-it-goes-on/file";

static int compare_entries(const void *a, const void *b)
{
    return layer_entry_compare(a, b);
}

static bool write_sample(struct buf *out, enum compression compression, struct layer_totals *totals,
                         struct error *err)
{
    static const struct entry_xattr xattrs[] = {{"user.b", {"2", 1}},
                                                {"security.capability", {"\1\0\2", 3}}};
    const struct layer_entry entries[] = {
        {.path = "bin", .type = ENTRY_SYMLINK, .link = "usr/bin", .mode = 0777},
        {.path = "etc", .type = ENTRY_DIRECTORY, .mode = 0755, .mtime_s = 100},
        {.path = "etc/old", .whiteout = true},
        {.path = "etc/new", .size = 5, .mode = 04755, .uid = 3000000, .mtime_s = 2000000000},
        {.path = "etc-more", .size = 0, .mode = 0644, .xattrs = xattrs, .xattr_count = 2},
        {.path = long_name, .size = 3, .mode = 0600, .mtime_s = -5},
        {.path = "var/cache", .opaque = true},
        {.path = "w\xc3\xa4re", .size = 0, .mode = 0644},
        {.path = "etc/hard", .type = ENTRY_HARDLINK, .link = "etc/new", .mode = 0644},
    };
    struct layer_entry sorted[array_count(entries)];
    memcpy(sorted, entries, sizeof(entries));
    qsort(sorted, array_count(entries), sizeof(*sorted), compare_entries);
    struct buf_sink sink = buf_sink_of(out, 0);
    const struct layer_write_settings settings = {.compression = compression,
                                                  .mtime_most_s = 1700000000};
    struct layer_writer *writer scoped(layer_writer_scope_close) = NULL;
    if (!layer_writer_open(&sink.sink, &settings, &writer, err))
        return false;
    for (size_t i = 0; i < array_count(sorted); i++)
        if (!layer_writer_entry(writer, &sorted[i], err) ||
            !layer_writer_data(writer, "hello", (size_t)sorted[i].size, err))
            return false;
    return layer_writer_finish(writer, totals, err);
}

static void read_sample(const struct buf *blob, struct buf *text, struct layer_totals *totals)
{
    struct error err = {0};
    const struct layer_entry *entry;
    struct stream *memory scoped(stream_scope_close) = stream_of_memory(buf_slice(blob));
    struct stream *layer scoped(stream_scope_close) = NULL;
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    assert_true(layer_stream_open(memory, NULL, &layer, &err));
    assert_true(layer_walk_open(layer, NULL, &walk, &err));
    while (layer_walk_next(walk, &entry, &err) && entry)
        buf_printf(text, "%s %s%s%s %o %lld %lld %zu %s\n", entry_type_name(entry->type),
                   entry->path, entry->whiteout ? " W" : "", entry->opaque ? " O" : "", entry->mode,
                   (long long)entry->uid, (long long)entry->mtime_s, entry->xattr_count,
                   entry->link);
    assert_string_equal(err.text, "");
    assert_true(layer_stream_finish(layer, totals, &err));
}

TEST(layers_written_read_back_the_same)
{
    static const enum compression kinds[] = {COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD};
    char diff_id[DIGEST_TEXT_SIZE] = "";
    for (size_t i = 0; i < array_count(kinds); i++) {
        struct buf blob scoped(buf_release) = {0}, again scoped(buf_release) = {0};
        struct buf text scoped(buf_release) = {0}, expected scoped(buf_release) = {0};
        struct layer_totals written, repeated, totals;
        struct error err = {0};
        if (!write_sample(&blob, kinds[i], &written, &err) ||
            !write_sample(&again, kinds[i], &repeated, &err))
            fail_msg("%s", err.text);
        assert_true(slice_equal(buf_slice(&blob), buf_slice(&again)));
        read_sample(&blob, &text, &totals);
        assert_string_equal(totals.digest, written.digest);
        assert_string_equal(totals.diff_id, written.diff_id);
        assert_int_equal(totals.bytes, written.bytes);
        if (*diff_id)
            assert_string_equal(diff_id, written.diff_id);
        memcpy(diff_id, written.diff_id, sizeof(diff_id));
        buf_printf(&expected,
                   "symlink bin 777 0 0 0 usr/bin\n"
                   "directory etc 755 0 100 0 \n"
                   "file etc/old W 0 0 0 0 \n"
                   "file etc/new 4755 3000000 1700000000 0 \n"
                   "file etc-more 644 0 0 2 \n"
                   "file %s 600 0 -5 0 \n"
                   "file var/cache O 0 0 0 0 \n"
                   "file w\xc3\xa4re 644 0 0 0 \n"
                   "hardlink etc/hard 644 0 0 0 etc/new\n",
                   long_name);
        assert_string_equal(buf_text(&text), buf_text(&expected));
    }
}

TEST(the_writer_refuses_disorder)
{
    struct buf out scoped(buf_release) = {0};
    struct buf_sink sink = buf_sink_of(&out, 0);
    const struct layer_write_settings settings = {0};
    struct layer_writer *writer scoped(layer_writer_scope_close) = NULL;
    struct error err = {0};
    struct layer_totals totals;
    const struct layer_entry b = {.path = "b", .size = 2}, a = {.path = "a"};
    assert_true(layer_writer_open(&sink.sink, &settings, &writer, &err));
    assert_true(layer_writer_entry(writer, &b, &err));
    assert_false(layer_writer_finish(writer, &totals, &err)); /* bytes are missing */
    assert_true(layer_writer_data(writer, "xy", 2, &err));
    assert_false(layer_writer_data(writer, "z", 1, &err));
    assert_false(layer_writer_entry(writer, &a, &err));
    assert_false(layer_writer_entry(writer, &b, &err));
    assert_int_equal(err.kind, ERROR_FATAL);
}

/* ---- stores and images ---- */

static void remove_tree(const char *path)
{
    char command[256];
    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

TEST(blob_store_keeps_only_what_is_right)
{
    char root[] = "/tmp/resole-blobs-XXXXXX", directory[64], digest[DIGEST_TEXT_SIZE];
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct blob_store *store scoped(blob_store_scope_close) = NULL;
    struct blob_write *begun;
    struct slice bytes;
    struct error err = {0};
    int64_t size;
    assert_non_null(mkdtemp(root));
    snprintf(directory, sizeof(directory), "%s/a/b", root);
    assert_true(blob_store_open(directory, &store, &err));
    assert_true(blob_store_put(store, slice_of("content"), digest, &err));
    assert_true(blob_store_find(store, digest, &size, &err));
    assert_int_equal(size, 7);
    assert_true(blob_store_load(store, arena, digest, 100, &bytes, &err));
    assert_true(slice_is(bytes, "content"));
    assert_true(blob_store_find(store, DIGEST_A, &size, &err));
    assert_int_equal(size, -1);
    assert_false(blob_store_load(store, arena, DIGEST_A, 100, &bytes, &err));
    assert_int_equal(err.kind, ERROR_RETRY);
    assert_true(blob_write_begin(store, DIGEST_A, -1, &begun, &err));
    assert_true(blob_write_sink(begun)->write(blob_write_sink(begun), "x", 1, &err));
    assert_false(blob_write_commit(begun, digest, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_true(blob_store_find(store, DIGEST_A, &size, &err));
    assert_int_equal(size, -1);
    assert_false(blob_store_find(store, "sha256:../../etc/passwd", &size, &err));
    assert_true(blob_write_begin(store, NULL, -1, &begun, &err));
    int64_t removed;
    assert_true(blob_store_sweep(store, -10, &removed, &err));
    assert_int_equal(removed, 1); /* the one just begun; the wrong one left nothing */
    blob_write_abort(begun);
    remove_tree(root);
}

static bool open_buf(void *context, struct stream **out, struct error *err)
{
    (void)err;
    *out = stream_of_memory(buf_slice(context));
    return true;
}

/* Written to every kind of target, read back by source: the same layers, the same config. */
TEST(images_written_read_back_the_same)
{
    static const char *const targets[][2] = {{"oci:", "layout:v1"},
                                             {"oci:", "layout:v2"},
                                             {"oci-archive:", "o.tar:v1"},
                                             {"docker-archive:", "d.tar:r.io/x:1"}};
    char root[] = "/tmp/resole-image-XXXXXX";
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct buf blob scoped(buf_release) = {0};
    struct layer_totals totals;
    struct error err = {0};
    struct image_config config;
    struct slice config_bytes;
    struct platform platform = {.os = "linux", .architecture = "amd64", .variant = ""};
    assert_non_null(mkdtemp(root));
    assert_true(write_sample(&blob, COMPRESSION_GZIP, &totals, &err));
    image_config_init(arena, platform, &config);
    assert_true(image_config_append(arena, &config, totals.diff_id,
                                    (struct image_history){.created_by = "test"}, &err));
    assert_true(image_config_append(arena, &config, totals.diff_id,
                                    (struct image_history){.created_by = "again"}, &err));
    assert_true(image_config_encode(arena, &config, &config_bytes, &err));
    struct image_blob layer = {.descriptor = {.media_type = MEDIA_OCI_LAYER_GZIP,
                                              .digest = totals.digest,
                                              .size = totals.bytes},
                               .diff_id = totals.diff_id,
                               .opener = {.open = open_buf, .context = &blob}};
    const struct image_blob layers[] = {layer, layer};
    const struct image_draft draft = {.config = config_bytes, .layers = layers, .layer_count = 2};
    for (size_t i = 0; i < array_count(targets); i++) {
        char text[128];
        struct image_name name;
        struct image_written written;
        struct image_source *source scoped(image_source_scope_close) = NULL;
        struct source_settings settings = {0};
        struct image image;
        struct stream *stream scoped(stream_scope_close) = NULL;
        snprintf(text, sizeof(text), "%s%s/%s", targets[i][0], root, targets[i][1]);
        if (!image_name_parse(arena, text, &name, &err) ||
            !image_write(NULL, arena, &name, &draft, &written, &err) ||
            !image_source_open(&name, &settings, &source, &err) ||
            !image_load(source, arena, &platform, &image, &err))
            fail_msg("%s: %s", text, err.text);
        assert_string_equal(image.config_digest, written.config_digest);
        assert_int_equal(image.layer_count, 2);
        assert_string_equal(image.layers[1].diff_id, totals.diff_id);
        if (i < 3)
            assert_string_equal(image.manifest.digest, written.manifest_digest);
        assert_true(source->blob(source, &image.layers[0].descriptor, &stream, &err));
        struct stream *inflated scoped(stream_scope_close) = NULL;
        struct layer_totals read;
        assert_true(layer_stream_open(stream, NULL, &inflated, &err));
        assert_true(layer_stream_finish(inflated, &read, &err));
        assert_string_equal(read.diff_id, totals.diff_id);
    }
    remove_tree(root);
}

TEST(addresses_that_outsiders_must_not_reach)
{
    static const char *const bad[] = {"127.0.0.1",
                                      "10.1.2.3",
                                      "172.31.0.1",
                                      "192.168.1.1",
                                      "169.254.1.1",
                                      "0.0.0.0",
                                      "100.64.0.1",
                                      "224.0.0.1",
                                      "::1",
                                      "::",
                                      "fe80::1",
                                      "fd00::1",
                                      "ff02::1",
                                      "::ffff:10.0.0.1",
                                      "64:ff9b::7f00:1",
                                      "2002:7f00:1::1",
                                      "nonsense",
                                      "255.255.255.255"};
    static const char *const good[] = {"1.1.1.1", "172.32.0.1", "2606:4700::1111",
                                       "::ffff:8.8.8.8"};
    for (size_t i = 0; i < array_count(bad); i++)
        if (!http_address_is_private(bad[i]))
            fail_msg("%s", bad[i]);
    for (size_t i = 0; i < array_count(good); i++)
        if (http_address_is_private(good[i]))
            fail_msg("%s", good[i]);
}

TEST(private_addresses_are_refused_before_a_connection)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct http_client *client scoped(http_client_scope_free) =
        http_client_new(&(struct http_settings){0});
    struct http_request request = {.url = "http://127.0.0.1:9/"};
    struct http_response response;
    struct error err = {0};
    assert_false(http_send(client, arena, &request, &response, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    request.allow_private = true; /* then nobody listens there: the world is unwell */
    assert_false(http_send(client, arena, &request, &response, &err));
    assert_int_equal(err.kind, ERROR_RETRY);
    assert_true(err.outside);
    assert_string_equal(err.host, "127.0.0.1:9");
    request.url = "file:///etc/passwd";
    assert_false(http_send(client, arena, &request, &response, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
}

TEST(mirrors_come_before_the_place_itself)
{
    static const char text[] = "unqualified-search-registries = ['docker.io']\n"
                               "[[registry]]\nlocation = \"docker.io\" # hub\n"
                               "[[registry.mirror]]\nlocation = 'mirror.example:5000/hub'\n"
                               "insecure = true\n[[registry.mirror]]\nlocation=\"b.example\"\n"
                               "[[registry]]\nprefix = \"docker.io/library/old\"\nblocked = true\n"
                               "[[registry]]\nprefix = \"*.corp.example\"\n"
                               "location = \"new.example\"\n";
    static const struct {
        const char *reference, *places; /* NULL: refused */
    } table[] = {
        {"debian:12", "mirror.example:5000/hub/library/debian:12! "
                      "b.example/library/debian:12 docker.io/library/debian:12 "},
        {"old", NULL},
        {"older", "mirror.example:5000/hub/library/older! b.example/library/older "
                  "docker.io/library/older "},
        {"a.corp.example/x/y@" DIGEST_A, "new.example/x/y@" DIGEST_A " "},
        {"corp.example/x", "corp.example/x "},
    };
    for (size_t i = 0; i < array_count(table); i++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        struct buf places scoped(buf_release) = {0};
        struct reference reference;
        struct mirror *list;
        size_t count;
        struct error err = {0};
        assert_true(reference_parse(arena, table[i].reference, &reference, &err));
        bool good = mirrors_of(arena, slice_of(text), &reference, &list, &count, &err);
        assert_int_equal(good, table[i].places != NULL);
        for (size_t k = 0; good && k < count; k++)
            buf_printf(&places, "%s%s ", reference_text(arena, &list[k].reference),
                       list[k].insecure ? "!" : "");
        if (good)
            assert_string_equal(buf_text(&places), table[i].places);
    }
}
