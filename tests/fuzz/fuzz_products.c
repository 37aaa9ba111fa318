/* The first line: a file's name, and how the bytes are cut; the rest is an executable. The answer
 * may not depend on the cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/readers/binary_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scan_in_steps(struct slice bytes, const char *path, size_t step, struct buf *out)
{
    struct arena *arena = arena_new();
    struct evidence evidence;
    struct reader_sink sink;
    sink_init(&sink, arena, &evidence);
    binary_scan_begin(sink_scan(&sink), path);
    for (size_t at = 0; at < bytes.length; at += step) {
        /* A copy of its own size, so that a read past the end is seen. */
        struct slice part = slice_sub(bytes, at, step);
        char *copy = malloc(part.length);
        memcpy(copy, part.data, part.length);
        binary_scan_feed(sink_scan(&sink), (struct slice){copy, part.length});
        free(copy);
    }
    binary_scan_end(sink_scan(&sink), &sink);
    reader_finish(&sink);
    evidence_encode(&evidence, out);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = {(const char *)data, size}, line;
    char path[64];
    if (!slice_take_line(&all, &line) || line.length == 0 || line.length >= sizeof(path))
        return 0;
    memcpy(path, line.data, line.length);
    path[line.length] = 0;
    struct buf whole = {0}, cut = {0};
    scan_in_steps(all, path, all.length + 1, &whole);
    scan_in_steps(all, path, 1 + (unsigned char)line.data[line.length - 1] % 97, &cut);
    if (whole.length != cut.length || memcmp(whole.data, cut.data, whole.length) != 0)
        abort();
    buf_release(&whole);
    buf_release(&cut);
    return 0;
}
