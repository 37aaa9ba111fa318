#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "image/layer_stream.h"
#include "image/source_inner.h"

enum { ARCHIVE_READ_BYTES = 256 * 1024, ARCHIVE_FILES_MOST = 20000 };

struct tree_file {
    const char *name;
    const char *link; /* target, normalised; NULL: a file with content */
    int64_t size;
    size_t position; /* among the archive's headers */
};

struct source_tree {
    char *directory; /* or NULL: an archive */
    int fd;
    struct arena *arena;
    struct tree_file *files;
    size_t count, capacity;
};

/* libarchive over pread, so that several readers share one descriptor; unread content is skipped
 * without reading it. */
struct archive_reader {
    struct archive *archive;
    int fd;
    int64_t offset, size;
    char buffer[ARCHIVE_READ_BYTES];
};

static la_ssize_t reader_read(struct archive *archive, void *context, const void **data)
{
    struct archive_reader *reader = context;
    ssize_t got;
    do
        got = pread(reader->fd, reader->buffer, sizeof(reader->buffer), (off_t)reader->offset);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        archive_set_error(archive, errno, "read: %s", strerror(errno));
        return -1;
    }
    reader->offset += got;
    *data = reader->buffer;
    return got;
}

static la_int64_t reader_skip(struct archive *archive, void *context, la_int64_t request)
{
    struct archive_reader *reader = context;
    (void)archive;
    if (request > reader->size - reader->offset)
        request = reader->size - reader->offset; /* the read that follows finds the end */
    reader->offset += request;
    return request;
}

static struct archive_reader *reader_open(int fd)
{
    struct archive_reader *reader = calloc(1, sizeof(*reader));
    struct stat st;
    if (!reader || !(reader->archive = archive_read_new()))
        abort();
    reader->fd = fd;
    reader->size = fstat(fd, &st) == 0 ? st.st_size : 0;
    archive_read_support_format_tar(reader->archive);
    archive_read_support_format_empty(reader->archive);
    archive_read_set_read_callback(reader->archive, reader_read);
    archive_read_set_skip_callback(reader->archive, reader_skip);
    archive_read_set_callback_data(reader->archive, reader);
    return reader;
}

static void reader_close(struct archive_reader *reader)
{
    archive_read_free(reader->archive);
    free(reader);
}

static bool reader_fail(struct archive_reader *reader, struct error *err)
{
    const char *text = archive_error_string(reader->archive);
    return error_set(err, ERROR_INPUT, "archive: %s", text ? text : "damaged");
}

/* "../ID/layer.tar" seen from "OTHER/layer.tar"; NULL if it leaves the archive. */
static const char *resolve_link(struct arena *arena, const char *from, const char *target)
{
    char joined[LIMIT_PATH_BYTES * 2 + 2], out[LIMIT_PATH_BYTES + 1] = "";
    const char *slash = strrchr(from, '/');
    size_t length = 0;
    if (strlen(target) > LIMIT_PATH_BYTES)
        return NULL;
    snprintf(joined, sizeof(joined), "%.*s/%s", slash ? (int)(slash - from) : 0, from, target);
    struct slice rest = slice_of(joined), part;
    while (slice_take_until(&rest, '/', &part)) {
        if (part.length == 0 || slice_is(part, "."))
            continue;
        if (slice_is(part, "..")) {
            if (length == 0)
                return NULL;
            while (length > 0 && out[--length] != '/')
                continue;
            continue;
        }
        if (length + part.length + 1 > LIMIT_PATH_BYTES)
            return NULL;
        if (length > 0)
            out[length++] = '/';
        memcpy(out + length, part.data, part.length);
        length += part.length;
    }
    return arena_strndup(arena, out, length);
}

static void add_entry(struct source_tree *tree, struct archive_entry *entry, size_t position)
{
    char path[LIMIT_PATH_BYTES + 1], target[LIMIT_PATH_BYTES + 1];
    const char *name = archive_entry_pathname(entry);
    const char *hard = archive_entry_hardlink(entry), *soft = archive_entry_symlink(entry);
    if (!name || !layer_path_normalise(slice_of(name), path) || !path[0])
        return;
    struct tree_file file = {.position = position, .size = archive_entry_size(entry)};
    if (hard) {
        if (!layer_path_normalise(slice_of(hard), target))
            return;
        file.link = arena_strdup(tree->arena, target);
    } else if (soft) {
        file.link = resolve_link(tree->arena, path, soft);
        if (!file.link)
            return;
    } else if (archive_entry_filetype(entry) != AE_IFREG) {
        return;
    }
    file.name = arena_strdup(tree->arena, path);
    arena_push(tree->arena, tree->files, tree->count, tree->capacity);
    tree->files[tree->count++] = file;
}

static bool index_archive(struct source_tree *tree, struct error *err)
{
    struct archive_reader *reader = reader_open(tree->fd);
    struct archive_entry *entry;
    int result = archive_read_open1(reader->archive);
    size_t position = 0;
    while (result == ARCHIVE_OK || result == ARCHIVE_WARN) {
        result = archive_read_next_header(reader->archive, &entry);
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
            break;
        if (position >= ARCHIVE_FILES_MOST) {
            reader_close(reader);
            return error_set(err, ERROR_INPUT, "archive: more than %d files: no image archive",
                             ARCHIVE_FILES_MOST);
        }
        add_entry(tree, entry, position++);
    }
    bool good = result == ARCHIVE_EOF || reader_fail(reader, err);
    reader_close(reader);
    return good;
}

bool source_spool(struct stream *from, const char *temporary, int *fd, struct error *err)
{
    const char *folder = temporary && *temporary ? temporary : getenv("TMPDIR");
    struct layer_stream_settings settings = {.no_digest = true, .no_diff_id = true};
    struct stream *plain scoped(stream_scope_close) = NULL;
    int64_t bytes;
    if (!folder || !*folder)
        folder = "/tmp";
    int out = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (out < 0)
        return error_set(err, ERROR_FATAL, "%s: %s", folder, strerror(errno));
    struct fd_sink sink = fd_sink_of(out);
    if (!layer_stream_open(from, &settings, &plain, err) ||
        !stream_copy(plain, &sink.sink, &bytes, err)) {
        close(out);
        return false;
    }
    *fd = out;
    return true;
}

/* The descriptor gives way to one of its spooled content. */
static bool spool(int *fd, const char *temporary, struct error *err)
{
    struct stream *from scoped(stream_scope_close) = stream_of_fd(*fd, true);
    *fd = -1;
    return source_spool(from, temporary, fd, err);
}

bool source_tree_open_archive(int fd, const char *name, const char *temporary,
                              struct source_tree **out, struct error *err)
{
    char first[6];
    struct stat st;
    struct source_tree *tree = calloc(1, sizeof(*tree));
    if (!tree)
        abort();
    tree->arena = arena_new();
    tree->fd = fd;
    bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    ssize_t got = regular ? pread(fd, first, sizeof(first), 0) : 0;
    struct slice magic = {.data = first, .length = got > 0 ? (size_t)got : 0};
    bool plain = regular && compression_detect(magic) == COMPRESSION_NONE;
    if ((!plain && !spool(&tree->fd, temporary, err)) || !index_archive(tree, err)) {
        source_tree_close(tree);
        return error_wrap(err, "%s", name);
    }
    *out = tree;
    return true;
}

bool source_tree_open_directory(const char *path, struct source_tree **out, struct error *err)
{
    struct source_tree *tree = calloc(1, sizeof(*tree));
    if (!tree || !(tree->directory = strdup(path)))
        abort();
    tree->arena = arena_new();
    tree->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tree->fd < 0) {
        error_fill(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
        source_tree_close(tree);
        return false;
    }
    *out = tree;
    return true;
}

void source_tree_close(struct source_tree *tree)
{
    if (!tree)
        return;
    if (tree->fd >= 0)
        close(tree->fd);
    arena_free(tree->arena);
    free(tree->directory);
    free(tree);
}

void source_tree_scope_close(struct source_tree **tree)
{
    source_tree_close(*tree);
}

/* The last entry of that name counts, as when unpacked. */
static const struct tree_file *find_file(const struct source_tree *tree, const char *path)
{
    for (int hops = 0; path && hops < LIMIT_LINK_HOPS; hops++) {
        const struct tree_file *found = NULL;
        for (size_t i = tree->count; i-- > 0 && !found;)
            if (strcmp(tree->files[i].name, path) == 0)
                found = &tree->files[i];
        if (!found || !found->link)
            return found;
        path = found->link;
    }
    return NULL;
}

/* A regular file under the directory; -1 with errno. */
static int open_below(const struct source_tree *tree, const char *path)
{
    char plain[LIMIT_PATH_BYTES + 1];
    struct stat st;
    if (!layer_path_normalise(slice_of(path), plain) || !plain[0]) {
        errno = ENOENT;
        return -1;
    }
    int fd = openat(tree->fd, plain, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        errno = ENOENT;
        return -1;
    }
    return fd;
}

bool source_tree_find(struct source_tree *tree, const char *path, int64_t *size, struct error *err)
{
    *size = -1;
    if (!tree->directory) {
        const struct tree_file *file = find_file(tree, path);
        *size = file ? file->size : -1;
        return true;
    }
    struct stat st;
    int fd = open_below(tree, path);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG ||
               error_set(err, ERROR_INPUT, "%s/%s: %s", tree->directory, path, strerror(errno));
    if (fstat(fd, &st) == 0)
        *size = st.st_size;
    close(fd);
    return true;
}

struct member_stream {
    struct stream stream;
    struct archive_reader *reader;
};

static bool member_read(struct stream *stream, void *data, size_t size, size_t *got,
                        struct error *err)
{
    struct member_stream *member = (struct member_stream *)stream;
    la_ssize_t count = archive_read_data(member->reader->archive, data, size);
    if (count < 0)
        return reader_fail(member->reader, err);
    *got = (size_t)count;
    return true;
}

static void member_close(struct stream *stream)
{
    struct member_stream *member = (struct member_stream *)stream;
    reader_close(member->reader);
    free(member);
}

static bool open_member(struct source_tree *tree, const struct tree_file *file, struct stream **out,
                        struct error *err)
{
    struct member_stream *member = calloc(1, sizeof(*member));
    struct archive_entry *entry;
    if (!member)
        abort();
    member->stream = (struct stream){.read = member_read, .close = member_close};
    member->reader = reader_open(tree->fd);
    int result = archive_read_open1(member->reader->archive);
    for (size_t i = 0; i <= file->position && (result == ARCHIVE_OK || result == ARCHIVE_WARN); i++)
        result = archive_read_next_header(member->reader->archive, &entry);
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
        reader_fail(member->reader, err);
        member_close(&member->stream);
        return false;
    }
    *out = &member->stream;
    return true;
}

bool source_tree_stream(struct source_tree *tree, const char *path, struct stream **out,
                        struct error *err)
{
    if (tree->directory) {
        int fd = open_below(tree, path);
        if (fd < 0)
            return error_set(err, ERROR_INPUT, "%s/%s: %s", tree->directory, path, strerror(errno));
        *out = stream_of_fd(fd, true);
        return true;
    }
    const struct tree_file *file = find_file(tree, path);
    if (!file)
        return error_set(err, ERROR_INPUT, "%s: not in the archive", path);
    return open_member(tree, file, out, err);
}

bool source_tree_load(struct source_tree *tree, struct arena *arena, const char *path, size_t most,
                      struct slice *out, struct error *err)
{
    struct buf bytes scoped(buf_release) = {0};
    struct stream *stream scoped(stream_scope_close) = NULL;
    if (!source_tree_stream(tree, path, &stream, err))
        return false;
    if (!stream_read_all(stream, most, &bytes, err))
        return error_wrap(err, "%s", path);
    *out = (struct slice){.data = arena_memdup(arena, buf_text(&bytes), bytes.length + 1),
                          .length = bytes.length};
    return true;
}

size_t source_tree_count(const struct source_tree *tree)
{
    return tree->count;
}

const char *source_tree_name(const struct source_tree *tree, size_t i)
{
    return tree->files[i].name;
}
