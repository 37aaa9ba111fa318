/* Between layer_walk.c (tar) and layer_walk_directory.c: the common face. */
#pragma once

#include "base/arena.h"
#include "base/limits.h"
#include "image/layer_walk.h"

struct layer_walk {
    bool (*next)(struct layer_walk *walk, struct error *err); /* sets entry and has_entry */
    bool (*block)(struct layer_walk *walk, struct slice *block, struct error *err);
    void (*close)(struct layer_walk *walk);
    struct layer_walk_settings settings;
    struct layer_entry entry;
    bool has_entry, ended;
    int64_t entries;
    struct slice block_left; /* of layer_walk_read */
    char path[LIMIT_PATH_BYTES + 1];
    char link[LIMIT_PATH_BYTES + 1];
    struct arena *xattrs; /* of the current entry, NULL mostly */
};

void layer_walk_init(struct layer_walk *walk, const struct layer_walk_settings *settings);
void layer_walk_warn(struct layer_walk *walk, const char *code, const char *path, const char *text);
/* Counts one more entry; false (with a warning) past the cap. */
bool layer_walk_count(struct layer_walk *walk);
