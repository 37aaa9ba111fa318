/* Small helpers over jansson trees for manifests and configs: wrong types are ERROR_INPUT with the
 * field's name, absent texts are "". Inside common/image only. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"

/* An object or (if allowed) array; duplicate keys and more than `most` bytes are refused. The arena
 * releases it. NULL on failure. */
json_t *json_read_document(struct arena *arena, const char *what, struct slice bytes, size_t most,
                           bool array_allowed, struct error *err);
bool json_read_text(const json_t *object, const char *name, struct arena *arena, const char **out,
                    struct error *err);
bool json_read_i64(const json_t *object, const char *name, int64_t fallback, int64_t *out,
                   struct error *err);
/* NULL if absent or null; a value of another type fails. */
bool json_read_object(const json_t *object, const char *name, json_t **out, struct error *err);
bool json_read_array(const json_t *object, const char *name, size_t most, json_t **out,
                     struct error *err);
/* Compact text in the arena, keys in their order. */
struct slice json_write(struct arena *arena, const json_t *value);
