/* CycloneDX 1.6 JSON (ECMA-424). */
#include <stdio.h>
#include <string.h>

#include "base/version_text.h"
#include "inventory/sbom.h"

static void put_text(struct buf *out, const char *begin, const char *key, const char *value)
{
    buf_printf(out, "%s\"%s\":", begin, key);
    buf_put_json(out, slice_of(value));
}

static void put_property(struct buf *out, bool *first, const char *name, const char *value)
{
    if (!value[0])
        return;
    put_text(out, *first ? ",\"properties\":[{" : ",{", "name", name);
    put_text(out, ",", "value", value);
    buf_put_byte(out, '}');
    *first = false;
}

static void put_properties(struct buf *out, struct arena *arena, const struct package *package,
                           const struct context *context)
{
    const struct component *c = &package->component;
    bool first = true;
    if (component_is_os(c)) {
        put_property(out, &first, "resole:source:name", c->source_name);
        put_property(out, &first, "resole:source:version", c->source_version);
    }
    put_property(out, &first, "resole:tier", tier_name(package->tier));
    put_property(out, &first, "resole:layer", arena_printf(arena, "%zu", package->layer));
    for (size_t i = 0; i < package->path_count; i++)
        put_property(out, &first, "resole:path", package->paths[i]);
    if (package->owner)
        put_property(out, &first, "resole:owner", component_purl(package->owner, context, arena));
    if (!first)
        buf_put_byte(out, ']');
}

static void put_name(struct buf *out, struct arena *arena, const struct component *c)
{
    const char *cut = strcmp(c->type, "maven") == 0 ? strchr(c->name, ':')
                      : strcmp(c->type, "npm") == 0 ? strchr(c->name, '/')
                                                    : NULL;
    if (cut) {
        put_text(out, ",", "group", arena_strndup(arena, c->name, (size_t)(cut - c->name)));
        put_text(out, ",", "name", cut + 1);
    } else {
        put_text(out, ",", "name", c->name);
    }
}

const char *sbom_cyclonedx_ref(const struct inventory *inventory, size_t package,
                               struct arena *arena)
{
    const struct component *c = &inventory->packages[package].component;
    struct context where = component_context(c, &inventory->context);
    return arena_printf(arena, "%zu-%s", package, component_purl(c, &where, arena));
}

static void put_component(struct buf *out, const struct inventory *inventory, size_t number)
{
    struct arena *arena = arena_new();
    const struct package *package = &inventory->packages[number];
    const struct context *context = &inventory->context;
    const struct component *c = &package->component;
    struct context where = component_context(c, context);
    const char *purl = component_purl(c, &where, arena);
    bool application = strcmp(c->type, "generic") == 0;
    put_text(out, "{", "type", application ? "application" : "library");
    put_text(out, ",", "bom-ref", sbom_cyclonedx_ref(inventory, number, arena));
    if (c->vendor[0]) {
        put_text(out, ",\"supplier\":{", "name", c->vendor);
        buf_put_byte(out, '}');
    }
    put_name(out, arena, c);
    put_text(out, ",", "version", c->version);
    put_text(out, ",", "purl", purl);
    put_properties(out, arena, package, context);
    buf_put_byte(out, '}');
    arena_free(arena);
}

static void put_os(struct buf *out, const struct inventory *inventory)
{
    put_text(out, "\n  {", "type", "operating-system");
    put_text(out, ",", "bom-ref", "os");
    put_text(out, ",", "name", inventory->context.distro);
    put_text(out, ",", "version", inventory->context.version_id);
    bool first = true;
    for (size_t i = 0; i < inventory->os_count; i++) {
        char name[100];
        snprintf(name, sizeof(name), "resole:os:%.80s", inventory->os[i].name);
        put_property(out, &first, name, inventory->os[i].value);
    }
    buf_put_text(out, first ? "}" : "]}");
}

void sbom_write_cyclonedx(const struct sbom_image *image, const struct inventory *inventory,
                          struct buf *out)
{
    sbom_write_cyclonedx_with(image, inventory, &(struct sbom_extra){0}, out);
}

void sbom_write_cyclonedx_with(const struct sbom_image *image, const struct inventory *inventory,
                               const struct sbom_extra *extra, struct buf *out)
{
    put_text(out, "{", "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
    buf_put_text(out, ",\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"version\":1,\n"
                      "\"metadata\":{\"tools\":{\"components\":[{\"type\":\"application\","
                      "\"name\":\"resole\",\"version\":\"" RESOLE_VERSION "\"}]},");
    put_text(out, "\"component\":{\"type\":\"container\",\"bom-ref\":\"image\",", "name",
             image->reference[0] ? image->reference : "image");
    put_text(out, ",", "version", image->manifest_digest);
    bool first = true;
    put_property(out, &first, "resole:platform", image->platform);
    put_property(out, &first, "resole:config", image->config_digest);
    for (size_t i = 0; i < image->layer_count; i++)
        put_property(out, &first, "resole:diff-id", image->layers[i].diff_id);
    buf_put_text(out, first ? "}" : "]}");
    bool properties = true;
    put_property(out, &properties, "resole:complete", inventory->complete ? "true" : "false");
    buf_put_text(out, "]},\n\"components\":[");
    if (inventory->context.distro[0])
        put_os(out, inventory);
    for (size_t i = 0; i < inventory->package_count; i++) {
        buf_put_text(out, i > 0 || inventory->context.distro[0] ? ",\n  " : "\n  ");
        put_component(out, inventory, i);
    }
    buf_put_text(out, "]");
    if (extra->document)
        extra->document(extra->context, out);
    buf_put_text(out, "}\n");
}
