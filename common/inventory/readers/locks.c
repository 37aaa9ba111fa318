/* Lock files of C and C++ (conan.lock of Conan 1 and 2), R (renv.lock), Deno (deno.lock), Gradle
 * (gradle.lockfile and, before 6.8, gradle/dependency-locks), Haskell (cabal.project.freeze,
 * stack.yaml.lock), each as its tool documents it. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"

static bool wants_conan(const char *path)
{
    return path_is_below(path, "conan.lock");
}

/* name/version@user/channel#revision%time:package */
static void put_conan(struct reader_sink *sink, const struct reader_file *file,
                      const char *reference, enum confidence confidence)
{
    struct slice text = slice_of(reference);
    size_t end = 0;
    while (end < text.length && !strchr("@#%:", text.data[end]))
        end++;
    text = slice_sub(text, 0, end);
    size_t slash = slice_find_byte(text, '/');
    struct slice version = slice_sub(text, slash + 1, text.length);
    if (slice_find_byte(version, '/') == version.length)
        lang_put(sink, file, "conan", slice_sub(text, 0, slash), version, confidence);
}

static void read_conan(const struct reader_file *file, struct reader_sink *sink)
{
    static const struct {
        const char *key;
        bool development;
    } lists[] = {{"requires", false},
                 {"python_requires", false},
                 {"config_requires", true},
                 {"build_requires", true}};
    json_t *json scoped(lang_json_free) = lang_json(file, sink), *node;
    const char *number;
    json_object_foreach(json_object_get(json_object_get(json, "graph_lock"), "nodes"), number, node)
    {
        const char *reference = json_string_value(json_object_get(node, "ref"));
        bool build = slice_is(lang_text(node, "context"), "build");
        if (reference && !json_object_get(node, "path"))
            put_conan(sink, file, reference, build ? CONFIDENCE_DEVELOPMENT : lang_declared(sink));
    }
    for (size_t i = 0; i < array_count(lists); i++)
        for (size_t n = 0; n < json_array_size(json_object_get(json, lists[i].key)); n++) {
            node = json_array_get(json_object_get(json, lists[i].key), n);
            if (json_is_string(node))
                put_conan(sink, file, json_string_value(node),
                          lists[i].development ? CONFIDENCE_DEVELOPMENT : lang_declared(sink));
        }
}

static bool wants_renv(const char *path)
{
    return path_is_below(path, "renv.lock");
}

/* Packages: {"name": {"Package", "Version", "Source": "Repository" | "Bioconductor" | "GitHub"}} */
static void read_renv(const struct reader_file *file, struct reader_sink *sink)
{
    json_t *json scoped(lang_json_free) = lang_json(file, sink), *package;
    const char *name;
    json_object_foreach(json_object_get(json, "Packages"), name, package)
    {
        struct slice own = lang_text(package, "Package");
        lang_put(sink, file, "cran", own.length ? own : slice_of(name),
                 lang_text(package, "Version"), lang_declared(sink));
    }
}

static bool wants_deno(const char *path)
{
    return path_is_below(path, "deno.lock");
}

/* Versions 2 and 3 keep npm's packages below "npm"."packages" or "packages"."npm", 4 and later
 * below "npm": "@a/b@1.0.0_peer@2.0.0". */
static void read_deno(const struct reader_file *file, struct reader_sink *sink)
{
    json_t *json scoped(lang_json_free) = lang_json(file, sink), *entry;
    json_t *npm = json_object_get(json, "npm");
    const char *key;
    if (!npm)
        npm = json_object_get(json_object_get(json, "packages"), "npm");
    if (json_is_object(json_object_get(npm, "packages")))
        npm = json_object_get(npm, "packages");
    json_object_foreach(npm, key, entry)
    {
        struct slice text = slice_of(key);
        size_t scope = text.length && text.data[0] == '@';
        size_t at = scope + slice_find_byte(slice_sub(text, scope, text.length), '@');
        lang_put(sink, file, "npm", slice_sub(text, 0, at),
                 lang_before(slice_sub(text, at + 1, text.length), '_'), lang_declared(sink));
    }
}

static bool wants_gradle(const char *path)
{
    return path_has_suffix(path, "gradle.lockfile") ||
           (path_has_suffix(path, ".lockfile") && strstr(path, "dependency-locks/"));
}

/* Only configurations of tests use it. No list at all: the file is one configuration's own. */
static bool is_for_tests(struct slice configurations)
{
    struct slice part;
    bool any = false;
    while (slice_take_until(&configurations, ',', &part)) {
        part = slice_trim(part);
        any = true;
        if (!slice_has_prefix(part, "test"))
            return false;
    }
    return any;
}

/* group:artifact:version=configuration,configuration */
static void read_gradle(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line, group, artifact;
    while (slice_take_line(&text, &line)) {
        line = slice_trim(line);
        if (slice_has_prefix(line, "#") || slice_has_prefix(line, "empty="))
            continue;
        size_t equals = slice_find_byte(line, '=');
        struct slice uses = slice_sub(line, equals + 1, line.length);
        line = slice_sub(line, 0, equals);
        if (!slice_take_until(&line, ':', &group) || !slice_take_until(&line, ':', &artifact) ||
            group.length == 0 || artifact.length == 0 || slice_find_byte(line, ':') < line.length)
            continue;
        struct slice name = {group.data, (size_t)(artifact.data + artifact.length - group.data)};
        lang_put(sink, file, "maven", name, line,
                 is_for_tests(uses) ? CONFIDENCE_DEVELOPMENT : lang_declared(sink));
    }
}

static bool wants_cabal(const char *path)
{
    return path_is_below(path, "cabal.project.freeze");
}

/* constraints: any.name ==1.2.3, … */
static void read_cabal(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, part;
    while (slice_take_until(&text, ',', &part)) {
        size_t at = slice_find(part, "any.");
        if (at == part.length)
            continue;
        part = slice_sub(part, at + 4, part.length);
        size_t equals = slice_find(part, "==");
        struct slice version = slice_trim(slice_sub(part, equals + 2, part.length)), word;
        if (equals < part.length && slice_take_word(&version, &word))
            lang_put(sink, file, "hackage", slice_sub(part, 0, equals), word, lang_declared(sink));
    }
}

static bool wants_stack(const char *path)
{
    return path_is_below(path, "stack.yaml.lock");
}

/* hackage: name-1.2.3@sha256:…,size; once "completed", once "original". */
static void read_stack(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line;
    while (slice_take_line(&text, &line)) {
        size_t at = slice_find(line, "hackage:");
        if (at == line.length)
            continue;
        struct slice id = lang_before(slice_trim(slice_sub(line, at + 8, line.length)), '@');
        size_t dash = id.length;
        while (dash > 0 && id.data[dash - 1] != '-')
            dash--;
        if (dash > 0)
            lang_put(sink, file, "hackage", slice_sub(id, 0, dash - 1),
                     slice_sub(id, dash, id.length), lang_declared(sink));
    }
}

#define READER(variable, text, wanted, reading)                                                    \
    const struct package_reader variable = {                                                       \
        .name = text, .wants = wanted, .read = reading, .most_bytes = LIMIT_SMALL_FILE_BYTES}

READER(reader_conan_lock, "conan-lock", wants_conan, read_conan);
READER(reader_renv_lock, "renv-lock", wants_renv, read_renv);
READER(reader_deno_lock, "deno-lock", wants_deno, read_deno);
READER(reader_gradle_lock, "gradle-lock", wants_gradle, read_gradle);
READER(reader_cabal_lock, "cabal-lock", wants_cabal, read_cabal);
READER(reader_stack_lock, "stack-lock", wants_stack, read_stack);
