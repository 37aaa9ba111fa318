#include <ctype.h>

#include "advisory/redhat_platform.h"
#include "advisory/release.h"
#include "advisory/suse_platform.h"

static const struct {
    const char *ecosystem, *type;
} language_ecosystems[] = {
    {"PyPI", "pypi"},
    {"Maven", "maven"},
    {"npm", "npm"},
    {"Go", "golang"},
    {"crates.io", "cargo"},
    {"RubyGems", "gem"},
    {"Packagist", "composer"},
    {"NuGet", "nuget"},
    {"Hex", "hex"},
    {"Pub", "pub"},
    {"CRAN", "cran"},
    {"Hackage", "hackage"},
    {"Bitnami", "bitnami"},
    {"SwiftURL", "swift"},
    {"GitHub Actions", "githubactions"},
    {"ConanCenter", "conan"},
    {"GHC", "ghc"},
    {"Julia", "julia"},
};

static const char *lower(char *text)
{
    for (char *c = text; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return text;
}

/* "Debian:12", "Ubuntu:Pro:22.04:LTS", "Alpine:v3.20": what stands after the name. */
static void read_distribution(struct slice name, struct slice rest, struct package_context *out,
                              struct arena *arena)
{
    struct slice part;
    const char *release = "", *stream = "";
    while (slice_take_until(&rest, ':', &part)) {
        if (slice_is(part, "Pro"))
            stream = "pro";
        else if (slice_has_prefix(part, "Pro-") || slice_is(part, "FIPS"))
            stream = lower(slice_string(arena, part));
        else if (!slice_is(part, "LTS") && part.length > 0 && !*release)
            release = slice_string(arena, part);
    }
    *out = context_canonical(slice_string(arena, name), release, stream, arena);
}

/* Red Hat's is a CPE without its beginning, SUSE's the name of the product. */
static bool read_vendor(struct slice name, struct slice rest, struct package_context *out,
                        struct arena *arena)
{
    const char *product = slice_string(arena, rest);
    if (slice_is(name, "Red Hat"))
        return redhat_platform(arena_printf(arena, "cpe:/o:redhat:%s", product), out, arena);
    return suse_platform(
        slice_of(arena_printf(arena, "%.*s %s", (int)name.length, name.data, product)), out, arena);
}

bool osv_ecosystem(struct slice ecosystem, const char **type, struct package_context *context,
                   struct arena *arena)
{
    struct slice rest = ecosystem, name;
    bool rebuilt = false;
    if (!slice_take_until(&rest, ':', &name))
        return false;
    if (slice_is(name, "Root")) { /* "Root:Debian:12", "Root:PyPI" */
        rebuilt = true;
        if (!slice_take_until(&rest, ':', &name))
            return false;
    }
    for (size_t i = 0; i < array_count(language_ecosystems); i++)
        if (slice_is_nocase(name, language_ecosystems[i].ecosystem)) {
            *type = language_ecosystems[i].type;
            *context = (struct package_context){"", "", ""};
            return true;
        }
    if (slice_is(name, "Red Hat") || slice_is(name, "SUSE") || slice_is(name, "openSUSE")) {
        if (!read_vendor(name, rest, context, arena))
            return false;
    } else {
        read_distribution(name, rest, context, arena);
    }
    if (rebuilt)
        context->stream = "rootio";
    *type = distro_package_type(context->distro);
    return *type != NULL;
}
