/* Ruby: gemspecs as RubyGems writes them when it installs (specifications/NAME-VERSION.gemspec),
 * and Gemfile.lock as Bundler writes it. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"

static bool wants(const char *path)
{
    return path_has_suffix(path, ".gemspec");
}

/* The text of "x".freeze, 'x', Gem::Version.new("x") and %q{x} behind an "="; empty if it is code.
 */
static struct slice literal(struct slice value)
{
    value = slice_trim(value);
    if (slice_has_prefix(value, "Gem::Version.new"))
        value = slice_trim(slice_sub(value, 16, value.length));
    while (slice_has_prefix(value, "("))
        value = slice_trim(slice_sub(value, 1, value.length));
    if (slice_has_prefix(value, "%q{"))
        return lang_before(slice_sub(value, 3, value.length), '}');
    if (value.length < 2 || (value.data[0] != '"' && value.data[0] != '\''))
        return slice_of("");
    struct slice text = slice_sub(value, 1, value.length);
    text = lang_before(text, value.data[0]);
    return slice_find(text, "#{") < text.length ? slice_of("") : text;
}

/* "VERSION = '1.2'" in the same file; false for any other line. */
static bool constant(struct slice line, struct slice name, struct slice *value)
{
    size_t equals = slice_find_byte(line, '=');
    if (equals == line.length || !slice_equal(slice_trim(slice_sub(line, 0, equals)), name))
        return false;
    *value = literal(slice_sub(line, equals + 1, line.length));
    return value->length > 0;
}

/* What a constant that the version names is set to. */
static struct slice find_constant(struct slice text, struct slice name)
{
    struct slice line, value;
    while (slice_take_line(&text, &line))
        if (constant(line, name, &value))
            return value;
    return slice_of("");
}

/* The value of a line "s.key = …". */
static bool is_assignment(struct slice line, const char *key, struct slice *value)
{
    size_t equals = slice_find_byte(line, '=');
    struct slice left = slice_trim(slice_sub(line, 0, equals));
    if (equals == line.length || !slice_has_suffix(left, key) ||
        slice_find_byte(left, ' ') < left.length)
        return false;
    size_t stem = left.length - strlen(key);
    if (stem == 0 || left.data[stem - 1] != '.')
        return false;
    *value = slice_trim(slice_sub(line, equals + 1, line.length));
    return value->length > 0;
}

static bool assigned(struct slice line, const char *key, struct slice *value)
{
    if (!is_assignment(line, key, value))
        return false;
    *value = literal(*value);
    return value->length > 0;
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line, value, name = {"", 0}, version = {"", 0};
    bool installed = strstr(file->path, "specifications/") != NULL;
    if (slice_find(text, "Gem::Specification") == text.length)
        return;
    while (slice_take_line(&text, &line)) {
        line = slice_trim(line);
        if (name.length == 0 && assigned(line, "name", &value))
            name = value;
        else if (version.length == 0 && assigned(line, "version", &value))
            version = value;
        else if (version.length == 0 && is_assignment(line, "version", &value))
            version = find_constant(file->bytes, value);
    }
    lang_put(sink, file, "gem", name, version,
             installed ? CONFIDENCE_INSTALLED : CONFIDENCE_RECOGNISED);
}

static bool wants_lock(const char *path)
{
    return path_is_below(path, "Gemfile.lock") || path_is_below(path, "gems.locked");
}

/* Below "specs:" a gem stands four blanks deep: "    name (version)"; deeper are its needs. A
 * platform behind the version is cut: "1.15.4-x86_64-linux". */
static void read_lock(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line;
    bool specs = false;
    while (slice_take_line(&text, &line)) {
        if (line.length && line.data[0] != ' ')
            specs = false;
        if (slice_is(slice_trim(line), "specs:"))
            specs = true;
        if (!specs || !slice_has_prefix(line, "    ") || slice_has_prefix(line, "     "))
            continue;
        line = slice_trim(line);
        size_t open = slice_find(line, " (");
        struct slice version = lang_before(slice_sub(line, open + 2, line.length), ')');
        lang_put(sink, file, "gem", slice_sub(line, 0, open), lang_before(version, '-'),
                 lang_declared(sink));
    }
}

const struct package_reader reader_gemspec = {
    .name = "gemspec", .wants = wants, .read = read, .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_gem_lock = {.name = "gem-lock",
                                               .wants = wants_lock,
                                               .read = read_lock,
                                               .most_bytes = LIMIT_SMALL_FILE_BYTES};
