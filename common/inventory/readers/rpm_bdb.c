/* Packages as a Berkeley DB hash (db_page.h's layout, versions 8 to 10), of either byte order:
 * every second item of a hash page is a header, mostly on overflow pages. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/rpm_header.h"

enum {
    BDB_META_SIZE = 72,
    BDB_PAGE_HEADER = 26,
    BDB_HASH_MAGIC = 0x061561,
    PAGE_HASH_UNSORTED = 2,
    PAGE_OVERFLOW = 7,
    PAGE_HASH = 13,
    ITEM_KEY_DATA = 1,
    ITEM_OFF_PAGE = 3,
    ITEM_OFF_PAGE_SIZE = 12,
};

struct bdb {
    struct slice bytes;
    bool big;
    size_t page, pages;
    size_t damaged, followed;
};

static uint32_t get32(const struct bdb *bdb, const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return bdb->big ? (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3]
                    : (uint32_t)u[3] << 24 | (uint32_t)u[2] << 16 | (uint32_t)u[1] << 8 | u[0];
}

static size_t get16(const struct bdb *bdb, const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return bdb->big ? (size_t)u[0] << 8 | u[1] : (size_t)u[1] << 8 | u[0];
}

static bool bdb_open(struct slice bytes, struct bdb *out)
{
    *out = (struct bdb){.bytes = bytes};
    if (bytes.length < BDB_META_SIZE)
        return false;
    if (get32(out, bytes.data + 12) != BDB_HASH_MAGIC) {
        out->big = true;
        if (get32(out, bytes.data + 12) != BDB_HASH_MAGIC)
            return false;
    }
    out->page = get32(out, bytes.data + 20);
    if (out->page < 512 || out->page > 65536 || (out->page & (out->page - 1)) != 0)
        return false;
    out->pages = bytes.length / out->page;
    return true;
}

/* The chain of overflow pages; false if it is broken or longer than the file. */
static bool read_overflow(struct bdb *bdb, uint32_t number, size_t length, struct buf *out)
{
    if (length > (size_t)LIMIT_SMALL_FILE_BYTES * 4)
        return false;
    while (number != 0 && out->length < length) {
        if (number >= bdb->pages || bdb->followed++ > bdb->pages * 2)
            return false;
        const char *page = bdb->bytes.data + (size_t)number * bdb->page;
        if (page[25] != PAGE_OVERFLOW)
            return false;
        number = get32(bdb, page + 16);
        size_t used = number == 0 ? get16(bdb, page + 22) : bdb->page - BDB_PAGE_HEADER;
        if (number == 0 && (used == 0 || used > bdb->page - BDB_PAGE_HEADER))
            used = bdb->page - BDB_PAGE_HEADER;
        if (used > length - out->length)
            used = length - out->length;
        buf_put(out, page + BDB_PAGE_HEADER, used);
    }
    return out->length == length;
}

static bool read_item(struct bdb *bdb, const char *page, size_t at, size_t end,
                      struct reader_sink *sink, const char *source)
{
    struct buf blob scoped(buf_release) = {0};
    if (at < BDB_PAGE_HEADER || at >= end || end > bdb->page)
        return false;
    if (page[at] == ITEM_KEY_DATA) {
        size_t length = end - at - 1;
        if (length >= 16) /* the first record counts packages in four bytes */
            rpm_header_read((struct slice){page + at + 1, length}, sink, source);
        return true;
    }
    if (page[at] != ITEM_OFF_PAGE || end - at < ITEM_OFF_PAGE_SIZE)
        return false;
    if (!read_overflow(bdb, get32(bdb, page + at + 4), get32(bdb, page + at + 8), &blob))
        return false;
    rpm_header_read(buf_slice(&blob), sink, source);
    return true;
}

static void read_page(struct bdb *bdb, const char *page, struct reader_sink *sink,
                      const char *source)
{
    size_t entries = get16(bdb, page + 20);
    if (entries > (bdb->page - BDB_PAGE_HEADER) / 2) {
        bdb->damaged++;
        return;
    }
    for (size_t i = 1; i < entries; i += 2) {
        size_t at = get16(bdb, page + BDB_PAGE_HEADER + 2 * i);
        size_t end = get16(bdb, page + BDB_PAGE_HEADER + 2 * (i - 1));
        if (!read_item(bdb, page, at, end, sink, source))
            bdb->damaged++;
    }
}

void rpm_bdb_read(struct slice bytes, struct reader_sink *sink, const char *source)
{
    struct bdb bdb;
    if (!bdb_open(bytes, &bdb)) {
        sink_warning(sink, "rpm-damaged", sink->path, true, "not a Berkeley DB hash");
        return;
    }
    for (size_t i = 1; i < bdb.pages; i++) {
        const char *page = bytes.data + i * bdb.page;
        if (page[25] == PAGE_HASH || page[25] == PAGE_HASH_UNSORTED)
            read_page(&bdb, page, sink, source);
    }
    if (bdb.damaged > 0)
        sink_warning(sink, "rpm-damaged", sink->path, true,
                     "%zu packages of the database cannot be read", bdb.damaged);
}
