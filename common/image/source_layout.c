/* OCI image-layout (image-spec 1.1 image-layout.md), as a folder or inside an archive. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/limits.h"
#include "image/source_inner.h"

#define REF_NAME "org.opencontainers.image.ref.name"
#define CONTAINERD_NAME "io.containerd.image.name"

struct layout_source {
    struct image_source source;
    struct source_tree *tree;
    struct arena *arena;
    struct descriptor selected;
    struct slice index_bytes; /* set when index.json itself is what was selected */
};

static const char *blob_path(struct arena *arena, const char *digest)
{
    const char *colon = strchr(digest, ':');
    return arena_printf(arena, "blobs/%.*s/%s", (int)(colon - digest), digest, colon + 1);
}

static bool layout_manifest(struct image_source *source, struct arena *arena, const char *digest,
                            struct descriptor *descriptor, struct slice *bytes, struct error *err)
{
    struct layout_source *layout = (struct layout_source *)source;
    char actual[DIGEST_TEXT_SIZE];
    if (!*digest && layout->index_bytes.data) {
        *descriptor = layout->selected;
        *bytes = layout->index_bytes;
        return true;
    }
    const char *wanted = *digest ? digest : layout->selected.digest;
    if (!source_tree_load(layout->tree, arena, blob_path(arena, wanted), LIMIT_MANIFEST_BYTES,
                          bytes, err))
        return error_wrap(err, "manifest %s", wanted);
    digest_of(bytes->data, bytes->length, actual);
    if (strcmp(actual, wanted) != 0)
        return error_set(err, ERROR_INPUT, "manifest %s: its bytes have digest %s", wanted, actual);
    *descriptor =
        *digest ? (struct descriptor){.media_type = "", .artifact_type = ""} : layout->selected;
    descriptor->digest = arena_strdup(arena, wanted);
    descriptor->size = (int64_t)bytes->length;
    return true;
}

static bool layout_blob(struct image_source *source, const struct descriptor *blob,
                        struct stream **out, struct error *err)
{
    struct layout_source *layout = (struct layout_source *)source;
    struct arena *arena scoped(arena_scope_free) = arena_new();
    return source_tree_stream(layout->tree, blob_path(arena, blob->digest), out, err);
}

static void layout_close(struct image_source *source)
{
    struct layout_source *layout = (struct layout_source *)source;
    source_tree_close(layout->tree);
    arena_free(layout->arena);
    free(layout);
}

/* tag matches the name annotation whole, the tag of a full reference in it, or the digest. */
static bool is_named(const struct descriptor *child, const char *tag)
{
    const char *names[] = {
        annotation_find(child->annotations, child->annotation_count, REF_NAME),
        annotation_find(child->annotations, child->annotation_count, CONTAINERD_NAME)};
    for (size_t i = 0; i < array_count(names); i++) {
        const char *colon = strrchr(names[i], ':');
        if (*names[i] && (strcmp(names[i], tag) == 0 || (colon && strcmp(colon + 1, tag) == 0)))
            return true;
    }
    return strcmp(child->digest, *tag == '@' ? tag + 1 : tag) == 0;
}

static void list_names(struct buf *out, const struct manifest *index)
{
    for (size_t i = 0; i < index->child_count && out->length < 200; i++) {
        const char *name = annotation_find(index->children[i].annotations,
                                           index->children[i].annotation_count, REF_NAME);
        buf_printf(out, "%s%s", i ? ", " : "", *name ? name : index->children[i].digest);
    }
}

static bool select_image(struct layout_source *layout, const struct manifest *index,
                         const char *tag, struct error *err)
{
    const struct descriptor *found = NULL;
    size_t candidates = 0;
    struct buf names scoped(buf_release) = {0};
    for (size_t i = 0; i < index->child_count; i++) {
        const struct descriptor *child = &index->children[i];
        enum manifest_kind kind = descriptor_kind(child);
        bool matches =
            *tag ? is_named(child, tag) : kind == MANIFEST_IMAGE || kind == MANIFEST_INDEX;
        if (!matches)
            continue;
        found = found ? found : child;
        candidates++;
    }
    list_names(&names, index);
    if (!found)
        return error_set(err, ERROR_INPUT, "no image %s%s(there is: %s)", *tag ? tag : "",
                         *tag ? " " : "", buf_text(&names));
    layout->selected = *found;
    if (candidates == 1 || *tag)
        return true;
    /* Several: an index over platforms if each says its platform, else the user has to choose. */
    for (size_t i = 0; i < index->child_count; i++)
        if (!index->children[i].has_platform &&
            descriptor_kind(&index->children[i]) == MANIFEST_IMAGE)
            return error_set(err, ERROR_INPUT, "several images, name one after ':' (%s)",
                             buf_text(&names));
    char digest[DIGEST_TEXT_SIZE];
    if (!source_tree_load(layout->tree, layout->arena, "index.json", LIMIT_MANIFEST_BYTES,
                          &layout->index_bytes, err))
        return false;
    digest_of(layout->index_bytes.data, layout->index_bytes.length, digest);
    layout->selected = (struct descriptor){.media_type = MEDIA_OCI_INDEX,
                                           .artifact_type = "",
                                           .digest = arena_strdup(layout->arena, digest),
                                           .size = (int64_t)layout->index_bytes.length};
    return true;
}

bool source_open_layout(struct source_tree *tree, const char *tag, const char *what,
                        struct image_source **out, struct error *err)
{
    struct layout_source *layout = calloc(1, sizeof(*layout));
    struct slice bytes;
    struct manifest index;
    if (!layout)
        abort();
    layout->source = (struct image_source){
        .transport = IMAGE_OCI,
        .manifest = layout_manifest,
        .blob = layout_blob,
        .close = layout_close,
    };
    layout->tree = tree;
    layout->arena = arena_new();
    if (!source_tree_load(tree, layout->arena, "index.json", LIMIT_MANIFEST_BYTES, &bytes, err) ||
        !manifest_parse(layout->arena, bytes, MEDIA_OCI_INDEX, &index, err) ||
        !select_image(layout, &index, tag, err)) {
        layout_close(&layout->source);
        return error_wrap(err, "%s: OCI layout", what);
    }
    *out = &layout->source;
    return true;
}
