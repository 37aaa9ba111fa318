/* The databases that an application's layers restate whole: three-way, line by line or package by
 * package. */
#include <stdlib.h>
#include <string.h>

#include "patch/rebase_state.h"

#define STATUS "var/lib/dpkg/status"
#define INFO "var/lib/dpkg/info/"

enum line_key { KEY_COLON, KEY_LINE, KEY_LAST_WORD };

static const struct {
    const char *path;
    enum line_key key;
} line_files[] = {
    {"etc/passwd", KEY_COLON},
    {"etc/group", KEY_COLON},
    {"etc/shadow", KEY_COLON},
    {"etc/gshadow", KEY_COLON},
    {"etc/subuid", KEY_COLON},
    {"etc/subgid", KEY_COLON},
    {"etc/shells", KEY_LINE},
    {"etc/ca-certificates.conf", KEY_LINE},
    {"var/lib/dpkg/statoverride", KEY_LAST_WORD},
    {"var/lib/dpkg/triggers/File", KEY_LINE},
    {"var/lib/ucf/hashfile", KEY_LAST_WORD},
};

bool rebase_is_merged(const char *path)
{
    for (size_t i = 0; i < array_count(line_files); i++)
        if (strcmp(line_files[i].path, path) == 0)
            return true;
    return strcmp(path, STATUS) == 0;
}

struct keyed {
    struct slice key, line;
};

struct lines {
    struct keyed *items;
    size_t count, capacity;
};

static struct slice key_of(struct slice line, enum line_key kind)
{
    struct slice word, last = line;

    if (kind == KEY_COLON)
        return slice_sub(line, 0, slice_find_byte(line, ':'));
    if (kind == KEY_LINE)
        return line;
    while (slice_take_word(&line, &word))
        last = word;
    return last;
}

static void lines_of(struct arena *arena, struct slice text, enum line_key kind, struct lines *out)
{
    struct slice line;

    *out = (struct lines){0};
    while (slice_take_line(&text, &line)) {
        arena_push(arena, out->items, out->count, out->capacity);
        out->items[out->count++] = (struct keyed){key_of(line, kind), line};
    }
}

static const struct keyed *line_find(const struct lines *lines, struct slice key)
{
    for (size_t i = 0; i < lines->count; i++)
        if (slice_equal(lines->items[i].key, key))
            return &lines->items[i];
    return NULL;
}

static bool same_line(const struct keyed *a, const struct keyed *b)
{
    return a == b || (a && b && slice_equal(a->line, b->line));
}

/* The id field of a line that only one side has, against the other side's new lines. */
static bool id_clash(const struct lines *app, const struct lines *new, const struct lines *old)
{
    for (size_t i = 0; i < app->count; i++) {
        struct slice line = app->items[i].line, skip, id;
        if (line_find(old, app->items[i].key) || line_find(new, app->items[i].key))
            continue;
        slice_take_until(&line, ':', &skip);
        slice_take_until(&line, ':', &skip);
        if (!slice_take_until(&line, ':', &id))
            continue;
        for (size_t j = 0; j < new->count; j++) {
            struct slice other = new->items[j].line, other_id = {0};
            slice_take_until(&other, ':', &skip);
            slice_take_until(&other, ':', &skip);
            slice_take_until(&other, ':', &other_id);
            if (!line_find(old, new->items[j].key) && slice_equal(id, other_id))
                return true;
        }
    }
    return false;
}

static bool merge_lines(struct rebase *r, const char *path, enum line_key kind, struct buf *out)
{
    struct lines old, new, app;

    lines_of(r->arena, root_content(r->old, path), kind, &old);
    lines_of(r->arena, root_content(r->new, path), kind, &new);
    lines_of(r->arena, root_content(r->app, path), kind, &app);
    if ((strcmp(path, "etc/passwd") == 0 || strcmp(path, "etc/group") == 0) &&
        id_clash(&app, &new, &old))
        return false;
    for (size_t i = 0; i < app.count; i++) {
        const struct keyed *a = &app.items[i], *o = line_find(&old, a->key);
        const struct keyed *n = line_find(&new, a->key), *pick = a;
        if (same_line(a, o))
            pick = n;
        else if (!same_line(n, o) && !same_line(a, n))
            return false;
        if (pick) {
            buf_put_slice(out, pick->line);
            buf_put_byte(out, '\n');
        }
    }
    for (size_t i = 0; i < new.count; i++) {
        const struct keyed *n = &new.items[i], *o = line_find(&old, n->key);
        if (line_find(&app, n->key))
            continue;
        if (o && same_line(n, o))
            continue; /* the application took it away */
        if (o)
            return false;
        buf_put_slice(out, n->line);
        buf_put_byte(out, '\n');
    }
    return true;
}

void rebase_merge_file(struct rebase *r, const char *path)
{
    struct buf out scoped(buf_release) = {0};

    for (size_t i = 0; i < array_count(line_files); i++) {
        if (strcmp(line_files[i].path, path) != 0)
            continue;
        if (!merge_lines(r, path, line_files[i].key, &out))
            engine_refuse(r->arena, r->report, path, "rebase-database",
                          "the application and the new base both changed it, and not alike");
        else
            root_put_file(r->out, path, buf_slice(&out), 0644);
    }
}

static const struct dpkg_package *installed(const struct dpkg_db *db,
                                            const struct dpkg_package *like)
{
    const struct dpkg_package *found = dpkg_find(db, like->name, like->arch);

    return found && strstr(found->status, " config-files") == NULL &&
                   strstr(found->status, " not-installed") == NULL
               ? found
               : NULL;
}

struct slice rebase_package_list(const struct root *root, struct arena *scratch,
                                 const struct dpkg_package *package)
{
    struct slice text =
        root_content(root, arena_printf(scratch, INFO "%s:%s.list", package->name, package->arch));

    return text.data ? text
                     : root_content(root, arena_printf(scratch, INFO "%s.list", package->name));
}

/* "/lib" of a list whose next line is "/lib/x": a folder by another name, not the package's link.
 */
static bool is_folder(const struct root *root, struct slice text, const char *path,
                      const struct node *node)
{
    struct slice line;
    size_t length = strlen(path);

    if (node->inode->type == ENTRY_DIRECTORY)
        return true;
    const struct node *target = node->inode->type == ENTRY_SYMLINK ? root_lookup(root, path) : NULL;
    if (!target || target->inode->type != ENTRY_DIRECTORY)
        return false;
    while (slice_take_line(&text, &line))
        if (line.length > length && line.data[length] == '/' && slice_has_prefix(line, path))
            return true;
    return false;
}

/* What a package owns in one of the roots, with canonical paths. */
static void add_side(struct rebase *r, struct root *root, const struct dpkg_package *package,
                     enum package_side side)
{
    struct arena *scratch scoped(arena_scope_free) = arena_new();
    struct slice text = rebase_package_list(root, scratch, package), all = text, line;

    while (slice_take_line(&text, &line)) {
        if (line.length < 2 || slice_is(line, "/."))
            continue;
        const char *path = slice_string(scratch, line);
        const char *real = root_resolve(root, scratch, path, false);
        const struct node *node = real ? root_find(root, real) : NULL;
        if (!node || is_folder(root, all, path, node))
            continue;
        arena_push(r->arena, r->sides, r->side_count, r->side_capacity);
        r->sides[r->side_count++] = (struct path_side){arena_strdup(r->arena, real), side};
    }
}

static void add_package(struct rebase *r, const struct dpkg_package *old,
                        const struct dpkg_package *new, const struct dpkg_package *app)
{
    enum package_side side = SIDE_PATHS;

    if (!app)
        side = SIDE_NONE;
    else if (strcmp(app->version, old->version) != 0 &&
             (!new || strcmp(new->version, old->version) != 0))
        side = !new || deb_version_compare(app->version, new->version) >= 0 ? SIDE_APP : SIDE_NEW;
    if (side == SIDE_PATHS)
        return;
    if (side == SIDE_NONE) {
        if (new)
            add_side(r, r->new, new, side);
        return;
    }
    add_side(r, r->old, old, side);
    if (new)
        add_side(r, r->new, new, side);
    add_side(r, r->app, app, side);
}

static int by_side(const void *a, const void *b)
{
    return strcmp(((const struct path_side *)a)->path, ((const struct path_side *)b)->path);
}

bool rebase_packages(struct rebase *r, struct error *err)
{
    if (!dpkg_status_parse(r->arena, root_content(r->old, STATUS), &r->old_db, err) ||
        !dpkg_status_parse(r->arena, root_content(r->new, STATUS), &r->new_db, err) ||
        !dpkg_status_parse(r->arena, root_content(r->app, STATUS), &r->app_db, err))
        return false;
    for (size_t i = 0; i < r->old_db.count; i++) {
        const struct dpkg_package *old = &r->old_db.packages[i];
        const struct dpkg_package *new = installed(&r->new_db, old);
        const struct dpkg_package *app = installed(&r->app_db, old);
        if (!installed(&r->old_db, old))
            continue;
        if (!new &&app && strcmp(app->version, old->version) == 0)
            engine_note(r->arena, r->report, old->name, "", "the new base no longer has it");
        add_package(r, old, new, app);
    }
    if (r->side_count)
        qsort(r->sides, r->side_count, sizeof(*r->sides), by_side);
    return true;
}

/* The application's order with the new base's stanzas, as patching it in place would leave it. */
void rebase_merge_status(struct rebase *r)
{
    struct buf out scoped(buf_release) = {0};

    if (!root_content(r->app, STATUS).length)
        return;
    for (size_t i = 0; i < r->app_db.count; i++) {
        const struct dpkg_package *app = &r->app_db.packages[i], *pick = app;
        const struct dpkg_package *old = dpkg_find(&r->old_db, app->name, app->arch);
        const struct dpkg_package *new = dpkg_find(&r->new_db, app->name, app->arch);
        if (old && slice_equal(app->raw, old->raw))
            pick = new;
        else if (new &&old && !slice_equal(new->raw, old->raw) &&
                 deb_version_compare(new->version, app->version) > 0 &&
                 strcmp(app->status, old->status) == 0)
            pick = new;
        if (!pick)
            continue;
        buf_put_slice(&out, pick->raw);
        buf_put_text(&out, "\n\n");
    }
    for (size_t i = 0; i < r->new_db.count; i++) {
        const struct dpkg_package *new = &r->new_db.packages[i];
        if (dpkg_find(&r->old_db, new->name, new->arch) ||
            dpkg_find(&r->app_db, new->name, new->arch))
            continue;
        buf_put_slice(&out, new->raw);
        buf_put_text(&out, "\n\n");
    }
    root_put_file(r->out, STATUS, buf_slice(&out), 0644);
}
