/* A .deb from any bytes: ar, control.tar, data.tar, and what the engine asks of them. */
#include "patch/deb_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct stream *stream scoped(stream_scope_close) =
        stream_of_memory((struct slice){(const char *)data, size});
    struct deb_file deb;
    struct error err = {0};

    if (deb_file_read(arena, stream, &deb, &err))
        (void)deb_member_find(&deb, "control");
    return 0;
}
