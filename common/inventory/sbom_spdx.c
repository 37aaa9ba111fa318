/* SPDX 2.3 JSON. `created` is required and no clock is read: a fixed date says "not known". */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/version_text.h"
#include "inventory/sbom.h"

static void put_text(struct buf *out, const char *begin, const char *key, const char *value)
{
    buf_printf(out, "%s\"%s\":", begin, key);
    buf_put_json(out, slice_of(value));
}

static void put_reference(struct buf *out, const char *purl, size_t number,
                          const struct sbom_extra *extra)
{
    buf_put_text(out, ",\"externalRefs\":[{\"referenceCategory\":\"PACKAGE-MANAGER\","
                      "\"referenceType\":\"purl\"");
    put_text(out, ",", "referenceLocator", purl);
    buf_put_byte(out, '}');
    if (extra->references)
        extra->references(extra->context, number, out);
    buf_put_byte(out, ']');
}

static void put_package(struct buf *out, const struct inventory *inventory, size_t number,
                        const struct sbom_extra *extra)
{
    const struct package *package = &inventory->packages[number];
    struct arena *arena = arena_new();
    const struct component *c = &package->component;
    struct context where = component_context(c, &inventory->context);
    struct buf about scoped(buf_release) = {0};
    buf_printf(&about, "tier %s, layer %zu", tier_name(package->tier), package->layer);
    for (size_t i = 0; i < package->path_count; i++)
        buf_printf(&about, "%s%s", i > 0 ? " " : ", from ", package->paths[i]);
    put_text(out, "{", "SPDXID", arena_printf(arena, "SPDXRef-Package-%zu", number));
    put_text(out, ",", "name", c->name);
    put_text(out, ",", "versionInfo", c->version);
    put_text(out, ",", "sourceInfo", buf_text(&about));
    if (c->vendor[0])
        put_text(out, ",", "supplier", arena_printf(arena, "Organization: %s", c->vendor));
    buf_put_text(out, ",\"downloadLocation\":\"NOASSERTION\",\"filesAnalyzed\":false");
    put_reference(out, component_purl(c, &where, arena), number, extra);
    buf_put_byte(out, '}');
    arena_free(arena);
}

static void put_relationship(struct buf *out, const char *begin, const char *from, const char *type,
                             const char *to)
{
    put_text(out, begin, "spdxElementId", from);
    put_text(out, ",", "relationshipType", type);
    put_text(out, ",", "relatedSpdxElement", to);
    buf_put_byte(out, '}');
}

static void put_head(struct buf *out, const struct sbom_image *image)
{
    char digest[DIGEST_TEXT_SIZE];
    const char *identity = image->manifest_digest[0] ? image->manifest_digest : image->reference;
    digest_of(identity, strlen(identity), digest);
    buf_put_text(out, "{\"spdxVersion\":\"SPDX-2.3\",\"dataLicense\":\"CC0-1.0\","
                      "\"SPDXID\":\"SPDXRef-DOCUMENT\"");
    put_text(out, ",", "name", image->reference[0] ? image->reference : "image");
    buf_printf(out, ",\"documentNamespace\":\"https://resole.invalid/spdx/%s\"", digest + 7);
    buf_put_text(out, ",\n\"creationInfo\":{\"created\":\"1970-01-01T00:00:00Z\","
                      "\"creators\":[\"Tool: resole-" RESOLE_VERSION "\"]}");
}

void sbom_write_spdx(const struct sbom_image *image, const struct inventory *inventory,
                     struct buf *out)
{
    sbom_write_spdx_with(image, inventory, &(struct sbom_extra){0}, out);
}

void sbom_write_spdx_with(const struct sbom_image *image, const struct inventory *inventory,
                          const struct sbom_extra *extra, struct buf *out)
{
    char name[64];
    put_head(out, image);
    put_text(out, ",\n\"packages\":[\n  {\"SPDXID\":\"SPDXRef-Image\",", "name",
             image->reference[0] ? image->reference : "image");
    if (image->manifest_digest[0])
        put_text(out, ",", "versionInfo", image->manifest_digest);
    buf_put_text(out, ",\"primaryPackagePurpose\":\"CONTAINER\","
                      "\"downloadLocation\":\"NOASSERTION\",\"filesAnalyzed\":false}");
    if (inventory->context.distro[0]) {
        put_text(out, ",\n  {\"SPDXID\":\"SPDXRef-OS\",", "name", inventory->context.distro);
        put_text(out, ",", "versionInfo", inventory->context.version_id);
        buf_put_text(out, ",\"primaryPackagePurpose\":\"OPERATING-SYSTEM\","
                          "\"downloadLocation\":\"NOASSERTION\",\"filesAnalyzed\":false}");
    }
    for (size_t i = 0; i < inventory->package_count; i++) {
        buf_put_text(out, ",\n  ");
        put_package(out, inventory, i, extra);
    }
    buf_put_text(out, "],\n\"relationships\":[");
    put_relationship(out, "\n  {", "SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image");
    if (inventory->context.distro[0])
        put_relationship(out, ",\n  {", "SPDXRef-Image", "CONTAINS", "SPDXRef-OS");
    for (size_t i = 0; i < inventory->package_count; i++) {
        snprintf(name, sizeof(name), "SPDXRef-Package-%zu", i);
        put_relationship(out, ",\n  {", "SPDXRef-Image", "CONTAINS", name);
    }
    buf_put_text(out, "]}\n");
}
