#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include "advisory/changelog.h"
#include "base/buf.h"
#include "base/limits.h"

/* A .deb is an ar archive; data.tar.* lies in it and is read by a second reader over the first. */
struct inner {
    struct archive *outer;
    char block[65536];
};

static la_ssize_t inner_read(struct archive *archive, void *context, const void **data)
{
    (void)archive;
    struct inner *inner = context;
    *data = inner->block;
    return archive_read_data(inner->outer, inner->block, sizeof(inner->block));
}

static void release(struct archive **archive)
{
    if (*archive)
        archive_read_free(*archive);
}

/* changelog.gz of a native package, changelog.Debian.gz else, and binNMUs' changelog.Debian.ARCH.gz
 * (which holds the rebuild only, so the longest is taken). */
static bool is_changelog(const char *path)
{
    const char *doc = strstr(path, "usr/share/doc/");
    const char *name = strrchr(path, '/');
    return doc && name && strncmp(name, "/changelog", 10) == 0 &&
           (name[10] == 0 || name[10] == '.') && strchr(doc + 14, '/') == name;
}

static bool read_text(struct archive *archive, struct buf *out)
{
    char block[65536];
    for (;;) {
        la_ssize_t got = archive_read_data(archive, block, sizeof(block));
        if (got < 0)
            return false;
        if (got == 0)
            return true;
        buf_put(out, block, (size_t)got);
        if (out->length > LIMIT_SMALL_FILE_BYTES)
            return false;
    }
}

static bool inflate_text(struct slice bytes, struct buf *out)
{
    struct archive *archive scoped(release) = archive_read_new();
    struct archive_entry *entry = NULL;
    archive_read_support_filter_all(archive);
    archive_read_support_format_raw(archive);
    return archive_read_open_memory(archive, bytes.data, bytes.length) == ARCHIVE_OK &&
           archive_read_next_header(archive, &entry) == ARCHIVE_OK && read_text(archive, out);
}

static bool better(struct slice candidate, struct slice have, const char *path, bool *have_debian)
{
    bool debian = strstr(path, "changelog.Debian") != NULL;
    bool take = have.length == 0 || (debian && !*have_debian) ||
                (debian == *have_debian && candidate.length > have.length);
    if (take)
        *have_debian = debian;
    return take;
}

static bool read_data(struct archive *outer, struct arena *arena, struct slice *out,
                      struct error *err)
{
    struct archive *archive scoped(release) = archive_read_new();
    struct archive_entry *entry = NULL;
    struct inner *inner = arena_new_object(arena, struct inner);
    bool have_debian = false;
    int status;
    inner->outer = outer;
    archive_read_support_filter_all(archive);
    archive_read_support_format_tar(archive);
    if (archive_read_open(archive, inner, NULL, inner_read, NULL) != ARCHIVE_OK)
        return error_set(err, ERROR_INPUT, "data.tar: %s", archive_error_string(archive));
    while ((status = archive_read_next_header(archive, &entry)) == ARCHIVE_OK ||
           status == ARCHIVE_WARN) {
        struct buf raw scoped(buf_release) = {0}, text scoped(buf_release) = {0};
        const char *path = archive_entry_pathname(entry);
        if (!path || archive_entry_filetype(entry) != AE_IFREG || !is_changelog(path))
            continue;
        if (!read_text(archive, &raw))
            return error_set(err, ERROR_INPUT, "%s: damaged or too large", path);
        if (slice_has_suffix(slice_of(path), ".gz") && !inflate_text(buf_slice(&raw), &text))
            return error_set(err, ERROR_INPUT, "%s: not gzip", path);
        struct slice found = buf_slice(text.length > 0 ? &text : &raw);
        if (better(found, *out, path, &have_debian))
            *out = (struct slice){arena_memdup(arena, found.data ? found.data : "", found.length),
                                  found.length};
    }
    if (status != ARCHIVE_EOF)
        return error_set(err, ERROR_INPUT, "data.tar: %s", archive_error_string(archive));
    return true;
}

bool changelog_of_deb(int fd, struct arena *arena, struct slice *out, struct error *err)
{
    struct archive *archive scoped(release) = archive_read_new();
    struct archive_entry *entry = NULL;
    *out = (struct slice){0};
    archive_read_support_format_ar(archive);
    archive_read_support_filter_none(archive);
    if (archive_read_open_fd(archive, fd, 65536) != ARCHIVE_OK)
        return error_set(err, ERROR_INPUT, "not a Debian package");
    while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
        const char *path = archive_entry_pathname(entry);
        if (!path || strncmp(path, "data.tar", 8) != 0)
            continue;
        if (!read_data(archive, arena, out, err))
            return false;
        return out->length > 0 || error_set(err, ERROR_INPUT, "it carries no changelog");
    }
    return error_set(err, ERROR_INPUT, "not a Debian package: no data.tar");
}
