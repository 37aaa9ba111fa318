/* An image's root as a tree in memory: composed from its layers, changed by the engine, written out
 * as one layer. Nothing touches a file system. Content is kept only where `keep` asks for it; every
 * regular file is hashed. Paths are canonical: no "/" before, no "." or "..", no symlink inside. */
#pragma once

#include "base/digest.h"
#include "base/stream.h"
#include "image/layer_walk.h"
#include "image/layer_write.h"

struct elf_facts {      /* of an ELF shared object or program; NULL in an inode that is none */
    const char *soname; /* NULL if it has none */
    const char *const *needed;  /* DT_NEEDED */
    const char *const *runpath; /* DT_RUNPATH or DT_RPATH, split at ':' */
    size_t needed_count, runpath_count;
    uint16_t machine; /* e_machine */
    uint8_t class;    /* 1: 32 bit, 2: 64 bit */
    bool hard_float;  /* EF_ARM_ABI_FLOAT_HARD */
    bool dynamic;     /* has a dynamic section */
};

struct inode {
    enum entry_type type; /* never ENTRY_HARDLINK */
    uint32_t mode;
    int64_t uid, gid, mtime_s, size;
    const char *link; /* symlink */
    uint32_t device_major, device_minor;
    const struct entry_xattr *xattrs;
    size_t xattr_count;
    unsigned char sha256[DIGEST_BYTES];
    char md5[33]; /* hex; regular files */
    struct slice content;
    bool has_content;
    const struct elf_facts *elf;
    size_t layer; /* that brought it; SIZE_MAX: ours */
};

struct node {
    const char *name;
    struct node *parent, *first_child, *next; /* siblings in no order */
    struct node *hash_next;
    struct inode *inode; /* NULL: not there (any more) */
    struct inode *base;  /* as the layers below left it; NULL: they have none */
};

struct root {
    struct arena *arena;
    struct node top;
    struct node **buckets;
    size_t bucket_count, node_count;
    size_t layers; /* applied so far: the caller's count, for root_apply_layer's `layer` */
    bool (*keep)(const char *path); /* NULL: all content */
    int64_t kept_bytes, kept_most;  /* over kept_most: ERROR_INPUT */
};

void root_init(struct root *root, struct arena *arena, bool (*keep)(const char *path));
/* An inflated layer over what is there. Whiteouts and opaque directories act on lower layers only:
 * `layer` must rise from call to call. */
bool root_apply_layer(struct root *root, struct stream *tar, size_t layer, struct error *err);
/* From here on changes count: base = inode everywhere. */
void root_seal(struct root *root);

struct node *root_find(const struct root *root, const char *path); /* NULL: not there */
/* Follows symlinks in the parents (and at the end if `last`) inside the root; what does not exist
 * is taken as written. NULL: more than LIMIT_LINK_HOPS or LIMIT_PATH_BYTES. */
const char *root_resolve(const struct root *root, struct arena *arena, const char *path, bool last);
/* root_resolve with last, then root_find. */
struct node *root_lookup(const struct root *root, const char *path);
/* The content of a kept regular file, symlinks followed; data NULL if there is none. */
struct slice root_content(const struct root *root, const char *path);
const char *node_path(struct arena *arena, const struct node *node);
bool node_has_children(const struct node *node);

/* Puts an inode at a canonical path; missing parents are made 0755 root:root. */
struct node *root_put(struct root *root, const char *path, struct inode *inode);
/* A regular file of ours: keeps mode and owner of what is there, else as given. Same bytes: nothing
 * happens. */
struct node *root_put_file(struct root *root, const char *path, struct slice content,
                           uint32_t mode);
void root_put_symlink(struct root *root, const char *path, const char *target);
void root_remove(struct root *root, struct node *node); /* and what is below */
/* Hashes and looks at ELF headers. */
void inode_set_content(struct arena *arena, struct inode *inode, struct slice content);
bool inode_equal(const struct inode *a, const struct inode *b); /* but for mtime */

/* Reads the facts; NULL if the bytes are no ELF with a sane header. */
const struct elf_facts *elf_read(struct arena *arena, struct slice bytes);

struct root_change {
    struct layer_entry entry;
    const struct inode *inode; /* content, if a file */
};
/* What differs from the base, in layer_entry_compare's order. */
void root_changes(const struct root *root, struct arena *arena, struct root_change **out,
                  size_t *count);
/* The newest time among the changed entries that have one: what entries of ours are dated with. */
int64_t root_epoch(const struct root *root);
bool root_write(const struct root *root, struct layer_writer *writer, size_t *entries,
                struct error *err);
/* Calls visit for every node that exists, parents first, names sorted. */
bool root_each(const struct root *root, const struct node *from,
               bool (*visit)(void *context, const char *path, struct node *node), void *context);
