#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/bundle.h"
#include "advisory/bundle_dir.h"
#include "base/buf.h"
#include "base/digest.h"

/* A tar.zst: "resole-advisory-bundle" first (one line "sha256 name" a shelf), then the shelves. */
static const char list_name[] = "resole-advisory-bundle";

enum { SHELF_BYTES_MOST = 1024 * 1024 * 1024, LIST_BYTES_MOST = 1024 * 1024 };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void write_release(struct archive **archive)
{
    if (*archive)
        archive_write_free(*archive);
}

static void read_release(struct archive **archive)
{
    if (*archive)
        archive_read_free(*archive);
}

static bool read_file(const char *path, struct buf *out, struct error *err)
{
    int fd scoped(close_fd) = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return error_set(err, ERROR_FATAL, "%s: %s", path, strerror(errno));
    buf_clear(out);
    buf_reserve(out, (size_t)st.st_size + 1);
    for (;;) {
        buf_reserve(out, 65536);
        ssize_t got = read(fd, out->data + out->length, out->capacity - out->length - 1);
        if (got < 0)
            return error_set(err, ERROR_FATAL, "%s: %s", path, strerror(errno));
        if (got == 0)
            return true;
        out->length += (size_t)got;
    }
}

static bool put_entry(struct archive *archive, const char *name, struct slice bytes,
                      struct error *err)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)bytes.length);
    bool ok = archive_write_header(archive, entry) == ARCHIVE_OK &&
              archive_write_data(archive, bytes.data, bytes.length) == (la_ssize_t)bytes.length;
    archive_entry_free(entry);
    return ok || error_set(err, ERROR_FATAL, "%s: %s", name, archive_error_string(archive));
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **shelf_names(const char *dir, struct arena *arena, size_t *count)
{
    const char **names = NULL;
    size_t capacity = 0;
    DIR *folder = opendir(dir);
    *count = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (slice_has_suffix(slice_of(entry->d_name), ".shelf")) {
            arena_push(arena, names, *count, capacity);
            names[(*count)++] = arena_strdup(arena, entry->d_name);
        }
    if (folder)
        closedir(folder);
    if (*count > 1)
        qsort((void *)names, *count, sizeof(char *), name_compare);
    return names;
}

bool bundle_export(const char *dir, const char *path, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct archive *archive scoped(write_release) = archive_write_new();
    struct buf list scoped(buf_release) = {0}, bytes scoped(buf_release) = {0};
    size_t count;
    const char **names = shelf_names(dir, arena, &count);
    if (count == 0)
        return error_set(err, ERROR_INPUT, "%s: no advisory data to export", dir);
    for (size_t i = 0; i < count; i++) {
        char digest[DIGEST_TEXT_SIZE];
        if (!read_file(arena_printf(arena, "%s/%s", dir, names[i]), &bytes, err))
            return false;
        digest_of(bytes.data, bytes.length, digest);
        buf_printf(&list, "%s %s\n", digest, names[i]);
    }
    archive_write_set_format_ustar(archive);
    archive_write_add_filter_zstd(archive);
    if (archive_write_open_filename(archive, path) != ARCHIVE_OK)
        return error_set(err, ERROR_FATAL, "%s: %s", path, archive_error_string(archive));
    if (!put_entry(archive, list_name, buf_slice(&list), err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!read_file(arena_printf(arena, "%s/%s", dir, names[i]), &bytes, err) ||
            !put_entry(archive, names[i], buf_slice(&bytes), err))
            return false;
    if (archive_write_close(archive) != ARCHIVE_OK)
        return error_set(err, ERROR_FATAL, "%s: %s", path, archive_error_string(archive));
    return true;
}

static struct archive *open_export(const char *path)
{
    struct archive *archive = archive_read_new();
    archive_read_support_filter_all(archive);
    archive_read_support_format_tar(archive);
    if (archive_read_open_filename(archive, path, 65536) == ARCHIVE_OK)
        return archive;
    archive_read_free(archive);
    return NULL;
}

bool bundle_is_export(const char *path)
{
    struct archive *archive scoped(read_release) = open_export(path);
    struct archive_entry *entry = NULL;
    return archive && archive_read_next_header(archive, &entry) == ARCHIVE_OK &&
           archive_entry_pathname(entry) && strcmp(archive_entry_pathname(entry), list_name) == 0;
}

static bool read_entry(struct archive *archive, size_t most, struct buf *out, struct error *err)
{
    buf_clear(out);
    for (;;) {
        buf_reserve(out, 1 << 20);
        la_ssize_t got = archive_read_data(archive, out->data + out->length, 1 << 20);
        if (got < 0)
            return error_set(err, ERROR_INPUT, "damaged: %s", archive_error_string(archive));
        if (got == 0)
            break;
        out->length += (size_t)got;
        if (out->length > most)
            return error_set(err, ERROR_INPUT, "an entry of more than %zu bytes", most);
    }
    buf_put_byte(out, 0);
    out->length--;
    return true;
}

static bool is_shelf_name(const char *name)
{
    return slice_has_suffix(slice_of(name), ".shelf") && !strchr(name, '/') && name[0] != '.';
}

static bool write_new(const char *path, struct slice bytes, struct error *err)
{
    int fd scoped(close_fd) = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    while (fd >= 0 && bytes.length > 0) {
        ssize_t done = write(fd, bytes.data, bytes.length);
        if (done <= 0)
            return error_set(err, ERROR_FATAL, "%s: %s", path, strerror(errno));
        bytes = slice_sub(bytes, (size_t)done, bytes.length);
    }
    if (fd < 0 || fsync(fd) != 0)
        return error_set(err, ERROR_FATAL, "%s: %s", path, strerror(errno));
    return true;
}

/* Every shelf is written beside, checked against the list, and only when all are right renamed. */
static bool take_shelves(struct archive *archive, const char *dir, const char *list,
                         struct arena *arena, const char ***names, size_t *count, struct error *err)
{
    struct archive_entry *entry = NULL;
    struct buf bytes scoped(buf_release) = {0};
    size_t capacity = 0;
    for (int status; (status = archive_read_next_header(archive, &entry)) != ARCHIVE_EOF;) {
        char digest[DIGEST_TEXT_SIZE];
        const char *name = status == ARCHIVE_OK ? archive_entry_pathname(entry) : NULL;
        if (!name || !is_shelf_name(name))
            return error_set(err, ERROR_INPUT, "damaged bundle");
        if (!read_entry(archive, SHELF_BYTES_MOST, &bytes, err))
            return false;
        digest_of(bytes.data, bytes.length, digest);
        if (!strstr(list, arena_printf(arena, "%s %s\n", digest, name)))
            return error_set(err, ERROR_INPUT, "%s: its checksum is not the listed one", name);
        name = arena_strdup(arena, name);
        if (!write_new(arena_printf(arena, "%s/%s.new", dir, name), buf_slice(&bytes), err))
            return false;
        arena_push(arena, *names, *count, capacity);
        (*names)[(*count)++] = name;
    }
    return true;
}

bool bundle_unpack(const char *dir, const char *path, size_t *sources, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct archive *archive scoped(read_release) = open_export(path);
    struct archive_entry *entry = NULL;
    struct buf list scoped(buf_release) = {0};
    const char **names = NULL;
    *sources = 0;
    if (!archive || archive_read_next_header(archive, &entry) != ARCHIVE_OK)
        return error_set(err, ERROR_INPUT, "%s: no advisory bundle", path);
    if (!read_entry(archive, LIST_BYTES_MOST, &list, err) || !bundle_make_dir(dir, err))
        return error_wrap(err, "%s", path);
    bool ok = take_shelves(archive, dir, buf_text(&list), arena, &names, sources, err);
    for (size_t i = 0; i < *sources; i++) {
        const char *fresh = arena_printf(arena, "%s/%s.new", dir, names[i]);
        if (!ok)
            unlink(fresh);
        else if (rename(fresh, arena_printf(arena, "%s/%s", dir, names[i])) != 0)
            ok = error_set(err, ERROR_FATAL, "%s: %s", fresh, strerror(errno));
    }
    return ok || error_wrap(err, "%s", path);
}
