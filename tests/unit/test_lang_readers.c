#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/compose.h"
#include "inventory/readers/lang.h"
#include "inventory/readers/readers.h"
#include "test.h"

/* Every package that the readers find in the bytes, "type name version\n" each, sorted. */
static const char *found(struct arena *arena, const char *path, struct slice bytes)
{
    struct evidence *evidence = arena_new_object(arena, struct evidence);
    struct reader_sink sink;
    struct buf out scoped(buf_release) = {0};
    const struct reader_file file = {.path = path, .bytes = bytes, .executable = true};
    sink_init(&sink, arena, evidence);
    reader_offer(&file, &sink);
    reader_finish(&sink);
    evidence_sort(evidence);
    for (size_t s = 0; s < evidence->set_count; s++)
        for (size_t i = 0; i < evidence->sets[s].count; i++) {
            const struct component *c = &evidence->sets[s].items[i].component;
            buf_printf(&out, "%s %s %s\n", c->type, c->name, c->version);
        }
    return arena_strdup(arena, buf_text(&out));
}

struct example {
    const char *path, *bytes, *wanted;
};

static void check(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        const char *came = found(arena, examples[i].path, slice_of(examples[i].bytes));
        if (strcmp(came, examples[i].wanted) != 0)
            fail_msg("%s: wanted\n%scame\n%s", examples[i].path, examples[i].wanted, came);
    }
}

TEST(lock_files_of_javascript)
{
    static const struct example examples[] = {
        {"app/node_modules/@a/b/package.json", "{\"name\": \"@a/b\", \"version\": \"1.2.3\"}",
         "npm @a/b 1.2.3\n"},
        {"app/package-lock.json",
         "{\"lockfileVersion\": 1, \"dependencies\": {\"a\": {\"version\": \"1.0.0\","
         "\"dependencies\": {\"b\": {\"version\": \"npm:c@2.0.0\"}}},"
         "\"d\": {\"version\": \"git+ssh://x\"}}}",
         "npm a 1.0.0\nnpm c 2.0.0\n"},
        {"app/package-lock.json",
         "{\"lockfileVersion\": 3, \"packages\": {\"\": {\"version\": \"9.9.9\"},"
         "\"node_modules/a/node_modules/@b/c\": {\"version\": \"1.0.0\"},"
         "\"node_modules/w\": {\"resolved\": \"w\", \"link\": true}, \"w\": {\"version\": "
         "\"1.0.0\"}}}",
         "npm @b/c 1.0.0\n"},
        {"app/yarn.lock",
         "# yarn lockfile v1\n\n\"@a/b@^1.0\", \"@a/b@^1.1\":\n  version \"1.1.0\"\n"
         "  dependencies:\n    version \"0.0.1\"\n\nc@npm:d@^2:\n  version \"2.0.0\"\n",
         "npm @a/b 1.1.0\nnpm d 2.0.0\n"},
        {"app/yarn.lock",
         "__metadata:\n  version: 6\n\n\"a@npm:^1.0\":\n  version: 1.0.1\n"
         "  resolution: \"a@npm:1.0.1\"\n\n\"me@workspace:.\":\n  version: 0.0.0-use.local\n"
         "  resolution: \"me@workspace:.\"\n",
         "npm a 1.0.1\n"},
        {"app/pnpm-lock.yaml",
         "lockfileVersion: 5.4\npackages:\n  /@a/b/1.0.0_c@2.0.0:\n    dev: false\n"
         "  /d/3.0.0:\n    dev: true\n",
         "npm @a/b 1.0.0\nnpm d 3.0.0\n"},
        {"app/pnpm-lock.yaml",
         "lockfileVersion: '9.0'\npackages:\n  '@a/b@1.0.0':\n    resolution: {}\n"
         "  'c@https://x.example/c.tgz':\n    version: 2.0.0\n",
         "npm @a/b 1.0.0\nnpm c 2.0.0\n"},
        {"app/bun.lock", "{\"packages\": {\"a\": [\"a@1.0.0\", \"\", {},], },}", "npm a 1.0.0\n"},
    };
    check(examples, array_count(examples));
}

TEST(lock_files_of_other_languages)
{
    static const struct example examples[] = {
        {"app/Cargo.lock",
         "version = 3\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\" # c\ndependencies = [\n"
         " \"b\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"0.2.0\"\n",
         "cargo a 1.0.0\ncargo b 0.2.0\n"},
        {"app/poetry.lock", "[[package]]\nname = \"Zope.Interface\"\nversion = \"5.0\"\n",
         "pypi zope-interface 5.0\n"},
        {"app/requirements.txt",
         "# c\nA_b[x]==1.0 ; python_version > '3'\nc>=2\nd==1.*\n-r other.txt\ne == 3.0 --hash=x\n",
         "pypi a-b 1.0\npypi e 3.0\n"},
        {"app/Pipfile.lock", "{\"default\": {\"a\": {\"version\": \"==1.0\"}, \"b\": {}}}",
         "pypi a 1.0\n"},
        {"app/Gemfile.lock",
         "GEM\n  remote: https://x.example/\n  specs:\n    a (1.0)\n      b (>= 1)\n"
         "    b (2.0-x86_64-linux)\n\nPLATFORMS\n  ruby\n",
         "gem a 1.0\ngem b 2.0\n"},
        {"usr/lib/ruby/specifications/a-1.0.gemspec",
         "Gem::Specification.new do |s|\n  s.name = \"a\".freeze\n  s.version = \"1.0\"\nend\n",
         "gem a 1.0\n"},
        {"app/vendor/composer/installed.json",
         "{\"packages\": [{\"name\": \"a/b\", \"version\": \"v1.0\"}]}", "composer a/b v1.0\n"},
        {"app/x.deps.json",
         "{\"runtimeTarget\": {\"name\": \"t\"}, \"targets\": {\"t\": {\"A/1.0\": {\"runtime\":"
         "{\"a.dll\": {}}}, \"B/1.0\": {}}}, \"libraries\": {\"A/1.0\": {\"type\": \"package\"},"
         "\"B/1.0\": {\"type\": \"package\"}, \"Me/1.0\": {\"type\": \"project\"}}}",
         "nuget A 1.0\n"},
        {"app/packages.config", "<packages><package id=\"A\" version=\"1.0\"/></packages>",
         "nuget A 1.0\n"},
        {"opt/conda/conda-meta/a.json", "{\"name\": \"a\", \"version\": \"1.0\"}", "conda a 1.0\n"},
        {"usr/lib/R/library/a/DESCRIPTION", "Package: a\nVersion: 1.0-1\nBuilt: R 4\n",
         "cran a 1.0-1\n"},
        {"app/mix.lock", "%{\n  \"a\": {:hex, :a, \"1.0.0\", \"x\"},\n}\n", "hex a 1.0.0\n"},
        {"app/pubspec.lock", "packages:\n  a:\n    version: \"1.0.0\"\n", "pub a 1.0.0\n"},
        {"app/Podfile.lock", "PODS:\n  - A (1.0):\n    - B\n  - B (2.0)\n",
         "cocoapods A 1.0\ncocoapods B 2.0\n"},
        {"app/Package.resolved",
         "{\"pins\": [{\"location\": \"https://x.example/a/b.git\", \"state\": {\"version\": "
         "\"1.0.0\"}}]}",
         "swift x.example/a/b 1.0.0\n"},
        {"app/vendor/modules.txt",
         "# a.example/x v1.0.0\n## explicit\na.example/x\n# a.example/unused v1.0.0\n"
         "# a.example/y v1.0.0 => b.example/y v2.0.0\na.example/y\n",
         "golang a.example/x v1.0.0\ngolang b.example/y v2.0.0\n"},
        {"usr/lib/perl5/.meta/A-B-1.2/MYMETA.json", "{\"name\": \"A-B\", \"version\": \"v1.2\"}",
         "cpan A-B 1.2\n"},
        {"opt/jdk/release", "JAVA_VERSION=\"17.0.1\"\nIMAGE_TYPE=\"JRE\"\n",
         "generic jre 17.0.1\n"},
    };
    check(examples, array_count(examples));
}

TEST(lock_files_of_smaller_ecosystems)
{
    static const struct example examples[] = {
        {"app/conan.lock",
         "{\"graph_lock\": {\"nodes\": {\"0\": {\"ref\": \"me/1.0\", \"path\": \"conanfile.py\"},"
         "\"1\": {\"ref\": \"zlib/1.2.11@u/c#rev:id#p\", \"context\": \"host\"}}}}",
         "conan zlib 1.2.11\n"},
        {"app/conan.lock",
         "{\"version\": \"0.5\", \"requires\": [\"a/1.0#r%1.5\", 7], \"build_requires\": "
         "[\"cmake/3.1\"], \"python_requires\": [\"p/2\"]}",
         "conan a 1.0\nconan cmake 3.1\nconan p 2\n"},
        {"app/renv.lock",
         "{\"R\": {\"Version\": \"4.2\"}, \"Packages\": {\"a\": {\"Package\": \"a\", "
         "\"Version\": \"1.0-1\"}, \"b\": {\"Version\": \"2\"}}}",
         "cran a 1.0-1\ncran b 2\n"},
        {"app/deno.lock",
         "{\"version\": \"4\", \"npm\": {\"@a/b@1.0.0_c@2.0.0\": {}, \"c@2.0.0\": {}}}",
         "npm @a/b 1.0.0\nnpm c 2.0.0\n"},
        {"app/deno.lock", "{\"version\": \"3\", \"packages\": {\"npm\": {\"a@1.0.0\": {}}}}",
         "npm a 1.0.0\n"},
        {"app/deno.lock", "{\"version\": \"2\", \"npm\": {\"packages\": {\"a@1.0.0\": {}}}}",
         "npm a 1.0.0\n"},
        {"app/gradle.lockfile",
         "# c\norg.a:b:1.0=compileClasspath\norg.a:t:2.0=testCompileClasspath\nempty=x,y\n:b:1\n",
         "maven org.a:b 1.0\nmaven org.a:t 2.0\n"},
        {"app/gradle/dependency-locks/compileClasspath.lockfile", "# c\norg.a:b:1.0\n",
         "maven org.a:b 1.0\n"},
        {"app/cabal.project.freeze",
         "active-repositories: x\nconstraints: any.a-b ==1.2.3,\n             a-b +flag,\n"
         "             any.c ==4\nindex-state: z\n",
         "hackage a-b 1.2.3\nhackage c 4\n"},
        {"app/stack.yaml.lock",
         "packages:\n- completed:\n    hackage: a-b-1.2@sha256:00,1\n  original:\n"
         "    hackage: a-b-1.2\n- completed:\n    url: x\n",
         "hackage a-b 1.2\n"},
        {"app/vendor/composer/installed.php",
         "<?php return array(\n    'root' => array(\n        'name' => 'me/app',\n    ),\n"
         "    'versions' => array(\n        'a/b' => array(\n            'pretty_version' => "
         "'v1.2',\n            'version' => '1.2.0.0',\n        ),\n        'me/app' => array(\n"
         "            'pretty_version' => 'dev-main',\n        ),\n        'c/d' => array(\n"
         "            'replaced' => array(\n                0 => '*',\n",
         "composer a/b v1.2\n"},
        {"usr/share/php/.registry/.channel.pecl.php.net/m.reg",
         "a:2:{s:4:\"name\";s:1:\"m\";s:7:\"version\";a:1:{s:7:\"release\";s:5:\"3.2.0\";}}",
         "pear pecl.php.net/m 3.2.0\n"},
        {"home/u/.opam/x/.opam-switch/packages/ocaml-base.4.14.0/opam", "opam-version: \"2.0\"\n",
         "opam ocaml-base 4.14.0\n"},
        {"usr/share/bottlerocket/application-inventory.json",
         "{\"Content\": [{\"Name\": \"glibc\", \"Version\": \"2.43\", \"Release\": \"1.br1\", "
         "\"Epoch\": \"1\"}]}",
         "rpm glibc 1:2.43-1.br1\n"},
        {"etc/cos-package-info.json",
         "{\"installedPackages\": [{\"category\": \"app-x\", \"name\": \"a\", \"version\": "
         "\"1-r3\"}], \"buildTimePackages\": [{\"name\": \"b\", \"version\": \"1\"}]}",
         "ebuild app-x/a 1-r3\n"},
        {"opt/bitnami/.bitnami_components.json", "{\"gosu\": {\"version\": \"1.14.0-1\"}}",
         "bitnami gosu 1.14.0-1\n"},
        {"app/mix.lock",
         "%{\n  \"a\": {:hex, :a, \"1.0.0\"},\n  \"g\": {:git, \"u\", \"r\", []},\n}\n",
         "hex a 1.0.0\n"},
        {"app/bun.lock",
         "{\n  // c, }\n  \"packages\": {\n    \"a\": [\"a@1.0.0\", \"//x\", {}], // d\n  },\n}",
         "npm a 1.0.0\n"},
        {"app/Package.resolved",
         "{\"pins\": [{\"location\": \"git@x.example:a/b.git\", \"state\": {\"version\": "
         "\"1.0.0\"}}]}",
         "swift x.example/a/b 1.0.0\n"},
        {"app/Package.resolved",
         "{\"object\": {\"pins\": [{\"repositoryURL\": \"https://x.example/a/b\", \"state\": "
         "{\"branch\": \"main\", \"version\": null}}]}, \"version\": 1}",
         "swift x.example/a/b main\n"},
    };
    check(examples, array_count(examples));
}

/* What only development needs is evidence, but no part of the image. */
TEST(development_packages_are_no_part_of_an_image)
{
    static const struct example examples[] = {
        {"app/package-lock.json",
         "{\"lockfileVersion\": 3, \"packages\": {\"node_modules/a\": {\"version\": \"1.0.0\"},"
         "\"node_modules/d\": {\"version\": \"2.0.0\", \"dev\": true}}}",
         "a"},
        {"app/pnpm-lock.yaml",
         "lockfileVersion: 5.4\npackages:\n  /a/1.0.0:\n    dev: false\n  /d/3.0.0:\n    dev: "
         "true\n",
         "a"},
        {"app/Pipfile.lock",
         "{\"default\": {\"a\": {\"version\": \"==1\"}}, \"develop\": {\"d\": {\"version\": "
         "\"==1\"}}}",
         "a"},
        {"app/poetry.lock",
         "[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = [\"main\", \"dev\"]\n\n[[package]]\n"
         "name = \"d\"\nversion = \"1\"\ngroups = [\"dev\"]\n\n[[package]]\nname = \"e\"\n"
         "version = \"1\"\ncategory = \"dev\"\n",
         "a"},
        {"app/composer.lock",
         "{\"packages\": [{\"name\": \"a/a\", \"version\": \"1\"}], \"packages-dev\": "
         "[{\"name\": \"d/d\", \"version\": \"1\"}]}",
         "a/a"},
        {"app/packages.config",
         "<packages><package id=\"a\" version=\"1\"/><package id=\"d\" version=\"1\" "
         "developmentDependency=\"true\"/></packages>",
         "a"},
        {"app/pnpm-lock.yaml",
         "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        "
         "specifier: "
         "^1\n        version: 1.0.0(p@1.0.0)\n    devDependencies:\n      t:\n        specifier: "
         "^1\n"
         "        version: 1.0.0\n      alias:\n        specifier: npm:q@1\n        version: "
         "q@2.0.0\n"
         "packages:\n  a@1.0.0:\n    resolution: {}\n  t@1.0.0:\n    resolution: {}\n  u@1.0.0:\n"
         "    resolution: {}\n  q@2.0.0:\n    resolution: {}\nsnapshots:\n  a@1.0.0(p@1.0.0): {}\n"
         "  t@1.0.0:\n    dependencies:\n      a: 1.0.0(p@1.0.0)\n      u: 1.0.0\n  u@1.0.0: {}\n"
         "  q@2.0.0: {}\n",
         "a"},
        {"app/uv.lock",
         "version = 1\n\n[[package]]\nname = \"t\"\nversion = \"1\"\nsource = { registry = \"x\" "
         "}\n"
         "dependencies = [\n    { name = \"a\" },\n    { name = \"u\", marker = \"x\" },\n]\n\n"
         "[[package]]\nname = \"u\"\nversion = \"1\"\nsource = { registry = \"x\" }\n\n"
         "[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"x\" }\n\n"
         "[[package]]\nname = \"me\"\nversion = \"1\"\nsource = { virtual = \".\" }\n"
         "dependencies = [{ name = \"a\" }]\n\n[package.dev-dependencies]\ndev = [\n"
         "    { name = \"t\" },\n]\n\n[package.metadata]\nrequires-dist = [{ name = \"a\" }]\n",
         "a"},
        {"app/bun.lock",
         "{\"workspaces\": {\"\": {\"dependencies\": {\"a\": \"^1\"}, \"devDependencies\": "
         "{\"@s/t\": "
         "\"^1\"}}}, \"packages\": {\"a\": [\"a@1.0.0\", \"\", {}, \"\"], \"@s/t\": "
         "[\"@s/t@1.0.0\", "
         "\"\", {\"dependencies\": {\"a\": \"^2\", \"u\": \"1\"}}, \"\"], \"@s/t/a\": "
         "[\"a@2.0.0\", "
         "\"\", {}, \"\"], \"u\": [\"u@1.0.0\", \"\", {}, \"\"]}}",
         "a"},
    };
    for (size_t i = 0; i < array_count(examples); i++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        struct evidence *evidence = arena_new_object(arena, struct evidence);
        const struct evidence *const layers[] = {evidence};
        struct inventory inventory;
        struct reader_sink sink;
        const struct reader_file file = {.path = examples[i].path,
                                         .bytes = slice_of(examples[i].bytes)};
        sink_init(&sink, arena, evidence);
        reader_offer(&file, &sink);
        reader_finish(&sink);
        inventory_compose(layers, 1, NULL, arena, &inventory);
        if (inventory.package_count != 1)
            fail_msg("%s: %zu packages", examples[i].path, inventory.package_count);
        assert_string_equal(inventory.packages[0].component.name, examples[i].wanted);
    }
}

/* The facts of a layer of these files, "kind name\n" each. */
static const char *facts(struct arena *arena, const struct example *files, size_t count)
{
    struct evidence *evidence = arena_new_object(arena, struct evidence);
    struct reader_sink sink;
    struct buf out scoped(buf_release) = {0};
    sink_init(&sink, arena, evidence);
    for (size_t i = 0; i < count; i++)
        reader_offer(
            &(struct reader_file){.path = files[i].path, .bytes = slice_of(files[i].bytes)}, &sink);
    reader_finish(&sink);
    for (size_t i = 0; i < evidence->fact_count; i++)
        buf_printf(&out, "%s %s\n", evidence->facts[i].kind, evidence->facts[i].name);
    return arena_strdup(arena, buf_text(&out));
}

TEST(repositories_that_a_system_takes_packages_from)
{
    static const struct example files[] = {
        {"root/buildinfo/content_manifests/x.json", "{\"content_sets\": [\"rhel-8-baseos\", 7]}",
         "content-set rhel-8-baseos\n"},
        {"etc/apt/sources.list.d/a.list", "deb https://esm.ubuntu.com/infra/ubuntu x main\n",
         "stream ubuntu\n"},
        {"etc/apt/sources.list.d/b.list", "# deb https://esm.ubuntu.com/infra/ubuntu x main\n", ""},
        {"var/lib/ubuntu-advantage/status.json",
         "{\"services\": [{\"name\": \"esm-infra\", \"status\": \"enabled\"}]}", "stream ubuntu\n"},
        {"var/lib/ubuntu-advantage/status.json",
         "{\"services\": [{\"name\": \"esm-infra\", \"status\": \"disabled\"}]}", ""},
    };
    for (size_t i = 0; i < array_count(files); i++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        assert_string_equal(facts(arena, &files[i], 1), files[i].wanted);
    }
}

/* The image-wide stream, by which the matcher chooses the product. */
/* What counts of a yarn.lock beside (or without) its project's package.json. */
TEST(development_packages_of_yarn)
{
    static const char one[] =
        "# yarn lockfile v1\n\n\"@s/t@^1\":\n  version \"1.0.0\"\n  dependencies:\n"
        "    u \"^1\"\n    a \">=1\"\n\na@^1, a@>=1:\n  version \"1.0.0\"\n\n"
        "u@^1:\n  version \"1.0.0\"\n";
    static const char later[] =
        "__metadata:\n  version: 6\n\n\"@s/t@npm:^1\":\n  version: 1.0.0\n  resolution: "
        "\"@s/t@npm:1.0.0\"\n  dependencies:\n    a: \">=1\"\n    u: \"npm:^1\"\n\n"
        "\"a@npm:>=1, a@npm:^1\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n\n"
        "\"u@npm:^1\":\n  version: 1.0.0\n  resolution: \"u@npm:1.0.0\"\n";
    static const char project[] =
        "{\"dependencies\": {\"a\": \"^1\"}, \"devDependencies\": {\"@s/t\": \"^1\"}}";
    static const char user[] = "{\"workspaces\": [\"w\"], \"devDependencies\": {\"@s/t\": \"^1\"}}";
    static const struct {
        const char *lock, *paths[2], *texts[2];
        size_t count;
    } rows[] = {
        {one, {"app/package.json"}, {project}, 1},
        {later, {"app/package.json"}, {project}, 1},
        {one, {"package.json"}, {project}, 3},       /* another project's */
        {one, {"app/w/package.json"}, {project}, 3}, /* one below, with none above */
        {one, {"app/package.json"}, {"{"}, 3},
        {one, {"app/package.json"}, {user}, 3}, /* its workspaces are not there */
        {one, {"app/w/package.json", "app/package.json"}, {project, user}, 1},
    };
    for (size_t i = 0; i < 2 * array_count(rows); i++) { /* the lock file last, and first */
        struct arena *arena scoped(arena_scope_free) = arena_new();
        struct evidence *evidence = arena_new_object(arena, struct evidence);
        const struct evidence *const layers[] = {evidence};
        struct inventory inventory;
        struct reader_sink sink;
        size_t row = i / 2, npm = 0;
        sink_init(&sink, arena, evidence);
        for (size_t k = 0; k < 3; k++) {
            bool lock = k == (i % 2 ? 0U : 2U);
            size_t n = i % 2 ? k - 1 : k;
            const char *path = lock ? "app/yarn.lock" : rows[row].paths[n];
            const char *text = lock ? rows[row].lock : rows[row].texts[n];
            if (path)
                reader_offer(&(struct reader_file){.path = path, .bytes = slice_of(text)}, &sink);
        }
        reader_finish(&sink);
        inventory_compose(layers, 1, NULL, arena, &inventory);
        for (size_t k = 0; k < inventory.package_count; k++)
            npm += strcmp(inventory.packages[k].component.type, "npm") == 0;
        if (npm != rows[row].count)
            fail_msg("row %zu: %zu packages", row, npm);
    }
}

static struct context context_of(struct arena *arena, const char *const files[][2], size_t count)
{
    struct evidence *evidence = arena_new_object(arena, struct evidence);
    const struct evidence *const layers[] = {evidence};
    struct inventory inventory;
    struct reader_sink sink;
    sink_init(&sink, arena, evidence);
    for (size_t i = 0; i < count; i++)
        reader_offer(&(struct reader_file){.path = files[i][0], .bytes = slice_of(files[i][1])},
                     &sink);
    reader_finish(&sink);
    inventory_compose(layers, 1, NULL, arena, &inventory);
    return inventory.context;
}

TEST(content_sets_choose_the_stream_of_red_hat)
{
    static const struct {
        const char *version, *sets, *wanted;
    } rows[] = {
        {"9.2", "\"rhel-9-for-x86_64-baseos-rpms\", \"rhel-9-for-x86_64-appstream-rpms\"", ""},
        {"9.2", "\"ubi-9-baseos-rpms\"", ""},
        {"9.2", "\"rhel-9-for-x86_64-baseos-rpms\", \"rhel-9-for-x86_64-baseos-eus-rpms\"",
         "eus-9.2"},
        {"8.8", "\"rhel-8-for-x86_64-baseos-eus-rpms__8_DOT_6\"", "eus-8.6"},
        {"8.10", "\"rhel-8-for-aarch64-appstream-e4s-rpms__8_DOT_10\"", "e4s-8.10"},
        {"8.4", "\"rhel-8-for-x86_64-baseos-aus-rpms\"", "aus-8.4"},
        {"8.4", "\"rhel-8-for-x86_64-baseos-tus-rpms\"", "tus-8.4"},
        {"7.9", "\"rhel-7-server-els-rpms\"", "els-7"},
        {"9.2", "\"corp-eus-rpms\"", ""},
    };
    for (size_t i = 0; i < array_count(rows); i++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        const char *const files[][2] = {
            {"etc/os-release", arena_printf(arena, "ID=rhel\nVERSION_ID=%s\n", rows[i].version)},
            {"root/buildinfo/content_manifests/x.json",
             arena_printf(arena, "{\"content_sets\": [%s]}", rows[i].sets)}};
        assert_string_equal(context_of(arena, files, array_count(files)).stream, rows[i].wanted);
    }
}

TEST(edge_repositories_make_alpine_edge)
{
    static const struct {
        const char *repositories, *wanted;
    } rows[] = {
        {"https://x.example/alpine/v3.20/main\nhttps://x.example/alpine/v3.20/community\n",
         "3.20.1"},
        {"https://x.example/alpine/edge/main\n", "edge"},
        {"https://x.example/alpine/v3.20/main\nhttp://x.example/alpine/edge/community/\n", "edge"},
        {"https://x.example/alpine/v3.20/main\n#https://x.example/alpine/edge/main\n", "3.20.1"},
        {"https://x.example/alpine/v3.20/main\n@edge https://x.example/alpine/edge/main\n",
         "3.20.1"},
        {"https://x.example/alpine/v3.20/main\nhttps://x.example/alpine/edge/testing\n", "3.20.1"},
    };
    for (size_t i = 0; i < array_count(rows); i++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        const char *const files[][2] = {{"etc/os-release", "ID=alpine\nVERSION_ID=3.20.1\n"},
                                        {"etc/apk/repositories", rows[i].repositories}};
        assert_string_equal(context_of(arena, files, array_count(files)).release, rows[i].wanted);
    }
}

TEST(sboms_in_an_image_tell_what_no_database_says)
{
    static const char bom[] =
        "{\"bomFormat\": \"CycloneDX\", \"components\": ["
        "{\"type\": \"library\", \"name\": \"o\", \"purl\": \"pkg:deb/debian/o@1\"},"
        "{\"type\": \"library\", \"name\": \"s\", \"purl\": \"pkg:github/x/s@1\"},"
        "{\"type\": \"library\", \"name\": \"l\", \"purl\": \"pkg:npm/l@1\"}]}";
    static const char spdx[] =
        "SPDXVersion: SPDX-2.3\nPackageName: redis\n"
        "ExternalRef: PACKAGE-MANAGER purl pkg:bitnami/redis@7.4.1-0?arch=a\n";
    static const char status[] =
        "Package: p\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n";
    const struct example files[] = {{"srv/a.cdx.json", bom, ""},
                                    {"opt/bitnami/redis/.spdx-redis.spdx", spdx, ""},
                                    {"var/lib/dpkg/status", status, ""}};
    for (size_t count = 2; count <= 3; count++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        struct evidence *evidence = arena_new_object(arena, struct evidence);
        const struct evidence *const layers[] = {evidence};
        struct inventory inventory;
        struct reader_sink sink;
        struct buf out scoped(buf_release) = {0};
        sink_init(&sink, arena, evidence);
        for (size_t i = 0; i < count; i++)
            reader_offer(
                &(struct reader_file){.path = files[i].path, .bytes = slice_of(files[i].bytes)},
                &sink);
        reader_finish(&sink);
        inventory_compose(layers, 1, NULL, arena, &inventory);
        for (size_t i = 0; i < inventory.package_count; i++)
            buf_printf(&out, "%s %s\n", inventory.packages[i].component.type,
                       inventory.packages[i].component.name);
        assert_string_equal(buf_text(&out), count == 2 ? "bitnami redis\ndeb o\nnpm l\n"
                                                       : "bitnami redis\ndeb p\nnpm l\n");
    }
}

TEST(odd_bytes_are_passed_over)
{
    static const char *const paths[] = {
        "package.json",
        "package-lock.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "Cargo.lock",
        "uv.lock",
        "Pipfile.lock",
        "Gemfile.lock",
        "x.gemspec",
        "composer.lock",
        "x.deps.json",
        "packages.config",
        "packages.lock.json",
        "conda-meta/x.json",
        "requirements.txt",
        "Package.resolved",
        "conan.lock",
        "renv.lock",
        "deno.lock",
        "gradle.lockfile",
        "cabal.project.freeze",
        "stack.yaml.lock",
        "composer/installed.php",
        ".registry/a.reg",
        "x.opam",
        "bottlerocket/application-inventory.json",
        "etc/cos-package-info.json",
        ".bitnami_components.json",
        "mix.lock",
        "rebar.lock",
        "Manifest.toml",
        "vendor/modules.txt",
    };
    static const struct slice odd[] = {
        {"", 0},
        {"\0", 1},
        {"[]", 2},
        {"{\"packages\": 7}", 15},
        {"\"\n\"", 3},
        {"[[package]]", 11},
        {"a:\n  - &a [*a]\n", 16},
        {"\xff\xfe=", 3},
        {"# \n= \n@", 7},
    };
    for (size_t p = 0; p < array_count(paths); p++)
        for (size_t i = 0; i < array_count(odd); i++) {
            struct arena *arena scoped(arena_scope_free) = arena_new();
            assert_string_equal(found(arena, paths[p], odd[i]), "");
        }
}

/* An ELF file with nothing but the bytes behind its header. */
static struct slice elf_with(struct arena *arena, const char *bytes, size_t length)
{
    char *file = arena_alloc(arena, 64 + length);
    memcpy(file,
           "\x7f"
           "ELF\2\1\1",
           7);
    memcpy(file + 64, bytes, length);
    return (struct slice){file, 64 + length};
}

TEST(go_executables)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    static const char modules[] = "path\tx.example/app\nmod\tx.example/app\t(devel)\t\n"
                                  "dep\ta.example/b\tv1.2.3\th1:x\n"
                                  "dep\tc.example/d\tv1.0.0\n=>\te.example/d\tv2.0.0\n"
                                  "build\t-ldflags=-X main.version=v3.1.0\n";
    struct buf info = {0};
    buf_put(&info, "\xff Go buildinf:\x08\x02", 16);
    buf_put(&info, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    buf_put(&info, "\x08go1.22.5", 9);
    size_t length = sizeof(modules) - 1 + 32;
    buf_put_byte(&info, (char)(length & 0x7f) | (char)0x80);
    buf_put_byte(&info, (char)(length >> 7));
    buf_put(&info, "0123456789abcdef", 16);
    buf_put_text(&info, modules);
    buf_put(&info, "0123456789abcdef", 16);
    struct slice file = elf_with(arena, info.data, info.length);
    assert_string_equal(found(arena, "usr/bin/app", file),
                        "golang a.example/b v1.2.3\ngolang e.example/d v2.0.0\n"
                        "golang stdlib 1.22.5\ngolang x.example/app v3.1.0\n");
    for (size_t cut = 0; cut < file.length; cut += 7) /* any end is survived */
        (void)found(arena, "usr/bin/app", slice_sub(file, 0, cut));
    buf_release(&info);
}

/* A main module that only the linker's flags give a version. */
TEST(versions_of_go_programs_in_the_linker_s_flags)
{
    static const struct {
        const char *module, *flags, *wanted;
    } rows[] = {
        {"x.example/app", "-s -w -X main.version=v1.2.3", "v1.2.3"},
        {"x.example/app", "\"-X 'x.example/app/internal/build.Version=1.2.3' -s\"", "1.2.3"},
        {"x.example/app", "-X main.commit=1.2.3", "(devel)"},
        {"x.example/app", "-X main.version=dev", "(devel)"},
        {"github.com/prometheus/prometheus",
         "-X github.com/prometheus/common/version.Version=2.45.0 "
         "-X github.com/prometheus/common/version.Branch=HEAD",
         "2.45.0"},
        {"k8s.io/kubernetes",
         "-X 'k8s.io/component-base/version.gitVersion=v1.28.2' "
         "-X 'k8s.io/client-go/pkg/version.gitVersion=v1.28.2'",
         "v1.28.2"},
        {"x.example/app", "-X k8s.io/client-go/pkg/version.gitVersion=v1.28.2", "(devel)"},
        {"x.example/app", "-X a.example/b.Version=1.0.0 -X c.example/d.Version=2.0.0", "(devel)"},
        {"x.example/app", "-X a.example/b.Version=9.9.9 -X main.version=1.0.0", "1.0.0"},
    };
    for (size_t i = 0; i < array_count(rows); i++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        struct evidence *evidence = arena_new_object(arena, struct evidence);
        struct reader_sink sink;
        sink_init(&sink, arena, evidence);
        golang_modules(
            &sink, "usr/bin/app", slice_of("go1.22.5"),
            slice_of(arena_printf(arena, "path\t%s\nmod\t%s\t(devel)\t\nbuild\t-ldflags=%s\n",
                                  rows[i].module, rows[i].module, rows[i].flags)));
        reader_finish(&sink);
        const struct evidence_set *set = evidence_find_set(evidence, EVIDENCE_FILES);
        const char *came = "";
        for (size_t k = 0; set && k < set->count; k++)
            if (strcmp(set->items[k].component.name, rows[i].module) == 0)
                came = set->items[k].component.version;
        if (strcmp(came, rows[i].wanted) != 0)
            fail_msg("%s: wanted %s, came %s", rows[i].flags, rows[i].wanted, came);
    }
}

static void put_number(struct buf *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buf_put_byte(out, (char)(i < 8 ? value >> (8 * i) : 0));
}

/* A section header of 64-bit ELF. */
static void put_section(struct buf *out, uint64_t name, uint64_t offset, uint64_t size)
{
    put_number(out, name, 4);
    put_number(out, 1, 4);
    put_number(out, 0, 8);
    put_number(out, 0, 8);
    put_number(out, offset, 8);
    put_number(out, size, 8);
    put_number(out, 0, 24);
}

TEST(rust_executables)
{
    static const char json[] = "{\"packages\": [{\"name\": \"a\", \"version\": \"1.0.0\"},"
                               "{\"name\": \"b\", \"version\": \"2.0.0\", \"kind\": \"build\"}]}";
    static const char names[] = "\0.dep-v0\0.shstrtab";
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct buf file scoped(buf_release) = {0};
    char packed[512];
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
    size_t length =
        libdeflate_zlib_compress(compressor, json, sizeof(json) - 1, packed, sizeof(packed));
    libdeflate_free_compressor(compressor);
    buf_put(&file,
            "\x7f"
            "ELF\2\1\1",
            7);
    put_number(&file, 0, 33);
    put_number(&file, 64 + length + sizeof(names), 8); /* e_shoff */
    put_number(&file, 0, 10);
    put_number(&file, 64, 2);
    put_number(&file, 3, 2);
    put_number(&file, 2, 2);
    assert_int_equal(file.length, 64);
    buf_put(&file, packed, length);
    buf_put(&file, names, sizeof(names));
    put_section(&file, 0, 0, 0);
    put_section(&file, 1, 64, length);
    put_section(&file, 9, 64 + length, sizeof(names));
    assert_string_equal(found(arena, "usr/bin/app", buf_slice(&file)), "cargo a 1.0.0\n");
    for (size_t cut = 0; cut < file.length; cut += 5)
        (void)found(arena, "usr/bin/app", slice_sub(buf_slice(&file), 0, cut));
}
