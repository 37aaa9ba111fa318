#include "advisory/deb822.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"

struct slice deb822_get(const struct deb822_stanza *stanza, const char *name)
{
    for (size_t i = 0; i < stanza->count; i++)
        if (slice_is_nocase(stanza->fields[i].name, name))
            return stanza->fields[i].value;
    return (struct slice){0};
}

const char *deb822_text(const struct deb822_stanza *stanza, const char *name, struct arena *arena)
{
    struct slice value = deb822_get(stanza, name);
    if (!value.data || memchr(value.data, 0, value.length))
        return NULL;
    return slice_string(arena, value);
}

static bool is_blank_line(struct slice line)
{
    return slice_trim(line).length == 0;
}

/* The field's continuation lines, joined in one go: linear for long lists such as Release's
 * SHA256. */
static void take_continuation(struct slice *text, struct deb822_field *field, struct arena *arena)
{
    struct slice rest = *text, line;
    size_t lines = 0, total = 0;
    while (rest.length > 0 && (rest.data[0] == ' ' || rest.data[0] == '\t')) {
        if (!slice_take_line(&rest, &line) || is_blank_line(line))
            break;
        lines++;
        total += line.length + 1;
    }
    if (lines == 0)
        return;
    char *joined = arena_alloc(arena, field->value.length + total + 1);
    size_t length = field->value.length;
    if (length > 0)
        memcpy(joined, field->value.data, length);
    for (size_t i = 0; i < lines && slice_take_line(text, &line); i++) {
        line = slice_sub(line, 1, line.length - 1);
        while (line.length > 0 && strchr(" \t\r", line.data[line.length - 1]))
            line.length--;
        joined[length++] = '\n';
        if (line.length > 0)
            memcpy(joined + length, line.data, line.length);
        length += line.length;
    }
    field->value = (struct slice){joined, length};
}

bool deb822_take(struct slice *text, struct arena *arena, struct deb822_stanza *out, size_t *bad)
{
    struct slice line;
    out->count = 0;
    for (;;) {
        bool continuation = text->length > 0 && (text->data[0] == ' ' || text->data[0] == '\t');
        if (!slice_take_line(text, &line))
            return out->count > 0;
        if (is_blank_line(line)) {
            if (out->count > 0)
                return true;
            continue;
        }
        if (line.data[0] == '#')
            continue;
        size_t colon = slice_find_byte(line, ':');
        if (continuation || colon == 0 || colon == line.length) {
            if (bad)
                (*bad)++;
            continue;
        }
        arena_push(arena, out->fields, out->count, out->capacity);
        struct deb822_field *field = &out->fields[out->count++];
        field->name = slice_trim(slice_sub(line, 0, colon));
        field->value = slice_trim(slice_sub(line, colon + 1, line.length));
        take_continuation(text, field, arena);
    }
}

struct deb822_stream {
    bool (*take)(void *context, const struct deb822_stanza *stanza, struct error *err);
    void *context;
    struct buf pending; /* what has come and is not yet a whole stanza */
    size_t scanned;     /* no stanza end before here */
};

struct deb822_stream *deb822_stream_new(bool (*take)(void *context,
                                                     const struct deb822_stanza *stanza,
                                                     struct error *err),
                                        void *context)
{
    struct deb822_stream *stream = calloc(1, sizeof(*stream));
    if (!stream)
        abort();
    stream->take = take;
    stream->context = context;
    return stream;
}

static bool hand_out(struct deb822_stream *stream, struct slice text, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct deb822_stanza stanza = {0};
    while (deb822_take(&text, arena, &stanza, NULL))
        if (!stream->take(stream->context, &stanza, err))
            return false;
    return true;
}

/* One past the last blank line in what is pending, or 0. */
static size_t last_stanza_end(const struct deb822_stream *stream)
{
    const char *data = stream->pending.data;
    for (size_t i = stream->pending.length; i > stream->scanned + 1; i--)
        if (data[i - 1] == '\n' &&
            (data[i - 2] == '\n' || (i >= 3 && data[i - 2] == '\r' && data[i - 3] == '\n')))
            return i;
    return 0;
}

bool deb822_stream_put(struct deb822_stream *stream, const void *data, size_t length,
                       struct error *err)
{
    if (length == 0)
        return true;
    buf_put(&stream->pending, data, length);
    size_t end = last_stanza_end(stream);
    if (end == 0) {
        if (stream->pending.length > LIMIT_SMALL_FILE_BYTES)
            return error_set(err, ERROR_INPUT, "a stanza of more than %lld bytes",
                             LIMIT_SMALL_FILE_BYTES);
        stream->scanned = stream->pending.length > 2 ? stream->pending.length - 2 : 0;
        return true;
    }
    struct slice whole = slice_sub(buf_slice(&stream->pending), 0, end);
    if (!hand_out(stream, whole, err))
        return false;
    size_t rest = stream->pending.length - end;
    memmove(stream->pending.data, stream->pending.data + end, rest);
    stream->pending.length = rest;
    stream->scanned = 0;
    return true;
}

bool deb822_stream_finish(struct deb822_stream *stream, struct error *err)
{
    bool ok = hand_out(stream, buf_slice(&stream->pending), err);
    buf_clear(&stream->pending);
    stream->scanned = 0;
    return ok;
}

void deb822_stream_free(struct deb822_stream *stream)
{
    if (!stream)
        return;
    buf_release(&stream->pending);
    free(stream);
}

void deb822_stream_scope_free(struct deb822_stream **stream)
{
    deb822_stream_free(*stream);
}
