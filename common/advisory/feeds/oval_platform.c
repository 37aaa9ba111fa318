#include "advisory/feeds/oval_platform.h"

#include <ctype.h>

#include "advisory/release.h"
#include "advisory/suse_platform.h"

const char *oval_vendor_type(enum oval_vendor vendor)
{
    return vendor == OVAL_DEBIAN || vendor == OVAL_UBUNTU ? "deb" : "rpm";
}

enum package_name_kind oval_vendor_name_kind(enum oval_vendor vendor)
{
    return vendor == OVAL_DEBIAN || vendor == OVAL_AZURE ? NAME_SOURCE : NAME_BINARY;
}

static bool keep_suse(const char *comment)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct package_context ignored;
    struct slice s = slice_of(comment);
    static const char installed[] = " is installed";
    if (!slice_has_suffix(s, installed) ||
        (!slice_has_prefix(s, "SUSE ") && !slice_has_prefix(s, "openSUSE ") &&
         !slice_has_prefix(s, "Open Enterprise ")))
        return true;
    s.length -= sizeof(installed) - 1;
    return suse_platform(s, &ignored, arena);
}

bool (*oval_vendor_keep(enum oval_vendor vendor))(const char *comment)
{
    return vendor == OVAL_SUSE ? keep_suse : NULL;
}

static void add(struct oval_platforms *platforms, struct package_context context)
{
    for (size_t i = 0; i < platforms->count; i++)
        if (strcmp(platforms->items[i].distro, context.distro) == 0 &&
            strcmp(platforms->items[i].release, context.release) == 0 &&
            strcmp(platforms->items[i].stream, context.stream) == 0)
            return;
    if (platforms->count < OVAL_PLATFORMS_MOST)
        platforms->items[platforms->count++] = context;
}

/* The first number in the text. */
static const char *number_in(const char *text, struct arena *arena)
{
    const char *digits = text ? text + strcspn(text, "0123456789") : "";
    size_t length = strspn(digits, "0123456789.");
    while (length > 0 && digits[length - 1] == '.')
        length--;
    return arena_strndup(arena, digits, length);
}

/* cpe:/o:redhat:rhel_eus:9.2 → "eus-9.2": streams of a minor release. */
static const char *redhat_stream(const char *cpe, struct arena *arena)
{
    static const char *const streams[] = {"eus", "aus", "tus", "e4s"};
    for (size_t i = 0; cpe && i < array_count(streams); i++) {
        const char *word = arena_printf(arena, ":rhel_%s:", streams[i]);
        const char *at = strstr(cpe, word);
        if (at)
            return arena_printf(arena, "%s-%s", streams[i], number_in(at + strlen(word), arena));
    }
    return "";
}

static const struct {
    enum oval_vendor vendor;
    const char *prefix, *distro;
} installed[] = {
    {OVAL_DEBIAN, "Debian ", "debian"},    {OVAL_REDHAT, "Red Hat Enterprise Linux ", "rhel"},
    {OVAL_ORACLE, "Oracle Linux ", "ol"},  {OVAL_PHOTON, "Photon OS ", "photon"},
    {OVAL_ROCKY, "Rocky Linux ", "rocky"},
};

static struct package_context photon(const char *release, struct arena *arena)
{
    if (!strchr(release, '.'))
        release = arena_printf(arena, "%s.0", release);
    return context_canonical("photon", release, "", arena);
}

bool oval_platform_take(enum oval_vendor vendor, const char *comment,
                        const struct oval_definition *definition, struct oval_platforms *platforms,
                        struct arena *arena)
{
    static const char end[] = " is installed";
    struct slice s = slice_of(comment);
    struct package_context context;
    if (slice_is(s, "Red Hat Enterprise Linux must be installed") ||
        slice_has_prefix(s, "Red Hat CoreOS") || slice_has_suffix(s, " architecture"))
        return true;
    if (!slice_has_suffix(s, end))
        return false;
    if (vendor == OVAL_SUSE) {
        s.length -= sizeof(end) - 1;
        if (!suse_platform(s, &context, arena))
            return false;
        add(platforms, context);
        return true;
    }
    for (size_t i = 0; i < array_count(installed); i++) {
        if (installed[i].vendor != vendor || !slice_has_prefix(s, installed[i].prefix))
            continue;
        const char *release = number_in(comment + strlen(installed[i].prefix), arena);
        const char *stream = vendor == OVAL_REDHAT ? redhat_stream(definition->cpe, arena) : "";
        add(platforms, vendor == OVAL_PHOTON
                           ? photon(release, arena)
                           : context_canonical(installed[i].distro, release, stream, arena));
        return true;
    }
    return false;
}

/* "oval:com.ubuntu.noble:def:104": the release's codename. */
static struct package_context ubuntu(const char *id, const char *comment, struct arena *arena)
{
    static const char prefix[] = "oval:com.ubuntu.";
    const char *stream = comment && strstr(comment, "Ubuntu Pro") ? "pro" : "";
    if (strncmp(id, prefix, sizeof(prefix) - 1) != 0)
        return (struct package_context){"", "", ""};
    id += sizeof(prefix) - 1;
    return context_canonical("ubuntu", arena_strndup(arena, id, strcspn(id, ":.")), stream, arena);
}

/* azurelinux-3.0-oval.xml, cbl-mariner-2.0-oval.xml; else the version's own suffix. */
static struct package_context azure(const char *file, const char *fixed, struct arena *arena)
{
    const char *linux3 = strstr(file, "azurelinux-"), *mariner = strstr(file, "mariner-");
    const char *suffix;
    if (linux3)
        return context_canonical("azurelinux", number_in(linux3, arena), "", arena);
    if (mariner)
        return context_canonical("mariner", number_in(mariner, arena), "", arena);
    if (fixed && (suffix = strstr(fixed, ".azl")))
        return context_canonical("azurelinux", arena_printf(arena, "%c.0", suffix[4]), "", arena);
    if (fixed && (suffix = strstr(fixed, ".cm")))
        return context_canonical("mariner", arena_printf(arena, "%c.0", suffix[3]), "", arena);
    return (struct package_context){"", "", ""};
}

void oval_platform_finish(enum oval_vendor vendor, const char *comment, const char *fixed,
                          const char *file, const struct oval_definition *definition,
                          struct oval_platforms *platforms, struct arena *arena)
{
    struct package_context context = {"", "", ""};
    if (platforms->count > 0)
        return;
    switch (vendor) {
    case OVAL_DEBIAN:
        context = context_canonical("debian", number_in(definition->platform, arena), "", arena);
        break;
    case OVAL_UBUNTU:
        context = ubuntu(definition->id, comment, arena);
        break;
    case OVAL_REDHAT:
        context = context_canonical("rhel", number_in(definition->platform, arena),
                                    redhat_stream(definition->cpe, arena), arena);
        break;
    case OVAL_ROCKY: /* cpe:/o:rocky:rocky:9:GA */
        context = context_canonical("rocky", number_in(definition->from, arena), "", arena);
        break;
    case OVAL_ORACLE:
        context = context_canonical("ol", number_in(definition->platform, arena), "", arena);
        break;
    case OVAL_AZURE:
        context = azure(file, fixed, arena);
        break;
    case OVAL_PHOTON:
        context = photon(number_in(definition->platform, arena), arena);
        break;
    case OVAL_SUSE:
        break;
    }
    if (*context.distro && (*context.release || vendor == OVAL_SUSE))
        add(platforms, context);
}
