/* The entries of a layer, in the order of its tar (libarchive: ustar, pax, GNU), or of a directory
 * (dir:), in sorted order. Paths come normalised: no "/" or "./" before, none doubled, no "." part.
 * Names that climb ("..") or hold a NUL, entries past a cap: left out with a warning, never
 * followed. The process must have set LC_CTYPE to C.UTF-8 (libarchive stops at names otherwise);
 * layer_walk_open does it once. Nothing is written anywhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "base/stream.h"

enum entry_type {
    ENTRY_FILE,
    ENTRY_DIRECTORY,
    ENTRY_SYMLINK,  /* link = target as written, not normalised */
    ENTRY_HARDLINK, /* link = normalised path of the other name; it may carry data (pax) */
    ENTRY_CHARACTER,
    ENTRY_BLOCK,
    ENTRY_FIFO,
};

struct entry_xattr {
    const char *name;
    struct slice value;
};

struct layer_entry {
    const char *path; /* "" is the root directory itself */
    enum entry_type type;
    const char *link; /* symlink, hard link; else "" */
    int64_t size;     /* bytes of content to read here */
    uint32_t mode;    /* permission bits with suid, sgid, sticky: 07777 */
    int64_t uid, gid;
    const char *user, *group; /* "" if the tar does not say */
    int64_t mtime_s;
    uint32_t device_major, device_minor;
    const struct entry_xattr *xattrs;
    size_t xattr_count;
    /* Whiteout: `path` (".wh." taken off) and all under it is gone from the layers below. Opaque:
     * the same for everything below directory `path`, which itself stays. Both have no content. */
    bool whiteout, opaque;
};

/* What a report tells of a gap. code is constant: "entry-refused", "entry-skipped", "layer-cap",
 * "unreadable-file". */
struct layer_warning {
    const char *code, *path, *text;
};

struct layer_walk_settings {
    int64_t entries_most;                                             /* 0: LIMIT_ENTRIES */
    void (*warn)(void *context, const struct layer_warning *warning); /* NULL: unheard */
    void *warn_context;
};

struct layer_walk;

/* `tar` stays the caller's. An empty stream is a layer without entries. */
bool layer_walk_open(struct stream *tar, const struct layer_walk_settings *settings,
                     struct layer_walk **out, struct error *err);
/* A directory as one layer: no symlink is followed, no other file system entered (but the root's).
 */
bool layer_walk_open_directory(const char *path, const struct layer_walk_settings *settings,
                               struct layer_walk **out, struct error *err);
void layer_walk_close(struct layer_walk *walk);
void layer_walk_scope_close(struct layer_walk **walk); /* for scoped() */
/* *entry is NULL at the end, else valid until the next call. A damaged or truncated tar is
 * ERROR_INPUT: what came before was right. */
bool layer_walk_next(struct layer_walk *walk, const struct layer_entry **entry, struct error *err);
/* The current entry's content; *got = 0 at its end. Unread content is skipped by _next. */
bool layer_walk_read(struct layer_walk *walk, void *data, size_t size, size_t *got,
                     struct error *err);
/* Whole blocks without a copy; valid until the next call; length 0 at the end. Holes come as zeros.
 */
bool layer_walk_read_block(struct layer_walk *walk, struct slice *block, struct error *err);
/* The same content as a stream (borrows the walk; close it before _next). */
struct stream *layer_walk_stream(struct layer_walk *walk);

/* The rules for names alone: normalises into out (LIMIT_PATH_BYTES + 1); false: refused. */
bool layer_path_normalise(struct slice raw, char *out);
const char *entry_type_name(enum entry_type type);
