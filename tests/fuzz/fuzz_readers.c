/* The first line is the file's path, the rest its bytes: every reader is reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/reader.h"
#include "inventory/sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = {(const char *)data, size}, line;
    if (!slice_take_line(&all, &line) || line.length == 0 || line.length > 500)
        return 0;
    struct arena *arena = arena_new();
    struct evidence evidence;
    struct reader_sink sink;
    struct buf text = {0};
    sink_init(&sink, arena, &evidence);
    /* A copy of its own size, so that a read past the end is seen. */
    char *copy = malloc(all.length + (all.length == 0));
    memcpy(copy, all.data, all.length);
    struct reader_file file = {.path = slice_string(arena, line), .bytes = {copy, all.length}};
    reader_offer(&file, &sink);
    reader_finish(&sink);
    evidence_encode(&evidence, &text);
    buf_release(&text);
    free(copy);
    arena_free(arena);
    return 0;
}
