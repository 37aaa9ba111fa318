/* Packages.db (rpm's "ndb"): pages of slots, then blobs in blocks of 16 bytes; little-endian. */
#include <string.h>

#include "inventory/readers/rpm_header.h"

enum {
    NDB_PAGE = 4096,
    NDB_SLOT = 16,
    NDB_BLOCK = 16,
    NDB_HEADER = 32,
    NDB_BLOB_HEADER = 16,
    NDB_PAGES_MOST = 2048,
};

static uint32_t le32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[3] << 24 | (uint32_t)u[2] << 16 | (uint32_t)u[1] << 8 | u[0];
}

static bool read_slot(struct slice bytes, const char *slot, struct reader_sink *sink,
                      const char *source)
{
    uint32_t package = le32(slot + 4);
    size_t at = (size_t)le32(slot + 8) * NDB_BLOCK;
    if (package == 0)
        return true;
    if (at > bytes.length || bytes.length - at < NDB_BLOB_HEADER ||
        memcmp(bytes.data + at, "BlbS", 4) != 0 || le32(bytes.data + at + 4) != package)
        return false;
    size_t length = le32(bytes.data + at + 12);
    if (length > bytes.length - at - NDB_BLOB_HEADER)
        return false;
    rpm_header_read(slice_sub(bytes, at + NDB_BLOB_HEADER, length), sink, source);
    return true;
}

void rpm_ndb_read(struct slice bytes, struct reader_sink *sink, const char *source)
{
    if (bytes.length < NDB_HEADER || memcmp(bytes.data, "RpmP", 4) != 0) {
        sink_warning(sink, "rpm-damaged", sink->path, true, "not an ndb database");
        return;
    }
    size_t pages = le32(bytes.data + 12), damaged = 0;
    if (pages == 0 || pages > NDB_PAGES_MOST) {
        sink_warning(sink, "rpm-damaged", sink->path, true, "ndb: %zu pages of slots", pages);
        return;
    }
    for (size_t at = NDB_HEADER; at < pages * NDB_PAGE && at + NDB_SLOT <= bytes.length;
         at += NDB_SLOT)
        if (memcmp(bytes.data + at, "Slot", 4) != 0 ||
            !read_slot(bytes, bytes.data + at, sink, source))
            damaged++;
    if (damaged > 0 || pages * NDB_PAGE > bytes.length)
        sink_warning(sink, "rpm-damaged", sink->path, true, "ndb: %zu slots cannot be read",
                     damaged);
}
