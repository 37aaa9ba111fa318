#include "patch/root.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

enum { BUCKETS = 1 << 17 };

void root_init(struct root *root, struct arena *arena, bool (*keep)(const char *path))
{
    *root = (struct root){.arena = arena, .keep = keep, .kept_most = 2LL << 30};
    root->bucket_count = BUCKETS;
    root->buckets = arena_new_array(arena, struct node *, BUCKETS);
    struct inode *top = arena_new_object(arena, struct inode);
    top->type = ENTRY_DIRECTORY;
    top->mode = 0755;
    root->top.name = "";
    root->top.inode = top;
}

static size_t hash_of(const struct node *parent, const char *name, size_t length, size_t buckets)
{
    uint64_t hash = 1469598103934665603ULL ^ ((uintptr_t)parent >> 4);

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * 1099511628211ULL;
    return (size_t)((hash ^ (hash >> 29)) & (buckets - 1));
}

/* Nodes stay where they were made, also without an inode. */
static struct node *child_any(const struct root *root, const struct node *parent, const char *name,
                              size_t length)
{
    size_t slot = hash_of(parent, name, length, root->bucket_count);

    for (struct node *n = root->buckets[slot]; n; n = n->hash_next)
        if (n->parent == parent && strncmp(n->name, name, length) == 0 && !n->name[length])
            return n;
    return NULL;
}

static struct node *child_make(struct root *root, struct node *parent, const char *name,
                               size_t length)
{
    struct node *node = child_any(root, parent, name, length);

    if (node)
        return node;
    node = arena_new_object(root->arena, struct node);
    node->name = arena_strndup(root->arena, name, length);
    node->parent = parent;
    node->next = parent->first_child;
    parent->first_child = node;
    size_t slot = hash_of(parent, name, length, root->bucket_count);
    node->hash_next = root->buckets[slot];
    root->buckets[slot] = node;
    root->node_count++;
    return node;
}

struct node *root_find(const struct root *root, const char *path)
{
    const struct node *node = &root->top;

    while (*path) {
        size_t length = strcspn(path, "/");
        node = child_any(root, node, path, length);
        if (!node || !node->inode)
            return NULL;
        path += length + (path[length] == '/');
    }
    return (struct node *)(uintptr_t)node;
}

/* Splits the rest of a path into `parts` in front of what is still to do. */
const char *root_resolve(const struct root *root, struct arena *arena, const char *path, bool last)
{
    char *todo = arena_strdup(arena, path);
    struct buf done scoped(buf_release) = {0};
    int hops = 0;

    for (;;) {
        while (*todo == '/')
            todo++;
        if (!*todo)
            return arena_strdup(arena, buf_text(&done));
        size_t length = strcspn(todo, "/");
        const char *rest = todo + length;
        while (*rest == '/')
            rest++;
        if (length == 1 && todo[0] == '.') {
            todo += 1;
            continue;
        }
        if (length == 2 && todo[0] == '.' && todo[1] == '.') {
            char *slash = done.length ? strrchr(done.data, '/') : NULL;
            done.length = slash ? (size_t)(slash - done.data) : 0;
            if (done.data)
                done.data[done.length] = '\0';
            todo += 2;
            continue;
        }
        size_t before = done.length;
        if (before)
            buf_put_byte(&done, '/');
        buf_put(&done, todo, length);
        if (done.length > LIMIT_PATH_BYTES)
            return NULL;
        const struct node *node = root_find(root, buf_text(&done));
        if (!node || node->inode->type != ENTRY_SYMLINK || (!*rest && !last)) {
            todo += length;
            continue;
        }
        if (++hops > LIMIT_LINK_HOPS || strlen(node->inode->link) + strlen(rest) > LIMIT_PATH_BYTES)
            return NULL;
        done.length = node->inode->link[0] == '/' ? 0 : before;
        done.data[done.length] = '\0';
        todo = arena_printf(arena, "%s/%s", node->inode->link, rest);
    }
}

struct node *root_lookup(const struct root *root, const char *path)
{
    struct arena *scratch scoped(arena_scope_free) = arena_new();
    const char *real = root_resolve(root, scratch, path, true);

    return real ? root_find(root, real) : NULL;
}

struct slice root_content(const struct root *root, const char *path)
{
    const struct node *node = root_lookup(root, path);

    if (!node || node->inode->type != ENTRY_FILE || !node->inode->has_content)
        return (struct slice){0};
    return node->inode->content.data ? node->inode->content : (struct slice){"", 0};
}

const char *node_path(struct arena *arena, const struct node *node)
{
    if (!node->parent || !node->parent->parent)
        return arena_strdup(arena, node->name);
    return arena_printf(arena, "%s/%s", node_path(arena, node->parent), node->name);
}

bool node_has_children(const struct node *node)
{
    for (const struct node *child = node->first_child; child; child = child->next)
        if (child->inode)
            return true;
    return false;
}

static struct node *make_path(struct root *root, const char *path, size_t layer)
{
    struct node *node = &root->top;

    while (*path) {
        size_t length = strcspn(path, "/");
        if (node != &root->top && (!node->inode || node->inode->type != ENTRY_DIRECTORY)) {
            node->inode = arena_new_object(root->arena, struct inode);
            node->inode->type = ENTRY_DIRECTORY;
            node->inode->mode = 0755;
            node->inode->layer = layer;
        }
        node = child_make(root, node, path, length);
        path += length + (path[length] == '/');
    }
    return node;
}

struct node *root_put(struct root *root, const char *path, struct inode *inode)
{
    struct node *node = make_path(root, path, SIZE_MAX);

    if (inode->type != ENTRY_DIRECTORY)
        root_remove(root, node);
    node->inode = inode;
    return node;
}

void root_remove(struct root *root, struct node *node)
{
    node->inode = NULL;
    for (struct node *child = node->first_child; child; child = child->next)
        if (child->inode)
            root_remove(root, child);
}

struct node *root_put_file(struct root *root, const char *path, struct slice content, uint32_t mode)
{
    struct node *old = root_find(root, path);
    struct inode *inode = arena_new_object(root->arena, struct inode);

    inode->type = ENTRY_FILE;
    inode->mode = mode;
    inode->layer = SIZE_MAX;
    if (old && old->inode->type == ENTRY_FILE) {
        inode->mode = old->inode->mode;
        inode->uid = old->inode->uid;
        inode->gid = old->inode->gid;
        inode->xattrs = old->inode->xattrs;
        inode->xattr_count = old->inode->xattr_count;
    }
    inode_set_content(root->arena, inode, content);
    if (old && inode_equal(old->inode, inode))
        return old;
    return root_put(root, path, inode);
}

void root_put_symlink(struct root *root, const char *path, const char *target)
{
    struct node *old = root_find(root, path);
    struct inode *inode = arena_new_object(root->arena, struct inode);

    inode->type = ENTRY_SYMLINK;
    inode->mode = 0777;
    inode->link = arena_strdup(root->arena, target);
    inode->layer = SIZE_MAX;
    if (!old || !inode_equal(old->inode, inode))
        root_put(root, path, inode);
}

static void seal_below(struct node *node)
{
    node->base = node->inode;
    for (struct node *child = node->first_child; child; child = child->next)
        seal_below(child);
}

void root_seal(struct root *root)
{
    seal_below(&root->top);
}

static bool xattrs_equal(const struct inode *a, const struct inode *b)
{
    if (a->xattr_count != b->xattr_count)
        return false;
    for (size_t i = 0; i < a->xattr_count; i++) {
        bool found = false;
        for (size_t j = 0; j < b->xattr_count && !found; j++)
            found = strcmp(a->xattrs[i].name, b->xattrs[j].name) == 0 &&
                    slice_equal(a->xattrs[i].value, b->xattrs[j].value);
        if (!found)
            return false;
    }
    return true;
}

bool inode_equal(const struct inode *a, const struct inode *b)
{
    if (a == b)
        return true;
    if (a->type != b->type || a->uid != b->uid || a->gid != b->gid || !xattrs_equal(a, b))
        return false;
    if (a->type == ENTRY_SYMLINK)
        return strcmp(a->link, b->link) == 0;
    if (a->mode != b->mode)
        return false;
    if (a->type == ENTRY_FILE)
        return a->size == b->size && memcmp(a->sha256, b->sha256, DIGEST_BYTES) == 0;
    return a->device_major == b->device_major && a->device_minor == b->device_minor;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct node *const *)a)->name, (*(struct node *const *)b)->name);
}

static bool each_below(struct arena *arena, const struct node *from, const char *prefix,
                       bool (*visit)(void *context, const char *path, struct node *node),
                       void *context)
{
    size_t count = 0, at = 0;

    for (const struct node *child = from->first_child; child; child = child->next)
        count += child->inode != NULL;
    struct node **children = arena_new_array(arena, struct node *, count);
    for (struct node *child = from->first_child; child; child = child->next)
        if (child->inode)
            children[at++] = child;
    if (count)
        qsort(children, count, sizeof(*children), by_name);
    for (size_t i = 0; i < count; i++) {
        if (!children[i]->inode)
            continue;
        const char *path =
            *prefix ? arena_printf(arena, "%s/%s", prefix, children[i]->name) : children[i]->name;
        if (!visit(context, path, children[i]) ||
            !each_below(arena, children[i], path, visit, context))
            return false;
    }
    return true;
}

bool root_each(const struct root *root, const struct node *from,
               bool (*visit)(void *context, const char *path, struct node *node), void *context)
{
    struct arena *scratch scoped(arena_scope_free) = arena_new();
    const struct node *start = from ? from : &root->top;

    return each_below(scratch, start, node_path(scratch, start), visit, context);
}
