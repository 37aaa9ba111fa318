/* What cargo-auditable links into executables: a JSON list packed with zlib, in a section (.dep-v0)
 * whose place is told only at the file's end. So every zlib header that goes by is tried: nearly
 * all break off within a few bytes, and a list begins with {"packages":. */
#define ZLIB_CONST
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/limits.h"
#include "inventory/readers/binary_parts.h"
#include "inventory/readers/lang.h"

static const char beginning[] = "{\"packages\":";
enum { BEGINNING = sizeof(beginning) - 1, STEP_BYTES = 64 * 1024, HELD_MOST = 2048 };

enum rust_state { RUST_IDLE, RUST_READING, RUST_WHOLE, RUST_BROKEN };

struct rust_scan {
    z_stream z;
    enum rust_state state;
    struct buf text;
    struct buf held; /* from a candidate on that cannot be judged yet */
};

struct rust_scan *rust_scan_new(void)
{
    struct rust_scan *rust = calloc(1, sizeof(*rust));
    if (!rust || inflateInit(&rust->z) != Z_OK)
        abort();
    return rust;
}

void rust_scan_free(struct rust_scan *rust)
{
    inflateEnd(&rust->z);
    buf_release(&rust->text);
    buf_release(&rust->held);
    free(rust);
}

void rust_scan_begin(struct rust_scan *rust)
{
    rust->state = RUST_IDLE;
    buf_clear(&rust->text);
    buf_clear(&rust->held);
}

/* Inflates on; how many bytes it took. */
static size_t read_on(struct rust_scan *rust, struct slice in)
{
    rust->z.next_in = (const Bytef *)in.data;
    rust->z.avail_in = (uInt)in.length;
    while (rust->state == RUST_READING && rust->z.avail_in > 0) {
        buf_reserve(&rust->text, STEP_BYTES);
        rust->z.next_out = (Bytef *)rust->text.data + rust->text.length;
        rust->z.avail_out = STEP_BYTES;
        int result = inflate(&rust->z, Z_NO_FLUSH);
        rust->text.length += STEP_BYTES - rust->z.avail_out;
        if (result == Z_STREAM_END)
            rust->state = RUST_WHOLE;
        else if (result != Z_OK || rust->text.length > (size_t)LIMIT_SMALL_FILE_BYTES)
            rust->state = RUST_BROKEN;
    }
    return in.length - rust->z.avail_in;
}

enum attempt { ATTEMPT_WRONG, ATTEMPT_SHORT, ATTEMPT_RIGHT };

/* The first few bytes; where they are a list's, all that is here. */
static enum attempt attempt(struct rust_scan *rust, struct slice in)
{
    unsigned char first[BEGINNING];
    inflateReset(&rust->z);
    rust->z.next_in = (const Bytef *)in.data;
    rust->z.avail_in = (uInt)in.length;
    rust->z.next_out = first;
    rust->z.avail_out = BEGINNING;
    int result = inflate(&rust->z, Z_NO_FLUSH);
    size_t got = BEGINNING - rust->z.avail_out;
    bool more = result == Z_OK || result == Z_BUF_ERROR;
    if (memcmp(first, beginning, got) != 0 || (got < BEGINNING && !more))
        return ATTEMPT_WRONG;
    if (got < BEGINNING)
        return in.length < HELD_MOST ? ATTEMPT_SHORT : ATTEMPT_WRONG;
    /* What follows may be known already: with less at hand it is learned later, and the same. */
    rust->state = more ? RUST_READING : result == Z_STREAM_END ? RUST_WHOLE : RUST_BROKEN;
    buf_put(&rust->text, beginning, BEGINNING);
    size_t took = in.length - rust->z.avail_in;
    (void)read_on(rust, slice_sub(in, took, in.length));
    return ATTEMPT_RIGHT;
}

/* RFC 1950: CM 8, window 32 KiB; RFC 1951: a block with Huffman codes. */
static bool may_begin(struct slice text)
{
    if (text.length < 3)
        return true;
    unsigned char flags = (unsigned char)text.data[1], block = (unsigned char)text.data[2];
    unsigned kind = (block >> 1) & 3;
    return (flags == 0x01 || flags == 0x5e || flags == 0x9c || flags == 0xda) &&
           (kind == 1 || kind == 2);
}

/* Candidates that begin in the first `most` bytes. One that the text is too short to judge stays in
 * `held`, with what follows it. */
static void seek(struct rust_scan *rust, struct slice text, size_t most)
{
    for (size_t at = 0; at < most; at++) {
        const char *found = memchr(text.data + at, 0x78, most - at);
        if (!found)
            return;
        at = (size_t)(found - text.data);
        struct slice rest = slice_sub(text, at, text.length);
        enum attempt result = may_begin(rest) ? attempt(rust, rest) : ATTEMPT_WRONG;
        if (result == ATTEMPT_SHORT)
            buf_put_slice(&rust->held, rest);
        if (result != ATTEMPT_WRONG)
            return;
    }
}

void rust_scan_feed(struct rust_scan *rust, struct slice block)
{
    if (rust->state == RUST_IDLE && rust->held.length > 0) {
        struct buf held scoped(buf_release) = rust->held;
        size_t old = held.length, more = block.length < HELD_MOST ? block.length : HELD_MOST;
        rust->held = (struct buf){0};
        buf_put(&held, block.data, more);
        seek(rust, buf_slice(&held), old);
        if (rust->held.length > 0)
            return;
        if (rust->state == RUST_READING)
            block = slice_sub(block, more, block.length);
    }
    if (rust->state == RUST_IDLE)
        seek(rust, block, block.length);
    else if (rust->state == RUST_READING)
        (void)read_on(rust, block);
}

void rust_scan_end(struct rust_scan *rust, const char *path, struct reader_sink *sink)
{
    sink->reader = "rust-binary";
    if (rust->state == RUST_WHOLE)
        cargo_audit_list(sink, path, buf_slice(&rust->text));
    else if (rust->state == RUST_READING || rust->state == RUST_BROKEN)
        sink_warning(sink, "rust-audit-data", path, true, "damaged section .dep-v0");
}
