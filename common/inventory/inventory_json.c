#include "inventory/sbom.h"

static void put_key(struct buf *out, const char *separator, const char *key)
{
    buf_printf(out, "%s\"%s\":", separator, key);
}

static void put_member(struct buf *out, const char *separator, const char *key, const char *value)
{
    put_key(out, separator, key);
    buf_put_json(out, slice_of(value));
}

static void put_member_or_null(struct buf *out, const char *separator, const char *key,
                               const char *value)
{
    if (value && value[0]) {
        put_member(out, separator, key, value);
        return;
    }
    put_key(out, separator, key);
    buf_put_text(out, "null");
}

static void put_image(struct buf *out, const struct sbom_image *image)
{
    put_member(out, "{", "reference", image->reference);
    put_member_or_null(out, ",", "manifest_digest", image->manifest_digest);
    put_member_or_null(out, ",", "config_digest", image->config_digest);
    put_member_or_null(out, ",", "platform", image->platform);
    put_key(out, ",", "layers");
    buf_put_byte(out, '[');
    for (size_t i = 0; i < image->layer_count; i++) {
        const struct sbom_layer *layer = &image->layers[i];
        put_member_or_null(out, i > 0 ? ",\n  {" : "\n  {", "diff_id", layer->diff_id);
        put_member_or_null(out, ",", "digest", layer->digest);
        buf_printf(out, ",\"bytes\":%lld}", (long long)layer->bytes);
    }
    buf_put_text(out, "]}");
}

static void put_package(struct buf *out, const struct package *package,
                        const struct context *context, struct arena *arena)
{
    const struct component *c = &package->component;
    struct context where = component_context(c, context);
    put_member(out, "{", "purl", component_purl(c, &where, arena));
    put_member(out, ",", "type", c->type);
    put_member(out, ",", "name", c->name);
    put_member(out, ",", "version", c->version);
    put_key(out, ",", "source");
    if (c->source_name[0]) {
        put_member(out, "{", "name", c->source_name);
        put_member(out, ",", "version", c->source_version);
        buf_put_byte(out, '}');
    } else {
        buf_put_text(out, "null");
    }
    put_member_or_null(out, ",", "arch", c->arch);
    put_member(out, ",", "tier", tier_name(package->tier));
    buf_printf(out, ",\"layer\":%zu", package->layer);
    put_key(out, ",", "paths");
    for (size_t i = 0; i < package->path_count; i++) {
        buf_put_byte(out, i > 0 ? ',' : '[');
        buf_put_json(out, slice_of(package->paths[i]));
    }
    buf_put_byte(out, ']');
    struct context owner_where = context_filled(*context);
    put_member_or_null(out, ",", "owner",
                       package->owner ? component_purl(package->owner, &owner_where, arena) : NULL);
    put_member(out, ",", "reader", package->reader);
    static const char *const confidences[] = {"installed", "recognised", "declared"};
    put_member(out, ",", "confidence", confidences[package->confidence]);
    buf_put_byte(out, '}');
}

static void put_warnings(struct buf *out, const struct inventory *inventory)
{
    for (size_t i = 0; i < inventory->warning_count; i++) {
        const struct inventory_warning *warning = &inventory->warnings[i];
        put_member(out, i > 0 ? ",\n  {" : "\n  {", "code", warning->code);
        if (warning->layer >= 0)
            buf_printf(out, ",\"layer\":%d", warning->layer);
        else
            buf_put_text(out, ",\"layer\":null");
        put_member(out, ",", "path", warning->path);
        put_member(out, ",", "text", warning->text);
        buf_put_byte(out, '}');
    }
}

void inventory_write_json(const struct sbom_image *image, const struct inventory *inventory,
                          struct buf *out)
{
    buf_put_text(out, "{\"schema\":\"resole.inventory.v1\",\n\"image\":");
    put_image(out, image);
    buf_put_text(out, ",\n\"os\":{");
    for (size_t i = 0; i < inventory->os_count; i++) {
        if (i > 0)
            buf_put_byte(out, ',');
        buf_put_json(out, slice_of(inventory->os[i].name));
        buf_put_byte(out, ':');
        buf_put_json(out, slice_of(inventory->os[i].value));
    }
    buf_put_text(out, "},\n\"packages\":[");
    for (size_t i = 0; i < inventory->package_count; i++) {
        struct arena *arena = arena_new();
        buf_put_text(out, i > 0 ? ",\n  " : "\n  ");
        put_package(out, &inventory->packages[i], &inventory->context, arena);
        arena_free(arena);
    }
    buf_put_text(out, "],\n\"warnings\":[");
    put_warnings(out, inventory);
    buf_printf(out, "],\n\"complete\":%s}\n", inventory->complete ? "true" : "false");
}
