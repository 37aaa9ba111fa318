/* After the files: what maintainer scripts and triggers would do, the status file, the check. */
#include <stdlib.h>
#include <string.h>

#include "patch/ca_store.h"
#include "patch/engine_state.h"
#include "patch/ldconfig.h"
#include "patch/verify.h"

#define STATUS "var/lib/dpkg/status"
#define UCF_HASHES "var/lib/ucf/hashfile"

static void set_owner(struct engine *e, struct node *node, int64_t uid, int64_t gid, uint32_t mode)
{
    struct inode *inode = arena_memdup(e->arena, node->inode, sizeof(*node->inode));

    inode->uid = uid;
    inode->gid = gid;
    if (mode)
        inode->mode = mode;
    if (!inode_equal(inode, node->inode))
        node->inode = inode;
}

struct owner_job {
    struct engine *e;
    int64_t uid, gid;
};

static bool own_below(void *context, const char *path, struct node *node)
{
    struct owner_job *job = context;

    (void)path;
    set_owner(job->e, node, job->uid, job->gid, 0);
    return true;
}

static void do_own(struct engine *e, struct engine_item *item, const struct script_action *action)
{
    struct owner_job job = {.e = e};
    const char *colon = strchr(action->b, ':');
    const char *user =
        colon ? arena_strndup(e->arena, action->b, (size_t)(colon - action->b)) : action->b;
    /* chown -h: the name itself; without it, what it points to */
    const char *real = root_resolve(e->root, e->arena, action->a, !action->below);
    struct node *node = real ? root_find(e->root, real) : NULL;

    if (!node)
        return;
    job.uid = node->inode->uid;
    job.gid = node->inode->gid;
    if (colon && (!identity_find(e->users, e->user_count, user, &job.uid) ||
                  !identity_find(e->groups, e->group_count, colon + 1, &job.gid))) {
        engine_fail(e, item, "script-condition", "its scripts need %s", action->b);
        return;
    }
    set_owner(e, node, job.uid, job.gid, action->mode);
    if (action->below && node->inode->type == ENTRY_DIRECTORY)
        root_each(e->root, node, own_below, &job);
}

/* ucf's registry: "MD5  /path" lines. */
static const char *ucf_hash(struct engine *e, const char *target)
{
    struct slice text = root_content(e->root, UCF_HASHES), line, md5, path;

    while (slice_take_line(&text, &line))
        if (slice_take_word(&line, &md5) && slice_take_word(&line, &path) && slice_is(path, target))
            return slice_string(e->arena, md5);
    return NULL;
}

static void ucf_register(struct engine *e, const char *target, const char *md5)
{
    struct slice text = root_content(e->root, UCF_HASHES), line, old, path;
    struct buf out scoped(buf_release) = {0};

    while (slice_take_line(&text, &line)) {
        struct slice whole = line;
        if (slice_take_word(&line, &old) && slice_take_word(&line, &path) && slice_is(path, target))
            continue;
        buf_put_slice(&out, whole);
        buf_put_byte(&out, '\n');
    }
    buf_printf(&out, "%s  %s\n", md5, target);
    root_put_file(e->root, UCF_HASHES, buf_slice(&out), 0644);
}

static void do_ucf(struct engine *e, struct engine_item *item, const struct script_action *action)
{
    const struct node *template = root_lookup(e->root, action->a);
    const char *real = root_resolve(e->root, e->arena, action->b, true);
    const struct node *target = real ? root_find(e->root, real) : NULL;
    const char *known = ucf_hash(e, action->b);

    if (!template || (template->base && inode_equal(template->inode, template->base)))
        return;
    const char *md5 = template->inode->md5;
    if (known && strcmp(known, md5) == 0)
        return;
    if (!known || !target || target->inode->type != ENTRY_FILE ||
        (strcmp(target->inode->md5, known) != 0 && strcmp(target->inode->md5, md5) != 0)) {
        engine_fail(e, item, "R10-ucf", "%s changed in the image and in the new version",
                    action->b);
        return;
    }
    root_put_file(e->root, real, template->inode->content, 0644);
    ucf_register(e, action->b, md5);
    char *cached = arena_strdup(e->arena, action->b);
    for (char *c = cached; *c; c++)
        *c = *c == '/' ? ':' : *c;
    root_put_file(e->root, arena_printf(e->arena, "var/lib/ucf/cache/%s", cached),
                  template->inode->content, 0644);
}

static struct slice install_part(struct slice unit)
{
    size_t at = slice_find(unit, "[Install]");

    return slice_trim(slice_sub(unit, at, unit.length));
}

static void check_same(struct engine *e, struct engine_item *item, const char *const *folders,
                       size_t count, const char *name, bool unit)
{
    for (size_t i = 0; i < count; i++) {
        const struct node *node =
            root_lookup(e->root, arena_printf(e->arena, "%s/%s", folders[i], name));
        if (!node)
            continue;
        if (node->base && inode_equal(node->inode, node->base))
            return;
        if (unit && node->base && node->base->has_content && node->inode->has_content &&
            slice_equal(install_part(node->base->content), install_part(node->inode->content)))
            return;
        engine_fail(e, item, "script-condition", "%s changes how it is set up", name);
        return;
    }
}

static void drop_files(struct engine *e, struct node *folder, const char *prefix,
                       const char *suffix)
{
    for (struct node *n = folder ? folder->first_child : NULL; n; n = n->next)
        if (n->inode && strncmp(n->name, prefix, strlen(prefix)) == 0 &&
            slice_has_suffix(slice_of(n->name), suffix))
            root_remove(e->root, n);
}

/* Compiled Python of files that changed or went. */
static void drop_bytecode(struct engine *e, struct node *folder)
{
    for (struct node *n = folder->first_child; n; n = n->next) {
        if (n->inode == n->base || !slice_has_suffix(slice_of(n->name), ".py")) {
            if (n->inode && n->inode->type == ENTRY_DIRECTORY)
                drop_bytecode(e, n);
            continue;
        }
        const char *cache = arena_printf(e->arena, "%s/__pycache__", node_path(e->arena, folder));
        const char *stem = arena_printf(e->arena, "%.*s.", (int)(strlen(n->name) - 3), n->name);
        drop_files(e, root_find(e->root, cache), stem, ".pyc");
    }
}

static void keep_below(struct engine *e, struct engine_item *item, struct node *node)
{
    for (struct node *n = node->first_child; n && !item->refused; n = n->next) {
        bool same = n->inode == n->base || (n->inode && n->base && inode_equal(n->inode, n->base));
        if (!same)
            engine_fail(e, item, "script-condition", "/%s changes, and its scripts work on it",
                        node_path(e->arena, n));
        else if (n->inode && n->inode->type == ENTRY_DIRECTORY)
            keep_below(e, item, n);
    }
}

static const char *const unit_folders[] = {"usr/lib/systemd/system", "lib/systemd/system"};
static const char *const tmpfiles_folders[] = {"usr/lib/tmpfiles.d"};
static const char *const sysusers_folders[] = {"usr/lib/sysusers.d"};

static void do_action(struct engine *e, struct engine_item *item,
                      const struct script_action *action)
{
    struct node *node;

    /* What a condition said of the image must be true of the new one too. */
    if (action->verb == DO_NOT_THERE || action->verb == DO_NEED_PATH ||
        action->verb == DO_NOT_COMMAND)
        engine_check_action(e, item, action);
    if (action->verb == DO_OWN) {
        do_own(e, item, action);
    } else if (action->verb == DO_UCF) {
        do_ucf(e, item, action);
    } else if (action->verb == DO_UNIT) {
        check_same(e, item, unit_folders, array_count(unit_folders), action->a, true);
    } else if (action->verb == DO_TMPFILES) {
        check_same(e, item, tmpfiles_folders, 1, action->a, false);
    } else if (action->verb == DO_SYSUSERS) {
        check_same(e, item, sysusers_folders, 1, action->a, false);
    } else if (action->verb == DO_KEEP_BELOW) {
        node = root_lookup(e->root, action->a);
        if (node)
            keep_below(e, item, node);
    } else if (action->verb == DO_DROP_CDS) {
        node = root_lookup(e->root, arena_printf(e->arena, "%s/lib/server", action->a));
        drop_files(e, node, "classes", ".jsa");
    }
}

static bool wants(const struct engine *e, enum script_verb verb, struct engine_item **item)
{
    for (size_t i = 0; i < e->count; i++)
        for (size_t j = 0; j < e->items[i].action_count; j++)
            if (e->items[i].actions[j].verb == verb) {
                *item = &e->items[i];
                return true;
            }
    return false;
}

static void do_stores(struct engine *e)
{
    struct engine_item *item;
    struct error err = {0};
    bool changed = false;

    if (!wants(e, DO_CA_STORE, &item))
        return;
    if (!ca_store_run(e->arena, e->root, &changed, &err) ||
        !java_store_run(e->arena, e->root, &err))
        engine_fail(e, item, "R8-ca-store", "%s", err.text);
}

/* Named triggers whose work is done here or is none inside an image. */
bool engine_trigger_is_known(const char *name)
{
    static const char *const known[] = {"ldconfig", "update-ca-certificates",
                                        "update-ca-certificates-fresh",
                                        "update-ca-certificates-java"};
    for (size_t i = 0; i < array_count(known); i++)
        if (strcmp(known[i], name) == 0)
            return true;
    return false;
}

static void check_named_triggers(struct engine *e, struct engine_item *item)
{
    struct slice text = deb_member_find(&item->deb->file, "triggers"), line, verb, name;

    while (slice_take_line(&text, &line)) {
        if (!slice_take_word(&line, &verb) || !slice_has_prefix(verb, "activate") ||
            !slice_take_word(&line, &name))
            continue;
        const char *trigger = slice_string(e->arena, name);
        if (trigger[0] == '/' || engine_trigger_is_known(trigger))
            continue;
        if (root_content(e->root, arena_printf(e->arena, "var/lib/dpkg/triggers/%s", trigger))
                .length)
            engine_fail(e, item, "R11-trigger", "it activates trigger %s", trigger);
    }
}

/* File triggers that only refresh what nobody keeps in an image, or that restart a service. */
static bool file_trigger_is_idle(const char *package)
{
    static const char *const idle[] = {"man-db", "dbus"};

    for (size_t i = 0; i < array_count(idle); i++)
        if (strncmp(package, idle[i], strlen(idle[i])) == 0)
            return true;
    return false;
}

static bool anything_changed(const struct node *node)
{
    bool same = node->inode == node->base ||
                (node->inode && node->base && inode_equal(node->inode, node->base));

    if (!same)
        return true;
    for (const struct node *n = node->first_child; n; n = n->next)
        if ((n->inode || n->base) && anything_changed(n))
            return true;
    return false;
}

static void check_file_triggers(struct engine *e)
{
    struct slice text = root_content(e->root, "var/lib/dpkg/triggers/File"), line, path, package;

    while (slice_take_line(&text, &line)) {
        if (!slice_take_word(&line, &path) || !slice_take_word(&line, &package))
            continue;
        const char *folder = slice_string(e->arena, path);
        const struct node *node = root_lookup(e->root, folder);
        if (!node || !anything_changed(node) ||
            file_trigger_is_idle(slice_string(e->arena, package)))
            continue;
        const char *real = node_path(e->arena, node);
        for (size_t i = 0; i < e->count; i++)
            for (size_t j = 0; j < e->items[i].new_path_count; j++)
                if (strncmp(e->items[i].new_paths[j], real, strlen(real)) == 0) {
                    engine_fail(e, &e->items[i], "R11-trigger", "a trigger of %.*s works on %s",
                                (int)package.length, package.data, folder);
                    break;
                }
    }
}

static const char *generator(struct engine *e)
{
    const struct dpkg_package *libc = dpkg_find(&e->db, "libc-bin", NULL);

    if (!libc)
        return NULL;
    size_t numbers = strspn(libc->version, "0123456789.");
    return arena_printf(e->arena, "ldconfig (Debian GLIBC %s) stable release version %.*s",
                        libc->version, (int)numbers, libc->version);
}

void engine_finish(struct engine *e)
{
    struct buf status scoped(buf_release) = {0};
    struct engine_item *item;

    for (size_t i = 0; i < e->count; i++) {
        check_named_triggers(e, &e->items[i]);
        for (size_t j = 0; j < e->items[i].action_count; j++)
            do_action(e, &e->items[i], &e->items[i].actions[j]);
    }
    check_file_triggers(e);
    do_stores(e);
    if (wants(e, DO_BYTECODE, &item))
        drop_bytecode(e, &e->root->top);
    ldconfig_run(e->arena, e->root, generator(e));
    dpkg_status_write(&e->db, &status);
    root_put_file(e->root, STATUS, buf_slice(&status), 0644);
    verify_tree(e);
}
