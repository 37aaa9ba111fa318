/* Package lists of systems built without a package database: Bottlerocket's
 * application-inventory.json, Container-Optimized OS's cos-package-info.json, Bitnami's list of
 * components (.bitnami_components.json, before it shipped SBOMs). */
#include "base/limits.h"
#include "inventory/readers/lang.h"

static bool wants_bottlerocket(const char *path)
{
    return path_is_below(path, "bottlerocket/application-inventory.json");
}

static void read_bottlerocket(const struct reader_file *file, struct reader_sink *sink)
{
    static const char source[] = "rpm:usr/share/bottlerocket";
    json_t *json scoped(lang_json_free) = lang_json(file, sink), *package;
    struct arena *arena = sink->arena;
    size_t i;
    sink_database(sink, source, file->path);
    json_array_foreach(json_object_get(json, "Content"), i, package)
    {
        const char *version = slice_string(arena, lang_text(package, "Version"));
        struct slice release = lang_text(package, "Release"), epoch = lang_text(package, "Epoch");
        struct component c = {.type = "rpm",
                              .name = slice_string(arena, lang_text(package, "Name")),
                              .arch = slice_string(arena, lang_text(package, "Architecture")),
                              .vendor = slice_string(arena, lang_text(package, "Publisher"))};
        if (release.length)
            version = arena_printf(arena, "%s-%s", version, slice_string(arena, release));
        c.version = epoch.length && !slice_is(epoch, "0")
                        ? arena_printf(arena, "%s:%s", slice_string(arena, epoch), version)
                        : version;
        c.source_name = c.name;
        c.source_version = c.version;
        if (c.name[0] && version[0])
            sink_database_package(sink, source, c, file->path);
    }
}

static bool wants_cos(const char *path)
{
    return path_is_below(path, "etc/cos-package-info.json");
}

/* installedPackages: {"category", "name", "version", "ebuild_version"}. */
static void read_cos(const struct reader_file *file, struct reader_sink *sink)
{
    static const char source[] = "cos:etc/cos-package-info.json";
    json_t *json scoped(lang_json_free) = lang_json(file, sink), *package;
    struct arena *arena = sink->arena;
    size_t i;
    sink_database(sink, source, file->path);
    json_array_foreach(json_object_get(json, "installedPackages"), i, package)
    {
        struct slice category = lang_text(package, "category"), name = lang_text(package, "name");
        struct slice version = lang_text(package, "version");
        struct component c = {.type = "ebuild", .version = slice_string(arena, version)};
        if (name.length == 0 || version.length == 0)
            continue;
        c.name = category.length ? arena_printf(arena, "%s/%s", slice_string(arena, category),
                                                slice_string(arena, name))
                                 : slice_string(arena, name);
        c.source_name = c.name;
        c.source_version = c.version;
        sink_database_package(sink, source, c, file->path);
    }
}

static bool wants_bitnami(const char *path)
{
    return path_is_below(path, ".bitnami_components.json");
}

static void read_bitnami(const struct reader_file *file, struct reader_sink *sink)
{
    json_t *json scoped(lang_json_free) = lang_json(file, sink), *package;
    const char *name;
    json_object_foreach(json, name, package)
    {
        lang_put(sink, file, "bitnami", slice_of(name), lang_text(package, "version"),
                 CONFIDENCE_INSTALLED);
    }
}

const struct package_reader reader_bottlerocket = {.name = "bottlerocket",
                                                   .wants = wants_bottlerocket,
                                                   .read = read_bottlerocket,
                                                   .most_bytes = LIMIT_SMALL_FILE_BYTES,
                                                   .database = true};
const struct package_reader reader_cos = {.name = "cos",
                                          .wants = wants_cos,
                                          .read = read_cos,
                                          .most_bytes = LIMIT_SMALL_FILE_BYTES,
                                          .database = true};
const struct package_reader reader_bitnami = {.name = "bitnami",
                                              .wants = wants_bitnami,
                                              .read = read_bitnami,
                                              .most_bytes = LIMIT_SMALL_FILE_BYTES};
