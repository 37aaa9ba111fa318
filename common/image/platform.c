#include "image/platform.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static char *lower(struct arena *arena, const char *text)
{
    char *out = arena_strdup(arena, text ? text : "");
    for (char *p = out; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return out;
}

struct platform platform_normalise(struct arena *arena, struct platform platform)
{
    static const struct {
        const char *from, *variant_from, *to, *variant_to; /* variant_from NULL: any */
    } table[] = {
        {"x86_64", NULL, "amd64", ""},    {"x86-64", NULL, "amd64", ""},
        {"amd64", "v1", "amd64", ""},     {"i386", NULL, "386", ""},
        {"i686", NULL, "386", ""},        {"aarch64", "v8", "arm64", ""},
        {"aarch64", "", "arm64", ""},     {"aarch64", NULL, "arm64", NULL},
        {"arm64", "v8", "arm64", ""},     {"arm64", "8", "arm64", ""},
        {"armhf", NULL, "arm", "v7"},     {"armel", NULL, "arm", "v6"},
        {"armv7l", NULL, "arm", "v7"},    {"armv6l", NULL, "arm", "v6"},
        {"arm", "7", "arm", "v7"},        {"arm", "6", "arm", "v6"},
        {"arm", "5", "arm", "v5"},        {"arm", "8", "arm", "v8"},
        {"ppc64el", NULL, "ppc64le", ""}, {"mips64el", NULL, "mips64le", ""},
    };
    struct platform out = {
        .os = lower(arena, platform.os),
        .architecture = lower(arena, platform.architecture),
        .variant = lower(arena, platform.variant),
        .os_version = arena_strdup(arena, platform.os_version ? platform.os_version : ""),
    };
    if (strcmp(out.os, "macos") == 0)
        out.os = "darwin";
    for (size_t i = 0; i < array_count(table); i++) {
        if (strcmp(out.architecture, table[i].from) != 0 ||
            (table[i].variant_from && strcmp(out.variant, table[i].variant_from) != 0))
            continue;
        out.architecture = table[i].to;
        if (table[i].variant_to)
            out.variant = table[i].variant_to;
        break;
    }
    return out;
}

bool platform_parse(struct arena *arena, const char *text, struct platform *out, struct error *err)
{
    const char *parts[3] = {"", "", ""};
    size_t count = 0;
    struct slice rest = slice_of(text), part;
    while (slice_take_until(&rest, '/', &part)) {
        if (count == 3 || part.length == 0 || part.length > 64)
            return error_set(err, ERROR_INPUT,
                             "platform '%.100s': expected os/architecture[/variant]", text);
        parts[count++] = slice_string(arena, part);
    }
    if (count == 0)
        return error_set(err, ERROR_INPUT, "platform: empty");
    struct platform raw = {.os = parts[0], .architecture = parts[1], .variant = parts[2]};
    if (count == 1)
        raw = (struct platform){.os = "linux", .architecture = parts[0]};
    *out = platform_normalise(arena, raw);
    return true;
}

const char *platform_text(struct arena *arena, struct platform platform)
{
    return *platform.variant ? arena_printf(arena, "%s/%s/%s", platform.os, platform.architecture,
                                            platform.variant)
                             : arena_printf(arena, "%s/%s", platform.os, platform.architecture);
}

struct platform platform_here(void)
{
    static const char *const names[][3] = {
        {"x86_64", "amd64", ""},    {"aarch64", "arm64", ""},   {"armv7l", "arm", "v7"},
        {"armv6l", "arm", "v6"},    {"ppc64le", "ppc64le", ""}, {"s390x", "s390x", ""},
        {"riscv64", "riscv64", ""}, {"i686", "386", ""},
    };
    struct utsname name;
    struct platform out = {.os = "linux", .architecture = "amd64", .variant = "", .os_version = ""};
    if (uname(&name) != 0)
        return out;
    for (size_t i = 0; i < array_count(names); i++) {
        if (strcmp(name.machine, names[i][0]) == 0) {
            out.architecture = names[i][1];
            out.variant = names[i][2];
        }
    }
    return out;
}

bool platform_matches(struct platform wanted, struct platform have)
{
    return strcmp(wanted.os, have.os) == 0 && strcmp(wanted.architecture, have.architecture) == 0 &&
           (!wanted.variant || !*wanted.variant || !*have.variant ||
            strcmp(wanted.variant, have.variant) == 0) &&
           (!wanted.os_version || !*wanted.os_version ||
            strcmp(wanted.os_version, have.os_version) == 0);
}

bool platform_is_unknown(struct platform platform)
{
    return strcmp(platform.os, "unknown") == 0 && strcmp(platform.architecture, "unknown") == 0;
}

bool platform_is_listed(struct arena *arena, const char *list, struct platform platform)
{
    struct slice rest = slice_of(list), group, word;
    while (slice_take_until(&rest, ',', &group)) {
        while (slice_take_word(&group, &word)) {
            struct platform wanted;
            struct error ignored;
            if (slice_is(word, "all"))
                return true;
            if (platform_parse(arena, slice_string(arena, word), &wanted, &ignored) &&
                platform_matches(wanted, platform))
                return true;
        }
    }
    return false;
}
