/* One pass over an executable or library as its bytes stream by: a multi-pattern search
 * (hyperscan's literals) finds what the product table's rows say, Go's build information and Rust's
 * audit data. Of the file only a few hundred bytes around a hit are kept, whatever its size; what
 * Go and Rust embed is kept up to LIMIT_SMALL_FILE_BYTES. The same answer however the bytes are
 * cut. Feed order: begin, feed …, end; begin anew for the next file. */
#pragma once

#include "inventory/readers/readers.h"

struct binary_scan;

/* ELF, PE (MZ) or Mach-O, by the first bytes. */
bool binary_is_executable(struct slice first);

struct binary_scan *binary_scan_new(void);
void binary_scan_free(struct binary_scan *scan);
void binary_scan_begin(struct binary_scan *scan, const char *path);
void binary_scan_feed(struct binary_scan *scan, struct slice block);
/* Puts what was found; `scan` is ready for the next file. */
void binary_scan_end(struct binary_scan *scan, struct reader_sink *sink);

/* What the parts share: some bytes of the stream, from a place in it on. */
struct binary_capture {
    struct buf bytes;
    uint64_t from;
    size_t most;
    bool on;
};
void binary_capture_begin(struct binary_capture *capture, uint64_t from, size_t most);
/* `at`: where the block stands in the file. Bytes that stand before what is held are not added. */
void binary_capture_feed(struct binary_capture *capture, uint64_t at, struct slice block);
