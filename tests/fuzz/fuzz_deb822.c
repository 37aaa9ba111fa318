/* Stanzas, Release and Packages from any bytes. */
#include "advisory/apt_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(void *context, const struct deb822_stanza *stanza, struct error *err)
{
    (void)err;
    struct apt_package package;
    (void)apt_package_read(stanza, context, &package);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct slice text = {(const char *)data, size};
    struct apt_release release;
    struct error err = {0};
    if (apt_release_parse(text, arena, &release, &err)) {
        (void)apt_release_packages(&release, "main", "amd64");
        (void)apt_release_check(&release, 0, 1, &err);
    }
    struct deb822_stream *stream scoped(deb822_stream_scope_free) = deb822_stream_new(take, arena);
    for (size_t at = 0; at < size; at += 7)
        if (!deb822_stream_put(stream, data + at, size - at < 7 ? size - at : 7, &err))
            return 0;
    (void)deb822_stream_finish(stream, &err);
    return 0;
}
