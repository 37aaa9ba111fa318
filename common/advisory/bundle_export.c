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
#include "advisory/bundle_sign.h"
#include "advisory/shelf.h"
#include "base/buf.h"
#include "base/digest.h"

/* A tar.zst: "resole-advisory-bundle" first (a line "sha256:… name" a shelf, " =" after it for one
 * that a delta leaves out), then its signature if it has one, then the shelves. */
static const char list_name[] = "resole-advisory-bundle";
static const char signature_name[] = "resole-advisory-bundle.sig";

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

static bool read_list(struct archive *archive, struct buf *list, struct error *err)
{
    struct archive_entry *entry = NULL;
    return (archive_read_next_header(archive, &entry) == ARCHIVE_OK &&
            archive_entry_pathname(entry) &&
            strcmp(archive_entry_pathname(entry), list_name) == 0 &&
            read_entry(archive, LIST_BYTES_MOST, list, err)) ||
           error_set(err, ERROR_INPUT, "no advisory bundle, or its beginning is damaged");
}

static bool old_list(const char *path, struct buf *list, struct error *err)
{
    if (!path)
        return true;
    struct archive *archive scoped(read_release) = open_export(path);
    return (archive && read_list(archive, list, err)) ||
           (!archive ? error_set(err, ERROR_INPUT, "%s: no advisory bundle", path)
                     : error_wrap(err, "%s", path));
}

/* A line a shelf; `left_out` says which the older bundle has. */
static bool make_list(const char *dir, const char *const *names, size_t count, const char *old,
                      struct arena *arena, struct buf *list, bool *left_out, struct error *err)
{
    struct buf bytes scoped(buf_release) = {0};
    for (size_t i = 0; i < count; i++) {
        char digest[DIGEST_TEXT_SIZE];
        if (!read_file(arena_printf(arena, "%s/%s", dir, names[i]), &bytes, err))
            return false;
        digest_of(buf_text(&bytes), bytes.length, digest);
        const char *line = arena_printf(arena, "%s %s", digest, names[i]);
        left_out[i] = strstr(old, arena_printf(arena, "%s\n", line)) ||
                      strstr(old, arena_printf(arena, "%s =\n", line));
        buf_printf(list, "%s%s\n", line, left_out[i] ? " =" : "");
    }
    return true;
}

static bool put_entries(struct archive *archive, const char *dir, const char *const *names,
                        size_t count, const struct buf *list, const bool *left_out, const char *key,
                        struct arena *arena, struct error *err)
{
    struct buf bytes scoped(buf_release) = {0};
    unsigned char signature[SIGNATURE_BYTES];
    if (!put_entry(archive, list_name, buf_slice(list), err))
        return false;
    if (key && (!bundle_sign(key, buf_slice(list), signature, err) ||
                !put_entry(archive, signature_name,
                           (struct slice){(const char *)signature, sizeof(signature)}, err)))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!left_out[i] && (!read_file(arena_printf(arena, "%s/%s", dir, names[i]), &bytes, err) ||
                             !put_entry(archive, names[i], buf_slice(&bytes), err)))
            return false;
    return archive_write_close(archive) == ARCHIVE_OK ||
           error_set(err, ERROR_FATAL, "%s", archive_error_string(archive));
}

bool bundle_export(const char *dir, const char *path, const struct bundle_options *options,
                   struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct archive *archive scoped(write_release) = archive_write_new();
    struct buf list scoped(buf_release) = {0}, old scoped(buf_release) = {0};
    size_t count;
    const char **names = shelf_names(dir, arena, &count);
    bool *left_out = arena_new_array(arena, bool, count + 1);
    const char *fresh = arena_printf(arena, "%s.new.%ld", path, (long)getpid());
    if (count == 0)
        return error_set(err, ERROR_INPUT, "%s: no advisory data to export", dir);
    if (!old_list(options->since, &old, err) ||
        !make_list(dir, names, count, buf_text(&old), arena, &list, left_out, err))
        return false;
    archive_write_set_format_ustar(archive);
    archive_write_add_filter_zstd(archive);
    if (archive_write_open_filename(archive, fresh) != ARCHIVE_OK)
        return error_set(err, ERROR_RETRY, "%s: %s", path, archive_error_string(archive));
    bool ok = put_entries(archive, dir, names, count, &list, left_out, options->key, arena, err);
    if (ok && rename(fresh, path) != 0)
        ok = error_set(err, ERROR_RETRY, "%s: %s", path, strerror(errno));
    if (!ok)
        unlink(fresh);
    return ok;
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

struct unpacking {
    struct archive *archive;
    const char *dir, *list;
    const struct bundle_options *options;
    struct arena *arena;
    const char **names; /* written beside, to be renamed */
    size_t count, capacity;
    bool checked; /* the signature was */
};

static bool take_signature(struct unpacking *u, struct error *err)
{
    struct buf bytes scoped(buf_release) = {0};
    if (!read_entry(u->archive, SIGNATURE_BYTES, &bytes, err))
        return false;
    u->checked = true;
    return !u->options->trust ||
           bundle_check(u->options->trust, slice_of(u->list), buf_slice(&bytes), err);
}

static bool take_shelf(struct unpacking *u, const char *name, struct error *err)
{
    struct buf bytes scoped(buf_release) = {0};
    char digest[DIGEST_TEXT_SIZE];
    if (!read_entry(u->archive, SHELF_BYTES_MOST, &bytes, err))
        return error_wrap(err, "%s", name);
    digest_of(buf_text(&bytes), bytes.length, digest);
    if (!strstr(u->list, arena_printf(u->arena, "%s %s\n", digest, name)))
        return error_set(err, ERROR_INPUT, "%s: its checksum is not the listed one", name);
    name = arena_strdup(u->arena, name);
    arena_push(u->arena, u->names, u->count, u->capacity);
    u->names[u->count++] = name;
    const char *fresh = arena_printf(u->arena, "%s/%s.new", u->dir, name);
    struct shelf *shelf = NULL;
    bool ok = write_new(fresh, buf_slice(&bytes), err) && (shelf = shelf_open(fresh, err));
    shelf_close(shelf);
    return ok;
}

static bool take_entries(struct unpacking *u, struct error *err)
{
    struct archive_entry *entry = NULL;
    for (int status; (status = archive_read_next_header(u->archive, &entry)) != ARCHIVE_EOF;) {
        const char *name = status == ARCHIVE_OK ? archive_entry_pathname(entry) : NULL;
        if (!name)
            return error_set(err, ERROR_INPUT, "cut or damaged: %s",
                             archive_error_string(u->archive));
        if (u->count == 0 && strcmp(name, signature_name) == 0) {
            if (!take_signature(u, err))
                return false;
            continue;
        }
        if (u->options->trust && !u->checked)
            return error_set(err, ERROR_INPUT, "not signed");
        if (!is_shelf_name(name))
            return error_set(err, ERROR_INPUT, "%.60s: no part of a bundle", name);
        if (!take_shelf(u, name, err))
            return false;
    }
    return !u->options->trust || u->checked || error_set(err, ERROR_INPUT, "not signed");
}

static bool was_taken(const struct unpacking *u, const char *name)
{
    for (size_t i = 0; i < u->count; i++)
        if (strcmp(u->names[i], name) == 0)
            return true;
    return false;
}

/* What the list names and the archive did not bring: cut, or a delta's shelf that must lie here. */
static bool check_whole(const struct unpacking *u, size_t *sources, struct error *err)
{
    struct slice rest = slice_of(u->list), line, digest, name;
    struct buf bytes scoped(buf_release) = {0};
    while (slice_take_line(&rest, &line)) {
        bool kept = slice_has_suffix(line, " =");
        line = slice_sub(line, 0, line.length - (kept ? 2 : 0));
        if (!slice_take_until(&line, ' ', &digest) || line.length == 0)
            return error_set(err, ERROR_INPUT, "its list is damaged");
        name = line;
        const char *text = slice_string(u->arena, name);
        ++*sources;
        if (!kept && !was_taken(u, text))
            return error_set(err, ERROR_INPUT, "cut: %s is not in it", text);
        if (!kept)
            continue;
        char have[DIGEST_TEXT_SIZE] = "";
        struct error none = {0};
        if (!is_shelf_name(text))
            return error_set(err, ERROR_INPUT, "its list is damaged");
        if (read_file(arena_printf(u->arena, "%s/%s", u->dir, text), &bytes, &none))
            digest_of(buf_text(&bytes), bytes.length, have);
        if (!slice_is(digest, have))
            return error_set(err, ERROR_INPUT,
                             "a delta to another %s than the one here: import the whole bundle",
                             text);
    }
    return true;
}

bool bundle_unpack(const char *dir, const char *path, const struct bundle_options *options,
                   size_t *sources, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct archive *archive scoped(read_release) = open_export(path);
    struct buf list scoped(buf_release) = {0};
    *sources = 0;
    if (!archive)
        return error_set(err, ERROR_INPUT, "%s: no advisory bundle", path);
    if (!read_list(archive, &list, err) || !bundle_make_dir(dir, err))
        return error_wrap(err, "%s", path);
    struct unpacking u = {.archive = archive,
                          .dir = dir,
                          .list = buf_text(&list),
                          .options = options,
                          .arena = arena};
    bool ok = take_entries(&u, err) && check_whole(&u, sources, err);
    for (size_t i = 0; i < u.count; i++) {
        const char *fresh = arena_printf(arena, "%s/%s.new", dir, u.names[i]);
        if (!ok)
            unlink(fresh);
        else if (rename(fresh, arena_printf(arena, "%s/%s", dir, u.names[i])) != 0)
            ok = error_set(err, ERROR_FATAL, "%s: %s", fresh, strerror(errno));
    }
    return ok || error_wrap(err, "%s", path);
}
