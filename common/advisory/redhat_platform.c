#include "advisory/redhat_platform.h"

#include <ctype.h>

#include "advisory/release.h"

bool redhat_platform(const char *cpe, struct package_context *out, struct arena *arena)
{
    static const struct {
        const char *product, *stream;
    } products[] = {{"enterprise_linux", NULL},
                    {"rhel_eus", "eus"},
                    {"rhel_aus", "aus"},
                    {"rhel_tus", "tus"},
                    {"rhel_e4s", "e4s"},
                    {"rhel_els", "els"},
                    {"rhel_eus_long_life", "eus-long-life"},
                    {"hummingbird", NULL}};
    struct slice rest = slice_of(cpe), part = {0}, parts[5] = {0};
    for (size_t i = 0; i < 5 && slice_take_until(&rest, ':', &part); i++)
        parts[i] = part;
    if (!slice_is(parts[2], "redhat") || parts[4].length == 0)
        return false;
    for (size_t i = 0; i < array_count(products); i++) {
        if (!slice_is(parts[3], products[i].product))
            continue;
        const char *release = slice_string(arena, parts[4]);
        const char *stream =
            products[i].stream ? arena_printf(arena, "%s-%s", products[i].stream, release) : "";
        *out = context_canonical(strcmp(products[i].product, "hummingbird") == 0 ? "hummingbird"
                                                                                 : "rhel",
                                 release, stream, arena);
        return isdigit((unsigned char)*out->release) != 0;
    }
    return false;
}
