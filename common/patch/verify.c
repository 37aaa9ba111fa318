#include "patch/verify.h"

#include <stdlib.h>
#include <string.h>

#include "patch/ldconfig.h"

static void verify_files(struct engine *e, struct engine_item *item)
{
    struct arena *scratch scoped(arena_scope_free) = arena_new();
    struct slice text = deb_member_find(&item->deb->file, "md5sums"), line, md5;

    while (slice_take_line(&text, &line)) {
        if (!slice_take_word(&line, &md5) || md5.length != 32)
            continue;
        const char *path = slice_string(scratch, slice_trim(line));
        const char *listed = arena_printf(scratch, "/%s", path);
        bool skip = dpkg_filters_exclude(&e->filters, listed, false);
        for (size_t i = 0; i < item->conffile_count && !skip; i++)
            skip = strcmp(item->conffiles[i], listed) == 0;
        for (size_t i = 0; i < e->diversion_count && !skip; i++)
            skip = strcmp(e->diversions[i].from, listed) == 0;
        if (skip)
            continue;
        const char *real = root_resolve(e->root, scratch, path, false);
        const struct node *node = real ? root_find(e->root, real) : NULL;
        if (!node || node->inode->type != ENTRY_FILE || !slice_is(md5, node->inode->md5)) {
            engine_fail(e, item, "R14-md5sums", "/%s is not what the package says", path);
            return;
        }
    }
}

struct needs {
    struct engine *e;
    struct ldconfig_entry *cache;
    size_t cache_count;
};

static bool in_folder(const struct root *root, struct arena *arena, const char *folder,
                      const char *name)
{
    return root_lookup(root, arena_printf(arena, "%s/%s", folder, name)) != NULL;
}

static bool found(struct needs *n, struct arena *arena, const char *path,
                  const struct elf_facts *elf, const char *name)
{
    const char *slash = strrchr(path, '/');
    const char *own = arena_strndup(arena, path, slash ? (size_t)(slash - path) : 0);

    for (size_t i = 0; i < n->cache_count; i++)
        if (strcmp(n->cache[i].name, name) == 0 && root_lookup(n->e->root, n->cache[i].path))
            return true;
    if (in_folder(n->e->root, arena, own, name))
        return true;
    for (size_t i = 0; i < elf->runpath_count; i++) {
        const char *folder = elf->runpath[i];
        if (strncmp(folder, "$ORIGIN", 7) == 0)
            folder = arena_printf(arena, "%s%s", own, folder + 7);
        if (in_folder(n->e->root, arena, folder, name))
            return true;
    }
    return false;
}

static bool needed_before(const struct node *node, const char *name)
{
    const struct elf_facts *old = node->base ? node->base->elf : NULL;

    for (size_t i = 0; old && i < old->needed_count; i++)
        if (strcmp(old->needed[i], name) == 0)
            return true;
    return false;
}

static bool verify_needed(void *context, const char *path, struct node *node)
{
    struct needs *n = context;
    const struct elf_facts *elf = node->inode->elf;

    if (!elf || node->inode == node->base)
        return true;
    struct arena *scratch scoped(arena_scope_free) = arena_new();
    for (size_t i = 0; i < elf->needed_count; i++)
        if (!found(n, scratch, path, elf, elf->needed[i]) && !needed_before(node, elf->needed[i])) {
            for (size_t j = 0; j < n->e->count; j++)
                if (text_in(n->e->items[j].new_paths, n->e->items[j].new_path_count, path)) {
                    engine_fail(n->e, &n->e->items[j], "R14-needed",
                                "/%s needs %s, which is not there", path, elf->needed[i]);
                    break;
                }
        }
    return true;
}

void verify_tree(struct engine *e)
{
    struct needs needs = {.e = e};
    struct dpkg_db db;
    struct error err = {0};
    struct slice cache = root_content(e->root, "etc/ld.so.cache");

    for (size_t i = 0; i < e->count; i++)
        verify_files(e, &e->items[i]);
    if (ldconfig_read(e->arena, cache, &needs.cache, &needs.cache_count))
        root_each(e->root, NULL, verify_needed, &needs);
    if (!dpkg_status_parse(e->arena, root_content(e->root, "var/lib/dpkg/status"), &db, &err)) {
        for (size_t i = 0; i < e->count; i++)
            engine_fail(e, &e->items[i], "R14-database", "%s", err.text);
        return;
    }
    for (size_t i = 0; i < e->count; i++) {
        const struct dpkg_package *now =
            dpkg_find(&db, e->items[i].deb->name, e->items[i].deb->arch);
        if (!now || strcmp(now->version, e->items[i].deb->version) != 0)
            engine_fail(e, &e->items[i], "R14-database", "the database does not say %s",
                        e->items[i].deb->version);
    }
}
