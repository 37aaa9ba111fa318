#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "image/layer_walk_inner.h"

enum { DIRECTORY_READ_BYTES = 256 * 1024 };

struct level {
    int fd;
    char **names; /* sorted */
    size_t count, next;
    size_t path_length; /* of the directory's own path */
};

struct directory_walk {
    struct layer_walk walk;
    struct level levels[LIMIT_PATH_DEPTH + 1];
    size_t depth;
    dev_t device;
    bool root_given;
    int file;
    char buffer[DIRECTORY_READ_BYTES];
};

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void level_leave(struct level *level)
{
    for (size_t i = 0; i < level->count; i++)
        free(level->names[i]);
    free(level->names);
    if (level->fd >= 0)
        close(level->fd);
    *level = (struct level){.fd = -1};
}

/* Takes fd. */
static bool level_enter(struct level *level, int fd, size_t path_length)
{
    *level = (struct level){.fd = fd, .path_length = path_length};
    int copy = dup(fd);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (!dir)
        return false;
    size_t capacity = 0;
    for (struct dirent *item; (item = readdir(dir));) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        if (level->count == capacity) {
            capacity = capacity ? capacity * 2 : 32;
            level->names = realloc(level->names, capacity * sizeof(char *));
        }
        if (!level->names || !(level->names[level->count++] = strdup(item->d_name)))
            abort();
    }
    closedir(dir);
    if (level->count > 1)
        qsort(level->names, level->count, sizeof(char *), name_compare);
    return true;
}

static void file_leave(struct directory_walk *walk)
{
    if (walk->file >= 0)
        close(walk->file);
    walk->file = -1;
}

static enum entry_type type_of_mode(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return ENTRY_DIRECTORY;
    case S_IFLNK:
        return ENTRY_SYMLINK;
    case S_IFCHR:
        return ENTRY_CHARACTER;
    case S_IFBLK:
        return ENTRY_BLOCK;
    case S_IFREG:
        return ENTRY_FILE;
    default:
        return ENTRY_FIFO; /* sockets too: no content */
    }
}

static void entry_of_stat(struct layer_walk *walk, const struct stat *st)
{
    walk->entry = (struct layer_entry){
        .path = walk->path,
        .link = "",
        .user = "",
        .group = "",
        .type = type_of_mode(st->st_mode),
        .size = S_ISREG(st->st_mode) ? st->st_size : 0,
        .mode = st->st_mode & 07777,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .mtime_s = st->st_mtime,
        .device_major = major(st->st_rdev),
        .device_minor = minor(st->st_rdev),
    };
    walk->has_entry = true;
}

static void directory_enter(struct directory_walk *walk, struct level *level, const char *name,
                            const struct stat *st, size_t path_length)
{
    if (walk->depth > LIMIT_PATH_DEPTH) {
        layer_walk_warn(&walk->walk, "layer-cap", walk->walk.path, "directories nest too deep");
        return;
    }
    if (st->st_dev != walk->device) {
        layer_walk_warn(&walk->walk, "entry-skipped", walk->walk.path, "another file system");
        return;
    }
    int fd = openat(level->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || !level_enter(&walk->levels[walk->depth], fd, path_length)) {
        layer_walk_warn(&walk->walk, "unreadable-file", walk->walk.path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    walk->depth++;
}

/* False: the entry is left out. */
static bool directory_entry(struct directory_walk *walk, struct level *level, const char *name)
{
    struct layer_walk *face = &walk->walk;
    size_t at = level->path_length, length = strlen(name);
    if (at + length + 2 > LIMIT_PATH_BYTES) {
        layer_walk_warn(face, "entry-refused", name, "the path is too long");
        return false;
    }
    if (at > 0)
        face->path[at++] = '/';
    memcpy(face->path + at, name, length + 1);
    struct stat st;
    if (fstatat(level->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        layer_walk_warn(face, "unreadable-file", face->path, strerror(errno));
        return false;
    }
    entry_of_stat(face, &st);
    if (S_ISLNK(st.st_mode)) {
        ssize_t got = readlinkat(level->fd, name, face->link, LIMIT_PATH_BYTES);
        face->link[got > 0 ? got : 0] = 0;
        face->entry.link = face->link;
    } else if (S_ISDIR(st.st_mode)) {
        directory_enter(walk, level, name, &st, at + length);
    } else if (S_ISREG(st.st_mode)) {
        walk->file = openat(level->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (walk->file < 0) {
            layer_walk_warn(face, "unreadable-file", face->path, strerror(errno));
            face->entry.size = 0;
        }
    }
    return true;
}

static bool directory_next(struct layer_walk *face, struct error *err)
{
    struct directory_walk *walk = (struct directory_walk *)face;
    (void)err;
    file_leave(walk);
    if (!walk->root_given) {
        struct stat st;
        walk->root_given = true;
        if (fstat(walk->levels[0].fd, &st) == 0)
            entry_of_stat(face, &st);
        return true;
    }
    while (walk->depth > 0) {
        struct level *level = &walk->levels[walk->depth - 1];
        if (level->next == level->count) {
            level_leave(level);
            walk->depth--;
            continue;
        }
        if (!layer_walk_count(face))
            return true;
        if (directory_entry(walk, level, level->names[level->next++]))
            return true;
    }
    face->ended = true;
    return true;
}

static bool directory_block(struct layer_walk *face, struct slice *block, struct error *err)
{
    struct directory_walk *walk = (struct directory_walk *)face;
    ssize_t got = 0;
    (void)err;
    do
        got = walk->file >= 0 ? read(walk->file, walk->buffer, sizeof(walk->buffer)) : 0;
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        layer_walk_warn(face, "unreadable-file", face->path, strerror(errno));
        got = 0;
    }
    *block = (struct slice){.data = walk->buffer, .length = (size_t)got};
    return true;
}

static void directory_close(struct layer_walk *face)
{
    struct directory_walk *walk = (struct directory_walk *)face;
    file_leave(walk);
    while (walk->depth > 0)
        level_leave(&walk->levels[--walk->depth]);
    free(walk);
}

bool layer_walk_open_directory(const char *path, const struct layer_walk_settings *settings,
                               struct layer_walk **out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    struct directory_walk *walk = calloc(1, sizeof(*walk));
    if (!walk)
        abort();
    walk->walk.next = directory_next;
    walk->walk.block = directory_block;
    walk->walk.close = directory_close;
    walk->file = -1;
    walk->device = st.st_dev;
    layer_walk_init(&walk->walk, settings);
    walk->depth = 1;
    if (!level_enter(&walk->levels[0], fd, 0)) {
        error_fill(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
        directory_close(&walk->walk);
        return false;
    }
    *out = &walk->walk;
    return true;
}
