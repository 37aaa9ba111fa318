/* Inside the engine: what its parts share. */
#pragma once

#include "patch/engine.h"
#include "patch/script.h"

struct owned { /* one line of one .list, canonical */
    const char *path;
    size_t package; /* index into db.packages */
};

struct engine_item {
    const struct engine_deb *deb;
    struct dpkg_package *old; /* in db; its raw becomes the new stanza */
    const char *info;         /* "var/lib/dpkg/info/NAME" or with ":ARCH" */
    const char *old_version;
    const char **old_list; /* canonical paths of the old .list, order kept */
    size_t old_list_count;
    const char **new_list; /* as written to the new .list ("/usr/bin/x") */
    size_t new_list_count;
    const char **new_paths; /* canonical paths the new package puts, diverted ones by target */
    size_t new_path_count, new_path_capacity;
    const struct dpkg_conffile *old_conffiles;
    size_t old_conffile_count;
    const char **conffiles; /* of the new package, with leading "/" */
    size_t conffile_count, conffile_capacity;
    struct script_action *actions;
    size_t action_count, action_capacity;
    bool refused;
};

struct identity {
    const char *name;
    int64_t id;
};

struct engine {
    struct arena *arena;
    struct root *root;
    struct engine_report *report;
    struct dpkg_db db;
    struct engine_item *items;
    size_t count;
    const struct dpkg_diversion *diversions;
    const char **diversion_paths; /* canonical, of each: "/sbin/x" is usr/sbin/x in a merged root */
    size_t diversion_count;
    const struct dpkg_override *overrides;
    size_t override_count;
    struct dpkg_filters filters;
    struct identity *users, *groups;
    size_t user_count, group_count;
    struct owned *owned; /* sorted by path; packages that are not upgraded */
    size_t owned_count, owned_capacity;
};

void engine_fail(struct engine *e, struct engine_item *item, const char *rule, const char *format,
                 ...) like_printf(4, 5);
bool identity_find(const struct identity *list, size_t count, const char *name, int64_t *id);
size_t identity_read(struct arena *arena, struct slice text, struct identity **out);
bool text_in(const char *const *sorted, size_t count, const char *text);
int by_text(const void *a, const void *b);

bool engine_load(struct engine *e, struct error *err); /* engine_load.c */
void engine_check(struct engine *e);                   /* engine_check.c */
/* Refuses where a condition of a script on the image does not hold, before the change or after. */
void engine_check_action(struct engine *e, struct engine_item *item,
                         const struct script_action *action);
bool engine_trigger_is_known(const char *name);                     /* engine_finish.c */
void engine_unpack(struct engine *e, struct engine_item *item);     /* engine_unpack.c */
void engine_remove_old(struct engine *e, struct engine_item *item); /* engine_unpack.c */
void engine_database(struct engine *e, struct engine_item *item);   /* engine_database.c */
void engine_conffiles(struct engine *e, struct engine_item *item,
                      struct buf *field); /* conffile.c */
void engine_finish(struct engine *e);     /* engine_finish.c */
