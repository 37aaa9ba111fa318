#include "inventory/layer_read.h"

#include <string.h>

#include "base/limits.h"
#include "inventory/readers/binary_scan.h"

enum { BINARY_LEAST_BYTES = 64 };

static void on_walk_warning(void *context, const struct layer_warning *warning)
{
    struct reader_sink *sink = context;
    sink_warning(sink, warning->code, warning->path, true, "%s", warning->text);
}

/* The most bytes that any reader wants of the file; 0: nobody does. */
static int64_t wanted_bytes(const char *path)
{
    int64_t most = 0;
    for (size_t i = 0; i < package_reader_count; i++)
        if (package_readers[i]->most_bytes > most && package_readers[i]->wants(path))
            most = package_readers[i]->most_bytes;
    return most;
}

/* An executable nobody wants whole: searched as it streams by. */
static bool scan_binary(struct layer_walk *walk, const char *path, struct slice block,
                        struct reader_sink *sink, struct error *err)
{
    struct binary_scan *scan = sink_scan(sink);
    binary_scan_begin(scan, path);
    while (block.length > 0) {
        binary_scan_feed(scan, block);
        if (!layer_walk_read_block(walk, &block, err))
            return false;
    }
    binary_scan_end(scan, sink);
    return true;
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
    int64_t most = wanted_bytes(entry->path);
    if (most == 0 && entry->size < BINARY_LEAST_BYTES)
        return true;
    struct slice first = {0};
    if (!layer_walk_read_block(walk, &first, err))
        return false;
    bool binary = binary_is_executable(first);
    if (most > 0 || binary)
        sink_touched(sink, entry->path);
    if (most == 0 && binary)
        product_path(entry->path, sink);
    if (most == 0)
        return !binary || scan_binary(walk, entry->path, first, sink, err);
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
    sink_release(&sink);
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
    sink_release(&sink);
    return ok;
}
