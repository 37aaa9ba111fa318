#include "image/blob_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct blob_store {
    char directory[PATH_MAX - 160];
};

struct blob_write {
    struct sink sink; /* first: the sink that is handed out */
    struct blob_store *store;
    struct digest_stream hash;
    char path[PATH_MAX];
    char wanted[DIGEST_TEXT_SIZE]; /* "" : whatever it turns out to be */
    int64_t bytes, expected;
    int fd;
};

/* A full disk or an unmounted share is nobody's message's fault. */
static bool failed(struct error *err, const char *what, const char *path)
{
    error_fill(err, ERROR_RETRY, "blob store: %s %s: %s", what, path, strerror(errno));
    if (err)
        err->outside = true;
    return false;
}

bool blob_store_open(const char *directory, struct blob_store **out, struct error *err)
{
    char path[PATH_MAX];
    struct blob_store *store = calloc(1, sizeof(*store));
    if (!store)
        abort();
    *out = store;
    if (!directory[0] || strlen(directory) >= sizeof(store->directory))
        return error_set(err, ERROR_FATAL, "blob store: '%s' is no usable directory", directory);
    snprintf(store->directory, sizeof(store->directory), "%s", directory);
    static const char *const below[] = {"", "/sha256", "/incoming"};
    for (size_t i = 0; i < array_count(below); i++) {
        snprintf(path, sizeof(path), "%s%s", directory, below[i]);
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return error_set(err, ERROR_FATAL, "blob store: %s: %s", path, strerror(errno));
    }
    if (access(path, W_OK | X_OK) != 0)
        return error_set(err, ERROR_FATAL, "blob store: %s: %s", path, strerror(errno));
    return true;
}

void blob_store_close(struct blob_store *store)
{
    free(store);
}

void blob_store_scope_close(struct blob_store **store)
{
    blob_store_close(*store);
}

/* The digest decides the path, so it must be one. */
static bool blob_path(const struct blob_store *store, const char *digest, char out[static PATH_MAX],
                      struct error *err)
{
    if (!digest_is_valid(digest))
        return error_set(err, ERROR_INPUT, "blob store: '%.80s' is no sha256 digest",
                         digest ? digest : "");
    snprintf(out, PATH_MAX, "%s/sha256/%.2s/%s", store->directory, digest + 7, digest + 7);
    return true;
}

bool blob_store_find(struct blob_store *store, const char *digest, int64_t *bytes,
                     struct error *err)
{
    char path[PATH_MAX];
    struct stat st;
    *bytes = -1;
    if (!blob_path(store, digest, path, err))
        return false;
    if (stat(path, &st) == 0)
        *bytes = (int64_t)st.st_size;
    else if (errno != ENOENT)
        return failed(err, "stat", path);
    return true;
}

bool blob_store_open_fd(struct blob_store *store, const char *digest, int *fd, struct error *err)
{
    char path[PATH_MAX];
    if (!blob_path(store, digest, path, err))
        return false;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    return *fd >= 0 || failed(err, "open", path);
}

bool blob_store_read(struct blob_store *store, const char *digest, struct stream **out,
                     struct error *err)
{
    int fd = -1;
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
        return error_wrap(err, "blob %s", digest);
    *out = (struct slice){arena_strndup(arena, bytes.data, bytes.length), bytes.length};
    return true;
}

bool blob_store_remove(struct blob_store *store, const char *digest, struct error *err)
{
    char path[PATH_MAX];
    if (!blob_path(store, digest, path, err))
        return false;
    return unlink(path) == 0 || errno == ENOENT || failed(err, "remove", path);
}

static bool write_some(struct sink *sink, const void *data, size_t size, struct error *err)
{
    struct blob_write *write_to = (struct blob_write *)sink;
    const char *at = data;
    digest_update(&write_to->hash, data, size);
    write_to->bytes += (int64_t)size;
    if (write_to->expected >= 0 && write_to->bytes > write_to->expected)
        return error_set(err, ERROR_INPUT, "more than the %lld bytes announced",
                         (long long)write_to->expected);
    while (size > 0) {
        ssize_t put = write(write_to->fd, at, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return failed(err, "write", write_to->path);
        at += put;
        size -= (size_t)put;
    }
    return true;
}

bool blob_write_begin(struct blob_store *store, const char *digest, int64_t bytes,
                      struct blob_write **out, struct error *err)
{
    char id[37];
    if (digest && !digest_is_valid(digest))
        return error_set(err, ERROR_INPUT, "blob store: '%.80s' is no sha256 digest", digest);
    struct blob_write *begun = calloc(1, sizeof(*begun));
    if (!begun)
        abort();
    begun->sink.write = write_some;
    begun->store = store;
    begun->expected = bytes;
    snprintf(begun->wanted, sizeof(begun->wanted), "%s", digest ? digest : "");
    uuid_new(id);
    snprintf(begun->path, sizeof(begun->path), "%s/incoming/%s", store->directory, id);
    begun->fd = open(begun->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (begun->fd < 0) {
        failed(err, "create", begun->path);
        free(begun);
        return false;
    }
    digest_init(&begun->hash);
    *out = begun;
    return true;
}

struct sink *blob_write_sink(struct blob_write *write)
{
    return &write->sink;
}

void blob_write_abort(struct blob_write *write)
{
    if (!write)
        return;
    digest_release(&write->hash);
    if (write->fd >= 0)
        close(write->fd);
    unlink(write->path);
    free(write);
}

/* The rename is what makes it visible: whole and synced, or not there. */
static bool publish(struct blob_write *write, const char *digest, struct error *err)
{
    char path[PATH_MAX], folder[PATH_MAX];
    if (!blob_path(write->store, digest, path, err))
        return false;
    snprintf(folder, sizeof(folder), "%s/sha256/%.2s", write->store->directory, digest + 7);
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return failed(err, "mkdir", folder);
    if (fsync(write->fd) != 0)
        return failed(err, "sync", write->path);
    if (rename(write->path, path) != 0)
        return failed(err, "rename to", path);
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        fsync(directory); /* a file system that cannot sync folders keeps its own promise */
        close(directory);
    }
    return true;
}

bool blob_write_commit(struct blob_write *write, char digest[static DIGEST_TEXT_SIZE],
                       struct error *err)
{
    bool good = true;
    digest_final(&write->hash, digest);
    if (write->expected >= 0 && write->bytes != write->expected)
        good = error_set(err, ERROR_INPUT, "%lld bytes instead of %lld", (long long)write->bytes,
                         (long long)write->expected);
    else if (write->wanted[0] && strcmp(write->wanted, digest) != 0)
        good = error_set(err, ERROR_INPUT, "its bytes have the digest %s, not %s", digest,
                         write->wanted);
    good = good && publish(write, digest, err);
    blob_write_abort(write); /* after a rename there is nothing left to unlink */
    return good;
}

bool blob_store_put(struct blob_store *store, struct slice bytes,
                    char digest[static DIGEST_TEXT_SIZE], struct error *err)
{
    struct blob_write *write = NULL;
    int64_t there = -1;
    digest_of(bytes.data, bytes.length, digest);
    if (!blob_store_find(store, digest, &there, err))
        return false;
    if (there >= 0)
        return true;
    if (!blob_write_begin(store, digest, (int64_t)bytes.length, &write, err))
        return false;
    if (!write_some(blob_write_sink(write), bytes.data, bytes.length, err)) {
        blob_write_abort(write);
        return false;
    }
    return blob_write_commit(write, digest, err);
}

static void close_folder(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}

bool blob_store_sweep(struct blob_store *store, int64_t older_than_s, int64_t *removed,
                      struct error *err)
{
    char path[PATH_MAX];
    *removed = 0;
    snprintf(path, sizeof(path), "%s/incoming", store->directory);
    DIR *folder scoped(close_folder) = opendir(path);
    if (!folder)
        return failed(err, "open", path);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        struct stat st;
        if (entry->d_name[0] == '.' ||
            fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            (int64_t)time(NULL) - (int64_t)st.st_mtime < older_than_s)
            continue;
        if (unlinkat(dirfd(folder), entry->d_name, 0) == 0)
            (*removed)++;
    }
    return true;
}

static bool list_folder(const char *path,
                        bool (*visit)(void *context, const char *digest, int64_t bytes,
                                      int64_t modified_s),
                        void *context, bool *go_on)
{
    DIR *folder scoped(close_folder) = opendir(path);
    if (!folder)
        return false;
    for (struct dirent *entry = readdir(folder); entry && *go_on; entry = readdir(folder)) {
        char digest[DIGEST_TEXT_SIZE + 256];
        struct stat st;
        snprintf(digest, sizeof(digest), "sha256:%s", entry->d_name);
        if (!digest_is_valid(digest) || fstatat(dirfd(folder), entry->d_name, &st, 0) != 0)
            continue;
        *go_on = visit(context, digest, (int64_t)st.st_size, (int64_t)st.st_mtime);
    }
    return true;
}

bool blob_store_list(struct blob_store *store,
                     bool (*visit)(void *context, const char *digest, int64_t bytes,
                                   int64_t modified_s),
                     void *context, struct error *err)
{
    char path[PATH_MAX];
    bool go_on = true;
    for (int i = 0; i < 256 && go_on; i++) {
        snprintf(path, sizeof(path), "%s/sha256/%02x", store->directory, (unsigned int)i);
        if (!list_folder(path, visit, context, &go_on) && errno != ENOENT)
            return failed(err, "open", path);
    }
    return true;
}
