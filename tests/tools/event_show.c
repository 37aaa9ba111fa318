/* event_show KIND BODY [HEADERS]: what the gateway reads from a registry's push event. One line an
 * event or a reason why there is none; exit 3 where the body is not of this kind. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/stream.h"
#include "gateway/events/events.h"

enum { HEADERS_MOST = 64 };

static bool load(struct arena *arena, const char *path, struct slice *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct buf bytes scoped(buf_release) = {0};
    if (fd < 0)
        return error_set(err, ERROR_INPUT, "%s: cannot be read", path);
    struct stream *stream scoped(stream_scope_close) = stream_of_fd(fd, true);
    if (!stream_read_all(stream, 16 << 20, &bytes, err))
        return false;
    *out = (struct slice){.data = arena_memdup(arena, buf_text(&bytes), bytes.length + 1),
                          .length = bytes.length};
    return true;
}

static size_t read_headers(struct arena *arena, struct slice text, struct event_header *out)
{
    struct slice line;
    size_t count = 0;
    while (count < HEADERS_MOST && slice_take_line(&text, &line)) {
        size_t colon = slice_find_byte(line, ':');
        if (colon == line.length)
            continue;
        out[count++] = (struct event_header){
            slice_string(arena, slice_trim(slice_sub(line, 0, colon))),
            slice_string(arena, slice_trim(slice_sub(line, colon + 1, line.length)))};
    }
    return count;
}

static const char *or_dash(const char *text)
{
    return text && *text ? text : "-";
}

int main(int argc, char **argv)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    struct event_header headers[HEADERS_MOST];
    struct slice body, text = {0};
    struct events events = {0};
    const struct registry_kind *kind = argc > 2 ? registry_kind_find(argv[1]) : NULL;
    if (!kind)
        return 2;
    if (!load(arena, argv[2], &body, &err) || (argc > 3 && !load(arena, argv[3], &text, &err))) {
        printf("error: %s\n", err.text);
        return 3;
    }
    struct event_request request = {
        .body = body, .headers = headers, .header_count = read_headers(arena, text, headers)};
    if (!events_parse(kind, arena, &request, &events, &err)) {
        printf("error: %s\n", err.text);
        return 3;
    }
    for (size_t i = 0; i < events.count; i++)
        printf("%s %s %s %s\n", events.items[i].action, events.items[i].repository,
               or_dash(events.items[i].tag), or_dash(events.items[i].digest));
    for (size_t i = 0; i < events.ignored_count; i++)
        printf("ignored %s: %s\n", or_dash(events.ignored[i].what), events.ignored[i].reason);
    if (events.reply)
        printf("reply %s\n", events.reply);
    return 0;
}
