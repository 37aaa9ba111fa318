/* dpkg's database of one upgraded package (patching rule R4). */
#include <string.h>

#include "patch/engine_state.h"

#define INFO "var/lib/dpkg/info"

/* Old members of the package: INFO/NAME.MEMBER, where MEMBER holds no dot. */
static void drop_members(struct engine *e, const struct engine_item *item)
{
    struct node *folder = root_find(e->root, INFO);
    const char *name = strrchr(item->info, '/') + 1;
    size_t length = strlen(name);

    for (struct node *n = folder ? folder->first_child : NULL; n; n = n->next) {
        if (!n->inode || strncmp(n->name, name, length) != 0 || n->name[length] != '.')
            continue;
        const char *member = n->name + length + 1;
        if (strchr(member, '.') || strcmp(member, "list") == 0 ||
            deb_member_find(&item->deb->file, member).data)
            continue;
        root_remove(e->root, n);
    }
}

static const struct deb_entry *entry_find(const struct deb_file *file, const char *path)
{
    for (size_t i = 0; i < file->entry_count; i++)
        if (strcmp(file->entries[i].path, path) == 0)
            return &file->entries[i];
    return NULL;
}

/* dpkg makes the list of sums itself where a package brings none: of all that it unpacked. */
static void make_md5sums(struct engine *e, struct engine_item *item)
{
    struct buf out scoped(buf_release) = {0};
    const struct deb_file *file = &item->deb->file;

    if (deb_member_find(file, "md5sums").data)
        return;
    for (size_t i = 0; i < file->entry_count; i++) {
        const struct deb_entry *entry = &file->entries[i], *target = entry;
        const char *listed = arena_printf(e->arena, "/%s", entry->path);
        bool skip = dpkg_filters_exclude(&e->filters, listed, false);
        if (entry->link)
            target = entry_find(file, entry->link);
        if (!skip && target && target->inode && target->inode->type == ENTRY_FILE)
            buf_printf(&out, "%s  %s\n", target->inode->md5, entry->path);
    }
    if (out.length)
        root_put_file(e->root, arena_printf(e->arena, "%s.md5sums", item->info), buf_slice(&out),
                      0644);
}

void engine_database(struct engine *e, struct engine_item *item)
{
    struct buf list scoped(buf_release) = {0};
    struct buf field scoped(buf_release) = {0};
    const struct deb_file *file = &item->deb->file;

    drop_members(e, item);
    for (size_t i = 0; i < file->member_count; i++) {
        const struct deb_member *member = &file->members[i];
        if (strcmp(member->name, "control") == 0)
            continue;
        struct inode *inode = arena_new_object(e->arena, struct inode);
        inode->type = ENTRY_FILE;
        inode->mode = member->mode;
        inode->mtime_s = member->mtime_s;
        inode->layer = SIZE_MAX;
        inode_set_content(e->arena, inode, member->content);
        const char *path = arena_printf(e->arena, "%s.%s", item->info, member->name);
        const struct node *old = root_find(e->root, path);
        if (!old || !inode_equal(old->inode, inode))
            root_put(e->root, path, inode);
    }
    make_md5sums(e, item);
    for (size_t i = 0; i < item->new_list_count; i++)
        buf_printf(&list, "%s\n", item->new_list[i]);
    engine_conffiles(e, item, &field);
    for (size_t i = 0; i < item->old_conffile_count; i++) {
        const char *path = item->old_conffiles[i].path;
        bool listed = false;
        for (size_t j = 0; j < item->new_list_count && !listed; j++)
            listed = strcmp(item->new_list[j], path) == 0;
        if (!listed && root_lookup(e->root, path))
            buf_printf(&list, "%s\n", path);
    }
    root_put_file(e->root, arena_printf(e->arena, "%s.list", item->info), buf_slice(&list), 0644);
    struct slice control = deb_member_find(file, "control");
    const char *stanza = dpkg_stanza(e->arena, control, buf_text(&field));
    if (!dpkg_package_read(e->arena, slice_of(stanza), item->old))
        engine_fail(e, item, "R4-database", "its control file is no stanza");
}
