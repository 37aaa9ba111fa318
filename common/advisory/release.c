#include "advisory/release.h"

#include <ctype.h>

/* How much of VERSION_ID tells releases apart. */
enum release_shape { WHOLE, MAJOR, MAJOR_MINOR, ROLLING };

struct distro {
    const char *id, *type;
    enum release_shape shape;
    const char *parent;
    bool minor_said; /* "3" means 3.0 */
};

static const struct distro distros[] = {
    {"debian", "deb", MAJOR, NULL},
    {"raspbian", "deb", MAJOR, "debian"},
    {"ubuntu", "deb", MAJOR_MINOR, NULL},
    {"alpine", "apk", MAJOR_MINOR, NULL},
    {"postmarketos", "apk", MAJOR_MINOR, NULL},
    {"wolfi", "apk", ROLLING, NULL},
    {"chainguard", "apk", ROLLING, "wolfi"},
    {"minimos", "apk", ROLLING, NULL},
    {"rhel", "rpm", MAJOR, NULL},
    {"almalinux", "rpm", MAJOR, NULL},
    {"rocky", "rpm", MAJOR, NULL},
    {"ol", "rpm", MAJOR, NULL},
    {"amzn", "rpm", MAJOR, NULL},
    {"fedora", "rpm", MAJOR, NULL},
    {"sles", "rpm", MAJOR_MINOR, NULL},
    {"opensuse-leap", "rpm", MAJOR_MINOR, NULL},
    {"opensuse-tumbleweed", "rpm", ROLLING, NULL},
    {"azurelinux", "rpm", MAJOR_MINOR, NULL, true},
    {"mariner", "rpm", MAJOR_MINOR, NULL, true},
    {"photon", "rpm", MAJOR_MINOR, NULL, true},
    {"arch", "alpm", ROLLING, NULL},
    {"echo", "deb", ROLLING, NULL},
    {"bottlerocket", "rpm", ROLLING, NULL},
    {"hummingbird", "rpm", MAJOR, NULL},
    {"alpaquita", "apk", MAJOR, NULL},
    {"openeuler", "rpm", WHOLE, NULL},
    {"mageia", "rpm", MAJOR, NULL},
};

/* Other names that os-release, feeds and people use. */
static const struct {
    const char *name, *id;
} distro_names[] = {
    {"alma", "almalinux"},
    {"alma linux", "almalinux"},
    {"centos", "rhel"},
    {"redhat", "rhel"},
    {"red hat", "rhel"},
    {"red hat enterprise linux", "rhel"},
    {"redhatenterpriselinux", "rhel"},
    {"oracle", "ol"},
    {"oraclelinux", "ol"},
    {"oracle linux", "ol"},
    {"amazon", "amzn"},
    {"amazonlinux", "amzn"},
    {"amazon linux", "amzn"},
    {"rockylinux", "rocky"},
    {"rocky linux", "rocky"},
    {"suse", "sles"},
    {"sles_sap", "sles"},
    {"suse linux enterprise server", "sles"},
    {"opensuse.leap", "opensuse-leap"},
    {"opensuse leap", "opensuse-leap"},
    {"opensuse", "opensuse-leap"},
    {"opensuse.tumbleweed", "opensuse-tumbleweed"},
    {"opensuse tumbleweed", "opensuse-tumbleweed"},
    {"cbl-mariner", "mariner"},
    {"azure linux", "azurelinux"},
    {"photon os", "photon"},
    {"archlinux", "arch"},
    {"arch linux", "arch"},
    {"manjaro", "arch"},
};

static const struct {
    const char *distro, *codename, *release;
} codenames[] = {
    {"debian", "sid", "unstable"},   {"debian", "unstable", "unstable"},
    {"debian", "duke", "15"},        {"debian", "forky", "14"},
    {"debian", "trixie", "13"},      {"debian", "bookworm", "12"},
    {"debian", "bullseye", "11"},    {"debian", "buster", "10"},
    {"debian", "stretch", "9"},      {"debian", "jessie", "8"},
    {"debian", "wheezy", "7"},       {"debian", "squeeze", "6"},
    {"ubuntu", "precise", "12.04"},  {"ubuntu", "trusty", "14.04"},
    {"ubuntu", "xenial", "16.04"},   {"ubuntu", "bionic", "18.04"},
    {"ubuntu", "focal", "20.04"},    {"ubuntu", "jammy", "22.04"},
    {"ubuntu", "noble", "24.04"},    {"ubuntu", "resolute", "26.04"},
    {"ubuntu", "groovy", "20.10"},   {"ubuntu", "hirsute", "21.04"},
    {"ubuntu", "impish", "21.10"},   {"ubuntu", "kinetic", "22.10"},
    {"ubuntu", "lunar", "23.04"},    {"ubuntu", "mantic", "23.10"},
    {"ubuntu", "oracular", "24.10"}, {"ubuntu", "plucky", "25.04"},
    {"ubuntu", "questing", "25.10"}, {"ubuntu", "eoan", "19.10"},
    {"ubuntu", "disco", "19.04"},    {"ubuntu", "cosmic", "18.10"},
    {"ubuntu", "artful", "17.10"},   {"ubuntu", "zesty", "17.04"},
    {"ubuntu", "yakkety", "16.10"},  {"ubuntu", "wily", "15.10"},
    {"ubuntu", "vivid", "15.04"},    {"ubuntu", "utopic", "14.10"},
    {"ubuntu", "saucy", "13.10"},    {"ubuntu", "raring", "13.04"},
    {"ubuntu", "quantal", "12.10"},  {"ubuntu", "lucid", "10.04"},
};

static char *lower(const char *text, struct arena *arena)
{
    char *copy = arena_strdup(arena, text ? text : "");
    for (char *c = copy; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

static const struct distro *find_distro(const char *id)
{
    for (size_t i = 0; id && i < array_count(distros); i++)
        if (strcmp(distros[i].id, id) == 0)
            return &distros[i];
    return NULL;
}

static const char *distro_id(const char *name, struct arena *arena)
{
    const char *id = lower(name, arena);
    for (size_t i = 0; i < array_count(distro_names); i++)
        if (strcmp(distro_names[i].name, id) == 0)
            return distro_names[i].id;
    return id;
}

/* "3.20.1" and 2 → "3.20"; "12" and 1 → "12". */
static const char *leading_parts(const char *release, int parts, struct arena *arena)
{
    const char *end = release;
    while (*end && (*end != '.' || --parts > 0))
        end++;
    return arena_strndup(arena, release, (size_t)(end - release));
}

static const char *release_id(const struct distro *distro, const char *release, struct arena *arena)
{
    const char *text = lower(release, arena);
    if (!distro)
        return text;
    for (size_t i = 0; i < array_count(codenames); i++)
        if (strcmp(codenames[i].distro, distro->id) == 0 &&
            strcmp(codenames[i].codename, text) == 0)
            return codenames[i].release;
    if (strcmp(distro->id, "debian") == 0) {
        const char *slash = strchr(text, '/'); /* "trixie/sid" before the release */
        if (slash)
            return release_id(distro, arena_strndup(arena, text, (size_t)(slash - text)), arena);
    }
    if (strcmp(distro->id, "alpine") == 0) {
        if (*text == 'v' && isdigit((unsigned char)text[1]))
            text++;
        if (strstr(text, "edge") || strstr(text, "_alpha"))
            return "edge";
    }
    if (strcmp(distro->id, "amzn") == 0 && strncmp(text, "201", 3) == 0)
        return "1"; /* Amazon Linux AMI 2015.03 … 2018.03 */
    const char *digits = text;
    while (*digits && !isdigit((unsigned char)*digits))
        digits++;
    switch (distro->shape) {
    case ROLLING:
        return "";
    case MAJOR:
        return isdigit((unsigned char)*text) ? leading_parts(text, 1, arena) : text;
    case MAJOR_MINOR:
        if (!isdigit((unsigned char)*text))
            return text;
        return strchr(text, '.') || !distro->minor_said ? leading_parts(text, 2, arena)
                                                        : arena_printf(arena, "%s.0", text);
    case WHOLE:
        break;
    }
    return text;
}

struct package_context context_canonical(const char *distro, const char *release,
                                         const char *stream, struct arena *arena)
{
    struct package_context context = {"", "", stream ? stream : ""};
    if (!distro || !*distro)
        return context;
    context.distro = distro_id(distro, arena);
    context.release = release_id(find_distro(context.distro), release, arena);
    return context;
}

const char *release_codename(const char *distro, const char *release)
{
    for (size_t i = 0; i < array_count(codenames); i++)
        if (strcmp(codenames[i].distro, distro) == 0 && strcmp(codenames[i].release, release) == 0)
            return codenames[i].codename;
    return NULL;
}

const char *distro_package_type(const char *distro)
{
    const struct distro *found = find_distro(distro);
    return found ? found->type : NULL;
}

const char *distro_parent(const char *distro)
{
    const struct distro *found = find_distro(distro);
    return found ? found->parent : NULL;
}

/* Rebuilders of distributions' packages: the mark in the name or in the version. */
static const struct {
    const char *stream, *type, *name_prefix, *mark;
} vendors[] = {
    {"rootio", NULL, NULL, ".root.io."}, {"seal", NULL, "seal-", NULL},
    {"rapidfort", "deb", NULL, "rfubu"}, {"rapidfort", "deb", NULL, "+rf."},
    {"rapidfort", "rpm", "rf-", ".rf"},
};

/* Root.io's revisions of apk: -r00072 is the second rebuild of -r0. */
static bool is_rootio_revision(const char *version)
{
    const char *dash = strrchr(version, '-');
    return dash && dash[1] == 'r' && isdigit((unsigned char)dash[2]) &&
           strncmp(dash + 3, "007", 3) == 0 && isdigit((unsigned char)dash[6]);
}

const char *vendor_stream(const char *type, const char *name, const char *version)
{
    if (!type || !name || !version)
        return NULL;
    if (strcmp(type, "apk") == 0 && is_rootio_revision(version))
        return "rootio";
    for (size_t i = 0; i < array_count(vendors); i++) {
        const char *prefix = vendors[i].name_prefix, *mark = vendors[i].mark;
        if ((!vendors[i].type || strcmp(vendors[i].type, type) == 0) &&
            (!prefix || strncmp(name, prefix, strlen(prefix)) == 0) &&
            (!mark || strstr(version, mark)))
            return vendors[i].stream;
    }
    return NULL;
}

static bool is_vendor(const char *stream)
{
    for (size_t i = 0; i < array_count(vendors); i++)
        if (strncmp(stream, vendors[i].stream, strlen(vendors[i].stream)) == 0)
            return true;
    return false;
}

bool stream_is_shared(const char *distro, const char *stream)
{
    return distro && strcmp(distro, "ubuntu") == 0 && !is_vendor(stream);
}

/* PEP 503: runs of - _ . become one -. */
static const char *pypi_name(char *name)
{
    char *out = name;
    for (const char *in = name; *in; in++) {
        bool separator = *in == '-' || *in == '_' || *in == '.';
        if (separator && out > name && out[-1] == '-')
            continue;
        *out++ = separator ? '-' : *in;
    }
    *out = 0;
    return name;
}

const char *package_name_normal(const char *type, const char *name, struct arena *arena)
{
    static const char *const caseless[] = {"nuget", "composer", "githubactions", "bitnami", "hex"};
    if (strcmp(type, "pypi") == 0)
        return pypi_name(lower(name, arena));
    for (size_t i = 0; i < array_count(caseless); i++)
        if (strcmp(type, caseless[i]) == 0)
            return lower(name, arena);
    return name;
}
