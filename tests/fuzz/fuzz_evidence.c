#include <stdint.h>

#include "inventory/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct evidence evidence;
    struct error err = {0};
    struct slice bytes = {(const char *)data, size};
    if (!evidence_unpack(bytes, arena, &evidence, &err))
        (void)evidence_decode(bytes, arena, &evidence, &err);
    arena_free(arena);
    return 0;
}
