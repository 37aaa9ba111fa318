#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 16 * 1024, CHUNK_MOST = 1024 * 1024 };

struct chunk {
    struct chunk *next;
    size_t used, size;
    alignas(max_align_t) char data[];
};

struct deferred {
    struct deferred *next;
    void (*release)(void *);
    void *object;
};

struct arena {
    struct chunk *chunks;
    struct deferred *deferred;
    size_t bytes, next_size;
};

static void *must(void *memory)
{
    if (!memory) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

struct arena *arena_new(void)
{
    struct arena *arena = must(calloc(1, sizeof(*arena)));
    arena->next_size = CHUNK_BYTES;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    while (arena->deferred) {
        struct deferred *first = arena->deferred;
        arena->deferred = first->next;
        first->release(first->object);
    }
    while (arena->chunks) {
        struct chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
    free(arena);
}

void arena_scope_free(struct arena **arena)
{
    arena_free(*arena);
}

static struct chunk *chunk_new(struct arena *arena, size_t size)
{
    bool own = size > arena->next_size / 2; /* a large block gets a chunk of its own */
    size_t room = own ? size : arena->next_size;
    struct chunk *chunk = must(calloc(1, sizeof(*chunk) + room));
    chunk->size = room;
    if (own && arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    if (!own && arena->next_size < CHUNK_MOST)
        arena->next_size *= 2;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t align = alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        abort();
    size = (size + align - 1) / align * align;
    if (size == 0)
        size = align;
    struct chunk *chunk = arena->chunks;
    if (!chunk || chunk->size - chunk->used < size)
        chunk = chunk_new(arena, size);
    void *memory = chunk->data + chunk->used;
    chunk->used += size;
    arena->bytes += size;
    return memory;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        abort();
    return arena_alloc(arena, bytes);
}

void *arena_grow(struct arena *arena, const void *old, size_t old_size, size_t new_size)
{
    void *memory = arena_alloc(arena, new_size);
    if (old_size)
        memcpy(memory, old, old_size < new_size ? old_size : new_size);
    return memory;
}

char *arena_strndup(struct arena *arena, const char *data, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    if (length)
        memcpy(copy, data, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

void *arena_memdup(struct arena *arena, const void *data, size_t length)
{
    return arena_grow(arena, data, length, length);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        abort();
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void arena_defer(struct arena *arena, void (*release)(void *), void *object)
{
    struct deferred *entry = arena_alloc(arena, sizeof(*entry));
    *entry = (struct deferred){arena->deferred, release, object};
    arena->deferred = entry;
}

size_t arena_bytes(const struct arena *arena)
{
    return arena->bytes;
}

void arena_push_grow(struct arena *arena, void **items, size_t *capacity, size_t size)
{
    size_t grown = *capacity ? *capacity * 2 : 8, bytes;
    if (__builtin_mul_overflow(grown, size, &bytes))
        abort();
    *items = arena_grow(arena, *items, *capacity * size, bytes);
    *capacity = grown;
}
