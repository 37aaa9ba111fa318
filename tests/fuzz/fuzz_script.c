/* Maintainer scripts from any bytes: read, never run. */
#include "patch/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct script_review review;

    for (enum script_kind kind = SCRIPT_PREINST; kind <= SCRIPT_POSTRM; kind++)
        script_review(arena, "x", kind, (struct slice){(const char *)data, size}, &review);
    return 0;
}
