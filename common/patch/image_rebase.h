/* An application image put on a new base: new base's layers, the application's own layers, one
 * reconcile layer. Nothing is pushed here. */
#pragma once

#include "patch/image_patch.h"

struct rebase_settings {
    const char *temporary;
    const char *base_name;  /* reference of the new base, for annotations; or "" */
    const char *mount_from; /* repository that holds the new base's blobs; or "" */
    void (*say)(const char *text);
};

struct rebase_side {
    struct image_source *source;
    const struct image *image;
};

struct image_rebase {
    size_t base_layers, app_layers; /* of the new base; of the application's own */
    const struct plan_refusal *refusals;
    size_t refusal_count;
    const struct engine_note *notes;
    size_t note_count;
    bool built, reconciled; /* reconciled: a layer was needed */
    struct layer_totals layer;
    int64_t entries;
    struct image_config config;
    struct image_draft draft;
    struct spool spool, layer_file;
};

/* How many of the application's layers are the old base's: all of `from` if given; else what it
 * shares with the new base, whose further layers must be our patches. 0: it does not stand on it.
 */
size_t rebase_find_base(const struct image *app, const struct image *new, const struct image *from);
/* old.image NULL: found by rebase_find_base. */
bool image_rebase_build(struct arena *arena, struct rebase_side app, struct rebase_side new,
                        struct rebase_side old, const struct rebase_settings *settings,
                        struct image_rebase *out, struct error *err);
void image_rebase_release(struct image_rebase *rebase);
/* The application's configuration on the new base, three-way; old NULL: as new. Notes what needs a
 * test. Pure. */
bool rebase_config(struct arena *arena, const struct image_config *app,
                   const struct image_config *new, const struct image_config *old,
                   size_t base_layers, size_t kept_layers, struct image_config *out,
                   struct engine_report *report, struct error *err);
