/* What outsiders write into our topics: the first byte picks the topic, then "name\nvalue\n"
 * headers up to an empty line, then the JSON value. */
#include <stdlib.h>

#include "base/limits.h"
#include "message/envelope.h"
#include "message/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct envelope_header headers[8];
    struct envelope envelope = {0};
    struct error err = {0};
    struct buf again scoped(buf_release) = {0};
    struct slice rest = {(const char *)data, size}, name, value;
    size_t count = 0;
    if (size == 0)
        return 0;
    const struct topic *topic = topics[data[0] % topic_count];
    rest = slice_sub(rest, 1, size);
    while (count < array_count(headers) && slice_take_line(&rest, &name) && name.length &&
           slice_take_line(&rest, &value))
        headers[count++] = (struct envelope_header){slice_string(arena, name), value};
    if (envelope_decode(arena, headers, count, &envelope, &err)) {
        struct envelope_header out[8];
        char trace[56];
        (void)envelope_encode(&envelope, out);
        traceparent_new(envelope.traceparent, trace);
    }
    void *out = arena_alloc(arena, topic->size);
    if (message_decode(arena, topic, rest, out, &err) &&
        !message_encode(topic, out, &again, &err) && again.length <= LIMIT_MESSAGE_BYTES)
        abort(); /* only the cap may refuse what was decoded */
    return 0;
}
