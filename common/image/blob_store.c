#include "image/blob_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/slice.h"

enum { NAME_SIZE = 128 };

struct blob_store {
    int fd;
    char *directory;
};

struct blob_write {
    struct sink sink;
    struct blob_store *store;
    struct digest_stream digest;
    int fd;
    int64_t bytes, wanted_bytes;
    char wanted[DIGEST_TEXT_SIZE], temporary[NAME_SIZE];
};

/* "sha256/ab/<hex>"; false: no digest. */
static bool blob_name(const char *digest, char out[static NAME_SIZE], struct error *err)
{
    if (!digest_is_valid(digest))
        return error_set(err, ERROR_INPUT, "blob store: malformed digest '%.100s'",
                         digest ? digest : "");
    snprintf(out, NAME_SIZE, "sha256/%.2s/%s", digest + 7, digest + 7);
    return true;
}

static bool store_error(const struct blob_store *store, const char *what, struct error *err)
{
    /* A full disk or a lost mount is unwell, not wrong. */
    error_fill(err, ERROR_RETRY, "blob store %s: %s: %s", store->directory, what, strerror(errno));
    err->outside = true;
    return false;
}

bool blob_store_open(const char *directory, struct blob_store **out, struct error *err)
{
    struct blob_store *store = calloc(1, sizeof(*store));
    if (!store || !(store->directory = strdup(directory)))
        abort();
    for (char *slash = store->directory + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(store->directory, 0750);
        *slash = '/';
    }
    mkdir(directory, 0750);
    store->fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->fd < 0 || (mkdirat(store->fd, "sha256", 0750) != 0 && errno != EEXIST) ||
        (mkdirat(store->fd, "unfinished", 0750) != 0 && errno != EEXIST)) {
        error_fill(err, ERROR_FATAL, "blob store %s: %s", directory, strerror(errno));
        blob_store_close(store);
        return false;
    }
    *out = store;
    return true;
}

void blob_store_close(struct blob_store *store)
{
    if (!store)
        return;
    if (store->fd >= 0)
        close(store->fd);
    free(store->directory);
    free(store);
}

void blob_store_scope_close(struct blob_store **store)
{
    blob_store_close(*store);
}

bool blob_store_find(struct blob_store *store, const char *digest, int64_t *bytes,
                     struct error *err)
{
    char name[NAME_SIZE];
    struct stat st;
    *bytes = -1;
    if (!blob_name(digest, name, err))
        return false;
    if (fstatat(store->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        *bytes = st.st_size;
    else if (errno != ENOENT)
        return store_error(store, digest, err);
    return true;
}

bool blob_store_open_fd(struct blob_store *store, const char *digest, int *fd, struct error *err)
{
    char name[NAME_SIZE];
    if (!blob_name(digest, name, err))
        return false;
    *fd = openat(store->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return *fd >= 0 || store_error(store, digest, err);
}

bool blob_store_read(struct blob_store *store, const char *digest, struct stream **out,
                     struct error *err)
{
    int fd;
    if (!blob_store_open_fd(store, digest, &fd, err))
        return false;
    *out = stream_of_fd(fd, true);
    return true;
}

bool blob_store_load(struct blob_store *store, struct arena *arena, const char *digest, size_t most,
                     struct slice *out, struct error *err)
{
    struct stream *stream scoped(stream_scope_close) = NULL;
    struct buf bytes scoped(buf_release) = {0};
    if (!blob_store_read(store, digest, &stream, err) ||
        !stream_read_all(stream, most, &bytes, err))
        return false;
    *out = (struct slice){.data = arena_memdup(arena, buf_text(&bytes), bytes.length + 1),
                          .length = bytes.length};
    return true;
}

static bool write_sink(struct sink *sink, const void *data, size_t size, struct error *err)
{
    struct blob_write *write_to = (struct blob_write *)sink;
    const char *at = data;
    digest_update(&write_to->digest, data, size);
    write_to->bytes += (int64_t)size;
    if (write_to->wanted_bytes >= 0 && write_to->bytes > write_to->wanted_bytes)
        return error_set(err, ERROR_INPUT, "blob %s: longer than %lld bytes", write_to->wanted,
                         (long long)write_to->wanted_bytes);
    while (size > 0) {
        ssize_t count = write(write_to->fd, at, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return store_error(write_to->store, "write", err);
        at += count;
        size -= (size_t)count;
    }
    return true;
}

bool blob_write_begin(struct blob_store *store, const char *digest, int64_t bytes,
                      struct blob_write **out, struct error *err)
{
    char unique[37];
    if (digest && !digest_is_valid(digest))
        return error_set(err, ERROR_INPUT, "blob store: malformed digest '%.100s'", digest);
    struct blob_write *begun = calloc(1, sizeof(*begun));
    if (!begun)
        abort();
    begun->sink.write = write_sink;
    begun->store = store;
    begun->wanted_bytes = bytes;
    snprintf(begun->wanted, sizeof(begun->wanted), "%s", digest ? digest : "");
    uuid_new(unique);
    snprintf(begun->temporary, sizeof(begun->temporary), "unfinished/%s", unique);
    begun->fd = openat(store->fd, begun->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0640);
    if (begun->fd < 0) {
        free(begun);
        return store_error(store, "create", err);
    }
    digest_init(&begun->digest);
    *out = begun;
    return true;
}

struct sink *blob_write_sink(struct blob_write *begun)
{
    return &begun->sink;
}

void blob_write_abort(struct blob_write *begun)
{
    if (!begun)
        return;
    digest_release(&begun->digest);
    close(begun->fd);
    unlinkat(begun->store->fd, begun->temporary, 0);
    free(begun);
}

/* Makes the name durable too. */
static void sync_folder(struct blob_store *store, const char *name)
{
    int fd = openat(store->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static bool publish(struct blob_write *begun, const char *digest, struct error *err)
{
    char name[NAME_SIZE], folder[NAME_SIZE];
    if (!blob_name(digest, name, err))
        return false;
    snprintf(folder, sizeof(folder), "sha256/%.2s", digest + 7);
    if (fsync(begun->fd) != 0 ||
        (mkdirat(begun->store->fd, folder, 0750) != 0 && errno != EEXIST) ||
        renameat(begun->store->fd, begun->temporary, begun->store->fd, name) != 0)
        return store_error(begun->store, digest, err);
    sync_folder(begun->store, folder);
    return true;
}

bool blob_write_commit(struct blob_write *begun, char digest[static DIGEST_TEXT_SIZE],
                       struct error *err)
{
    digest_final(&begun->digest, digest);
    bool good = true;
    if (*begun->wanted && strcmp(begun->wanted, digest) != 0)
        good =
            error_set(err, ERROR_INPUT, "blob %s: its bytes have digest %s", begun->wanted, digest);
    else if (begun->wanted_bytes >= 0 && begun->bytes != begun->wanted_bytes)
        good = error_set(err, ERROR_INPUT, "blob %s: %lld bytes in place of %lld", digest,
                         (long long)begun->bytes, (long long)begun->wanted_bytes);
    good = good && publish(begun, digest, err);
    blob_write_abort(begun); /* the name is gone after the rename: nothing is removed */
    return good;
}

bool blob_store_put(struct blob_store *store, struct slice bytes,
                    char digest[static DIGEST_TEXT_SIZE], struct error *err)
{
    struct blob_write *begun;
    int64_t there;
    digest_of(bytes.data, bytes.length, digest);
    if (!blob_store_find(store, digest, &there, err))
        return false;
    if (there == (int64_t)bytes.length)
        return true;
    if (!blob_write_begin(store, digest, (int64_t)bytes.length, &begun, err))
        return false;
    if (bytes.length > 0 && !begun->sink.write(&begun->sink, bytes.data, bytes.length, err)) {
        blob_write_abort(begun);
        return false;
    }
    return blob_write_commit(begun, digest, err);
}

bool blob_store_remove(struct blob_store *store, const char *digest, struct error *err)
{
    char name[NAME_SIZE];
    if (!blob_name(digest, name, err))
        return false;
    return unlinkat(store->fd, name, 0) == 0 || errno == ENOENT || store_error(store, digest, err);
}

static void release_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

static DIR *open_folder(struct blob_store *store, const char *name)
{
    int fd = openat(store->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir && fd >= 0)
        close(fd);
    return dir;
}

bool blob_store_sweep(struct blob_store *store, int64_t older_than_s, int64_t *removed,
                      struct error *err)
{
    DIR *dir scoped(release_dir) = open_folder(store, "unfinished");
    *removed = 0;
    if (!dir)
        return store_error(store, "unfinished", err);
    for (struct dirent *item; (item = readdir(dir));) {
        struct stat st;
        if (item->d_name[0] != '.' &&
            fstatat(dirfd(dir), item->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_mtime <= time(NULL) - older_than_s && unlinkat(dirfd(dir), item->d_name, 0) == 0)
            (*removed)++;
    }
    return true;
}

bool blob_store_list(struct blob_store *store,
                     bool (*visit)(void *context, const char *digest, int64_t bytes,
                                   int64_t modified_s),
                     void *context, struct error *err)
{
    DIR *top scoped(release_dir) = open_folder(store, "sha256");
    if (!top)
        return store_error(store, "sha256", err);
    for (struct dirent *half; (half = readdir(top));) {
        char folder[NAME_SIZE], digest[NAME_SIZE];
        if (half->d_name[0] == '.' || strlen(half->d_name) != 2)
            continue;
        snprintf(folder, sizeof(folder), "sha256/%.2s", half->d_name);
        DIR *dir scoped(release_dir) = open_folder(store, folder);
        if (!dir)
            continue;
        for (struct dirent *item; (item = readdir(dir));) {
            struct stat st;
            snprintf(digest, sizeof(digest), "sha256:%.100s", item->d_name);
            if (digest_is_valid(digest) &&
                fstatat(dirfd(dir), item->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                !visit(context, digest, st.st_size, st.st_mtime))
                return true;
        }
    }
    return true;
}
