#include "image/layer_walk.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/layer_walk_inner.h"

enum { READ_BYTES = 256 * 1024, XATTRS_MOST = 256, ZERO_BYTES = 64 * 1024 };

static const char zeros[ZERO_BYTES];

struct tar_walk {
    struct layer_walk walk;
    struct stream *tar; /* borrowed */
    struct archive *archive;
    struct archive_entry *header;
    struct error read_error; /* of the stream below */
    int64_t offset;          /* of the current file's content given so far */
    int64_t content;         /* of all files: sparse ones inflate without bytes in the tar */
    struct slice pending;    /* a block that waits behind a hole */
    int64_t pending_offset;
    bool content_ended;
    char buffer[READ_BYTES];
};

const char *entry_type_name(enum entry_type type)
{
    static const char *const names[] = {"file",      "directory", "symlink", "hardlink",
                                        "character", "block",     "fifo"};
    return (size_t)type < array_count(names) ? names[type] : "unknown";
}

bool layer_path_normalise(struct slice raw, char *out)
{
    size_t length = 0, depth = 0;
    struct slice part;
    if (memchr(raw.data ? raw.data : "", 0, raw.length))
        return false;
    while (slice_take_until(&raw, '/', &part)) {
        if (part.length == 0 || slice_is(part, "."))
            continue;
        if (slice_is(part, "..") || ++depth > LIMIT_PATH_DEPTH ||
            length + part.length + 1 > LIMIT_PATH_BYTES)
            return false;
        if (length > 0)
            out[length++] = '/';
        memcpy(out + length, part.data, part.length);
        length += part.length;
    }
    out[length] = 0;
    return true;
}

void layer_walk_init(struct layer_walk *walk, const struct layer_walk_settings *settings)
{
    if (settings)
        walk->settings = *settings;
    if (walk->settings.entries_most <= 0)
        walk->settings.entries_most = LIMIT_ENTRIES;
}

void layer_walk_warn(struct layer_walk *walk, const char *code, const char *path, const char *text)
{
    struct layer_warning warning = {.code = code, .path = path, .text = text};
    if (walk->settings.warn)
        walk->settings.warn(walk->settings.warn_context, &warning);
}

bool layer_walk_count(struct layer_walk *walk)
{
    if (++walk->entries <= walk->settings.entries_most)
        return true;
    layer_walk_warn(walk, "layer-cap", "", "too many entries; the rest was not read");
    walk->ended = true;
    return false;
}

static la_ssize_t tar_fill(struct archive *archive, void *context, const void **data)
{
    struct tar_walk *walk = context;
    size_t got;
    if (!stream_read(walk->tar, walk->buffer, sizeof(walk->buffer), &got, &walk->read_error)) {
        archive_set_error(archive, EIO, "%s", walk->read_error.text);
        return -1;
    }
    *data = walk->buffer;
    return (la_ssize_t)got;
}

static bool tar_fail(struct tar_walk *walk, struct error *err)
{
    if (walk->read_error.kind != ERROR_NONE) {
        *err = walk->read_error;
        return false;
    }
    const char *text = archive_error_string(walk->archive);
    return error_set(err, ERROR_INPUT, "tar: %s", text ? text : "damaged");
}

/* libarchive writes SCHILY.xattr and LIBARCHIVE.xattr alike, so both come back. */
static bool has_xattr(const struct entry_xattr *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return true;
    return false;
}

static void set_xattrs(struct tar_walk *walk)
{
    struct layer_entry *entry = &walk->walk.entry;
    int count = archive_entry_xattr_reset(walk->header);
    if (count <= 0)
        return;
    if (count > XATTRS_MOST)
        count = XATTRS_MOST;
    walk->walk.xattrs = arena_new();
    struct entry_xattr *list =
        arena_new_array(walk->walk.xattrs, struct entry_xattr, (size_t)count);
    for (int i = 0; i < count; i++) {
        const char *name;
        const void *value;
        size_t size;
        if (archive_entry_xattr_next(walk->header, &name, &value, &size) != ARCHIVE_OK)
            break;
        if (has_xattr(list, entry->xattr_count, name))
            continue;
        list[entry->xattr_count++] = (struct entry_xattr){
            .name = arena_strdup(walk->walk.xattrs, name),
            .value = {.data = arena_memdup(walk->walk.xattrs, value, size), .length = size}};
    }
    entry->xattrs = list;
}

static enum entry_type type_of(struct archive_entry *header)
{
    if (archive_entry_hardlink(header))
        return ENTRY_HARDLINK;
    switch (archive_entry_filetype(header)) {
    case AE_IFDIR:
        return ENTRY_DIRECTORY;
    case AE_IFLNK:
        return ENTRY_SYMLINK;
    case AE_IFCHR:
        return ENTRY_CHARACTER;
    case AE_IFBLK:
        return ENTRY_BLOCK;
    case AE_IFIFO:
        return ENTRY_FIFO;
    default:
        return ENTRY_FILE;
    }
}

/* ".wh.name", ".wh..wh..opq" (OCI image-spec layer.md, "Whiteouts"); false: leave the entry out. */
static bool set_whiteout(struct layer_walk *walk)
{
    char *slash = strrchr(walk->path, '/');
    char *base = slash ? slash + 1 : walk->path;
    if (strncmp(base, ".wh.", 4) != 0)
        return true;
    const char *name = base + 4;
    walk->entry.size = 0;
    if (strcmp(name, ".wh..opq") == 0) {
        walk->entry.opaque = true;
        (slash ? slash : walk->path)[0] = 0;
        return true;
    }
    if (strncmp(name, ".wh.", 4) == 0) /* aufs' own: .wh..wh.plnk, .wh..wh.aufs, .wh..wh.orph */
        return false;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        layer_walk_warn(walk, "entry-refused", walk->path, "whiteout without a name");
        return false;
    }
    walk->entry.whiteout = true;
    memmove(base, name, strlen(name) + 1);
    return true;
}

static bool set_link(struct tar_walk *tar)
{
    struct layer_walk *walk = &tar->walk;
    const char *link = walk->entry.type == ENTRY_HARDLINK  ? archive_entry_hardlink(tar->header)
                       : walk->entry.type == ENTRY_SYMLINK ? archive_entry_symlink(tar->header)
                                                           : NULL;
    walk->entry.link = "";
    if (walk->entry.type == ENTRY_HARDLINK) {
        if (!layer_path_normalise(slice_of(link), walk->link) || !walk->link[0]) {
            layer_walk_warn(walk, "entry-refused", walk->path,
                            "hard link to a name that leaves the layer");
            return false;
        }
        walk->entry.link = walk->link;
    } else if (link) {
        if (strlen(link) > LIMIT_PATH_BYTES) {
            layer_walk_warn(walk, "entry-refused", walk->path, "link target too long");
            return false;
        }
        memcpy(walk->link, link, strlen(link) + 1);
        walk->entry.link = walk->link;
    }
    return true;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* False: the entry is left out. */
static bool set_entry(struct tar_walk *tar)
{
    struct layer_walk *walk = &tar->walk;
    struct archive_entry *header = tar->header;
    const char *name = archive_entry_pathname(header);
    if (!name)
        name = archive_entry_pathname_utf8(header);
    walk->entry = (struct layer_entry){.path = walk->path, .type = type_of(header)};
    if (!name || !layer_path_normalise(slice_of(name), walk->path)) {
        char shown[256];
        snprintf(shown, sizeof(shown), "%s", or_empty(name));
        layer_walk_warn(walk, "entry-refused", shown, "the name leaves the layer or is too long");
        return false;
    }
    struct layer_entry *entry = &walk->entry;
    int64_t size = archive_entry_size(header);
    entry->size = entry->type == ENTRY_FILE || entry->type == ENTRY_HARDLINK ? size : 0;
    entry->mode = (uint32_t)archive_entry_perm(header) & 07777;
    entry->uid = archive_entry_uid(header);
    entry->gid = archive_entry_gid(header);
    entry->user = or_empty(archive_entry_uname(header));
    entry->group = or_empty(archive_entry_gname(header));
    entry->mtime_s = archive_entry_mtime(header);
    if (!walk->path[0] && entry->type != ENTRY_DIRECTORY) {
        layer_walk_warn(walk, "entry-refused", "", "the root is no directory");
        return false;
    }
    if (entry->type == ENTRY_CHARACTER || entry->type == ENTRY_BLOCK) {
        entry->device_major = (uint32_t)archive_entry_rdevmajor(header);
        entry->device_minor = (uint32_t)archive_entry_rdevminor(header);
    }
    if (entry->size < 0) {
        layer_walk_warn(walk, "entry-refused", walk->path, "negative size");
        return false;
    }
    if (!set_whiteout(walk) || !set_link(tar))
        return false;
    set_xattrs(tar);
    return true;
}

static bool tar_next(struct layer_walk *walk, struct error *err)
{
    struct tar_walk *tar = (struct tar_walk *)walk;
    while (!walk->ended) {
        int result = archive_read_next_header2(tar->archive, tar->header);
        if (result == ARCHIVE_EOF) {
            walk->ended = true;
            break;
        }
        if (result == ARCHIVE_RETRY)
            continue;
        if (result == ARCHIVE_FATAL)
            return tar_fail(tar, err);
        if (!layer_walk_count(walk))
            break;
        if (result == ARCHIVE_FAILED) {
            layer_walk_warn(walk, "entry-skipped", or_empty(archive_entry_pathname(tar->header)),
                            or_empty(archive_error_string(tar->archive)));
            continue;
        }
        tar->offset = 0;
        tar->pending = (struct slice){0};
        tar->content_ended = false;
        if (set_entry(tar)) {
            walk->has_entry = true;
            return true;
        }
    }
    return true;
}

/* The next block in order, zeros for a hole. */
static bool tar_block(struct layer_walk *walk, struct slice *block, struct error *err)
{
    struct tar_walk *tar = (struct tar_walk *)walk;
    if (tar->pending.length == 0 && !tar->content_ended) {
        const void *data;
        size_t size;
        la_int64_t offset;
        int result = archive_read_data_block(tar->archive, &data, &size, &offset);
        if (result == ARCHIVE_FATAL || result == ARCHIVE_FAILED)
            return tar_fail(tar, err);
        tar->content_ended = result == ARCHIVE_EOF;
        tar->pending = (struct slice){.data = data, .length = tar->content_ended ? 0 : size};
        tar->pending_offset = tar->content_ended ? walk->entry.size : offset;
        if (tar->pending_offset < tar->offset)
            return error_set(err, ERROR_INPUT, "tar: %s: sparse file out of order", walk->path);
    }
    int64_t hole = tar->pending_offset - tar->offset;
    if (hole > 0) {
        *block =
            (struct slice){.data = zeros, .length = hole < ZERO_BYTES ? (size_t)hole : ZERO_BYTES};
    } else {
        *block = tar->pending;
        tar->pending = (struct slice){0};
        tar->pending_offset += (int64_t)block->length;
    }
    tar->offset += (int64_t)block->length;
    tar->content += (int64_t)block->length;
    if (tar->content > LIMIT_LAYER_INFLATED_BYTES)
        return error_set(err, ERROR_INPUT, "tar: the files hold more than %lld bytes",
                         (long long)LIMIT_LAYER_INFLATED_BYTES);
    return true;
}

static void tar_close(struct layer_walk *walk)
{
    struct tar_walk *tar = (struct tar_walk *)walk;
    archive_entry_free(tar->header);
    archive_read_free(tar->archive);
    free(tar);
}

static void locale_once(void)
{
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

bool layer_walk_open(struct stream *from, const struct layer_walk_settings *settings,
                     struct layer_walk **out, struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, locale_once);
    struct tar_walk *tar = calloc(1, sizeof(*tar));
    if (!tar || !(tar->archive = archive_read_new()) || !(tar->header = archive_entry_new()))
        abort();
    tar->walk.next = tar_next;
    tar->walk.block = tar_block;
    tar->walk.close = tar_close;
    tar->tar = from;
    layer_walk_init(&tar->walk, settings);
    archive_read_support_format_tar(tar->archive);
    archive_read_support_format_empty(tar->archive);
    archive_read_set_format_option(tar->archive, "tar", "mac-ext", NULL);
    if (archive_read_open(tar->archive, tar, NULL, tar_fill, NULL) != ARCHIVE_OK) {
        tar_fail(tar, err);
        tar_close(&tar->walk);
        return false;
    }
    *out = &tar->walk;
    return true;
}

void layer_walk_close(struct layer_walk *walk)
{
    if (!walk)
        return;
    arena_free(walk->xattrs);
    walk->close(walk);
}

void layer_walk_scope_close(struct layer_walk **walk)
{
    layer_walk_close(*walk);
}

bool layer_walk_next(struct layer_walk *walk, const struct layer_entry **entry, struct error *err)
{
    *entry = NULL;
    walk->has_entry = false;
    walk->block_left = (struct slice){0};
    arena_free(walk->xattrs);
    walk->xattrs = NULL;
    if (!walk->ended && !walk->next(walk, err))
        return false;
    if (walk->has_entry)
        *entry = &walk->entry;
    return true;
}

bool layer_walk_read_block(struct layer_walk *walk, struct slice *block, struct error *err)
{
    *block = walk->block_left;
    walk->block_left = (struct slice){0};
    if (block->length > 0 || !walk->has_entry || walk->entry.size == 0)
        return true;
    return walk->block(walk, block, err);
}

bool layer_walk_read(struct layer_walk *walk, void *data, size_t size, size_t *got,
                     struct error *err)
{
    struct slice block;
    *got = 0;
    if (!layer_walk_read_block(walk, &block, err))
        return false;
    *got = block.length < size ? block.length : size;
    if (*got > 0)
        memcpy(data, block.data, *got);
    walk->block_left = slice_sub(block, *got, block.length - *got);
    return true;
}

struct entry_stream {
    struct stream stream;
    struct layer_walk *walk;
};

static bool entry_stream_read(struct stream *stream, void *data, size_t size, size_t *got,
                              struct error *err)
{
    return layer_walk_read(((struct entry_stream *)stream)->walk, data, size, got, err);
}

static void entry_stream_close(struct stream *stream)
{
    free(stream);
}

struct stream *layer_walk_stream(struct layer_walk *walk)
{
    struct entry_stream *out = calloc(1, sizeof(*out));
    if (!out)
        abort();
    out->stream = (struct stream){.read = entry_stream_read, .close = entry_stream_close};
    out->walk = walk;
    return &out->stream;
}
