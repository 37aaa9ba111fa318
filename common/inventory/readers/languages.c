/* Languages whose one file says it in a few lines: conda, R, Erlang and Elixir, Swift, Lua, Julia,
 * Perl, JDKs.
 */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"

static bool wants_conda(const char *path)
{
    return strstr(path, "conda-meta/") && path_has_suffix(path, ".json");
}

static void read_conda(const struct reader_file *file, struct reader_sink *sink)
{
    json_t *json scoped(lang_json_free) = lang_json(file, sink);
    if (json)
        lang_put(sink, file, "conda", lang_text(json, "name"), lang_text(json, "version"),
                 CONFIDENCE_INSTALLED);
}

static bool wants_r(const char *path)
{
    return path_is_below(path, "DESCRIPTION");
}

/* "Built:" is there only once R has installed the package; its own translations lack it. */
static void read_r(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, key, value, name = {"", 0}, version = {"", 0};
    bool blank = false, built = false;
    while (field_take(&text, &key, &value, &blank)) {
        if (slice_is(key, "Package"))
            name = value;
        else if (slice_is(key, "Version"))
            version = value;
        else if (slice_is(key, "Built"))
            built = true;
    }
    if (built || strstr(file->path, "R/library/") || strstr(file->path, "R/site-library/"))
        lang_put(sink, file, "cran", name, version, CONFIDENCE_INSTALLED);
}

static bool wants_erlang(const char *path)
{
    return path_has_suffix(path, ".app") && strstr(path, "ebin/");
}

/* What follows `open` up to `close`; false if it is not there. */
static bool between(struct slice text, const char *open, char close, struct slice *out)
{
    size_t at = slice_find(text, open);
    if (at == text.length)
        return false;
    *out = slice_trim(lang_before(slice_sub(text, at + strlen(open), text.length), close));
    return true;
}

/* {application, name, [… {vsn, "1.2.3"} …]}. */
static void read_erlang(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice name, rest, version;
    if (!between(file->bytes, "application,", ',', &name) ||
        !between(file->bytes, "{vsn,", '}', &rest))
        return;
    version = lang_unquote(rest);
    lang_put(sink, file, "hex", lang_unquote(name), version, CONFIDENCE_INSTALLED);
}

static bool wants_mix(const char *path)
{
    return path_is_below(path, "mix.lock");
}

/* "name": {:hex, :name, "1.2.3", … */
static void read_mix(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line, name, rest;
    while (slice_take_line(&text, &line)) {
        size_t at = slice_find(line, "{:hex, :");
        if (at == line.length)
            continue;
        rest = slice_sub(line, at + 8, line.length);
        name = lang_unquote(lang_before(rest, ','));
        rest = slice_sub(rest, slice_find_byte(rest, '"') + 1, rest.length);
        lang_put(sink, file, "hex", name, lang_before(rest, '"'), lang_declared(sink));
    }
}

static bool wants_rebar(const char *path)
{
    return path_is_below(path, "rebar.lock");
}

/* {<<"name">>,{pkg,<<"name">>,<<"1.2.3">>},0} */
static void read_rebar(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, name, version;
    for (;;) {
        size_t at = slice_find(text, "{pkg,<<\"");
        if (at == text.length)
            return;
        text = slice_sub(text, at + 8, text.length);
        name = lang_before(text, '"');
        text = slice_sub(text, name.length + 1, text.length);
        if (between(text, "<<\"", '"', &version))
            lang_put(sink, file, "hex", name, version, lang_declared(sink));
    }
}

static bool wants_swift(const char *path)
{
    return path_is_below(path, "Package.resolved");
}

/* "https://github.com/apple/swift-nio.git" and "git@github.com:apple/swift-nio" →
 * "github.com/apple/swift-nio" */
static struct slice swift_name(struct arena *arena, struct slice place)
{
    size_t scheme = slice_find(place, "://");
    if (scheme < place.length)
        place = slice_sub(place, scheme + 3, place.length);
    if (slice_has_suffix(place, ".git"))
        place.length -= 4;
    if (slice_has_prefix(place, "git@")) {
        char *name = slice_string(arena, slice_sub(place, 4, place.length));
        char *colon = strchr(name, ':');
        if (colon)
            *colon = '/';
        place = slice_of(name);
    }
    return place;
}

static void read_swift(const struct reader_file *file, struct reader_sink *sink)
{
    json_t *json scoped(lang_json_free) = lang_json(file, sink), *pin;
    json_t *pins = json_object_get(json, "pins");
    size_t i;
    if (!pins)
        pins = json_object_get(json_object_get(json, "object"), "pins");
    json_array_foreach(pins, i, pin)
    {
        struct slice place = lang_text(pin, "location");
        const json_t *state = json_object_get(pin, "state");
        struct slice version = lang_text(state, "version");
        if (place.length == 0)
            place = lang_text(pin, "repositoryURL");
        if (place.length == 0) /* from a package registry */
            place = lang_text(pin, "identity");
        lang_put(sink, file, "swift", swift_name(sink->arena, place),
                 version.length ? version : lang_text(state, "branch"), lang_declared(sink));
    }
}

static bool wants_lua(const char *path)
{
    return path_has_suffix(path, ".rockspec");
}

/* package = "x", version = "1.2-1": a Lua script that mostly assigns strings. */
static void read_lua(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line, name = {"", 0}, version = {"", 0};
    while (slice_take_line(&text, &line)) {
        size_t equals = slice_find_byte(line, '=');
        struct slice key = slice_trim(slice_sub(line, 0, equals));
        struct slice value = lang_unquote(slice_sub(line, equals + 1, line.length));
        if (slice_is(key, "package"))
            name = value;
        else if (slice_is(key, "version"))
            version = value;
    }
    lang_put(sink, file, "luarocks", name, version,
             strstr(file->path, "rocks") ? CONFIDENCE_INSTALLED : lang_declared(sink));
}

static bool wants_julia(const char *path)
{
    return path_is_below(path, "Manifest.toml");
}

/* [[deps.Name]] version = "1.2.3"; before Julia 1.6.2 [[Name]]. What has no version comes with
 * Julia itself. */
static void read_julia(const struct reader_file *file, struct reader_sink *sink)
{
    struct toml toml = {.rest = file->bytes, .table = {"", 0}};
    struct toml_pair pair;
    struct slice julia = {"", 0}, name = {"", 0}, version = {"", 0};
    bool more;
    do {
        more = toml_next(&toml, &pair);
        if (!more || pair.key.length == 0) {
            lang_put(sink, file, "julia", name, version.length ? version : julia,
                     lang_declared(sink));
            name = toml.table;
            version = slice_of("");
            if (slice_has_prefix(name, "deps."))
                name = slice_sub(name, 5, name.length);
            if (slice_find_byte(name, '.') < name.length || slice_is(name, "deps"))
                name = slice_of("");
        } else if (slice_is(pair.key, "julia_version")) {
            julia = pair.value;
        } else if (slice_is(pair.key, "version")) {
            version = pair.value;
        }
    } while (more);
}

static bool wants_perl(const char *path)
{
    return strstr(path, ".meta/") && path_has_suffix(path, "/MYMETA.json");
}

/* What cpanm leaves of a distribution that it installed: CPAN::Meta. */
static void read_perl(const struct reader_file *file, struct reader_sink *sink)
{
    json_t *json scoped(lang_json_free) = lang_json(file, sink);
    struct slice version = lang_text(json, "version");
    if (json)
        lang_put(sink, file, "cpan", lang_text(json, "name"),
                 slice_has_prefix(version, "v") ? slice_sub(version, 1, version.length) : version,
                 CONFIDENCE_INSTALLED);
}

static bool wants_opam(const char *path)
{
    return path_has_suffix(path, "/opam") ? strstr(path, ".opam-switch/packages/") ||
                                                strstr(path, "packages/") || strstr(path, "opam/")
                                          : path_has_suffix(path, ".opam");
}

/* opam keeps the description of what a switch holds in .opam-switch/packages/NAME.VERSION/opam;
 * others name themselves in their fields. */
static void read_opam(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line, name = {"", 0}, version = {"", 0};
    struct slice folder = slice_of(path_base(path_directory(sink->arena, file->path)));
    bool installed = strstr(file->path, ".opam-switch/packages/") != NULL;
    while (slice_take_line(&text, &line)) {
        struct slice key = slice_trim(lang_before(line, ':'));
        struct slice value = lang_unquote(slice_sub(line, key.length + 1, line.length));
        if (slice_is(key, "name"))
            name = value;
        else if (slice_is(key, "version"))
            version = value;
    }
    size_t dot = slice_find_byte(folder, '.');
    if (slice_is(slice_of(path_base(file->path)), "opam") && dot < folder.length) {
        name = name.length ? name : slice_sub(folder, 0, dot);
        version = version.length ? version : slice_sub(folder, dot + 1, folder.length);
    } else if (name.length == 0 && path_has_suffix(file->path, ".opam")) {
        name = slice_of(path_base(file->path));
        name.length -= strlen(".opam");
    }
    lang_put(sink, file, "opam", name, version,
             installed ? CONFIDENCE_INSTALLED : CONFIDENCE_RECOGNISED);
}

static bool wants_jvm(const char *path)
{
    return path_is_below(path, "release");
}

/* The file "release" at the top of a JDK or JRE: KEY="value" lines. */
static void read_jvm(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line, version = {"", 0}, runtime = {"", 0}, full = {"", 0};
    struct slice kind = {"", 0}, implementor = {"", 0}, build = {"", 0};
    const struct {
        const char *key;
        struct slice *value;
    } keys[] = {{"JAVA_VERSION", &version},    {"JAVA_RUNTIME_VERSION", &runtime},
                {"FULL_VERSION", &full},       {"IMAGE_TYPE", &kind},
                {"IMPLEMENTOR", &implementor}, {"BUILD_TYPE", &build}};
    while (slice_take_line(&text, &line)) {
        size_t equals = slice_find_byte(line, '=');
        for (size_t i = 0; i < array_count(keys); i++)
            if (slice_is(slice_sub(line, 0, equals), keys[i].key))
                *keys[i].value = lang_unquote(slice_sub(line, equals + 1, line.length));
    }
    if (version.length == 0)
        return;
    bool oracle = slice_has_prefix(implementor, "Oracle") || slice_is(build, "commercial");
    const char *name = slice_is(kind, "JRE") ? "jre" : oracle ? "jdk" : "openjdk";
    lang_put(sink, file, "generic", slice_of(name),
             runtime.length ? runtime
             : full.length  ? full
                            : version,
             CONFIDENCE_RECOGNISED);
}

#define READER(variable, text, wanted, reading)                                                    \
    const struct package_reader variable = {                                                       \
        .name = text, .wants = wanted, .read = reading, .most_bytes = LIMIT_SMALL_FILE_BYTES}

READER(reader_conda, "conda", wants_conda, read_conda);
READER(reader_r, "r", wants_r, read_r);
READER(reader_erlang, "erlang", wants_erlang, read_erlang);
READER(reader_mix_lock, "mix-lock", wants_mix, read_mix);
READER(reader_rebar_lock, "rebar-lock", wants_rebar, read_rebar);
READER(reader_swift, "swift", wants_swift, read_swift);
READER(reader_lua, "lua", wants_lua, read_lua);
READER(reader_perl, "perl", wants_perl, read_perl);
READER(reader_opam, "opam", wants_opam, read_opam);
READER(reader_jvm, "jvm", wants_jvm, read_jvm);
READER(reader_julia, "julia", wants_julia, read_julia);
