/* Before anything changes: scripts, their conditions, drift, trigger interests. */
#include <stdlib.h>
#include <string.h>

#include "patch/engine_state.h"

static const char *member_info(struct engine *e, const struct engine_item *item, const char *name)
{
    return arena_printf(e->arena, "%s.%s", item->info, name);
}

static bool exists(struct engine *e, const char *path)
{
    return root_lookup(e->root, path) != NULL;
}

static bool alternative_has(struct engine *e, const char *name, const char *path)
{
    struct slice text =
        root_content(e->root, arena_printf(e->arena, "var/lib/dpkg/alternatives/%s", name));
    struct slice line;

    while (slice_take_line(&text, &line))
        if (!path || !*path || slice_is(line, path))
            return true;
    return false;
}

static bool before(const struct engine_item *item, const struct script_action *action)
{
    int order = deb_version_compare(item->old_version, action->a);

    return action->b ? order <= 0 : order < 0;
}

static bool has_command(struct engine *e, const char *name)
{
    static const char *const folders[] = {"usr/local/sbin", "usr/local/bin", "usr/sbin",
                                          "usr/bin",        "sbin",          "bin"};

    for (size_t i = 0; i < array_count(folders); i++)
        if (exists(e, arena_printf(e->arena, "%s/%s", folders[i], name)))
            return true;
    return false;
}

/* A link like etc/rc2.d/S01NAME. */
static bool has_rc_link(struct engine *e, const char *name)
{
    for (char level = '0'; level <= '6'; level++) {
        const struct node *folder =
            root_lookup(e->root, arena_printf(e->arena, "etc/rc%c.d", level));
        for (const struct node *n = folder ? folder->first_child : NULL; n; n = n->next)
            if (n->inode && strlen(n->name) > 3 && strcmp(n->name + 3, name) == 0)
                return true;
    }
    return false;
}

static bool has_override(const struct engine *e, const char *path)
{
    for (size_t i = 0; i < e->override_count; i++)
        if (strcmp(e->overrides[i].path, path) == 0)
            return true;
    return false;
}

static void check_rule(struct engine *e, struct engine_item *item,
                       const struct script_action *action)
{
    const char *a = action->a;
    int64_t id;

    if (action->verb == DO_NEED_GROUP && !identity_find(e->groups, e->group_count, a, &id))
        engine_fail(e, item, "script-condition", "its scripts would add group %s", a);
    else if (action->verb == DO_NOT_COMMAND && has_command(e, a))
        engine_fail(e, item, "script-condition", "its scripts would run %s", a);
    else if (action->verb == DO_NEED_RC && !has_rc_link(e, a))
        engine_fail(e, item, "script-condition", "its scripts would link init script %s", a);
    else if (action->verb == DO_NO_CONFIG && deb_member_find(&item->deb->file, "config").data)
        engine_fail(e, item, "script-condition", "its debconf script would run");
    else if (action->verb == DO_NO_OVERRIDE && has_override(e, a))
        engine_fail(e, item, "script-condition", "its scripts heed the statoverride of %s", a);
    else if (action->verb == DO_TRIGGER && !engine_trigger_is_known(a))
        engine_fail(e, item, "R11-trigger", "its scripts activate trigger %s", a);
}

void engine_check_action(struct engine *e, struct engine_item *item,
                         const struct script_action *action)
{
    const char *a = action->a;
    int64_t id;
    bool looks = action->verb == DO_NOT_DIRECTORY || action->verb == DO_NOT_SYMLINK ||
                 action->verb == DO_NOT_THERE;
    const char *path = looks ? root_resolve(e->root, e->arena, a, false) : NULL;
    struct node *node = path ? root_find(e->root, path) : NULL;

    check_rule(e, item, action);
    if (looks && !path)
        engine_fail(e, item, "script-condition", "its scripts look at %s, which leads nowhere", a);
    if (action->verb == DO_NOT_BEFORE && before(item, action))
        engine_fail(e, item, "guarded-version", "its scripts act when coming from before %s", a);
    else if (action->verb == DO_NEED_PATH && !exists(e, a))
        engine_fail(e, item, "script-condition", "its scripts would make %s", a);
    else if (action->verb == DO_NEED_USER && !identity_find(e->users, e->user_count, a, &id))
        engine_fail(e, item, "script-condition", "its scripts would add user %s", a);
    else if (action->verb == DO_NEED_ALTERNATIVE && !alternative_has(e, a, action->b))
        engine_fail(e, item, "script-condition", "its scripts would register alternative %s", a);
    else if (action->verb == DO_NOT_DIRECTORY && node && node->inode->type == ENTRY_DIRECTORY)
        engine_fail(e, item, "script-condition", "its scripts would make %s a symlink", a);
    else if (action->verb == DO_NOT_SYMLINK && node && node->inode->type == ENTRY_SYMLINK)
        engine_fail(e, item, "script-condition", "its scripts would make %s a directory", a);
    else if (action->verb == DO_NOT_THERE && node)
        engine_fail(e, item, "script-condition", "its scripts would act on %s", a);
}

static void check_script(struct engine *e, struct engine_item *item, enum script_kind kind,
                         struct slice text)
{
    struct script_review review;

    if (!text.data)
        return;
    script_review(e->arena, item->deb->name, kind, text, &review);
    if (!review.known) {
        engine_fail(e, item, "unreviewed-script", "%s%s: nobody reviewed \"%.200s\" (%s)",
                    kind == SCRIPT_PRERM || kind == SCRIPT_POSTRM ? "installed " : "",
                    script_kind_name(kind), review.why, review.digest);
        return;
    }
    for (size_t i = 0; i < review.action_count; i++) {
        engine_check_action(e, item, &review.actions[i]);
        arena_push(e->arena, item->actions, item->action_count, item->action_capacity);
        item->actions[item->action_count++] = review.actions[i];
    }
}

static bool is_conffile(const struct engine_item *item, const char *path)
{
    for (size_t i = 0; i < item->old_conffile_count; i++)
        if (strcmp(item->old_conffiles[i].path + 1, path) == 0)
            return true;
    return false;
}

/* What the installed package says of its files, against the files. */
static void check_drift(struct engine *e, struct engine_item *item)
{
    struct arena *scratch scoped(arena_scope_free) = arena_new();
    struct slice text = root_content(e->root, member_info(e, item, "md5sums")), line, md5;

    while (slice_take_line(&text, &line)) {
        if (!slice_take_word(&line, &md5) || md5.length != 32)
            continue;
        const char *path = slice_string(scratch, slice_trim(line));
        const char *real = root_resolve(e->root, scratch, path, false);
        const struct node *node = real ? root_find(e->root, real) : NULL;
        if (!node || is_conffile(item, path))
            continue;
        bool diverted = false;
        for (size_t i = 0; i < e->diversion_count; i++)
            diverted |= strcmp(e->diversions[i].from + 1, path) == 0 ||
                        strcmp(e->diversion_paths[i], real) == 0;
        if (diverted || node->inode->type != ENTRY_FILE || slice_is(md5, node->inode->md5))
            continue;
        engine_fail(e, item, "R2-drift", "%s is not the file that the package installed", path);
        return;
    }
}

static const char *interests(struct engine *e, struct slice text)
{
    struct buf out scoped(buf_release) = {0};
    struct slice line;

    while (slice_take_line(&text, &line))
        if (slice_has_prefix(slice_trim(line), "interest")) {
            buf_put_slice(&out, slice_trim(line));
            buf_put_byte(&out, '\n');
        }
    return arena_strdup(e->arena, buf_text(&out));
}

void engine_check(struct engine *e)
{
    for (size_t i = 0; i < e->count; i++) {
        struct engine_item *item = &e->items[i];
        const struct deb_file *file = &item->deb->file;
        check_script(e, item, SCRIPT_PREINST, deb_member_find(file, "preinst"));
        check_script(e, item, SCRIPT_POSTINST, deb_member_find(file, "postinst"));
        check_script(e, item, SCRIPT_PRERM, root_content(e->root, member_info(e, item, "prerm")));
        check_script(e, item, SCRIPT_POSTRM, root_content(e->root, member_info(e, item, "postrm")));
        if (strcmp(interests(e, root_content(e->root, member_info(e, item, "triggers"))),
                   interests(e, deb_member_find(file, "triggers"))) != 0)
            engine_fail(e, item, "R11-trigger", "the triggers that it listens to change");
        check_drift(e, item);
    }
}
