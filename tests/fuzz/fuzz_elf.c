/* ELF files as ldconfig and the post-check read them. */
#include <string.h>

#include "patch/root.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    const struct elf_facts *elf = elf_read(arena, (struct slice){(const char *)data, size});
    size_t length = 0;

    for (size_t i = 0; elf && i < elf->needed_count; i++)
        length += strlen(elf->needed[i]);
    for (size_t i = 0; elf && i < elf->runpath_count; i++)
        length += strlen(elf->runpath[i]);
    return elf && elf->soname && strlen(elf->soname) + length == SIZE_MAX;
}
