#include "image/image_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "image/config.h"
#include "image/layer_write.h"

#define REF_NAME "org.opencontainers.image.ref.name"
#define LAYOUT_MARKER "{\"imageLayoutVersion\":\"1.0.0\"}"

/* Everything decided before a byte is written. */
struct plan {
    const struct image_draft *draft;
    struct slice manifest;
    struct descriptor manifest_descriptor, config;
};

/* One file of a layout or archive. */
struct out_file {
    struct layer_entry entry;
    struct slice bytes;                /* or */
    const struct image_blob *blob;     /* its bytes as they are, or */
    const struct image_blob *inflated; /* its tar */
};

static struct manifest draft_manifest(struct arena *arena, const struct image_draft *draft)
{
    char digest[DIGEST_TEXT_SIZE];
    struct descriptor *layers = arena_new_array(arena, struct descriptor, draft->layer_count);
    digest_of(draft->config.data, draft->config.length, digest);
    for (size_t i = 0; i < draft->layer_count; i++)
        layers[i] = draft->layers[i].descriptor;
    return (struct manifest){
        .kind = MANIFEST_IMAGE,
        .is_docker = draft->docker,
        .config = {.media_type = draft->docker ? MEDIA_DOCKER_CONFIG : MEDIA_OCI_CONFIG,
                   .digest = arena_strdup(arena, digest),
                   .size = (int64_t)draft->config.length},
        .layers = layers,
        .layer_count = draft->layer_count,
        .annotations = draft->annotations,
        .annotation_count = draft->annotation_count,
        .subject = draft->subject,
    };
}

bool image_draft_manifest(struct arena *arena, const struct image_draft *draft, struct slice *out,
                          struct error *err)
{
    struct manifest manifest = draft_manifest(arena, draft);
    return manifest_encode(arena, &manifest, out, err);
}

static bool make_plan(struct arena *arena, const struct image_draft *draft, struct plan *out,
                      struct error *err)
{
    struct manifest manifest = draft_manifest(arena, draft);
    char digest[DIGEST_TEXT_SIZE];
    if (draft->layer_count > LIMIT_LAYERS)
        return error_set(err, ERROR_INPUT, "more than %d layers", LIMIT_LAYERS);
    *out = (struct plan){.draft = draft, .config = manifest.config};
    if (!manifest_encode(arena, &manifest, &out->manifest, err))
        return false;
    digest_of(out->manifest.data, out->manifest.length, digest);
    out->manifest_descriptor = (struct descriptor){
        .media_type = draft->docker ? MEDIA_DOCKER_MANIFEST : MEDIA_OCI_MANIFEST,
        .digest = arena_strdup(arena, digest),
        .size = (int64_t)out->manifest.length};
    return true;
}

/* ---- registry ---- */

static bool write_registry(struct registry *registry, const struct image_name *to,
                           const struct plan *plan, struct error *err)
{
    char digest[DIGEST_TEXT_SIZE];
    if (!registry)
        return error_set(err, ERROR_FATAL, "image write: no registry client");
    for (size_t i = 0; i < plan->draft->layer_count; i++) {
        const struct image_blob *blob = &plan->draft->layers[i];
        if (!registry_blob_push(registry, &to->reference, blob->descriptor.digest,
                                blob->descriptor.size, blob->opener, blob->mount_from, 0, err))
            return false;
    }
    return registry_blob_push_bytes(registry, &to->reference, plan->draft->config, digest, err) &&
           registry_manifest_push(registry, &to->reference, plan->manifest_descriptor.media_type,
                                  plan->manifest, digest, err);
}

/* ---- files ---- */

static const char *blob_path(struct arena *arena, const char *digest)
{
    return arena_printf(arena, "blobs/sha256/%s", strchr(digest, ':') + 1);
}

/* The whole content of one file to a sink; *diff_id where a layer is inflated is checked. */
static bool copy_file(const struct out_file *file, struct sink *to, int64_t *bytes,
                      struct error *err)
{
    struct stream *from scoped(stream_scope_close) = NULL;
    struct stream *layer scoped(stream_scope_close) = NULL;
    struct layer_totals totals;
    if (!file->blob && !file->inflated) {
        *bytes = (int64_t)file->bytes.length;
        return file->bytes.length == 0 || to->write(to, file->bytes.data, file->bytes.length, err);
    }
    const struct image_blob *blob = file->blob ? file->blob : file->inflated;
    if (!blob->opener.open(blob->opener.context, &from, err))
        return false;
    if (file->blob)
        return stream_copy(from, to, bytes, err);
    if (!layer_stream_open(from, NULL, &layer, err) || !stream_copy(layer, to, bytes, err) ||
        !layer_stream_finish(layer, &totals, err))
        return false;
    return strcmp(totals.diff_id, blob->diff_id) == 0 ||
           error_set(err, ERROR_INPUT, "layer %s: inflates to %s", blob->diff_id, totals.diff_id);
}

static bool discard(struct sink *sink, const void *data, size_t size, struct error *err)
{
    (void)sink, (void)data, (void)size, (void)err;
    return true;
}

struct entry_sink {
    struct sink sink;
    struct layer_writer *writer;
};

static bool entry_sink_write(struct sink *sink, const void *data, size_t size, struct error *err)
{
    return layer_writer_data(((struct entry_sink *)sink)->writer, data, size, err);
}

static int file_compare(const void *a, const void *b)
{
    return layer_entry_compare(&((const struct out_file *)a)->entry,
                               &((const struct out_file *)b)->entry);
}

static bool write_tar(struct sink *sink, struct out_file *files, size_t count, struct error *err)
{
    const struct layer_write_settings settings = {.compression = COMPRESSION_NONE};
    struct layer_writer *writer scoped(layer_writer_scope_close) = NULL;
    struct layer_totals totals;
    const char *last = NULL;
    if (!layer_writer_open(sink, &settings, &writer, err))
        return false;
    qsort(files, count, sizeof(*files), file_compare);
    struct entry_sink entry = {.sink = {.write = entry_sink_write}, .writer = writer};
    for (size_t i = 0; i < count; i++) {
        struct out_file *file = &files[i];
        int64_t bytes;
        if (last && strcmp(last, file->entry.path) == 0) /* the same blob twice */
            continue;
        last = file->entry.path;
        if (!layer_writer_entry(writer, &file->entry, err) ||
            (file->entry.type == ENTRY_FILE && !copy_file(file, &entry.sink, &bytes, err)))
            return error_wrap(err, "%s", file->entry.path);
    }
    return layer_writer_finish(writer, &totals, err);
}

static bool publish_file(int fd, const char *temporary, const char *path, struct error *err)
{
    if (fsync(fd) != 0 || rename(temporary, path) != 0)
        return error_set(err, ERROR_FATAL, "%s: %s", path, strerror(errno));
    return true;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static bool write_archive(struct arena *arena, const char *path, struct out_file *files,
                          size_t count, struct error *err)
{
    char unique[37];
    uuid_new(unique);
    const char *temporary = arena_printf(arena, "%s.%s", path, unique);
    int fd scoped(close_fd) = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_set(err, ERROR_FATAL, "%s: %s", path, strerror(errno));
    struct fd_sink sink = fd_sink_of(fd);
    if (write_tar(&sink.sink, files, count, err) && publish_file(fd, temporary, path, err))
        return true;
    unlink(temporary);
    return error_wrap(err, "%s", path);
}

static struct out_file folder(const char *path)
{
    return (struct out_file){
        .entry = {.path = path, .type = ENTRY_DIRECTORY, .mode = 0755, .link = ""}};
}

static struct out_file file_of(const char *path, struct slice bytes)
{
    return (struct out_file){.entry = {.path = path,
                                       .type = ENTRY_FILE,
                                       .mode = 0644,
                                       .link = "",
                                       .size = (int64_t)bytes.length},
                             .bytes = bytes};
}

/* The layout's index.json with this child under its name; what else is there stays. */
static bool layout_index(struct arena *arena, struct slice existing, struct descriptor child,
                         const char *tag, struct slice *out, struct error *err)
{
    struct manifest old = {.kind = MANIFEST_INDEX}, next = {.kind = MANIFEST_INDEX};
    if (existing.length > 0 && !manifest_parse(arena, existing, MEDIA_OCI_INDEX, &old, err))
        return error_wrap(err, "index.json");
    struct descriptor *children = arena_new_array(arena, struct descriptor, old.child_count + 1);
    for (size_t i = 0; i < old.child_count; i++) {
        const struct descriptor *have = &old.children[i];
        const char *name = annotation_find(have->annotations, have->annotation_count, REF_NAME);
        bool replaced =
            *tag ? strcmp(name, tag) == 0 : !*name && strcmp(have->digest, child.digest) == 0;
        if (!replaced)
            children[next.child_count++] = *have;
    }
    if (*tag) {
        struct annotation *name = arena_new_object(arena, struct annotation);
        *name = (struct annotation){.key = REF_NAME, .value = tag};
        child.annotations = name;
        child.annotation_count = 1;
    }
    children[next.child_count++] = child;
    next.children = children;
    return manifest_encode(arena, &next, out, err);
}

static void put_platform(struct arena *arena, const struct image_draft *draft,
                         struct descriptor *child)
{
    struct image_config config;
    struct error ignored;
    child->has_platform = image_config_parse(arena, draft->config, &config, &ignored) &&
                          *config.platform.os && *config.platform.architecture;
    if (child->has_platform)
        child->platform = config.platform;
}

static bool write_oci_archive(struct arena *arena, const struct image_name *to,
                              const struct plan *plan, struct error *err)
{
    const struct image_draft *draft = plan->draft;
    struct out_file *files = arena_new_array(arena, struct out_file, draft->layer_count + 6);
    struct descriptor child = plan->manifest_descriptor;
    struct slice index;
    size_t count = 0;
    put_platform(arena, draft, &child);
    if (!layout_index(arena, (struct slice){0}, child, to->tag, &index, err))
        return false;
    files[count++] = folder("blobs");
    files[count++] = folder("blobs/sha256");
    files[count++] = file_of(blob_path(arena, plan->config.digest), draft->config);
    files[count++] = file_of(blob_path(arena, plan->manifest_descriptor.digest), plan->manifest);
    files[count++] = file_of("index.json", index);
    files[count++] = file_of("oci-layout", slice_of(LAYOUT_MARKER));
    for (size_t i = 0; i < draft->layer_count; i++) {
        struct out_file *file = &files[count++];
        *file = file_of(blob_path(arena, draft->layers[i].descriptor.digest), (struct slice){0});
        file->blob = &draft->layers[i];
        file->entry.size = draft->layers[i].descriptor.size;
    }
    return write_archive(arena, to->path, files, count, err);
}

static bool write_docker_archive(struct arena *arena, const struct image_name *to,
                                 const struct plan *plan, struct error *err)
{
    const struct image_draft *draft = plan->draft;
    struct out_file *files = arena_new_array(arena, struct out_file, draft->layer_count + 2);
    struct buf list scoped(buf_release) = {0};
    struct sink nowhere = {.write = discard};
    size_t count = 0;
    const char *config = arena_printf(arena, "%s.json", strchr(plan->config.digest, ':') + 1);
    buf_printf(&list, "[{\"Config\":\"%s\",\"RepoTags\":[", config);
    if (*to->tag)
        buf_put_json(&list, slice_of(to->tag));
    buf_put_text(&list, "],\"Layers\":[");
    for (size_t i = 0; i < draft->layer_count; i++) {
        const char *path = arena_printf(arena, "%s.tar", strchr(draft->layers[i].diff_id, ':') + 1);
        struct out_file *file = &files[count++];
        *file = file_of(path, (struct slice){0});
        file->inflated = &draft->layers[i];
        if (!copy_file(file, &nowhere, &file->entry.size, err)) /* the size stands before it */
            return false;
        buf_printf(&list, "%s\"%s\"", i ? "," : "", path);
    }
    buf_put_text(&list, "]}]");
    files[count++] = file_of(config, draft->config);
    files[count++] = file_of("manifest.json", buf_slice(&list));
    return write_archive(arena, to->path, files, count, err);
}

/* ---- layout ---- */

static bool write_beside(struct arena *arena, const char *path, const struct out_file *file,
                         struct error *err)
{
    char unique[37];
    int64_t bytes;
    struct stat st;
    bool blob = strstr(path, "/blobs/") != NULL;
    if (blob && stat(path, &st) == 0 && st.st_size == file->entry.size)
        return true;
    uuid_new(unique);
    const char *temporary = arena_printf(arena, "%s.%s", path, unique);
    int fd scoped(close_fd) = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_set(err, ERROR_FATAL, "%s: %s", path, strerror(errno));
    struct fd_sink sink = fd_sink_of(fd);
    if (copy_file(file, &sink.sink, &bytes, err) && publish_file(fd, temporary, path, err))
        return true;
    unlink(temporary);
    return false;
}

static bool open_layout(struct arena *arena, const char *directory, struct slice *index,
                        struct error *err)
{
    struct buf bytes scoped(buf_release) = {0};
    const char *folders[] = {"", "/blobs", "/blobs/sha256"};
    for (size_t i = 0; i < array_count(folders); i++)
        if (mkdir(arena_printf(arena, "%s%s", directory, folders[i]), 0755) != 0 && errno != EEXIST)
            return error_set(err, ERROR_FATAL, "%s: %s", directory, strerror(errno));
    struct out_file marker = file_of("oci-layout", slice_of(LAYOUT_MARKER));
    *index = (struct slice){0};
    int fd = open(arena_printf(arena, "%s/index.json", directory), O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        struct stream *stream scoped(stream_scope_close) = stream_of_fd(fd, true);
        if (!stream_read_all(stream, LIMIT_MANIFEST_BYTES, &bytes, err))
            return false;
        *index = (struct slice){.data = arena_memdup(arena, buf_text(&bytes), bytes.length + 1),
                                .length = bytes.length};
    }
    return write_beside(arena, arena_printf(arena, "%s/oci-layout", directory), &marker, err);
}

static bool write_layout_bytes(struct arena *arena, const char *directory, const char *name,
                               struct slice bytes, struct error *err)
{
    struct out_file file = file_of(name, bytes);
    return write_beside(arena, arena_printf(arena, "%s/%s", directory, name), &file, err);
}

static bool enter_layout(struct arena *arena, const struct image_name *to, struct slice existing,
                         struct descriptor child, struct slice bytes, struct error *err)
{
    struct slice index;
    return write_layout_bytes(arena, to->path, blob_path(arena, child.digest), bytes, err) &&
           layout_index(arena, existing, child, to->tag, &index, err) &&
           write_layout_bytes(arena, to->path, "index.json", index, err);
}

static bool write_layout(struct arena *arena, const struct image_name *to, const struct plan *plan,
                         struct error *err)
{
    const struct image_draft *draft = plan->draft;
    struct descriptor child = plan->manifest_descriptor;
    struct slice existing;
    put_platform(arena, draft, &child);
    if (!open_layout(arena, to->path, &existing, err))
        return false;
    for (size_t i = 0; i < draft->layer_count; i++) {
        const char *name = blob_path(arena, draft->layers[i].descriptor.digest);
        struct out_file file = file_of(name, (struct slice){0});
        file.blob = &draft->layers[i];
        file.entry.size = draft->layers[i].descriptor.size;
        if (!write_beside(arena, arena_printf(arena, "%s/%s", to->path, name), &file, err))
            return error_wrap(err, "layer %zu", i);
    }
    return write_layout_bytes(arena, to->path, blob_path(arena, plan->config.digest), draft->config,
                              err) &&
           enter_layout(arena, to, existing, child, plan->manifest, err);
}

bool image_write(struct registry *registry, struct arena *arena, const struct image_name *to,
                 const struct image_draft *draft, struct image_written *out, struct error *err)
{
    struct plan plan;
    bool good = false;
    if (!make_plan(arena, draft, &plan, err))
        return false;
    *out = (struct image_written){.manifest_bytes = (int64_t)plan.manifest.length,
                                  .media_type = plan.manifest_descriptor.media_type};
    snprintf(out->manifest_digest, sizeof(out->manifest_digest), "%s",
             plan.manifest_descriptor.digest);
    snprintf(out->config_digest, sizeof(out->config_digest), "%s", plan.config.digest);
    switch (to->transport) {
    case IMAGE_REGISTRY:
        good = write_registry(registry, to, &plan, err);
        break;
    case IMAGE_OCI:
        good = write_layout(arena, to, &plan, err);
        break;
    case IMAGE_OCI_ARCHIVE:
        good = write_oci_archive(arena, to, &plan, err);
        break;
    case IMAGE_DOCKER_ARCHIVE:
        good = write_docker_archive(arena, to, &plan, err);
        break;
    case IMAGE_DIRECTORY:
    case IMAGE_SBOM:
    case IMAGE_DOCKER:
    case IMAGE_PODMAN:
    case IMAGE_STDIN:
    case IMAGE_PATH:
        return error_set(
            err, ERROR_INPUT,
            "%s: write to a registry, oci:, oci-archive: or docker-archive:", to->text);
    }
    return good || error_wrap(err, "%s", to->text);
}

bool image_write_index(struct registry *registry, struct arena *arena, const struct image_name *to,
                       const struct manifest *index, struct image_written *out, struct error *err)
{
    struct slice bytes, existing;
    *out = (struct image_written){.media_type =
                                      index->is_docker ? MEDIA_DOCKER_LIST : MEDIA_OCI_INDEX};
    if (!manifest_encode(arena, index, &bytes, err))
        return false;
    out->manifest_bytes = (int64_t)bytes.length;
    digest_of(bytes.data, bytes.length, out->manifest_digest);
    if (to->transport == IMAGE_REGISTRY)
        return registry ? registry_manifest_push(registry, &to->reference, out->media_type, bytes,
                                                 out->manifest_digest, err)
                        : error_set(err, ERROR_FATAL, "image write: no registry client");
    if (to->transport != IMAGE_OCI)
        return error_set(err, ERROR_INPUT, "%s: an index goes to a registry or oci:", to->text);
    struct descriptor child = {
        .media_type = out->media_type, .digest = out->manifest_digest, .size = out->manifest_bytes};
    return open_layout(arena, to->path, &existing, err) &&
           enter_layout(arena, to, existing, child, bytes, err);
}
