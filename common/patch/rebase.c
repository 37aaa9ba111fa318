#include "patch/rebase.h"

#include <stdlib.h>
#include <string.h>

#include "patch/ca_store.h"
#include "patch/ldconfig.h"
#include "patch/rebase_state.h"

bool rebase_keeps(const char *path)
{
    return engine_keeps(path);
}

/* Paths that nobody misses: on a conflict the application's stays. */
static bool is_housekeeping(const char *path)
{
    static const char *const below[] = {"var/cache/", "var/log/",          "var/lib/apt/",
                                        "tmp/",       "var/lib/dpkg/lock", "var/tmp/"};

    for (size_t i = 0; i < array_count(below); i++)
        if (strncmp(path, below[i], strlen(below[i])) == 0)
            return true;
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, "-old") == 0;
}

static bool is_store(const char *path)
{
    return strncmp(path, "etc/ssl/certs/", 14) == 0;
}

static const struct inode *inode_at(const struct root *root, const char *path)
{
    const struct node *node = root_find(root, path);

    return node ? node->inode : NULL;
}

static bool same(const struct inode *a, const struct inode *b)
{
    return a == b || (a && b && inode_equal(a, b));
}

static bool same_content(const struct inode *a, const struct inode *b)
{
    if (!a || !b || a->type != b->type)
        return false;
    if (a->type == ENTRY_SYMLINK)
        return strcmp(a->link, b->link) == 0;
    return a->type != ENTRY_FILE ||
           (a->size == b->size && memcmp(a->sha256, b->sha256, DIGEST_BYTES) == 0);
}

static enum package_side side_of(const struct rebase *r, const char *path)
{
    size_t low = 0, high = r->side_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(r->sides[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r->side_count && strcmp(r->sides[low].path, path) == 0 ? r->sides[low].side
                                                                        : SIDE_PATHS;
}

/* New bytes under the application's owner and mode. */
static const struct inode *dressed(struct rebase *r, const struct inode *bytes,
                                   const struct inode *like)
{
    struct inode *out = arena_memdup(r->arena, bytes, sizeof(*bytes));

    out->mode = like->mode;
    out->uid = like->uid;
    out->gid = like->gid;
    out->xattrs = like->xattrs;
    out->xattr_count = like->xattr_count;
    return out;
}

static const struct inode *conflict(struct rebase *r, const char *path, const struct inode *old,
                                    const struct inode *new, const struct inode *app)
{
    if (is_housekeeping(path) || !app)
        return app;
    if (is_store(path)) {
        r->store_conflict = true;
        return app;
    }
    if (strcmp(path, "etc/ld.so.cache") == 0 || rebase_is_merged(path))
        return app; /* made anew below */
    if (same_content(app, old))
        return new ? dressed(r, new, app) : NULL;
    if (same_content(app, new))
        return app;
    engine_refuse(r->arena, r->report, path, "rebase-file",
                  "the application has its own, and the new base changes it");
    return app;
}

static const struct inode *decide(struct rebase *r, const char *path)
{
    const struct inode *old = inode_at(r->old, path), *new = inode_at(r->new, path);
    const struct inode *app = inode_at(r->app, path);
    enum package_side side = side_of(r, path);

    if (side == SIDE_APP)
        return app;
    if (side == SIDE_NEW)
        return new;
    if (side == SIDE_NONE)
        return app && !same(app, old) ? app : NULL;
    if (same(app, old))
        return new;
    if (same(new, old) || same(app, new))
        return app;
    return conflict(r, path, old, new, app);
}

struct names {
    struct arena *arena;
    const char **items;
    size_t count, capacity;
};

static bool add_name(void *context, const char *path, struct node *node)
{
    struct names *names = context;

    (void)node;
    arena_push(names->arena, names->items, names->count, names->capacity);
    names->items[names->count++] = arena_strdup(names->arena, path);
    return true;
}

static void settle(struct rebase *r, const char *path)
{
    const struct inode *want = decide(r, path);
    struct node *have = root_find(r->out, path);

    if (want && (!have || !same(have->inode, want))) {
        if (have && (have->inode->type == ENTRY_DIRECTORY) != (want->type == ENTRY_DIRECTORY)) {
            engine_refuse(r->arena, r->report, path, "rebase-kind",
                          "a directory on one side, a file on the other");
            return;
        }
        root_put(r->out, path, arena_memdup(r->arena, want, sizeof(*want)));
    }
}

/* Deepest first, so that directories are empty when their turn comes. */
static void remove_settled(struct rebase *r, const char *path)
{
    struct node *have = root_find(r->out, path);

    if (have && !decide(r, path) &&
        !(have->inode->type == ENTRY_DIRECTORY && node_has_children(have)))
        root_remove(r->out, have);
}

static void info_of_purged(struct rebase *r)
{
    struct node *folder = root_find(r->out, "var/lib/dpkg/info");

    for (struct node *n = folder ? folder->first_child : NULL; n; n = n->next) {
        const char *dot = n->inode ? strrchr(n->name, '.') : NULL;
        if (!dot)
            continue;
        size_t length = strcspn(n->name, ":");
        if (length > (size_t)(dot - n->name))
            length = (size_t)(dot - n->name);
        const char *package = arena_strndup(r->arena, n->name, length);
        if (dpkg_find(&r->old_db, package, NULL) && !dpkg_find(&r->app_db, package, NULL))
            root_remove(r->out, n);
    }
}

static bool moved(const struct rebase *r, const struct dpkg_package *new)
{
    const struct dpkg_package *old = dpkg_find(&r->old_db, new->name, new->arch);
    const struct dpkg_package *app = dpkg_find(&r->app_db, new->name, new->arch);

    return new->installed &&old &&app && app->installed &&strcmp(old->version, app->version) == 0 &&
           strcmp(old->version, new->version) != 0;
}

/* An upgrade makes a package's folders again where somebody had taken them away (an emptied
 * var/lib/apt/lists, mostly); files that the application deleted stay deleted. */
static void restore_folders(struct rebase *r)
{
    for (size_t i = 0; i < r->new_db.count; i++) {
        const struct dpkg_package *new = &r->new_db.packages[i];
        struct slice text =
            moved(r, new) ? rebase_package_list(r->new, r->arena, new) : (struct slice){0};
        struct slice line;
        while (slice_take_line(&text, &line)) {
            const char *path = root_resolve(r->out, r->arena, slice_string(r->arena, line), false);
            const struct inode *inode = path ? inode_at(r->new, path) : NULL;
            if (inode && inode->type == ENTRY_DIRECTORY && !root_find(r->out, path))
                root_put(r->out, path, arena_memdup(r->arena, inode, sizeof(*inode)));
        }
    }
}

static const char *generator(struct rebase *r)
{
    const struct dpkg_package *libc = dpkg_find(&r->new_db, "libc-bin", NULL);

    return libc ? arena_printf(r->arena, "ldconfig (Debian GLIBC %s) stable release version %.*s",
                               libc->version, (int)strspn(libc->version, "0123456789."),
                               libc->version)
                : NULL;
}

static bool changed_twice(struct rebase *r, const char *path)
{
    const struct inode *old = inode_at(r->old, path);

    return !same(inode_at(r->new, path), old) && !same(inode_at(r->app, path), old);
}

/* A library that an application's program found before must be found now. */
static bool verify_program(void *context, const char *path, struct node *node)
{
    struct rebase *r = context;
    const struct elf_facts *elf = node->inode->elf;
    struct ldconfig_entry *before, *now;
    size_t before_count, now_count;

    if (!elf || same(inode_at(r->new, path), node->inode) ||
        !ldconfig_read(r->arena, root_content(r->app, "etc/ld.so.cache"), &before, &before_count) ||
        !ldconfig_read(r->arena, root_content(r->out, "etc/ld.so.cache"), &now, &now_count))
        return true;
    for (size_t i = 0; i < elf->needed_count; i++) {
        bool was = false, is = false;
        for (size_t j = 0; j < before_count; j++)
            was |= strcmp(before[j].name, elf->needed[i]) == 0;
        for (size_t j = 0; j < now_count; j++)
            is |= strcmp(now[j].name, elf->needed[i]) == 0;
        if (was && !is)
            engine_refuse(
                r->arena, r->report, arena_strdup(r->arena, path), "R14-needed",
                arena_printf(r->arena, "it needs %s, which the new base lacks", elf->needed[i]));
    }
    return true;
}

static void settle_all(struct rebase *r)
{
    struct names names = {.arena = r->arena};
    static const char *const merged[] = {"etc/passwd",
                                         "etc/group",
                                         "etc/shadow",
                                         "etc/gshadow",
                                         "etc/subuid",
                                         "etc/subgid",
                                         "etc/shells",
                                         "etc/ca-certificates.conf",
                                         "var/lib/dpkg/statoverride",
                                         "var/lib/dpkg/triggers/File",
                                         "var/lib/ucf/hashfile"};

    root_each(r->new, NULL, add_name, &names);
    root_each(r->app, NULL, add_name, &names);
    root_each(r->out, NULL, add_name, &names);
    if (names.count)
        qsort(names.items, names.count, sizeof(*names.items), by_text);
    for (size_t i = 0; i < names.count; i++)
        if (!i || strcmp(names.items[i], names.items[i - 1]) != 0)
            settle(r, names.items[i]);
    for (size_t i = names.count; i-- > 0;)
        remove_settled(r, names.items[i]);
    for (size_t i = 0; i < array_count(merged); i++)
        if (changed_twice(r, merged[i]))
            rebase_merge_file(r, merged[i]);
    rebase_merge_status(r);
    info_of_purged(r);
    restore_folders(r);
}

bool rebase_reconcile(struct arena *arena, struct root *old, struct root *new, struct root *app,
                      struct root *out, struct engine_report *report, struct error *err)
{
    struct rebase r = {
        .arena = arena, .old = old, .new = new, .app = app, .out = out, .report = report};
    bool changed;

    if (!rebase_packages(&r, err))
        return false;
    settle_all(&r);
    if (changed_twice(&r, "etc/ld.so.cache"))
        ldconfig_run(arena, out, generator(&r));
    if (r.store_conflict &&
        (!ca_store_run(arena, out, &changed, err) || !java_store_run(arena, out, err)))
        return false;
    root_each(out, NULL, verify_program, &r);
    return true;
}
