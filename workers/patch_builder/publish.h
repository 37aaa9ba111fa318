/* Images and indexes out: pushed by digest first, then named. TAG-resole.N is given once and for
 * good, recorded before it is pushed, so that a builder killed on the way names the same bytes the
 * same; TAG-resole is moved last. */
#pragma once

#include "image/image_write.h"
#include "image/source.h"
#include "service/worker.h"
#include "shared/registry_access.h"

/* A repository in a registry. */
struct place {
    int64_t registry_id;
    struct registry_access access;
    const char *repository;
};

/* Columns from `first` as registry_access_read takes them. */
bool place_read(struct job *job, const struct db_rows *rows, size_t row, int first,
                struct place *out, struct error *err) must_check;
/* One image of it, by digest. */
bool place_open(struct arena *arena, const struct place *place, const char *digest,
                struct image_source **source, struct image *image, struct error *err) must_check;

/* A manifest or index whose parts the repository holds. */
struct published {
    const char *digest, *media_type;
    struct slice bytes;
};
bool publish_image(struct arena *arena, const struct place *place, const struct image_draft *draft,
                   struct published *out, struct error *err) must_check;
bool publish_index(struct arena *arena, const struct place *place, const struct manifest *index,
                   struct published *out, struct error *err) must_check;
/* What stands there by this digest. */
bool publish_find(struct arena *arena, const struct place *place, const char *digest,
                  struct published *out, struct error *err) must_check;
/* As TAG-resole.N: the number is taken (and committed) here. */
bool publish_number(struct job *job, const struct place *place, const char *tag,
                    const struct published *what, int64_t *number, struct error *err) must_check;
/* TAG-resole points at `digest` from now on. only_from not NULL: if it points there yet. *moved:
 * it did not before. */
bool publish_move(struct job *job, const struct place *place, const char *tag, const char *digest,
                  const char *only_from, bool *moved, struct error *err) must_check;

const char *publish_reference(struct arena *arena, const struct place *place, const char *tag,
                              int64_t number);
