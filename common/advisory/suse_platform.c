#include "advisory/suse_platform.h"

#include <ctype.h>

#include "advisory/release.h"

static const struct {
    const char *prefix, *distro;
} products[] = {
    {"SUSE Linux Enterprise Server for SAP", NULL},
    {"SUSE Linux Enterprise Server ", "sles"},
    {"SUSE Linux Enterprise Module for ", "sles"},
    {"SUSE Linux Enterprise Micro ", "sle-micro"},
    {"SUSE Linux Micro ", "sl-micro"},
    {"openSUSE Leap Micro ", "opensuse-leap-micro"},
    {"openSUSE Leap ", "opensuse-leap"},
    {"openSUSE Tumbleweed", "opensuse-tumbleweed"},
};

bool suse_platform(struct slice product, struct package_context *out, struct arena *arena)
{
    size_t i = 0, at;
    while (i < array_count(products) && !slice_has_prefix(product, products[i].prefix))
        i++;
    if (i == array_count(products) || !products[i].distro)
        return false;
    /* The last run "15 SP4" or "15.6" of the name. */
    at = strlen(products[i].prefix);
    while (at < product.length && !isdigit((unsigned char)product.data[at]))
        at++;
    struct slice rest = slice_sub(product, at, product.length), version, pack = {0};
    const char *stream = "", *release = "";
    slice_take_word(&rest, &version);
    if (version.length > 0)
        slice_take_word(&rest, &pack);
    size_t dash = slice_find_byte(version, '-'), pack_dash = slice_find_byte(pack, '-');
    if (slice_has_prefix(pack, "SP")) {
        release = arena_printf(arena, "%.*s.%.*s", (int)dash, version.data, (int)(pack_dash - 2),
                               pack.data + 2);
        if (pack_dash < pack.length)
            stream = slice_string(arena, slice_sub(pack, pack_dash + 1, pack.length));
    } else {
        release = slice_string(arena, slice_sub(version, 0, dash));
        if (dash < version.length)
            stream = slice_string(arena, slice_sub(version, dash + 1, version.length));
    }
    /* SLES 15 without a service pack calls itself 15 in os-release. */
    *out = context_canonical(products[i].distro, release, stream, arena);
    char *low = arena_strdup(arena, stream);
    for (char *c = low; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    out->stream = low;
    return true;
}
