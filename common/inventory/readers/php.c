/* PHP: what Composer installed (vendor/composer/installed.json, of Composer 1 and 2, and its twin
 * installed.php), composer.lock, and what PEAR's installer registered (.registry/NAME.reg). */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"

static bool wants(const char *path)
{
    return path_is_below(path, "composer.lock") || path_is_below(path, "composer/installed.json");
}

static void put_all(struct reader_sink *sink, const struct reader_file *file, json_t *packages,
                    enum confidence confidence)
{
    size_t i;
    json_t *package;
    json_array_foreach(packages, i, package)
        lang_put(sink, file, "composer", lang_text(package, "name"), lang_text(package, "version"),
                 confidence);
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    bool lock = path_has_suffix(file->path, ".lock");
    enum confidence confidence = lock ? lang_declared(sink) : CONFIDENCE_INSTALLED;
    json_t *json scoped(lang_json_free) = lang_json(file, sink);
    put_all(sink, file, json_is_array(json) ? json : json_object_get(json, "packages"), confidence);
    if (lock)
        put_all(sink, file, json_object_get(json, "packages-dev"), CONFIDENCE_DEVELOPMENT);
}

static bool wants_php(const char *path)
{
    return path_is_below(path, "composer/installed.php");
}

/* The text of 'key' => 'value'; false for any other line. */
static bool pair_of(struct slice line, struct slice *key, struct slice *value)
{
    size_t arrow = slice_find(line, "=>");
    if (arrow == line.length)
        return false;
    *key = lang_unquote(slice_sub(line, 0, arrow));
    *value = slice_trim(slice_sub(line, arrow + 2, line.length));
    if (slice_has_suffix(*value, ","))
        value->length--;
    *value = lang_unquote(*value);
    return true;
}

/* 'versions' => array('a/b' => array('pretty_version' => '1.2.3', …), …); 'root' names the
 * application itself. What another package replaces or provides has no version of its own. */
static void read_php(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line, key, value, root = {"", 0}, name = {"", 0};
    bool versions = false;
    while (slice_take_line(&text, &line)) {
        if (!pair_of(line, &key, &value))
            continue;
        if (slice_is(key, "versions"))
            versions = true;
        else if (!versions && slice_is(key, "name"))
            root = value;
        else if (versions && slice_find_byte(key, '/') < key.length)
            name = key;
        else if (versions && slice_is(key, "pretty_version") && !slice_equal(name, root))
            lang_put(sink, file, "composer", name, value, CONFIDENCE_INSTALLED);
    }
}

static bool wants_pear(const char *path)
{
    return path_has_suffix(path, ".reg") && strstr(path, ".registry/");
}

/* The string behind "key"; in PHP's serialized form: s:4:"name";s:9:"memcached"; */
static struct slice serialized(struct slice text, const char *key)
{
    size_t at = slice_find(text, key);
    struct slice rest = slice_sub(text, at + strlen(key), text.length);
    if (at == text.length || !slice_has_prefix(rest, "s:"))
        return slice_of("");
    rest = slice_sub(rest, slice_find_byte(rest, '"') + 1, rest.length);
    return lang_before(rest, '"');
}

static void read_pear(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice name = serialized(file->bytes, "\"name\";");
    struct slice channel = serialized(file->bytes, "\"channel\";");
    struct slice version = serialized(file->bytes, "\"release\";");
    if (channel.length == 0)
        channel = slice_of(strstr(file->path, ".channel.pecl") ? "pecl.php.net" : "pear.php.net");
    if (name.length == 0 || version.length == 0)
        return;
    const char *whole = arena_printf(sink->arena, "%.*s/%.*s", (int)channel.length, channel.data,
                                     (int)name.length, name.data);
    lang_put(sink, file, "pear", slice_of(whole), version, CONFIDENCE_INSTALLED);
}

const struct package_reader reader_composer_php = {.name = "composer-php",
                                                   .wants = wants_php,
                                                   .read = read_php,
                                                   .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_pear = {
    .name = "pear", .wants = wants_pear, .read = read_pear, .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_composer = {
    .name = "composer", .wants = wants, .read = read, .most_bytes = LIMIT_NESTED_BYTES};
