#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "patch/engine_state.h"

#define INFO "var/lib/dpkg/info/"

bool engine_keeps(const char *path)
{
    static const char *const below[] = {
        "etc/",
        "usr/share/ca-certificates/",
        "usr/local/share/ca-certificates/",
        "usr/lib/sysusers.d/",
        "usr/lib/tmpfiles.d/",
        "var/lib/dpkg/",
        "var/lib/ucf/",
        "var/lib/ca-certificates-java/",
        "usr/lib/os-release",
        "lib/systemd/system/",
        "usr/lib/systemd/system/",
    };

    for (size_t i = 0; i < array_count(below); i++)
        if (strncmp(path, below[i], strlen(below[i])) == 0)
            return true;
    return false;
}

int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool text_in(const char *const *sorted, size_t count, const char *text)
{
    return count && bsearch(&text, sorted, count, sizeof(*sorted), by_text);
}

void engine_fail(struct engine *e, struct engine_item *item, const char *rule, const char *format,
                 ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    item->refused = true;
    engine_refuse(e->arena, e->report, item->deb->name, rule, arena_strdup(e->arena, text));
}

bool identity_find(const struct identity *list, size_t count, const char *name, int64_t *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0) {
            *id = list[i].id;
            return true;
        }
    return false;
}

/* passwd and group alike: name:x:id:… */
size_t identity_read(struct arena *arena, struct slice text, struct identity **out)
{
    struct slice line, name, skip, id;
    size_t count = 0, capacity = 0;
    uint64_t number;

    *out = NULL;
    while (slice_take_line(&text, &line)) {
        if (!slice_take_until(&line, ':', &name) || !slice_take_until(&line, ':', &skip) ||
            !slice_take_until(&line, ':', &id) || !slice_parse_u64(id, &number) ||
            number > UINT32_MAX)
            continue;
        arena_push(arena, *out, count, capacity);
        (*out)[count++] = (struct identity){slice_string(arena, name), (int64_t)number};
    }
    return count;
}

static const char *info_prefix(struct engine *e, const struct dpkg_package *package)
{
    const char *plain = arena_printf(e->arena, INFO "%s", package->name);
    const char *with = arena_printf(e->arena, INFO "%s:%s", package->name, package->arch);

    if (root_find(e->root, arena_printf(e->arena, "%s.list", with)))
        return with;
    if (root_find(e->root, arena_printf(e->arena, "%s.list", plain)))
        return plain;
    return strcmp(package->multi_arch, "same") == 0 ? with : plain;
}

static const char *canonical(struct engine *e, struct arena *scratch, const char *path)
{
    const char *real = root_resolve(e->root, scratch, path, false);

    return arena_strdup(e->arena, real ? real : path + (*path == '/'));
}

static void load_diversion_paths(struct engine *e)
{
    struct arena *scratch scoped(arena_scope_free) = arena_new();

    e->diversion_paths = arena_new_array(e->arena, const char *, e->diversion_count + 1);
    for (size_t i = 0; i < e->diversion_count; i++)
        e->diversion_paths[i] = canonical(e, scratch, e->diversions[i].from);
}

static void load_list(struct engine *e, size_t package, const char *info, struct engine_item *item)
{
    struct arena *scratch scoped(arena_scope_free) = arena_new();
    struct slice text = root_content(e->root, arena_printf(scratch, "%s.list", info)), line;
    size_t capacity = 0;

    while (slice_take_line(&text, &line)) {
        if (line.length < 2 || slice_is(line, "/."))
            continue;
        const char *path = canonical(e, scratch, slice_string(scratch, line));
        if (item) {
            arena_push(e->arena, item->old_list, item->old_list_count, capacity);
            item->old_list[item->old_list_count++] = path;
        } else {
            arena_push(e->arena, e->owned, e->owned_count, e->owned_capacity);
            e->owned[e->owned_count++] = (struct owned){path, package};
        }
    }
}

static struct engine_item *item_of(struct engine *e, const struct dpkg_package *package)
{
    for (size_t i = 0; i < e->count; i++)
        if (e->items[i].old == package)
            return &e->items[i];
    return NULL;
}

static int by_owned(const void *a, const void *b)
{
    return strcmp(((const struct owned *)a)->path, ((const struct owned *)b)->path);
}

static bool add_filters(void *context, const char *path, struct node *node)
{
    struct engine *e = context;

    if (node->inode->type == ENTRY_FILE && !strchr(node->name, '~'))
        dpkg_filters_read(e->arena, root_content(e->root, path), &e->filters);
    return true;
}

static bool match_items(struct engine *e, struct error *err)
{
    for (size_t i = 0; i < e->count; i++) {
        struct engine_item *item = &e->items[i];
        const struct engine_deb *deb = item->deb;
        struct slice control = deb_member_find(&deb->file, "control");
        struct dpkg_package new;
        if (!dpkg_package_read(e->arena, control, &new) || strcmp(new.name, deb->name) != 0 ||
            strcmp(new.version, deb->version) != 0 || strcmp(new.arch, deb->arch) != 0)
            return error_set(err, ERROR_INPUT, "package %s %s: its control file says %s %s",
                             deb->name, deb->version, new.name, new.version);
        item->old = dpkg_find(&e->db, deb->name, deb->arch);
        if (!item->old || !item->old->installed)
            return error_set(err, ERROR_INPUT, "package %s:%s is not installed", deb->name,
                             deb->arch);
        item->old_version = item->old->version;
        item->info = info_prefix(e, item->old);
        item->old_conffile_count = dpkg_conffiles(e->arena, item->old->raw, &item->old_conffiles);
    }
    return true;
}

bool engine_load(struct engine *e, struct error *err)
{
    struct node *status = root_find(e->root, "var/lib/dpkg/status");

    if (!status || !status->inode->has_content)
        return error_set(err, ERROR_INPUT, "R4-database: the image has no var/lib/dpkg/status");
    struct slice updates = root_content(e->root, "var/lib/dpkg/updates/0000");
    if (updates.data)
        return error_set(err, ERROR_INPUT, "R4-database: dpkg was interrupted in this image");
    if (!dpkg_status_parse(e->arena, status->inode->content, &e->db, err) || !match_items(e, err))
        return false;
    e->diversion_count =
        dpkg_diversions(e->arena, root_content(e->root, "var/lib/dpkg/diversions"), &e->diversions);
    load_diversion_paths(e);
    e->override_count =
        dpkg_overrides(e->arena, root_content(e->root, "var/lib/dpkg/statoverride"), &e->overrides);
    e->user_count = identity_read(e->arena, root_content(e->root, "etc/passwd"), &e->users);
    e->group_count = identity_read(e->arena, root_content(e->root, "etc/group"), &e->groups);
    struct node *folder = root_find(e->root, "etc/dpkg/dpkg.cfg.d");
    if (folder)
        root_each(e->root, folder, add_filters, e);
    dpkg_filters_read(e->arena, root_content(e->root, "etc/dpkg/dpkg.cfg"), &e->filters);
    for (size_t i = 0; i < e->db.count; i++) {
        struct engine_item *item = item_of(e, &e->db.packages[i]);
        load_list(e, i, item ? item->info : info_prefix(e, &e->db.packages[i]), item);
    }
    if (e->owned_count)
        qsort(e->owned, e->owned_count, sizeof(*e->owned), by_owned);
    return true;
}
