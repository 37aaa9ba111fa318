/* A blob as a registry may send it: inflated, walked, its first bytes read. */
#include <stdint.h>

#include "base/error.h"
#include "image/layer_stream.h"
#include "image/layer_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    const struct layer_stream_settings settings = {.inflated_most = 8 << 20};
    struct stream *blob scoped(stream_scope_close) =
        stream_of_memory((struct slice){.data = (const char *)data, .length = size});
    struct stream *layer scoped(stream_scope_close) = NULL;
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    const struct layer_walk_settings caps = {.entries_most = 1000};
    const struct layer_entry *entry;
    if (!layer_stream_open(blob, &settings, &layer, &err) ||
        !layer_walk_open(layer, &caps, &walk, &err))
        return 0;
    while (layer_walk_next(walk, &entry, &err) && entry) {
        char content[100];
        size_t got;
        if (!layer_walk_read(walk, content, sizeof(content), &got, &err))
            break;
    }
    return 0;
}
