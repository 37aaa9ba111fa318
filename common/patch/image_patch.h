/* One image patched: layers pulled, plan made, packages fetched and verified, the layer written by
 * the confined program, the new configuration. Nothing is pushed here. */
#pragma once

#include "image/image_write.h"
#include "image/source.h"
#include "patch/layer_job.h"
#include "patch/repository.h"

struct patch_settings {
    struct http_client *http;
    const struct repository_set *repositories;
    const char *temporary;   /* folder for the spool; NULL: the usual */
    const char *origin_name; /* what the patched image is called by, for its annotations; or "" */
    bool plan_only;          /* stop before the layer is kept (packages are still looked at) */
    void (*say)(const char *text); /* progress; may be NULL */
};

struct image_patch {
    const char *codename, *arch;
    struct plan plan; /* what was done; its refusals are everything kept back */
    const struct engine_note *notes;
    size_t note_count;
    bool built; /* false: nothing to do, or plan_only */
    struct layer_totals layer;
    int64_t entries, epoch_s;
    struct image_config config; /* of the patched image */
    struct image_draft draft;   /* ready for image_write; openers read the spool */
    struct spool spool, layer_file;
};

/* The image's own layers, spooled and checked; reused by rebase. */
struct spooled_layers {
    struct image_blob *blobs;
    struct job_layer *layers;
    size_t count;
};
bool spool_layers(struct arena *arena, struct image_source *source, const struct image *image,
                  enum layer_group group, struct spool *spool, struct spooled_layers *out,
                  struct error *err);
/* Opens a part of a spool file, as struct blob_opener wants it. */
struct blob_opener spool_opener(struct arena *arena, int fd, int64_t offset, int64_t length);
/* The layer file as the newest layer of a draft. */
struct image_blob layer_blob(struct arena *arena, int fd, const struct layer_totals *totals,
                             bool docker);

bool image_patch_build(struct arena *arena, struct image_source *source, const struct image *image,
                       const struct patch_settings *settings, struct image_patch *out,
                       struct error *err);
void image_patch_release(struct image_patch *patch); /* closes its files; for scoped() */
