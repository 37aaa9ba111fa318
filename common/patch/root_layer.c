/* Layers into the tree, the tree's changes into a layer. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "patch/root.h"

/* A library or program must be seen whole for its facts; beyond this it is hashed only. */
#define ELF_WHOLE_BYTES (256LL << 20)

static void hash_content(struct slice content, struct inode *inode)
{
    unsigned char md5[16];

    EVP_Digest(content.data ? content.data : "", content.length, inode->sha256, NULL, EVP_sha256(),
               NULL);
    EVP_Digest(content.data ? content.data : "", content.length, md5, NULL, EVP_md5(), NULL);
    hex_encode(md5, sizeof(md5), inode->md5);
}

void inode_set_content(struct arena *arena, struct inode *inode, struct slice content)
{
    inode->size = (int64_t)content.length;
    inode->content =
        (struct slice){arena_memdup(arena, content.data, content.length), content.length};
    inode->has_content = true;
    hash_content(content, inode);
    inode->elf = elf_read(arena, inode->content);
}

struct hasher {
    EVP_MD_CTX *sha256, *md5;
};

static void hasher_release(struct hasher *h)
{
    EVP_MD_CTX_free(h->sha256);
    EVP_MD_CTX_free(h->md5);
}

static bool looks_elf(struct slice s)
{
    return s.length >= 4 && memcmp(s.data, "\177ELF", 4) == 0;
}

static bool read_content(struct root *root, struct layer_walk *walk, const char *path,
                         struct inode *inode, struct error *err)
{
    struct hasher h scoped(hasher_release) = {EVP_MD_CTX_new(), EVP_MD_CTX_new()};
    struct buf whole scoped(buf_release) = {0};
    bool keep = !root->keep || root->keep(path), first = true, elf = false;
    struct slice block;
    unsigned char md5[16];

    EVP_DigestInit_ex(h.sha256, EVP_sha256(), NULL);
    EVP_DigestInit_ex(h.md5, EVP_md5(), NULL);
    inode->size = 0;
    for (;;) {
        if (!layer_walk_read_block(walk, &block, err))
            return false;
        if (!block.length)
            break;
        if (first)
            elf = looks_elf(block);
        first = false;
        EVP_DigestUpdate(h.sha256, block.data, block.length);
        EVP_DigestUpdate(h.md5, block.data, block.length);
        inode->size += (int64_t)block.length;
        if (keep && (root->kept_bytes += (int64_t)block.length) > root->kept_most)
            return error_set(err, ERROR_INPUT, "more than %lld bytes to hold",
                             (long long)root->kept_most);
        if (keep || (elf && inode->size < ELF_WHOLE_BYTES))
            buf_put_slice(&whole, block);
    }
    EVP_DigestFinal_ex(h.sha256, inode->sha256, NULL);
    EVP_DigestFinal_ex(h.md5, md5, NULL);
    hex_encode(md5, sizeof(md5), inode->md5);
    if ((int64_t)whole.length == inode->size)
        inode->elf = elf_read(root->arena, buf_slice(&whole));
    if (keep) {
        inode->content =
            (struct slice){arena_memdup(root->arena, whole.data, whole.length), whole.length};
        inode->has_content = true;
    }
    return true;
}

static struct inode *inode_of(struct root *root, const struct layer_entry *entry, size_t layer)
{
    struct inode *inode = arena_new_object(root->arena, struct inode);

    inode->type = entry->type;
    inode->mode = entry->mode;
    inode->uid = entry->uid;
    inode->gid = entry->gid;
    inode->mtime_s = entry->mtime_s;
    inode->device_major = entry->device_major;
    inode->device_minor = entry->device_minor;
    inode->layer = layer;
    if (entry->type == ENTRY_SYMLINK)
        inode->link = arena_strdup(root->arena, entry->link);
    struct entry_xattr *xattrs =
        arena_new_array(root->arena, struct entry_xattr, entry->xattr_count);
    for (size_t i = 0; i < entry->xattr_count; i++) {
        struct slice value = entry->xattrs[i].value;
        xattrs[i].name = arena_strdup(root->arena, entry->xattrs[i].name);
        xattrs[i].value =
            (struct slice){arena_memdup(root->arena, value.data, value.length), value.length};
    }
    inode->xattrs = xattrs;
    inode->xattr_count = entry->xattr_count;
    return inode;
}

/* Takes away what layers below `layer` left. */
static void remove_lower(struct root *root, struct node *node, size_t layer)
{
    for (struct node *child = node->first_child; child; child = child->next)
        if (child->inode)
            remove_lower(root, child, layer);
    if (node->inode && node->inode->layer < layer && !node_has_children(node))
        node->inode = NULL;
}

static void apply_whiteout(struct root *root, const struct layer_entry *entry, size_t layer)
{
    struct node *node = root_find(root, entry->path);

    if (!node)
        return;
    if (entry->whiteout) {
        remove_lower(root, node, layer);
        return;
    }
    for (struct node *child = node->first_child; child; child = child->next)
        if (child->inode)
            remove_lower(root, child, layer);
}

static bool apply_entry(struct root *root, struct layer_walk *walk, const struct layer_entry *entry,
                        size_t layer, struct error *err)
{
    if (entry->whiteout || entry->opaque) {
        apply_whiteout(root, entry, layer);
        return true;
    }
    if (entry->type == ENTRY_HARDLINK) {
        struct node *peer = root_find(root, entry->link);
        if (peer && peer->inode->type != ENTRY_DIRECTORY && *entry->path)
            root_put(root, entry->path, peer->inode);
        return true;
    }
    struct inode *inode = inode_of(root, entry, layer);
    if (!*entry->path) {
        if (entry->type == ENTRY_DIRECTORY)
            root->top.inode = inode;
        return true;
    }
    if (entry->type == ENTRY_FILE && !read_content(root, walk, entry->path, inode, err))
        return error_wrap(err, "%s", entry->path);
    root_put(root, entry->path, inode);
    return true;
}

bool root_apply_layer(struct root *root, struct stream *tar, size_t layer, struct error *err)
{
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    const struct layer_entry *entry;

    if (!layer_walk_open(tar, NULL, &walk, err))
        return false;
    for (;;) {
        if (!layer_walk_next(walk, &entry, err))
            return false;
        if (!entry)
            return true;
        if (!apply_entry(root, walk, entry, layer, err))
            return false;
    }
}

struct changes {
    struct arena *arena;
    struct root_change *items;
    size_t count, capacity;
};

static struct layer_entry *push_change(struct changes *out, const char *path,
                                       const struct inode *inode)
{
    arena_push(out->arena, out->items, out->count, out->capacity);
    struct root_change *change = &out->items[out->count++];
    *change = (struct root_change){.inode = inode};
    change->entry.path = path;
    change->entry.link = change->entry.user = change->entry.group = "";
    return &change->entry;
}

static void push_inode(struct changes *out, const char *path, const struct inode *inode)
{
    struct layer_entry *entry = push_change(out, path, inode);

    entry->type = inode->type;
    entry->mode = inode->mode;
    entry->uid = inode->uid;
    entry->gid = inode->gid;
    entry->mtime_s = inode->mtime_s;
    entry->size = inode->type == ENTRY_FILE ? inode->size : 0;
    entry->device_major = inode->device_major;
    entry->device_minor = inode->device_minor;
    entry->xattrs = inode->xattrs;
    entry->xattr_count = inode->xattr_count;
    if (inode->type == ENTRY_SYMLINK)
        entry->link = inode->link;
    for (size_t i = 0; i + 1 < out->count && inode->type == ENTRY_FILE; i++)
        if (out->items[i].inode == inode && out->items[i].entry.type == ENTRY_FILE) {
            /* The first by name stays the file: names come in sorted order. */
            entry->type = ENTRY_HARDLINK;
            entry->link = out->items[i].entry.path;
            entry->size = 0;
            return;
        }
}

static int by_name_of_node(const void *a, const void *b)
{
    return strcmp((*(struct node *const *)a)->name, (*(struct node *const *)b)->name);
}

static void changes_below(struct changes *out, const struct node *node, const char *prefix,
                          bool base_there)
{
    size_t count = 0, at = 0;

    for (const struct node *child = node->first_child; child; child = child->next)
        count++;
    struct node **children = arena_new_array(out->arena, struct node *, count);
    for (struct node *child = node->first_child; child; child = child->next)
        children[at++] = child;
    if (count)
        qsort(children, count, sizeof(*children), by_name_of_node);
    for (size_t i = 0; i < count; i++) {
        const struct node *child = children[i];
        const struct inode *base = base_there ? child->base : NULL;
        const char *path =
            *prefix ? arena_printf(out->arena, "%s/%s", prefix, child->name) : child->name;
        if (!child->inode) {
            if (base) {
                struct layer_entry *entry = push_change(out, path, NULL);
                entry->type = ENTRY_FILE;
                entry->whiteout = true;
            }
            continue;
        }
        if (!base || !inode_equal(base, child->inode))
            push_inode(out, path, child->inode);
        if (child->inode->type == ENTRY_DIRECTORY)
            changes_below(out, child, path, base && base->type == ENTRY_DIRECTORY);
    }
}

static int by_entry(const void *a, const void *b)
{
    const struct root_change *x = a, *y = b;

    return layer_entry_compare(&x->entry, &y->entry);
}

void root_changes(const struct root *root, struct arena *arena, struct root_change **out,
                  size_t *count)
{
    struct changes changes = {.arena = arena};

    changes_below(&changes, &root->top, "", true);
    if (changes.count)
        qsort(changes.items, changes.count, sizeof(*changes.items), by_entry);
    *out = changes.items;
    *count = changes.count;
}

int64_t root_epoch(const struct root *root)
{
    struct arena *scratch scoped(arena_scope_free) = arena_new();
    struct root_change *changes;
    size_t count;
    int64_t newest = 0;

    root_changes(root, scratch, &changes, &count);
    for (size_t i = 0; i < count; i++)
        if (changes[i].entry.mtime_s > newest)
            newest = changes[i].entry.mtime_s;
    return newest;
}

bool root_write(const struct root *root, struct layer_writer *writer, size_t *entries,
                struct error *err)
{
    struct arena *scratch scoped(arena_scope_free) = arena_new();
    struct root_change *changes;

    int64_t epoch = root_epoch(root);

    root_changes(root, scratch, &changes, entries);
    for (size_t i = 0; i < *entries; i++) {
        struct root_change *change = &changes[i];
        if (!change->entry.mtime_s)
            change->entry.mtime_s = epoch;
        if (!layer_writer_entry(writer, &change->entry, err))
            return false;
        if (change->entry.type != ENTRY_FILE || change->entry.whiteout || !change->entry.size)
            continue;
        if (!change->inode->has_content)
            return error_set(err, ERROR_FATAL, "%s: its content was not kept", change->entry.path);
        if (!layer_writer_data(writer, change->inode->content.data, change->inode->content.length,
                               err))
            return false;
    }
    return true;
}
