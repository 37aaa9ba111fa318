/* Image configuration (OCI image-spec 1.1 config.md; Docker's image JSON). The document is kept
 * whole: keys that we do not know (Healthcheck, OnBuild, Shell, …) survive an edit verbatim. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "image/platform.h"

struct image_history {
    const char *created, *created_by, *comment, *author;
    bool empty_layer;
};

struct image_config {
    struct platform platform;    /* normalised */
    const char *created;         /* as written, "" if absent */
    const char *const *diff_ids; /* lowest first; checked form */
    size_t diff_id_count;
    const struct image_history *history;
    size_t history_count;
    json_t *document; /* the whole, an object; the arena releases it */
    json_t *settings; /* document.config (Env, Labels, User, …) or NULL; borrowed from document */
};

bool image_config_parse(struct arena *arena, struct slice bytes, struct image_config *out,
                        struct error *err);
/* An empty configuration for this platform. */
void image_config_init(struct arena *arena, struct platform platform, struct image_config *out);
/* "" if absent. */
const char *image_config_label(const struct image_config *config, const char *name);
/* Value of NAME in Env, "" if absent. */
const char *image_config_env(struct arena *arena, const struct image_config *config,
                             const char *name);
/* The index into history of the entry that made layer i; false if the history does not cover it. */
bool image_config_history_of_layer(const struct image_config *config, size_t layer, size_t *out);
/* Cuts layers [from, end) off, diff_ids and their history alike (empty ones after them too). */
bool image_config_cut(struct arena *arena, struct image_config *config, size_t from,
                      struct error *err);
/* Appends one layer and its history. */
bool image_config_append(struct arena *arena, struct image_config *config, const char *diff_id,
                         struct image_history history, struct error *err);
bool image_config_set_created(struct arena *arena, struct image_config *config, const char *created,
                              struct error *err);
bool image_config_set_label(struct arena *arena, struct image_config *config, const char *name,
                            const char *value, struct error *err);
/* The document's bytes: compact, keys in the order they came. */
bool image_config_encode(struct arena *arena, const struct image_config *config, struct slice *out,
                         struct error *err);
