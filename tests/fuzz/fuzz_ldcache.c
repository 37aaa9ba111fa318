/* ld.so.cache from any bytes. */
#include <string.h>

#include "patch/ldconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct ldconfig_entry *entries;
    size_t count, length = 0;

    if (ldconfig_read(arena, (struct slice){(const char *)data, size}, &entries, &count))
        for (size_t i = 0; i < count; i++)
            length += strlen(entries[i].name) + strlen(entries[i].path);
    return length == SIZE_MAX;
}
