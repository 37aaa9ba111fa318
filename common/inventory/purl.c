#include "inventory/purl.h"

#include <ctype.h>
#include <string.h>

#include "base/digest.h"

static const char *decoded(struct arena *arena, struct slice text)
{
    char *out = arena_alloc(arena, text.length + 1);
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte;
        if (text.data[i] == '%' && i + 2 < text.length &&
            hex_decode(slice_sub(text, i + 1, 2), &byte, 1) && byte >= 0x20) {
            out[length++] = (char)byte;
            i += 2;
        } else if (text.data[i] == '%' && i + 3 == text.length &&
                   hex_decode(slice_sub(text, i + 1, 2), &byte, 1) && byte >= 0x20) {
            out[length++] = (char)byte;
            i += 2;
        } else {
            out[length++] = text.data[i];
        }
    }
    out[length] = 0;
    return out;
}

static struct slice last_part(struct slice *text, char separator)
{
    for (size_t i = text->length; i-- > 0;)
        if (text->data[i] == separator) {
            struct slice part = slice_sub(*text, i + 1, text->length);
            text->length = i;
            return part;
        }
    struct slice all = *text;
    text->length = 0;
    return all;
}

struct qualifiers {
    const char *arch, *distro, *epoch, *module, *upstream;
};

static struct qualifiers read_qualifiers(struct arena *arena, struct slice text)
{
    struct qualifiers out = {"", "", "", "", ""};
    const struct {
        const char *name;
        const char **value;
    } known[] = {{"arch", &out.arch},
                 {"distro", &out.distro},
                 {"epoch", &out.epoch},
                 {"rpmmod", &out.module},
                 {"upstream", &out.upstream}};
    struct slice pair;
    while (slice_take_until(&text, '&', &pair)) {
        size_t equals = slice_find_byte(pair, '=');
        for (size_t i = 0; i < array_count(known); i++)
            if (slice_is(slice_sub(pair, 0, equals), known[i].name))
                *known[i].value = decoded(arena, slice_sub(pair, equals + 1, pair.length));
    }
    return out;
}

static void os_members(struct arena *arena, const struct qualifiers *q, const char *namespace,
                       struct component *component, struct context *context)
{
    component->arch = q->arch;
    component->module = q->module;
    if (q->epoch[0] && strcmp(q->epoch, "0") != 0)
        component->version = arena_printf(arena, "%s:%s", q->epoch, component->version);
    component->source_name = component->name;
    component->source_version = component->version;
    if (q->upstream[0]) {
        struct slice upstream = slice_of(q->upstream);
        size_t at = slice_find_byte(upstream, '@');
        component->source_name = slice_string(arena, slice_sub(upstream, 0, at));
        if (at < upstream.length)
            component->source_version =
                slice_string(arena, slice_sub(upstream, at + 1, upstream.length));
    }
    context->distro = strcmp(namespace, "redhat") == 0 ? "rhel" : namespace;
    struct slice distro = slice_of(q->distro);
    if (slice_has_prefix(distro, context->distro) && distro.length > strlen(context->distro) + 1)
        context->version_id =
            slice_string(arena, slice_sub(distro, strlen(context->distro) + 1, distro.length));
    else if (slice_find_byte(distro, '-') < distro.length)
        context->version_id =
            slice_string(arena, slice_sub(distro, slice_find_byte(distro, '-') + 1, distro.length));
}

bool purl_parse(const char *text, struct arena *arena, struct component *component,
                struct context *context)
{
    struct slice rest = slice_of(text), type;
    *component = component_filled((struct component){0});
    *context = context_filled((struct context){0});
    if (!slice_has_prefix(rest, "pkg:"))
        return false;
    rest = slice_sub(rest, 4, rest.length);
    while (slice_has_prefix(rest, "/"))
        rest = slice_sub(rest, 1, rest.length);
    rest.length = slice_find_byte(rest, '#');
    size_t question = slice_find_byte(rest, '?');
    struct qualifiers qualifiers =
        read_qualifiers(arena, slice_sub(rest, question + 1, rest.length));
    rest.length = question;
    if (!slice_take_until(&rest, '/', &type) || type.length == 0 || rest.length == 0)
        return false;
    char *lower = slice_string(arena, type);
    for (char *p = lower; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    component->type = lower;
    /* the version begins at the last "@" behind the last "/" (scopes begin with an encoded one) */
    struct slice name = last_part(&rest, '/');
    size_t at = name.length;
    for (size_t i = name.length; i-- > 1 && at == name.length;)
        if (name.data[i] == '@')
            at = i;
    component->version = decoded(arena, slice_sub(name, at + 1, name.length));
    const char *own = decoded(arena, slice_sub(name, 0, at));
    const char *namespace = decoded(arena, rest);
    component->name = own;
    if (component_is_os(component) && strcmp(lower, "ebuild") != 0)
        os_members(arena, &qualifiers, namespace, component, context);
    else if (namespace[0])
        component->name =
            arena_printf(arena, "%s%s%s", namespace, strcmp(lower, "maven") == 0 ? ":" : "/", own);
    return own[0] != 0;
}
