/* JSON documents too large for a tree: yajl's events, and a jansson tree for one item at a time.
 * The path says where the items are: {"*"} each member of the root object, {"[]"} each element of a
 * root array, {"vulnerabilities", "[]"} each element of that member, {"*", "*"} two levels down. */
#pragma once

#include <jansson.h>

#include "advisory/feed.h"

enum { JSON_PATH_MOST = 4 };

struct json_split {
    const char *path[JSON_PATH_MOST]; /* NULL-terminated unless full */
    /* keys[i]: the member's name at level i, NULL in arrays. The item is borrowed. */
    bool (*item)(void *context, const char *const *keys, const json_t *item, struct error *err);
    /* Scalars of the root object, NULL: not wanted. */
    bool (*scalar)(void *context, const char *key, const json_t *value, struct error *err);
    void *context;
};

/* Reads to the end: trailing text, truncation, depth over LIMIT_JSON_DEPTH are ERROR_INPUT. */
bool json_split_run(struct feed_stream *in, const struct json_split *split, uint64_t *items,
                    struct error *err);

/* "" when the member is missing or no string. */
const char *json_text(const json_t *object, const char *key);
/* The member's member … NULL-safe. */
const json_t *json_at(const json_t *object, const char *key);
/* A document in memory as one tree (duplicate keys allowed, as yajl would). */
json_t *json_document(struct slice bytes, struct arena *arena, struct error *err);
