#include "inventory/layer_read.h"

#include <string.h>

#include "base/limits.h"
#include "inventory/reader.h"
#include "inventory/sink.h"

enum { BINARY_LEAST_BYTES = 64 };

static void on_walk_warning(void *context, const struct layer_warning *warning)
{
    struct reader_sink *sink = context;
    sink_warning(sink, warning->code, warning->path, true, "%s", warning->text);
}

static bool is_binary(struct slice first)
{
    static const struct {
        const char *magic;
        size_t length;
    } magics[] = {{"\x7f"
                   "ELF",
                   4},
                  {"MZ", 2},
                  {"\xcf\xfa\xed\xfe", 4},
                  {"\xce\xfa\xed\xfe", 4},
                  {"\xca\xfe\xba\xbe\x00\x00\x00\x02", 8}};
    for (size_t i = 0; i < array_count(magics); i++)
        if (first.length >= magics[i].length &&
            memcmp(first.data, magics[i].magic, magics[i].length) == 0)
            return true;
    return false;
}

/* The most bytes that any reader wants of the file; 0: nobody does. */
static int64_t wanted_bytes(const char *path, bool binary)
{
    int64_t most = 0;
    for (size_t i = 0; i < package_reader_count; i++) {
        const struct package_reader *reader = package_readers[i];
        if (((reader->wants && reader->wants(path)) || (binary && reader->binaries)) &&
            reader->most_bytes > most)
            most = reader->most_bytes;
    }
    return most;
}

static bool read_content(struct layer_walk *walk, struct buf *content, struct error *err)
{
    struct slice block;
    for (;;) {
        if (!layer_walk_read_block(walk, &block, err))
            return false;
        if (block.length == 0)
            return true;
        buf_put_slice(content, block);
    }
}

static bool read_file(struct layer_walk *walk, const struct layer_entry *entry,
                      struct reader_sink *sink, struct buf *content, struct error *err)
{
    buf_clear(content);
    bool wanted = wanted_bytes(entry->path, false) > 0;
    bool maybe_binary = entry->size >= BINARY_LEAST_BYTES;
    if (!wanted && !maybe_binary)
        return true;
    struct slice first = {0};
    if (!layer_walk_read_block(walk, &first, err))
        return false;
    bool binary = is_binary(first);
    int64_t most = wanted_bytes(entry->path, binary);
    if (wanted || binary)
        sink_touched(sink, entry->path);
    if (most == 0)
        return true;
    if (entry->size > most) {
        sink_warning(sink, "file-too-large", entry->path, true,
                     "%lld bytes, over the cap of %lld: not read", (long long)entry->size,
                     (long long)most);
        return true;
    }
    buf_reserve(content, (size_t)entry->size + 1);
    buf_put_slice(content, first);
    if (first.length > 0 && !read_content(walk, content, err))
        return false;
    struct reader_file file = {.path = arena_strdup(sink->arena, entry->path),
                               .bytes = buf_slice(content),
                               .executable = (entry->mode & 0111) != 0};
    reader_offer(&file, sink);
    return true;
}

/* A hard link's bytes came under its other name: packages of the one are packages of the other
 * only where the name tells a reader something, which databases and metadata do not need. */
static bool read_entry(struct layer_walk *walk, const struct layer_entry *entry,
                       struct reader_sink *sink, struct buf *content, struct error *err)
{
    if (entry->whiteout || entry->opaque) {
        sink_gone(sink, entry->path, entry->opaque);
        return true;
    }
    switch (entry->type) {
    case ENTRY_FILE:
        return read_file(walk, entry, sink, content, err);
    case ENTRY_HARDLINK:
        if (entry->size > 0)
            return read_file(walk, entry, sink, content, err);
        sink_touched(sink, entry->path);
        return true;
    case ENTRY_SYMLINK:
        sink_link(sink, entry->path, entry->link);
        return true;
    case ENTRY_DIRECTORY:
    case ENTRY_CHARACTER:
    case ENTRY_BLOCK:
    case ENTRY_FIFO:
        break;
    }
    return true;
}

static bool read_walk(struct layer_walk *walk, struct reader_sink *sink, struct error *err)
{
    struct buf content scoped(buf_release) = {0};
    const struct layer_entry *entry = NULL;
    for (;;) {
        if (!layer_walk_next(walk, &entry, err))
            return false;
        if (!entry)
            break;
        if (!read_entry(walk, entry, sink, &content, err))
            return false;
        if (content.capacity > (size_t)LIMIT_SMALL_FILE_BYTES)
            buf_release(&content);
    }
    reader_finish(sink);
    return true;
}

bool layer_read_tar(struct stream *tar, const struct layer_read_settings *settings,
                    struct arena *arena, struct evidence *out, struct error *err)
{
    struct reader_sink sink;
    sink_init(&sink, arena, out);
    sink.source_mode = settings && settings->source_mode;
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    const struct layer_walk_settings walk_settings = {.warn = on_walk_warning,
                                                      .warn_context = &sink};
    bool ok = layer_walk_open(tar, &walk_settings, &walk, err) && read_walk(walk, &sink, err);
    sink_stash_release(&sink);
    return ok;
}

bool layer_read_directory(const char *path, const struct layer_read_settings *settings,
                          struct arena *arena, struct evidence *out, struct error *err)
{
    struct reader_sink sink;
    sink_init(&sink, arena, out);
    sink.source_mode = settings && settings->source_mode;
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    const struct layer_walk_settings walk_settings = {.warn = on_walk_warning,
                                                      .warn_context = &sink};
    bool ok =
        layer_walk_open_directory(path, &walk_settings, &walk, err) && read_walk(walk, &sink, err);
    sink_stash_release(&sink);
    return ok;
}
