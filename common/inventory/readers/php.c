/* PHP: what Composer installed (vendor/composer/installed.json, of Composer 1 and 2) and
 * composer.lock. */
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
        put_all(sink, file, json_object_get(json, "packages-dev"), confidence);
}

const struct package_reader reader_composer = {
    .name = "composer", .wants = wants, .read = read, .most_bytes = LIMIT_NESTED_BYTES};
