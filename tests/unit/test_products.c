/* The scan of executables: every row of the product table on a library made by the compiler with
 * the row's evidence among its read-only data, and the same answer however the bytes are cut. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inventory/layer_read.h"
#include "inventory/readers/binary_scan.h"
#include "inventory/readers/product_table.h"
#include "test.h"

static const char version[] = "5.4.3";

static void put_escaped(struct buf *out, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        buf_printf(out, "\\x%02x\"\"", (unsigned char)bytes[i]);
}

/* A text that the pattern fits. */
static void example(const struct product_row *row, struct buf *out)
{
    char found[16];
    snprintf(found, sizeof(found), "%c.4.3", row->begins ? row->begins[0] : version[0]);
    for (const char *p = row->pattern; *p; p++) {
        if (*p != '%') {
            buf_put_byte(out, *p);
            continue;
        }
        switch (*++p) {
        case 'v':
        case 'w':
        case 'n':
            buf_put_text(out, found);
            break;
        case 's':
            buf_printf(out, "%sp1", found);
            break;
        case 'd':
            buf_put_text(out, "12");
            break;
        case 'x':
            buf_put_text(out, "1a2b");
            break;
        case '*':
            buf_put_text(out, "any words");
            break;
        case '_':
            buf_put_text(out, "  ");
            break;
        case '%':
            buf_put_byte(out, '%');
            break;
        default:
            buf_put_byte(out, 0);
        }
    }
}

/* A library whose read-only data is `data`; false where there is no compiler. */
static bool build(const struct buf *data, struct buf *out)
{
    char source[] = "/tmp/resole-product-XXXXXX", object[sizeof(source) + 3], command[256];
    int fd = mkstemp(source);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    struct buf text scoped(buf_release) = {0};
    buf_put_text(&text, "const char evidence[] = \"\\x01\"\"");
    put_escaped(&text, data->data, data->length);
    buf_put_text(&text, "\";\n");
    fwrite(text.data, 1, text.length, file);
    fclose(file);
    snprintf(object, sizeof(object), "%s.so", source);
    snprintf(command, sizeof(command), "cc -x c -shared -nostdlib -o %s %s", object, source);
    bool good = system(command) == 0; /* NOLINT: our own words */
    file = good ? fopen(object, "r") : NULL;
    char block[65536];
    for (size_t got; file && (got = fread(block, 1, sizeof(block), file)) > 0;)
        buf_put(out, block, got);
    if (file)
        fclose(file);
    unlink(object);
    unlink(source);
    return good;
}

/* The products found, as lines; fed in blocks of `step` bytes. */
static void scan_in_steps(struct slice bytes, const char *path, size_t step, struct buf *out)
{
    struct arena *arena = arena_new();
    struct evidence evidence;
    struct reader_sink sink;
    sink_init(&sink, arena, &evidence);
    binary_scan_begin(sink_scan(&sink), path);
    for (size_t at = 0; at < bytes.length; at += step)
        binary_scan_feed(sink_scan(&sink), slice_sub(bytes, at, step));
    binary_scan_end(sink_scan(&sink), &sink);
    reader_finish(&sink);
    for (size_t s = 0; s < evidence.set_count; s++)
        for (size_t i = 0; i < evidence.sets[s].count; i++)
            buf_printf(out, "%s %s\n", evidence.sets[s].items[i].component.name,
                       evidence.sets[s].items[i].component.version);
    arena_free(arena);
}

static void path_of(const struct product_row *row, char *out, size_t size)
{
    struct slice names = slice_of(row->files ? row->files : "renamed"), name = {0};
    slice_take_word(&names, &name);
    snprintf(out, size, "opt/x/bin/%.*s", (int)name.length, name.data);
}

TEST(every_row_finds_its_product_in_a_library_however_it_is_cut)
{
    static const size_t steps[] = {1, 7, 300, 4096};
    for (size_t i = 0; i < product_row_count; i++) {
        const struct product_row *row = &product_rows[i];
        struct buf data scoped(buf_release) = {0};
        struct buf file scoped(buf_release) = {0};
        struct buf whole scoped(buf_release) = {0};
        char path[128], said[128];
        example(row, &data);
        buf_put_byte(&data, 0);
        if (row->also)
            buf_put(&data, row->also, strlen(row->also) + 1);
        assert_true(build(&data, &file));
        path_of(row, path, sizeof(path));
        scan_in_steps(buf_slice(&file), path, file.length, &whole);
        snprintf(said, sizeof(said), "%s %c.4.3", row->name,
                 row->begins ? row->begins[0] : version[0]);
        if (!strstr(buf_text(&whole), said))
            fail_msg("row %zu (%s %s): found \"%s\"", i, row->name, row->pattern, buf_text(&whole));
        for (size_t s = 0; s < array_count(steps); s++) {
            struct buf cut scoped(buf_release) = {0};
            scan_in_steps(buf_slice(&file), path, steps[s], &cut);
            assert_string_equal(buf_text(&cut), buf_text(&whole));
        }
    }
}

TEST(programs_that_only_print_what_they_were_built_with_are_not_it)
{
    static const char elf[] =
        "\177ELF............................................................\0"
        "OpenSSL 3.0.11 19 Sep 2023\0libcurl/7.88.1\0deflate 1.2.13\0"
        "Apache/2.4.57\0PostgreSQL 15.1\0";
    struct buf found scoped(buf_release) = {0};
    scan_in_steps((struct slice){elf, sizeof(elf)}, "usr/bin/tool", sizeof(elf), &found);
    assert_string_equal(buf_text(&found), "");
}

/* The evidence as the products' own builds have it, between what stands beside it there. */
TEST(evidence_among_its_neighbours)
{
    static const struct {
        const char *path;
        struct slice bytes;
        const char *said;
    } cases[] = {
#define CASE(path, text, said)                                                                     \
    {path, {"\177ELF\2\1\1\0" text, sizeof("\177ELF\2\1\1\0" text)}, said}
        CASE("usr/bin/mongod", "\0 6.0.27\0tcmalloc\0", "mongodb 6.0.27\n"),
        CASE("usr/bin/mongod", "\0 7.0.28\0\0\0heap_size\0 1.2.3\0", "mongodb 7.0.28\n"),
        CASE("usr/bin/mongos", "\0 8.0.17\0cppdefines\0", "mongodb 8.0.17\n"),
        CASE("usr/bin/arangosh",
             "\0"
             "3.12.5-2 enterprise [linux] 64bit\0",
             "arangodb 3.12.5\n"),
        CASE("opt/fluent-bit",
             "\0"
             "1.1.1\0x\0"
             "2.2.1\0\0\0Fluent Bit v%s\0",
             "fluent-bit 2.2.1\n"),
        CASE("bin/consul", "<!-- CONSUL_VERSION: 1.15.2\n -->", "consul 1.15.2\n"),
        CASE("bin/consul", "-X GitDescribe=1.12.9\" -X x", "consul 1.12.9\n"),
        CASE("bin/vault", "github.com/hashicorp/vault/x\0renewrevoke1.18.0secret",
             "vault 1.18.0\n"),
        CASE("traefik",
             "github.com/traefik/traefik/v2\0\0"
             "2.10.7\0",
             "traefik 2.10.7\n"),
        CASE("traefik", "github.com/containous/traefik/x\0\0v1.7.34\0", "traefik 1.7.34\n"),
        CASE("bin/grafana", "\0\0release-12.3.2+security-01\0\0", "grafana 12.3.2\n"),
        CASE("lib/libjulia-internal.so.1.9",
             "x__init__\0"
             "1.9.3\0verify",
             "julia 1.9.3\n"),
        CASE("erts/bin/beam.smp", "x\0/usr/src/otp_src_25.3.2.6/erts/\0", "erlang 25.3.2.6\n"),
        CASE("erts/bin/beam.smp",
             "x\0"
             "26.1.2\0\0\0Erlang/OTP %s",
             "erlang 26.1.2\n"),
        CASE("opt/ghc", "\0libHSghc-8.10.4-ghc8.10.4.so\0", "ghc 8.10.4\n"),
        CASE("bin/cabal", "\0/opt/lib/cabal-install-1.22.6.0-Afxb\0", "cabal-install 1.22.6.0\n"),
        CASE("bin/dart",
             "Dart,GC\"\0"
             "3.5.2 (stable) (Wed",
             "dart 3.5.2\n"),
        CASE("lib/x.so", "\0OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)\0", "aws-lc 1.69.0\n"),
        CASE("lib/libkrb5.so.26", "@(#)$Version: Heimdal 7.8.0 by x\0", "heimdal 7.8.0\n"),
        CASE("bin/ldapsearch", "@(#) $OpenLDAP: ldapsearch 2.6.3 (Mar\0", "openldap 2.6.3\n"),
        CASE("lib/libQt6Core.so.6.5.0", "\0\0Qt 6.5.0 (x86_64-little_endian", "qt 6.5.0\n"),
        CASE("opt/chrome",
             "\0"
             "127.0.6533.119\0Default\0",
             "chrome 127.0.6533.119\n"),
        CASE("bin/getopt", "\0util-linux 2.38.1\0", "util-linux 2.38.1\n"),
        CASE("bin/helm", "helm.sh/helm/v3\0\0v3.12.0\0", "helm 3.12.0\n"),
        CASE("bin/mysqld", "/b/percona-server-8.0.36-28/x", "percona-server 8.0.36\n"),
        CASE("bin/mysqld", "/b/Percona-XtraDB-Cluster-8.0.36/x", "percona-xtradb-cluster 8.0.36\n"),
        CASE("bin/gcc", "GCC: (GNU) 12.3.0\0x\0COLLECT_GCC=", "gcc 12.3.0\n"),
        CASE("x/gcc-386-exec", "\0GCC: (GNU) 3.4.6\0", ""), /* what it was compiled with */
        /* None of it: another program with such a text, a version with nothing beside it. */
        CASE("usr/bin/tool",
             "CONSUL_VERSION: 1.15.2\0v3.12.0\0"
             "6.0.27\0tcmalloc\0",
             ""),
        CASE("usr/bin/helm", "\0v3.12.0\0", ""),
#undef CASE
    };
    for (size_t i = 0; i < array_count(cases); i++) {
        struct buf found scoped(buf_release) = {0};
        scan_in_steps(cases[i].bytes, cases[i].path, cases[i].bytes.length, &found);
        if (strcmp(buf_text(&found), cases[i].said) != 0)
            fail_msg("%zu %s: wanted %s came %s", i, cases[i].path, cases[i].said,
                     buf_text(&found));
    }
}

TEST(text_files_and_names_of_archives_say_products)
{
    static const struct {
        const char *path, *text, *said;
    } cases[] = {
        {"opt/tomcat/RELEASE-NOTES", "\n\n   Apache Tomcat Version 10.1.16\n", "tomcat 10.1.16"},
        {"opt/jetty/VERSION.txt", "jetty-12.0.5 - 18 December 2023\n", "jetty 12.0.5"},
        {"opt/jetty/lib/jetty-server-9.4.57.v20241219.jar", "", "jetty 9.4.57"},
        {"opt/kafka/libs/kafka_2.13-3.6.1.jar", "", "kafka 3.6.1"},
        {"usr/share/elasticsearch/lib/elasticsearch-8.11.1.jar", "", "elasticsearch 8.11.1"},

        {"opt/spark/RELEASE", "Spark 3.5.0 built for Hadoop 3.3.4\n", "spark 3.5.0"},
        {"opt/spark/jars/spark-core_2.12-3.5.0.jar", "", "spark 3.5.0"},
        {"usr/local/go/VERSION", "go1.21.4\ntime 2023-11-01T20:46:39Z\n", "go 1.21.4"},
        {"usr/lib/erlang/releases/25/OTP_VERSION", "25.2.3\n", "erlang 25.2.3"},
        {"opt/other/VERSION", "1.2 with go1.21.4\n", NULL},
        {"opt/libxml2.so.2.9.14", "", "libxml2 2.9.14"},
        {"opt/firefox/application.ini",
         "[App]\nVendor=Mozilla\nName=Firefox\nCodeName=Firefox\nVersion=151.0\nID={x}\n",
         "firefox 151.0"},
        {"opt/x/application.ini", "[App]\nName=Thing\nVersion=151.0\n", NULL},
        {"var/www/html/wp-includes/version.php", "<?php\n$wp_version = '6.4.2';\n",
         "wordpress 6.4.2"},
        {"opt/drupal/web/core/lib/Drupal.php", "class Drupal {\n  const VERSION = '10.1.6';\n",
         "drupal 10.1.6"},
        {"var/www/html/version.php", "$OC_VersionString = '28.0.1';\n", "nextcloud 28.0.1"},
        {"var/www/html/includes/Defines.php", "define( 'MW_VERSION', '1.41.0' );\n",
         "mediawiki 1.41.0"},
        {"opt/sonarqube/lib/sonar-application-10.3.0.82913.jar", "", "sonarqube 10.3.0.82913"},
    };
    for (size_t i = 0; i < array_count(cases); i++) {
        struct arena *arena = arena_new();
        struct evidence evidence;
        struct reader_sink sink;
        sink_init(&sink, arena, &evidence);
        const struct reader_file file = {.path = cases[i].path, .bytes = slice_of(cases[i].text)};
        reader_offer(&file, &sink);
        reader_finish(&sink);
        const struct evidence_set *set = evidence_find_set(&evidence, EVIDENCE_FILES);
        const struct evidence_item *product = NULL;
        for (size_t k = 0; set && k < set->count; k++)
            if (strcmp(set->items[k].component.type, "generic") == 0)
                product = &set->items[k];
        if (!cases[i].said)
            assert_null(product);
        else if (!product)
            fail_msg("%s: nothing", cases[i].path);
        else
            assert_string_equal(
                arena_printf(arena, "%s %s", product->component.name, product->component.version),
                cases[i].said);
        arena_free(arena);
    }
}

static void put_word(struct buf *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buf_put_byte(out, (char)(i < 8 ? value >> (8 * i) : 0));
}

/* A single-file .NET program: the deps.json lies between the host and the bundle's directory. */
TEST(a_dotnet_bundle_tells_its_packages)
{
    static const char signature[] =
        "\x8b\x12\x02\xb9\x6a\x61\x20\x38\x72\x7b\x93\x02\x14\xd7\xa0\x32\x13\xf5"
        "\xb9\xe6\xef\xae\x33\x18\xee\x3b\x2d\xce\x24\xb3\x6a\xae";
    static const char deps[] =
        "{\n  \"runtimeTarget\": {\"name\": \"t\", \"x\": \"}\\\"{\"},\n  \"targets\": {\"t\": {"
        "\"A/1.0.0\": {\"runtime\": {\"a.dll\": {}}},"
        "\"runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.0\": {\"runtime\": {\"b\": {}}},"
        "\"me/1.0.0\": {\"runtime\": {\"me.dll\": {}}}}},\n  \"libraries\": {"
        "\"me/1.0.0\": {\"type\": \"project\"}, \"A/1.0.0\": {\"type\": \"package\"},"
        "\"runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.0\": {\"type\": "
        "\"runtimepack\"}}\n}";
    static const size_t steps[] = {1, 7, 300, 4096, 1 << 20};
    for (int empty = 0; empty < 2; empty++) {
        struct buf file scoped(buf_release) = {0};
        buf_put(&file, "\177ELF\2\1\1\0 {\"runtimeTarget\": not yet ", 34);
        put_word(&file, empty ? 0 : 5000, 8);
        buf_put(&file, signature, 32);
        while (file.length < 700)
            buf_put_byte(&file, 'x');
        buf_put_text(&file, deps);
        buf_put_text(&file, "MZ}}{{ the next file");
        for (size_t s = 0; s < array_count(steps); s++) {
            struct buf found scoped(buf_release) = {0};
            scan_in_steps(buf_slice(&file), "app/me", steps[s], &found);
            assert_string_equal(buf_text(&found),
                                empty ? ""
                                      : "A 1.0.0\nMicrosoft.NETCore.App.Runtime.linux-x64 8.0.0\n");
        }
        for (size_t cut = 700; cut < 700 + sizeof(deps) - 2; cut += 11) { /* any end is survived */
            struct buf found scoped(buf_release) = {0};
            scan_in_steps(slice_sub(buf_slice(&file), 0, cut), "app/me", 300, &found);
            assert_string_equal(buf_text(&found), "");
        }
    }
}

/* Go before 1.18: the magic is followed by the addresses of two string headers; the strings have
 * gone by then. One segment, loaded at 0x400000. */
TEST(an_older_go_executable_is_read_through_its_pointers)
{
    enum { BASE = 0x400000, VERSION_AT = 256, MODULES_AT = 288, INFO_AT = 512, HEADERS_AT = 560 };
    static const char sentinel[] =
        "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
    static const char ending[] = "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";
    static const char lines[] = "path\tx.example/old\nmod\tx.example/old\tv1.4.0\th1:x\n"
                                "dep\ta.example/b\tv0.3.0\th1:y\n";
    struct buf file scoped(buf_release) = {0};
    buf_put(&file, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16);
    put_word(&file, 0, 16);
    put_word(&file, 64, 8); /* e_phoff */
    put_word(&file, 0, 14);
    put_word(&file, 56, 2); /* e_phentsize, e_phnum */
    put_word(&file, 1, 2);
    put_word(&file, 0, 6);
    put_word(&file, 1, 8); /* PT_LOAD: from 0, 4096 bytes */
    put_word(&file, 0, 8);
    put_word(&file, BASE, 8);
    put_word(&file, BASE, 8);
    put_word(&file, 4096, 8);
    put_word(&file, 4096, 8);
    while (file.length < VERSION_AT)
        buf_put_byte(&file, 'g');
    buf_put_text(&file, "go1.16.5goroutine");
    while (file.length < MODULES_AT)
        buf_put_byte(&file, 'g');
    buf_put(&file, sentinel, 16);
    buf_put_text(&file, lines);
    buf_put(&file, ending, 16);
    while (file.length < INFO_AT)
        buf_put_byte(&file, 0);
    buf_put(&file, "\xff Go buildinf:\x08\x00", 16);
    put_word(&file, BASE + HEADERS_AT, 8);
    put_word(&file, BASE + HEADERS_AT + 16, 8);
    while (file.length < HEADERS_AT)
        buf_put_byte(&file, 0);
    put_word(&file, BASE + VERSION_AT, 8);
    put_word(&file, 8, 8);
    put_word(&file, BASE + MODULES_AT, 8);
    put_word(&file, 32 + sizeof(lines) - 1, 8);
    static const size_t steps[] = {1, 13, 500, 100000};
    for (size_t i = 0; i < array_count(steps); i++) {
        struct buf found scoped(buf_release) = {0};
        scan_in_steps(buf_slice(&file), "usr/bin/old", steps[i], &found);
        assert_string_equal(buf_text(&found),
                            "a.example/b v0.3.0\nstdlib 1.16.5\nx.example/old v1.4.0\n");
    }
}
