/* Files in, old files out, as dpkg does it (patching rules R3, R6, R12). */
#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "patch/engine_state.h"

enum { SET_ID_BITS = 06000 };

/* Where this package's file of that name goes: a diversion by someone else moves it. */
static const char *diverted(struct engine *e, const struct engine_item *item, const char *path)
{
    for (size_t i = 0; i < e->diversion_count; i++)
        if ((strcmp(e->diversions[i].from + 1, path) == 0 ||
             strcmp(e->diversion_paths[i], path) == 0) &&
            strcmp(e->diversions[i].package, item->deb->name) != 0)
            return e->diversions[i].to + 1;
    return path;
}

static bool conffile_of(const struct engine_item *item, const char *path)
{
    for (size_t i = 0; i < item->conffile_count; i++)
        if (strcmp(item->conffiles[i] + 1, path) == 0)
            return true;
    return false;
}

static void own(struct engine *e, const struct deb_entry *entry, struct inode *inode)
{
    identity_find(e->users, e->user_count, entry->user, &inode->uid);
    identity_find(e->groups, e->group_count, entry->group, &inode->gid);
    for (size_t i = 0; i < e->override_count; i++) {
        const struct dpkg_override *override = &e->overrides[i];
        if (strcmp(override->path + 1, entry->path) != 0)
            continue;
        inode->mode = override->mode;
        if (override->user[0] == '#')
            inode->uid = (int64_t)strtoul(override->user + 1, NULL, 10);
        else
            identity_find(e->users, e->user_count, override->user, &inode->uid);
        if (override->group[0] == '#')
            inode->gid = (int64_t)strtoul(override->group + 1, NULL, 10);
        else
            identity_find(e->groups, e->group_count, override->group, &inode->gid);
    }
}

/* R6: owners, set-id bits and capabilities that somebody gave the old file outlive it. */
static void carry(struct engine *e, struct engine_item *item, const char *path,
                  const struct inode *old, struct inode *new)
{
    bool special = (old->mode & SET_ID_BITS) || old->uid || old->gid || old->xattr_count;

    if (old->type != ENTRY_FILE || new->type != ENTRY_FILE || !special ||
        (old->mode == new->mode && old->uid == new->uid && old->gid == new->gid &&
         !old->xattr_count))
        return;
    if ((old->mode & SET_ID_BITS & ~new->mode) || old->xattr_count)
        engine_note(e->arena, e->report, item->deb->name, path,
                    "special bits or capabilities of the old file are kept");
    new->mode = old->mode;
    new->uid = old->uid;
    new->gid = old->gid;
    new->xattrs = old->xattrs;
    new->xattr_count = old->xattr_count;
}

static bool replaces(const struct engine_item *item, const char *package)
{
    struct slice rest = dpkg_field(deb_member_find(&item->deb->file, "control"), "Replaces"), part;

    while (slice_take_until(&rest, ',', &part)) {
        struct slice name;
        if (slice_take_word(&part, &name) && slice_is(name, package))
            return true;
    }
    return false;
}

static bool allowed(struct engine *e, struct engine_item *item, const char *path,
                    const struct node *old)
{
    const struct owned key = {.path = path};
    size_t low = 0, high = e->owned_count;

    if (old && old->inode->type == ENTRY_DIRECTORY) {
        engine_fail(e, item, "R3-kind", "/%s is a directory in the image", path);
        return false;
    }
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(e->owned[middle].path, key.path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == e->owned_count || strcmp(e->owned[low].path, path) != 0)
        return true;
    const struct dpkg_package *owner = &e->db.packages[e->owned[low].package];
    if (!old || strcmp(owner->name, item->deb->name) == 0 || replaces(item, owner->name))
        return true;
    engine_fail(e, item, "R3-conflict", "/%s belongs to package %s", path, owner->name);
    return false;
}

static void put_directory(struct engine *e, struct engine_item *item, const struct deb_entry *entry)
{
    const char *real = root_resolve(e->root, e->arena, entry->path, true);
    const struct node *node = real ? root_find(e->root, real) : NULL;

    if (!real || (node && node->inode->type != ENTRY_DIRECTORY)) {
        engine_fail(e, item, "R3-kind", "/%s is no directory in the image", entry->path);
        return;
    }
    arena_push(e->arena, item->new_paths, item->new_path_count, item->new_path_capacity);
    item->new_paths[item->new_path_count++] = real;
    if (node)
        return;
    struct inode *inode = arena_memdup(e->arena, entry->inode, sizeof(*entry->inode));
    own(e, entry, inode);
    root_put(e->root, real, inode);
}

static void put_other(struct engine *e, struct engine_item *item, const struct deb_entry *entry)
{
    const char *wanted = diverted(e, item, entry->path);
    const char *real = root_resolve(e->root, e->arena, wanted, false);

    if (!real) {
        engine_fail(e, item, "R3-kind", "/%s: too many links", entry->path);
        return;
    }
    arena_push(e->arena, item->new_paths, item->new_path_count, item->new_path_capacity);
    item->new_paths[item->new_path_count++] = real;
    if (conffile_of(item, entry->path))
        return;
    const struct node *old = root_find(e->root, real);
    if (entry->inode && entry->inode->type == ENTRY_SYMLINK && old &&
        old->inode->type == ENTRY_DIRECTORY)
        return;
    if (!allowed(e, item, real, old))
        return;
    if (entry->link) {
        const char *peer = root_resolve(e->root, e->arena, diverted(e, item, entry->link), false);
        const struct node *first = peer ? root_find(e->root, peer) : NULL;
        if (!first || first->inode->type == ENTRY_DIRECTORY)
            engine_fail(e, item, "R3-kind", "/%s: hard link to nothing", entry->path);
        else
            root_put(e->root, real, first->inode);
        return;
    }
    struct inode *inode = arena_memdup(e->arena, entry->inode, sizeof(*entry->inode));
    own(e, entry, inode);
    if (old)
        carry(e, item, entry->path, old->inode, inode);
    if (!old || !inode_equal(old->inode, inode))
        root_put(e->root, real, inode);
}

static void read_conffiles(struct engine *e, struct engine_item *item)
{
    struct slice text = deb_member_find(&item->deb->file, "conffiles"), line, word;

    while (slice_take_line(&text, &line)) {
        if (!slice_take_word(&line, &word))
            continue;
        if (slice_is(word, "remove-on-upgrade") || word.data[0] != '/') {
            engine_fail(e, item, "R5-conffile", "its conffiles member says %.*s", (int)word.length,
                        word.data);
            continue;
        }
        arena_push(e->arena, item->conffiles, item->conffile_count, item->conffile_capacity);
        item->conffiles[item->conffile_count++] = slice_string(e->arena, word);
    }
}

void engine_unpack(struct engine *e, struct engine_item *item)
{
    const struct deb_file *file = &item->deb->file;

    read_conffiles(e, item);
    item->new_list = arena_new_array(e->arena, const char *, file->entry_count + 1);
    for (size_t i = 0; i < file->entry_count; i++) {
        const struct deb_entry *entry = &file->entries[i];
        const char *listed = *entry->path ? arena_printf(e->arena, "/%s", entry->path) : "/.";
        bool directory = entry->inode && entry->inode->type == ENTRY_DIRECTORY;
        item->new_list[item->new_list_count++] = listed;
        if (!*entry->path || dpkg_filters_exclude(&e->filters, listed, directory))
            continue;
        if (directory)
            put_directory(e, item, entry);
        else
            put_other(e, item, entry);
    }
}

static int by_path(const void *key, const void *item)
{
    return strcmp(key, ((const struct owned *)item)->path);
}

static bool owned_by_other(const struct engine *e, const char *path)
{
    return sorted_find(path, e->owned, e->owned_count, sizeof(*e->owned), by_path);
}

void engine_remove_old(struct engine *e, struct engine_item *item)
{
    for (size_t i = item->old_list_count; i-- > 0;) {
        const char *path = item->old_list[i];
        const char *real = root_resolve(e->root, e->arena, diverted(e, item, path), false);
        bool keep = !real || owned_by_other(e, path);
        for (size_t j = 0; j < e->count && !keep; j++)
            keep = text_in(e->items[j].new_paths, e->items[j].new_path_count, real);
        for (size_t j = 0; j < item->old_conffile_count && !keep; j++)
            keep = strcmp(item->old_conffiles[j].path + 1, path) == 0;
        if (keep)
            continue;
        struct node *node = root_find(e->root, real);
        if (node && !(node->inode->type == ENTRY_DIRECTORY && node_has_children(node)))
            root_remove(e->root, node);
    }
}
