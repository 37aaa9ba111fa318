#include "inventory/zip.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

enum {
    ZIP_END_SIZE = 22,
    ZIP_END64_SIZE = 56,
    ZIP_LOCATOR64_SIZE = 20,
    ZIP_CENTRAL_SIZE = 46,
    ZIP_LOCAL_SIZE = 30,
    ZIP_COMMENT_MOST = 65535,
    ZIP_STORED = 0,
    ZIP_DEFLATED = 8,
    ZIP_FLAG_ENCRYPTED = 1,
};

/* Little-endian. */
static uint64_t get(const char *p, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)(unsigned char)p[i] << (8 * i);
    return value;
}

static bool find_end(struct slice bytes, size_t *at)
{
    if (bytes.length < ZIP_END_SIZE)
        return false;
    size_t last = bytes.length - ZIP_END_SIZE;
    size_t first = last > ZIP_COMMENT_MOST ? last - ZIP_COMMENT_MOST : 0;
    for (size_t i = last + 1; i-- > first;)
        if (memcmp(bytes.data + i, "PK\5\6", 4) == 0) {
            *at = i;
            return true;
        }
    return false;
}

struct directory {
    uint64_t size, offset, count;
    size_t end; /* where the end record stands: the directory ends before it */
};

static bool read_end(struct slice bytes, struct directory *out)
{
    size_t at = 0;
    if (!find_end(bytes, &at))
        return false;
    const char *end = bytes.data + at;
    *out = (struct directory){get(end + 12, 4), get(end + 16, 4), get(end + 10, 2), at};
    if (at < ZIP_LOCATOR64_SIZE || memcmp(end - ZIP_LOCATOR64_SIZE, "PK\6\7", 4) != 0)
        return true;
    uint64_t where = get(end - ZIP_LOCATOR64_SIZE + 8, 8);
    if (where > bytes.length || bytes.length - where < ZIP_END64_SIZE ||
        memcmp(bytes.data + where, "PK\6\6", 4) != 0)
        return true;
    const char *end64 = bytes.data + where;
    *out = (struct directory){get(end64 + 40, 8), get(end64 + 48, 8), get(end64 + 32, 8),
                              (size_t)where};
    return true;
}

/* zip64 extra field: sizes and offset that did not fit, in that order. */
static void widen(struct slice extra, uint64_t *size, uint64_t *packed, uint64_t *offset)
{
    while (extra.length >= 4) {
        size_t id = (size_t)get(extra.data, 2), length = (size_t)get(extra.data + 2, 2);
        struct slice field = slice_sub(extra, 4, length);
        extra = slice_sub(extra, 4 + length, extra.length);
        if (id != 1)
            continue;
        uint64_t *const values[] = {size, packed, offset};
        for (size_t i = 0; i < array_count(values); i++) {
            if (*values[i] != UINT32_MAX || field.length < 8)
                continue;
            *values[i] = get(field.data, 8);
            field = slice_sub(field, 8, field.length);
        }
    }
}

/* The packed bytes behind the local header. */
static bool find_packed(struct slice bytes, uint64_t offset, uint64_t length, struct slice *out)
{
    if (offset > bytes.length || bytes.length - offset < ZIP_LOCAL_SIZE)
        return false;
    const char *local = bytes.data + offset;
    if (memcmp(local, "PK\3\4", 4) != 0)
        return false;
    uint64_t begin = offset + ZIP_LOCAL_SIZE + get(local + 26, 2) + get(local + 28, 2);
    if (begin > bytes.length || length > bytes.length - begin)
        return false;
    *out = slice_sub(bytes, (size_t)begin, (size_t)length);
    return true;
}

bool zip_open(struct slice bytes, struct arena *arena, struct zip *out)
{
    struct directory directory;
    *out = (struct zip){.bytes = bytes};
    if (!read_end(bytes, &directory) || directory.size > directory.end)
        return false;
    size_t capacity = 0, at = directory.end - (size_t)directory.size;
    /* Bytes before the archive shift every offset. */
    int64_t shift = (int64_t)at - (int64_t)directory.offset;
    while (at <= bytes.length && bytes.length - at >= ZIP_CENTRAL_SIZE &&
           memcmp(bytes.data + at, "PK\1\2", 4) == 0) {
        const char *p = bytes.data + at;
        size_t name = (size_t)get(p + 28, 2), extra = (size_t)get(p + 30, 2);
        size_t whole = ZIP_CENTRAL_SIZE + name + extra + (size_t)get(p + 32, 2);
        if (whole > bytes.length - at || out->count >= LIMIT_ARCHIVE_ENTRIES) {
            out->truncated = true;
            break;
        }
        uint64_t size = get(p + 24, 4), packed = get(p + 20, 4), offset = get(p + 42, 4);
        widen((struct slice){p + ZIP_CENTRAL_SIZE + name, extra}, &size, &packed, &offset);
        struct zip_entry entry = {
            .name = arena_strndup(arena, p + ZIP_CENTRAL_SIZE, name),
            .method = (int)get(p + 10, 2),
            .size = size,
            .encrypted = (get(p + 8, 2) & ZIP_FLAG_ENCRYPTED) != 0,
        };
        at += whole;
        if (!find_packed(bytes, offset + (uint64_t)shift, packed, &entry.packed)) {
            out->truncated = true;
            continue;
        }
        arena_push(arena, out->entries, out->count, capacity);
        out->entries[out->count++] = entry;
    }
    return true;
}

bool zip_extract(const struct zip *zip, const struct zip_entry *entry, int64_t most,
                 struct buf *out)
{
    (void)zip;
    if (entry->encrypted || entry->size > (uint64_t)most)
        return false;
    if (entry->method == ZIP_STORED) {
        if (entry->packed.length > (uint64_t)most)
            return false;
        buf_put_slice(out, entry->packed);
        return true;
    }
    if (entry->method != ZIP_DEFLATED || entry->size / LIMIT_LAYER_RATIO > entry->packed.length + 1)
        return false;
    struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
    if (!inflater)
        abort();
    buf_reserve(out, (size_t)entry->size + 1);
    size_t got = 0;
    enum libdeflate_result result =
        libdeflate_deflate_decompress(inflater, entry->packed.data, entry->packed.length,
                                      out->data + out->length, (size_t)entry->size, &got);
    libdeflate_free_decompressor(inflater);
    if (result != LIBDEFLATE_SUCCESS)
        return false;
    out->length += got;
    return true;
}
