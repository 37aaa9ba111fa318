/* Memory of one message (or one command): given back whole. malloc failure aborts; caps come first.
 * Nothing is freed alone. Not thread-safe. */
#pragma once

#include <stddef.h>

#include "base/scope.h"

struct arena;

struct arena *arena_new(void);
/* Runs what arena_defer registered, last first, then frees. NULL is fine. */
void arena_free(struct arena *arena);
void arena_scope_free(struct arena **arena); /* for scoped() */

/* Zeroed, aligned for any type. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);
/* count * size checked for overflow (aborts). */
void *arena_calloc(struct arena *arena, size_t count, size_t size);
/* A copy of the first old_size bytes in a block of new_size, the rest zero. */
void *arena_grow(struct arena *arena, const void *old, size_t old_size, size_t new_size);
char *arena_strdup(struct arena *arena, const char *text); /* NULL gives NULL */
char *arena_strndup(struct arena *arena, const char *data, size_t length);
void *arena_memdup(struct arena *arena, const void *data, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) like_printf(2, 3);
void arena_defer(struct arena *arena, void (*release)(void *), void *object);
size_t arena_bytes(const struct arena *arena); /* handed out so far, for caps */

#define arena_new_object(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_new_array(arena, type, count) ((type *)arena_calloc((arena), (count), sizeof(type)))

/* Makes room for one more element in a growing array: items, count and capacity are lvalues. */
#define arena_push(arena, items, count, capacity)                                                  \
    ((count) < (capacity)                                                                          \
         ? (void)0                                                                                 \
         : arena_push_grow((arena), (void **)&(items), &(capacity), sizeof((items)[0])))
void arena_push_grow(struct arena *arena, void **items, size_t *capacity, size_t size);
