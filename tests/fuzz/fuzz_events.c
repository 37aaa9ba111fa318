/* First byte: the kind of registry; the rest: the body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/events/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct arena *arena scoped(arena_scope_free) = arena_new();
    const struct registry_kind *kind = &registry_kinds[data[0] % registry_kind_count];
    const struct event_header headers[] = {{"ce-type", "image.pushed"}, {"ce-id", "1"}};
    struct event_request request = {
        .body = {(const char *)data + 1, size - 1},
        .headers = headers,
        .header_count = data[0] & 128 ? 2 : 0,
    };
    struct events out;
    struct error err = {0};
    if (events_parse(kind, arena, &request, &out, &err)) {
        for (size_t i = 0; i < out.count; i++) {
            if (!out.items[i].repository || !out.items[i].action ||
                (!out.items[i].tag && !out.items[i].digest))
                abort();
        }
    } else if (err.kind != ERROR_INPUT) {
        abort();
    }
    return 0;
}
