/* Installed Python distributions: dist-info (PyPA "Recording installed projects"), egg-info, eggs
 * and wheels as archives. Core metadata: Name and Version headers. */
#include <ctype.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/readers.h"
#include "inventory/zip.h"

static bool wants(const char *path)
{
    static const char *const suffixes[] = {
        ".dist-info/METADATA", ".DIST-INFO/METADATA", ".egg-info/PKG-INFO",
        "EGG-INFO/PKG-INFO",   ".egg-info",
    };
    for (size_t i = 0; i < array_count(suffixes); i++)
        if (path_has_suffix(path, suffixes[i]))
            return true;
    return false;
}

static bool wants_archive(const char *path)
{
    return path_has_suffix(path, ".egg") || path_has_suffix(path, ".whl");
}

/* PEP 503: lower case, runs of "-_." are one "-". */
static char *normal_name(struct arena *arena, struct slice name)
{
    char *out = arena_alloc(arena, name.length + 1);
    size_t length = 0;
    for (size_t i = 0; i < name.length; i++) {
        char c = (char)tolower((unsigned char)name.data[i]);
        if (c == '-' || c == '_' || c == '.') {
            if (length > 0 && out[length - 1] != '-')
                out[length++] = '-';
        } else {
            out[length++] = c;
        }
    }
    out[length] = 0;
    return out;
}

static void read_metadata(struct reader_sink *sink, struct slice text, const char *path,
                          enum confidence confidence)
{
    struct slice key, value, name = {0}, version = {0};
    bool blank = false;
    while (field_take(&text, &key, &value, &blank)) {
        if (name.length == 0 && slice_is_nocase(key, "Name"))
            name = value;
        else if (version.length == 0 && slice_is_nocase(key, "Version"))
            version = value;
    }
    if (name.length == 0 || version.length == 0) {
        sink_warning(sink, "python-metadata", path, true, "no name or no version");
        return;
    }
    struct component component = {.type = "pypi",
                                  .name = normal_name(sink->arena, name),
                                  .version = slice_string(sink->arena, version)};
    sink_package(sink, component, path, confidence);
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    read_metadata(sink, file->bytes, file->path, CONFIDENCE_INSTALLED);
}

static void read_archive(const struct reader_file *file, struct reader_sink *sink)
{
    struct zip zip;
    if (!zip_open(file->bytes, sink->arena, &zip)) {
        sink_warning(sink, "archive-damaged", file->path, true, "not a zip archive");
        return;
    }
    for (size_t i = 0; i < zip.count; i++) {
        const char *name = zip.entries[i].name;
        bool metadata = path_is_below(name, "EGG-INFO/PKG-INFO") ||
                        (path_has_suffix(name, ".dist-info/METADATA") &&
                         strchr(name, '/') == strrchr(name, '/'));
        struct buf text scoped(buf_release) = {0};
        if (metadata && zip_extract(&zip, &zip.entries[i], LIMIT_SMALL_FILE_BYTES, &text))
            read_metadata(sink, buf_slice(&text), file->path, CONFIDENCE_RECOGNISED);
    }
}

const struct package_reader reader_python = {
    .name = "python", .wants = wants, .read = read, .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_python_archive = {.name = "python-archive",
                                                     .wants = wants_archive,
                                                     .read = read_archive,
                                                     .most_bytes = LIMIT_NESTED_BYTES};
