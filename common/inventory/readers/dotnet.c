/* .NET: NAME.deps.json beside a published application, packages.lock.json, project.assets.json and
 * packages.config (Microsoft's documentation of NuGet and of the host). */
#include <expat.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"

static bool wants_deps(const char *path)
{
    return path_has_suffix(path, ".deps.json") || path_is_below(path, "project.assets.json");
}

/* A library that brings no file along is there in name only: the framework stands in for it. */
static bool is_empty(const json_t *target, const char *key)
{
    static const char *const assets[] = {"runtime", "native", "runtimeTargets", "resources"};
    const json_t *library = json_object_get(target, key);
    for (size_t i = 0; i < array_count(assets); i++)
        if (json_object_size(json_object_get(library, assets[i])) > 0)
            return false;
    return library != NULL;
}

/* The target that the application runs on. */
static const json_t *runtime_target(const json_t *json)
{
    struct slice name = lang_text(json_object_get(json, "runtimeTarget"), "name");
    return json_object_getn(json_object_get(json, "targets"), name.data, name.length);
}

/* libraries: {"Name/1.2.3": {"type": "package"}}; projects are the application's own. A runtime
 * that is published with it is a "runtimepack" of its package's name. */
static void put_libraries(const struct reader_file *file, struct reader_sink *sink, bool published)
{
    json_t *json scoped(lang_json_free) = lang_json(file, sink), *library;
    const json_t *target = runtime_target(json);
    const char *key;
    json_object_foreach(json_object_get(json, "libraries"), key, library)
    {
        struct slice id = slice_of(key), type = lang_text(library, "type");
        size_t slash = slice_find_byte(id, '/');
        if (slice_is_nocase(type, "project") || slice_is_nocase(type, "reference") ||
            (published && is_empty(target, key)))
            continue;
        struct slice name = slice_sub(id, 0, slash);
        if (slice_is_nocase(type, "runtimepack") && slice_has_prefix(name, "runtimepack."))
            name = slice_sub(name, strlen("runtimepack."), name.length);
        lang_put(sink, file, "nuget", name, slice_sub(id, slash + 1, id.length),
                 published ? CONFIDENCE_INSTALLED : lang_declared(sink));
    }
}

static void read_deps(const struct reader_file *file, struct reader_sink *sink)
{
    put_libraries(file, sink, path_has_suffix(file->path, ".deps.json"));
}

void dotnet_deps(struct reader_sink *sink, const char *path, struct slice text)
{
    put_libraries(&(struct reader_file){.path = path, .bytes = text}, sink, true);
}

static bool wants_lock(const char *path)
{
    return path_has_suffix(path, "packages.lock.json");
}

static void read_lock(const struct reader_file *file, struct reader_sink *sink)
{
    json_t *json scoped(lang_json_free) = lang_json(file, sink), *framework, *package;
    const char *framework_name, *name;
    json_object_foreach(json_object_get(json, "dependencies"), framework_name, framework)
    {
        json_object_foreach(framework, name, package)
        {
            if (!slice_is_nocase(lang_text(package, "type"), "project"))
                lang_put(sink, file, "nuget", slice_of(name), lang_text(package, "resolved"),
                         lang_declared(sink));
        }
    }
}

static bool wants_config(const char *path)
{
    return path_is_below(path, "packages.config");
}

struct config {
    struct reader_sink *sink;
    const struct reader_file *file;
};

static void XMLCALL on_element(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct config *config = user;
    struct slice id = {"", 0}, version = {"", 0};
    bool development = false;
    if (strcmp(name, "package") != 0)
        return;
    for (size_t i = 0; attributes[i]; i += 2) {
        if (strcmp(attributes[i], "id") == 0)
            id = slice_of(attributes[i + 1]);
        else if (strcmp(attributes[i], "version") == 0)
            version = slice_of(attributes[i + 1]);
        else if (strcmp(attributes[i], "developmentDependency") == 0)
            development = slice_is_nocase(slice_of(attributes[i + 1]), "true");
    }
    lang_put(config->sink, config->file, "nuget", id, version,
             development ? CONFIDENCE_DEVELOPMENT : lang_declared(config->sink));
}

static void read_config(const struct reader_file *file, struct reader_sink *sink)
{
    struct config config = {sink, file};
    XML_Parser parser = XML_ParserCreate(NULL);
    if (!parser)
        return;
    XML_SetUserData(parser, &config);
    XML_SetElementHandler(parser, on_element, NULL);
    if (XML_Parse(parser, file->bytes.data, (int)file->bytes.length, 1) != XML_STATUS_OK)
        sink_warning(sink, "xml", file->path, true, "line %lu: %s",
                     (unsigned long)XML_GetCurrentLineNumber(parser),
                     XML_ErrorString(XML_GetErrorCode(parser)));
    XML_ParserFree(parser);
}

const struct package_reader reader_dotnet_deps = {.name = "dotnet-deps",
                                                  .wants = wants_deps,
                                                  .read = read_deps,
                                                  .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_nuget_lock = {.name = "nuget-lock",
                                                 .wants = wants_lock,
                                                 .read = read_lock,
                                                 .most_bytes = LIMIT_SMALL_FILE_BYTES};
const struct package_reader reader_nuget_config = {.name = "nuget-config",
                                                   .wants = wants_config,
                                                   .read = read_config,
                                                   .most_bytes = LIMIT_SMALL_FILE_BYTES};
