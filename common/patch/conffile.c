/* Conffiles, three-way by MD5 (patching rule R5): as dpkg with --force-confdef --force-confold. */
#include <string.h>

#include "patch/engine_state.h"

static const struct deb_entry *entry_of(const struct engine_item *item, const char *path)
{
    for (size_t i = 0; i < item->deb->file.entry_count; i++)
        if (strcmp(item->deb->file.entries[i].path, path + 1) == 0)
            return &item->deb->file.entries[i];
    return NULL;
}

static const char *recorded(const struct engine_item *item, const char *path)
{
    for (size_t i = 0; i < item->old_conffile_count; i++)
        if (strcmp(item->old_conffiles[i].path, path) == 0)
            return item->old_conffiles[i].md5;
    return NULL;
}

static void put_as(struct engine *e, const char *path, const struct deb_entry *entry,
                   const struct inode *like)
{
    struct inode *inode = arena_memdup(e->arena, entry->inode, sizeof(*entry->inode));

    identity_find(e->users, e->user_count, entry->user, &inode->uid);
    identity_find(e->groups, e->group_count, entry->group, &inode->gid);
    if (like) {
        inode->mode = like->mode;
        inode->uid = like->uid;
        inode->gid = like->gid;
    }
    root_put(e->root, path, inode);
}

static void decide(struct engine *e, struct engine_item *item, const char *path,
                   const struct deb_entry *entry)
{
    const char *old = recorded(item, path), *new = entry->inode->md5;
    const char *real = root_resolve(e->root, e->arena, path, true);
    const struct node *disk = real ? root_find(e->root, real) : NULL;

    if (!real || (disk && disk->inode->type != ENTRY_FILE)) {
        engine_fail(e, item, "R5-conffile", "%s is no regular file in the image", path);
        return;
    }
    if (!disk && !old) {
        put_as(e, real, entry, NULL);
        return;
    }
    if (old && strcmp(old, new) == 0)
        return; /* the distribution changed nothing */
    if (disk && strcmp(disk->inode->md5, new) == 0)
        return;
    if (disk && old && strcmp(disk->inode->md5, old) == 0) {
        put_as(e, real, entry, disk->inode);
        return;
    }
    put_as(e, arena_printf(e->arena, "%s.dpkg-dist", real), entry, disk ? disk->inode : NULL);
    engine_note(e->arena, e->report, item->deb->name, path,
                disk
                    ? "changed in the image and in the new version: kept, the new one is beside it "
                      "as .dpkg-dist"
                    : "deleted in the image, changed in the new version: left deleted, the new one "
                      "is there as .dpkg-dist");
}

void engine_conffiles(struct engine *e, struct engine_item *item, struct buf *field)
{
    for (size_t i = 0; i < item->conffile_count; i++) {
        const char *path = item->conffiles[i];
        const struct deb_entry *entry = entry_of(item, path);
        if (!entry || !entry->inode || entry->inode->type != ENTRY_FILE) {
            engine_fail(e, item, "R5-conffile", "%s is not among its files", path);
            continue;
        }
        decide(e, item, path, entry);
        buf_printf(field, "%s %s %s", field->length ? "\n" : "", path, entry->inode->md5);
    }
    for (size_t i = 0; i < item->old_conffile_count; i++) {
        const struct dpkg_conffile *old = &item->old_conffiles[i];
        bool still = false;
        for (size_t j = 0; j < item->conffile_count; j++)
            still |= strcmp(item->conffiles[j], old->path) == 0;
        if (!still && root_lookup(e->root, old->path))
            buf_printf(field, "%s %s %s obsolete", field->length ? "\n" : "", old->path, old->md5);
    }
}
