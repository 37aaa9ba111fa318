/* Inside rebase: what its parts share. */
#pragma once

#include "patch/engine_state.h"
#include "patch/rebase.h"

/* How a package's files are decided as a whole; without one, path by path. */
enum package_side { SIDE_PATHS, SIDE_APP, SIDE_NEW, SIDE_NONE };

struct path_side {
    const char *path;
    enum package_side side;
};

struct rebase {
    struct arena *arena;
    struct root *old, *new, *app, *out;
    struct engine_report *report;
    struct dpkg_db old_db, new_db, app_db;
    struct path_side *sides; /* sorted by path */
    size_t side_count, side_capacity;
    bool store_conflict; /* the CA store changed on both sides */
};

/* Merged text of a line database; false after a refusal. */
bool rebase_is_merged(const char *path);
void rebase_merge_file(struct rebase *r, const char *path);
bool rebase_packages(struct rebase *r, struct error *err); /* reads the databases, fills sides */
void rebase_merge_status(struct rebase *r);
/* The .list of a package, as text. */
struct slice rebase_package_list(const struct root *root, struct arena *scratch,
                                 const struct dpkg_package *package);
