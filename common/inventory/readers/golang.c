/* Go modules: the lines that the linker embeds in executables (found by golang_binary.c), and
 * vendor/modules.txt. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"

static bool is_version_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '+' ||
           (c >= 'A' && c <= 'Z') || c == '_';
}

static bool looks_released(struct slice version)
{
    if (slice_has_prefix(version, "v"))
        version = slice_sub(version, 1, version.length);
    return version.length && version.data[0] >= '0' && version.data[0] <= '9' &&
           slice_find_byte(version, '.') < version.length;
}

/* package.name=value of one "-X"; the value ends at what no version has. */
static bool ldflags_split(struct slice word, struct slice *package, struct slice *name,
                          struct slice *value)
{
    while (word.length && strchr("'\"\\", word.data[0]))
        word = slice_sub(word, 1, word.length);
    size_t equals = slice_find_byte(word, '='), dot = equals, n = 0;
    *value = slice_sub(word, equals + 1, word.length);
    while (dot > 0 && word.data[dot - 1] != '.')
        dot--;
    *package = slice_sub(word, 0, dot ? dot - 1 : 0);
    *name = slice_sub(word, dot, equals - dot);
    while (n < value->length && is_version_char(value->data[n]))
        n++;
    value->length = n;
    return equals < word.length && n > 0;
}

static bool is_version_name(struct slice name)
{
    static const char *const names[] = {"version",      "ver",        "appversion",
                                        "buildversion", "gitversion", "releaseversion"};
    for (size_t i = 0; i < array_count(names); i++)
        if (slice_is_nocase(name, names[i]))
            return true;
    return false;
}

/* "-X main.version=v1.2.3" and its like among the linker's flags: what is set in the main package
 * or the module's own; else in others (prometheus/common, k8s.io/component-base), if all of them
 * agree. */
static struct slice ldflags_version(struct slice flags, struct slice module)
{
    struct slice word, package, name, value, others = {"", 0};
    bool agree = true;
    while (slice_take_word(&flags, &word)) {
        if (!ldflags_split(word, &package, &name, &value) || !is_version_name(name))
            continue;
        if (slice_is(package, "main") ||
            (module.length && slice_equal(slice_sub(package, 0, module.length), module)))
            return value;
        if (!looks_released(value) || slice_has_prefix(package, "k8s.io/client-go/"))
            continue; /* client-go's is told the version of the cluster's API */
        agree = agree && (others.length == 0 || slice_equal(others, value));
        others = value;
    }
    return agree ? others : slice_of("");
}

struct modules {
    struct slice main_name, main_version, ldflags;
};

static void put_dependency(struct reader_sink *sink, const struct reader_file *file,
                           struct slice name, struct slice version)
{
    if (version.length && !slice_is(version, "(devel)"))
        lang_put(sink, file, "golang", name, version, CONFIDENCE_RECOGNISED);
}

/* mod, dep and => lines: kind, path, version, sum. A replacement stands for the line before it. */
static void read_modules(struct reader_sink *sink, const struct reader_file *file,
                         struct slice text, struct modules *out)
{
    struct slice line, kind, name, version, held_name = {"", 0}, held_version = {"", 0};
    while (slice_take_line(&text, &line)) {
        name = version = slice_of("");
        if (!slice_take_until(&line, '\t', &kind))
            continue;
        if (slice_is(kind, "build")) {
            if (slice_has_prefix(line, "-ldflags="))
                out->ldflags = slice_sub(line, 9, line.length);
            continue;
        }
        (void)slice_take_until(&line, '\t', &name);
        (void)slice_take_until(&line, '\t', &version);
        if (slice_is(kind, "=>")) {
            /* A replacement by a directory has no version of its own. */
            if (version.length) {
                held_name = name;
                held_version = version;
            }
            continue;
        }
        put_dependency(sink, file, held_name, held_version);
        held_name = held_version = slice_of("");
        if (slice_is(kind, "mod")) {
            out->main_name = name;
            out->main_version = version;
        } else if (slice_is(kind, "dep")) {
            held_name = name;
            held_version = version;
        }
    }
    put_dependency(sink, file, held_name, held_version);
}

void golang_modules(struct reader_sink *sink, const char *path, struct slice go, struct slice text)
{
    const struct reader_file file = {.path = path};
    struct modules modules = {{"", 0}, {"", 0}, {"", 0}};
    read_modules(sink, &file, text, &modules);
    struct slice version = modules.main_version;
    if (version.length == 0 || slice_is(version, "(devel)")) {
        struct slice said = ldflags_version(modules.ldflags, modules.main_name);
        version = looks_released(said) ? said : version;
    }
    lang_put(sink, &file, "golang", modules.main_name,
             version.length ? version : slice_of("(devel)"), CONFIDENCE_RECOGNISED);
    if (slice_has_prefix(go, "go"))
        lang_put(sink, &file, "golang", slice_of("stdlib"),
                 lang_before(lang_before(slice_sub(go, 2, go.length), ' '), '-'),
                 CONFIDENCE_RECOGNISED);
}

static bool wants_vendor(const char *path)
{
    return path_is_below(path, "vendor/modules.txt");
}

/* "# path version", "# path version => path version", "# path => path version". */
static bool vendor_header(struct slice line, struct slice *name, struct slice *version)
{
    struct slice word[6];
    size_t count = 0;
    line = slice_sub(line, 2, line.length);
    while (count < 6 && slice_take_word(&line, &word[count]))
        count++;
    size_t at = count == 5 && slice_is(word[2], "=>")   ? 3
                : count == 4 && slice_is(word[1], "=>") ? 2
                                                        : 0;
    if (count < 2)
        return false;
    *name = word[at];
    *version = word[at + 1];
    return slice_has_prefix(*version, "v");
}

/* A module counts once a package of it stands below its header. A directory in its place has no
 * version; then the replaced one stands. */
static void read_vendor(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line, name = {"", 0}, version = {"", 0};
    while (slice_take_line(&text, &line)) {
        if (slice_has_prefix(line, "# ") && !vendor_header(line, &name, &version))
            name = version = slice_of("");
        if (line.length == 0 || line.data[0] == '#')
            continue;
        lang_put(sink, file, "golang", name, version, lang_declared(sink));
        name = version = slice_of("");
    }
}

const struct package_reader reader_go_vendor = {.name = "go-vendor",
                                                .wants = wants_vendor,
                                                .read = read_vendor,
                                                .most_bytes = LIMIT_SMALL_FILE_BYTES};
