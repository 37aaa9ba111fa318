/* What the shelf's writer and reader share: the file's head. Internal to shelf*.c. */
#pragma once

#include <stdint.h>

#define SHELF_MAGIC "RSHELF03"
#define SHELF_SEPARATOR "\x1f"

/* SHELF_DIGEST is the file's last: the digest of every byte before it, in text form. */
enum shelf_section {
    SHELF_META,
    SHELF_STRINGS,
    SHELF_RECORDS,
    SHELF_INDEX,
    SHELF_DIGEST,
    SHELF_SECTIONS
};

struct shelf_head {
    char magic[8];
    struct {
        uint64_t offset, length;
    } sections[SHELF_SECTIONS];
};

struct shelf_key {
    uint32_t text;  /* offset into strings */
    uint32_t count; /* records, one after another */
    uint64_t first; /* offset into records */
};
