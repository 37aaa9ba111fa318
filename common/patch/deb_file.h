/* A .deb: ar(5) with debian-binary, control.tar.* and data.tar.* (deb(5), version 2.x). Read whole
 * into the arena; caps hold. */
#pragma once

#include "patch/root.h"

struct deb_member { /* of control.tar, plain files, in the tar's order */
    const char *name;
    struct slice content;
    uint32_t mode;
    int64_t mtime_s;
};

struct deb_entry {       /* of data.tar, in its order */
    const char *path;    /* "" is the root */
    const char *link;    /* hard link: the other name; else NULL */
    struct inode *inode; /* uid and gid by number; NULL for a hard link */
    const char *user, *group;
};

struct deb_file {
    const struct deb_member *members;
    size_t member_count;
    const struct deb_entry *entries;
    size_t entry_count;
};

bool deb_file_read(struct arena *arena, struct stream *bytes, struct deb_file *out,
                   struct error *err);
/* The content, or data NULL. */
struct slice deb_member_find(const struct deb_file *deb, const char *name);
