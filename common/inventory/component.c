#include "inventory/component.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static const size_t component_offsets[COMPONENT_FIELDS] = {
    offsetof(struct component, type),        offsetof(struct component, name),
    offsetof(struct component, version),     offsetof(struct component, arch),
    offsetof(struct component, source_name), offsetof(struct component, source_version),
    offsetof(struct component, module),      offsetof(struct component, vendor),
};

const char *component_field(const struct component *component, size_t index)
{
    const char *value;
    memcpy(&value, (const char *)component + component_offsets[index], sizeof(value));
    return value ? value : "";
}

void component_set_field(struct component *component, size_t index, const char *value)
{
    memcpy((char *)component + component_offsets[index], &value, sizeof(value));
}

struct component component_filled(struct component component)
{
    for (size_t i = 0; i < COMPONENT_FIELDS; i++)
        component_set_field(&component, i, component_field(&component, i));
    return component;
}

struct context context_filled(struct context context)
{
    return (struct context){
        .distro = context.distro ? context.distro : "",
        .release = context.release ? context.release : "",
        .stream = context.stream ? context.stream : "",
        .content_set = context.content_set ? context.content_set : "",
        .version_id = context.version_id ? context.version_id : "",
    };
}

int component_compare(const struct component *a, const struct component *b)
{
    for (size_t i = 0; i < COMPONENT_FIELDS; i++) {
        int order = strcmp(component_field(a, i), component_field(b, i));
        if (order != 0)
            return order;
    }
    return 0;
}

bool component_is_os(const struct component *component)
{
    static const char *const types[] = {"deb", "apk", "rpm", "alpm", "ebuild", "opkg"};
    for (size_t i = 0; i < array_count(types); i++)
        if (strcmp(component->type, types[i]) == 0)
            return true;
    return false;
}

struct context component_context(const struct component *component, const struct context *image)
{
    return component_is_os(component) ? *image : context_filled((struct context){0});
}

/* purl-spec: letters, digits, ".-_~" and ":" stand for themselves. */
static void put_encoded(struct buf *out, const char *text, const char *also)
{
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if ((c < 128 && isalnum(c)) || strchr(".-_~:", c) || (also && strchr(also, c)))
            buf_put_byte(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static const char *purl_namespace(const struct component *component, const struct context *context)
{
    if (!component_is_os(component) || !context->distro)
        return "";
    if (strcmp(component->type, "rpm") == 0 && strcmp(context->distro, "rhel") == 0)
        return "redhat";
    return context->distro;
}

struct qualifier {
    const char *name, *value;
};

static void put_qualifiers(struct buf *out, const struct qualifier *qualifiers, size_t count)
{
    char separator = '?';
    for (size_t i = 0; i < count; i++) {
        if (!qualifiers[i].value || !qualifiers[i].value[0])
            continue;
        buf_printf(out, "%c%s=", separator, qualifiers[i].name);
        put_encoded(out, qualifiers[i].value, NULL);
        separator = '&';
    }
}

/* Splits the name where the type's names carry a namespace. */
static void put_name(struct buf *out, const struct component *component)
{
    const char *cut = NULL;
    if (strcmp(component->type, "maven") == 0)
        cut = strchr(component->name, ':');
    if (cut) {
        char *group = strndup(component->name, (size_t)(cut - component->name));
        put_encoded(out, group ? group : "", NULL);
        free(group);
        buf_put_byte(out, '/');
        put_encoded(out, cut + 1, NULL);
        return;
    }
    bool slashes = strcmp(component->type, "npm") == 0 || strcmp(component->type, "golang") == 0 ||
                   strcmp(component->type, "composer") == 0 ||
                   strcmp(component->type, "swift") == 0 || strcmp(component->type, "ebuild") == 0;
    put_encoded(out, component->name, slashes ? "/" : NULL);
}

const char *component_purl(const struct component *component, const struct context *context,
                           struct arena *arena)
{
    struct context where = context_filled(*context);
    struct buf out scoped(buf_release) = {0};
    bool os = component_is_os(component);
    const char *version = component->version, *epoch = "";
    if (strcmp(component->type, "rpm") == 0) {
        const char *colon = strchr(version, ':');
        if (colon) {
            epoch = arena_strndup(arena, version, (size_t)(colon - version));
            version = colon + 1;
        }
    }
    buf_printf(&out, "pkg:%s/", component->type);
    const char *namespace = purl_namespace(component, &where);
    if (namespace[0]) {
        put_encoded(&out, namespace, NULL);
        buf_put_byte(&out, '/');
    }
    put_name(&out, component);
    if (version[0]) {
        buf_put_byte(&out, '@');
        put_encoded(&out, version, NULL);
    }
    const char *id = where.version_id[0] ? where.version_id : where.release;
    const char *distro = os && where.distro[0]
                             ? arena_printf(arena, "%s%s%s", where.distro, id[0] ? "-" : "", id)
                             : "";
    const char *upstream = "";
    if (os && component->source_name[0] &&
        (strcmp(component->source_name, component->name) != 0 ||
         strcmp(component->source_version, component->version) != 0))
        upstream =
            strcmp(component->source_version, component->version) == 0 ||
                    !component->source_version[0]
                ? component->source_name
                : arena_printf(arena, "%s@%s", component->source_name, component->source_version);
    const struct qualifier qualifiers[] = {
        {"arch", os ? component->arch : ""},     {"distro", distro},     {"epoch", epoch},
        {"rpmmod", os ? component->module : ""}, {"upstream", upstream},
    };
    put_qualifiers(&out, qualifiers, array_count(qualifiers));
    return arena_strndup(arena, out.data, out.length);
}
