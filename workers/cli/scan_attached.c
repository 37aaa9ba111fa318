/* VEX that lies beside the image in its registry: referrers of the image and of the index it was
 * chosen from, and the tag of cosign's attestations. Only when asked for: whoever may push to the
 * repository may also attach. */
#include "cli/scan.h"

enum { DOCUMENTS_MOST = 64, DOCUMENT_BYTES = 16 * 1024 * 1024 };

struct attached {
    struct scan *scan;
    struct arena *arena;
    struct registry *registry;
    struct reference where; /* the repository */
    size_t documents;
};

static bool may_hold_vex(const char *type)
{
    static const char *const words[] = {"vex", "csaf", "cyclonedx", "in-toto", "dsse"};
    for (size_t i = 0; type && i < array_count(words); i++)
        if (strstr(type, words[i]))
            return true;
    return false;
}

/* What cannot be read is a warning: an attachment must not stop a scan. */
static void take_document(struct attached *a, const struct descriptor *blob)
{
    struct slice bytes;
    struct error err = {0};
    size_t before = a->scan->vex.count;
    if (++a->documents > DOCUMENTS_MOST)
        return;
    if (registry_blob_fetch(a->registry, a->arena, &a->where, blob, DOCUMENT_BYTES, &bytes, &err) &&
        vex_parse(bytes, blob->digest, a->arena, &a->scan->vex, &err))
        return;
    a->scan->vex.count = before;
    scan_warn(
        a->scan, a->arena, "attached-vex",
        arena_printf(a->arena, "attached to the image, not read: %s: %s", blob->digest, err.text));
}

static bool take_manifest(struct attached *a, const struct reference *where, const char *type,
                          struct error *err)
{
    struct registry_manifest found;
    struct manifest manifest;
    if (!registry_manifest_find(a->registry, a->arena, where, &found, err))
        return false;
    if (!found.found || !manifest_parse(a->arena, found.bytes, found.media_type, &manifest, err))
        return !found.found;
    for (size_t i = 0; i < manifest.layer_count; i++)
        if (may_hold_vex(manifest.layers[i].media_type) || may_hold_vex(type) ||
            may_hold_vex(manifest.artifact_type))
            take_document(a, &manifest.layers[i]);
    return true;
}

static bool take_referrers(struct attached *a, const char *digest, struct error *err)
{
    const struct descriptor *list;
    size_t count;
    struct reference where = a->where;
    if (!registry_referrers(a->registry, a->arena, &a->where, digest, &list, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        where.tag = "";
        where.digest = list[i].digest;
        if ((may_hold_vex(list[i].artifact_type) || !*list[i].artifact_type) &&
            !take_manifest(a, &where, list[i].artifact_type, err))
            return false;
    }
    where.digest = "";
    where.tag = arena_printf(a->arena, "sha256-%s.att", digest + strlen("sha256:"));
    return take_manifest(a, &where, "dsse", err);
}

bool scan_attached_vex(struct scan *scan, struct arena *arena, struct error *err)
{
    struct image_name name;
    struct source_settings settings = inspect_source_settings();
    struct registry_manifest top;
    const char *own = scan->inspected.image.manifest_digest;
    if (!image_name_parse(arena, scan->asked, &name, err))
        return false;
    if (name.transport != IMAGE_REGISTRY || strncmp(own, "sha256:", 7) != 0) {
        scan_warn(scan, arena, "attached-vex",
                  "only an image of a registry has VEX attached to it");
        return true;
    }
    struct registry *registry scoped(registry_scope_free) =
        registry_new_for(&settings.registry, name.reference.host);
    struct attached a = {
        .scan = scan, .arena = arena, .registry = registry, .where = name.reference};
    if (!registry_manifest_head(registry, arena, &name.reference, &top, err) ||
        !take_referrers(&a, own, err))
        return error_wrap(err, "attached VEX");
    if (top.found && strncmp(top.digest, "sha256:", 7) == 0 && strcmp(top.digest, own) != 0 &&
        !take_referrers(&a, top.digest, err))
        return error_wrap(err, "attached VEX");
    return true;
}
