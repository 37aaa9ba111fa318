#include <string.h>

#include "inventory/readers/readers.h"

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool path_has_suffix(const char *path, const char *suffix)
{
    return slice_has_suffix(slice_of(path), suffix);
}

const char *path_directory(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_strndup(arena, path, (size_t)(slash - path)) : "";
}

bool path_is_below(const char *path, const char *name)
{
    size_t length = strlen(path), tail = strlen(name);
    return length >= tail && strcmp(path + length - tail, name) == 0 &&
           (length == tail || path[length - tail - 1] == '/');
}

void text_check(const struct reader_file *file, struct reader_sink *sink, size_t entries)
{
    bool binary = memchr(file->bytes.data ? file->bytes.data : "", 0, file->bytes.length) != NULL;
    if (binary || (entries == 0 && slice_trim(file->bytes).length > 0))
        sink_warning(sink, "database-damaged", file->path, true,
                     binary ? "the file holds NUL bytes: packages may be missing"
                            : "no entry of this package database can be read");
}

bool field_take(struct slice *text, struct slice *key, struct slice *value, bool *blank)
{
    struct slice line;
    *blank = false;
    while (slice_take_line(text, &line)) {
        if (slice_trim(line).length == 0) {
            *blank = true;
            return false;
        }
        if (line.data[0] == ' ' || line.data[0] == '\t')
            continue;
        size_t colon = slice_find_byte(line, ':');
        if (colon == line.length)
            continue;
        *key = slice_trim(slice_sub(line, 0, colon));
        *value = slice_trim(slice_sub(line, colon + 1, line.length));
        return true;
    }
    return false;
}
