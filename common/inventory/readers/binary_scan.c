#include "inventory/readers/binary_scan.h"

#include <ctype.h>
#include <hs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/binary_parts.h"
#include "inventory/readers/product_table.h"

enum {
    BEFORE = 128, /* bytes of context before and after the end of a hit's literal */
    AFTER = GO_CONTEXT,
    TAIL = BEFORE + AFTER + 64, /* of the bytes already gone by */
    ROWS_MOST = 256,
    WAITING_MOST = 256,
    LITERAL_LEAST = 3, /* rows with less are weak: looked for by hand, in files of their name */
    LITERAL_MOST = 64,
    WEAK = ROWS_MOST,
    VERSION_BYTES = 48,
    NUMBER_MOST = 4, /* digits of a version's first number */
};

/* Ids of the searched literals: a row's own, its `also`, then what Go's part and .NET's look for.
 */
enum { ALSO_FROM = 1000, GO_FROM = 2000, BUNDLE_FROM = 3000 };

struct waiting {
    unsigned id;
    uint64_t end;
};

struct binary_scan {
    hs_scratch_t *scratch;
    hs_stream_t *stream;
    const char *path, *base;
    uint64_t at; /* where the block in hand begins */
    struct slice block;
    char tail[TAIL];
    size_t tail_length;
    struct waiting waiting[WAITING_MOST]; /* hits whose context is not all here yet */
    size_t waiting_count;
    size_t weak[ROWS_MOST], weak_count; /* weak rows that fit the file's name */
    bool named[ROWS_MOST], also[ROWS_MOST];
    char found[ROWS_MOST][VERSION_BYTES];
    struct go_scan *go;
    struct rust_scan *rust;
    struct bundle_scan *bundle;
    char path_held[LIMIT_PATH_BYTES + 1];
};

static hs_database_t *database;
static bool row_is_weak[ROWS_MOST];

struct patterns {
    const char *texts[3 * ROWS_MOST];
    size_t lengths[3 * ROWS_MOST];
    unsigned ids[3 * ROWS_MOST], flags[3 * ROWS_MOST];
    char literals[ROWS_MOST][LITERAL_MOST];
    unsigned count;
};

static void put_pattern(struct patterns *all, const char *text, size_t length, unsigned id)
{
    all->texts[all->count] = text;
    all->lengths[all->count] = length;
    all->ids[all->count++] = id;
}

static void compile(void)
{
    struct patterns *all = calloc(1, sizeof(*all));
    hs_compile_error_t *problem = NULL;
    if (!all || product_row_count > ROWS_MOST)
        abort();
    for (size_t i = 0; i < product_row_count; i++) {
        const struct product_row *row = &product_rows[i];
        size_t length = product_literal(row->pattern, all->literals[i], LITERAL_MOST);
        row_is_weak[i] = length < LITERAL_LEAST;
        if (!row_is_weak[i])
            put_pattern(all, all->literals[i], length, (unsigned)i);
        if (row->also)
            put_pattern(all, row->also, strlen(row->also), ALSO_FROM + (unsigned)i);
    }
    for (size_t i = 0; i < GO_LITERALS; i++)
        put_pattern(all, go_literals[i].text, go_literals[i].length, GO_FROM + (unsigned)i);
    for (size_t i = 0; i < BUNDLE_LITERALS; i++)
        put_pattern(all, bundle_literals[i].text, bundle_literals[i].length,
                    BUNDLE_FROM + (unsigned)i);
    if (hs_compile_lit_multi(all->texts, all->flags, all->ids, all->lengths, all->count,
                             HS_MODE_STREAM, NULL, &database, &problem) != HS_SUCCESS)
        abort(); /* the table is ours: a unit test compiles it */
    free(all);
}

bool binary_is_executable(struct slice first)
{
    static const struct {
        const char *magic;
        size_t length;
    } magics[] = {{"\x7f"
                   "ELF",
                   4},
                  {"MZ", 2},
                  {"\xcf\xfa\xed\xfe", 4},
                  {"\xce\xfa\xed\xfe", 4},
                  {"\xca\xfe\xba\xbe\x00\x00\x00\x02", 8}};
    for (size_t i = 0; i < array_count(magics); i++)
        if (first.length >= magics[i].length &&
            memcmp(first.data, magics[i].magic, magics[i].length) == 0)
            return true;
    return false;
}

struct binary_scan *binary_scan_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, compile);
    struct binary_scan *scan = calloc(1, sizeof(*scan));
    if (!scan || hs_alloc_scratch(database, &scan->scratch) != HS_SUCCESS ||
        hs_open_stream(database, 0, &scan->stream) != HS_SUCCESS)
        abort();
    scan->go = go_scan_new();
    scan->rust = rust_scan_new();
    scan->bundle = bundle_scan_new();
    return scan;
}

void binary_scan_free(struct binary_scan *scan)
{
    if (!scan)
        return;
    hs_close_stream(scan->stream, NULL, NULL, NULL);
    hs_free_scratch(scan->scratch);
    go_scan_free(scan->go);
    rust_scan_free(scan->rust);
    bundle_scan_free(scan->bundle);
    free(scan);
}

/* Bytes [from, to) of the file as far as they are here, in tail and block. */
static struct slice context(const struct binary_scan *scan, uint64_t from, uint64_t to, char *out)
{
    uint64_t end = scan->at + scan->block.length;
    uint64_t held = scan->at - scan->tail_length;
    if (from < held)
        from = held;
    if (to > end)
        to = end;
    if (from >= to)
        return (struct slice){out, 0};
    if (from >= scan->at)
        return slice_sub(scan->block, (size_t)(from - scan->at), (size_t)(to - from));
    size_t first = (size_t)((to < scan->at ? to : scan->at) - from);
    memcpy(out, scan->tail + (from - held), first);
    if (to > scan->at)
        memcpy(out + first, scan->block.data, (size_t)(to - scan->at));
    return (struct slice){out, (size_t)(to - from)};
}

static void note(struct binary_scan *scan, size_t row, struct slice version)
{
    const char *begins = product_rows[row].begins;
    if (version.length >= VERSION_BYTES || (begins && !strchr(begins, version.data[0])) ||
        (product_rows[row].agrees && !product_agrees(scan->base, version)))
        return;
    memcpy(scan->found[row], version.data, version.length);
    scan->found[row][version.length] = 0;
}

/* The row's pattern somewhere around the hit, over the hit's literal: the leftmost counts. */
static void verify(struct binary_scan *scan, size_t row, uint64_t end)
{
    char bytes[BEFORE + AFTER];
    uint64_t from = end > BEFORE ? end - BEFORE : 0;
    struct slice text = context(scan, from, end + AFTER, bytes);
    uint64_t held = scan->at - scan->tail_length;
    if (from < held)
        from = held;
    for (size_t start = 0; start < text.length && from + start < end; start++) {
        struct slice version = {0};
        size_t length =
            product_match(product_rows[row].pattern, slice_sub(text, start, text.length), &version);
        if (length > 0 && from + start + length >= end) {
            note(scan, row, version);
            return;
        }
    }
}

/* A number begins at `at`: the pattern may begin with the byte before it, or one earlier. */
static void verify_weak(struct binary_scan *scan, uint64_t at)
{
    char bytes[AFTER + 2];
    struct slice text = context(scan, at - 2, at + AFTER, bytes), version;
    for (size_t i = 0; i < scan->weak_count; i++) {
        size_t row = scan->weak[i];
        for (size_t start = 0; start < 2 && !scan->found[row][0]; start++) {
            version = (struct slice){0};
            if (product_match(product_rows[row].pattern, slice_sub(text, start, text.length),
                              &version) > 0)
                note(scan, row, version);
        }
    }
}

static void judge(struct binary_scan *scan, unsigned id, uint64_t end)
{
    char bytes[GO_CONTEXT];
    if (id >= GO_FROM)
        go_scan_text(scan->go, id - GO_FROM, end, context(scan, end, end + GO_CONTEXT, bytes));
    else if (id == WEAK)
        verify_weak(scan, end);
    else if (!scan->found[id][0])
        verify(scan, id, end);
}

static void hit(struct binary_scan *scan, unsigned id, uint64_t end)
{
    if (end + AFTER <= scan->at + scan->block.length)
        judge(scan, id, end);
    else if (scan->waiting_count < WAITING_MOST)
        scan->waiting[scan->waiting_count++] = (struct waiting){id, end};
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *user)
{
    struct binary_scan *scan = user;
    (void)from, (void)flags;
    if (id >= BUNDLE_FROM) {
        char bytes[BUNDLE_BEFORE];
        uint64_t start = to - bundle_literals[id - BUNDLE_FROM].length;
        struct slice before =
            context(scan, start > BUNDLE_BEFORE ? start - BUNDLE_BEFORE : 0, start, bytes);
        bundle_scan_hit(scan->bundle, id - BUNDLE_FROM, to, before, scan->at, scan->block);
    } else if (id >= GO_FROM) {
        if (go_scan_hit(scan->go, id - GO_FROM, to))
            hit(scan, id, to);
    } else if (id >= ALSO_FROM) {
        scan->also[id - ALSO_FROM] = true;
    } else if (scan->named[id] && !scan->found[id][0]) {
        hit(scan, id, to);
    }
    return 0;
}

static void hit_waiting(struct binary_scan *scan, bool last)
{
    size_t kept = 0;
    for (size_t i = 0; i < scan->waiting_count; i++) {
        struct waiting w = scan->waiting[i];
        if (last || w.end + AFTER <= scan->at + scan->block.length)
            judge(scan, w.id, w.end);
        else
            scan->waiting[kept++] = w;
    }
    scan->waiting_count = kept;
}

static void keep_tail(struct binary_scan *scan)
{
    struct slice block = scan->block;
    if (block.length >= TAIL) {
        memcpy(scan->tail, block.data + block.length - TAIL, TAIL);
        scan->tail_length = TAIL;
        return;
    }
    size_t old = scan->tail_length;
    if (old + block.length > TAIL) {
        size_t gone = old + block.length - TAIL;
        memmove(scan->tail, scan->tail + gone, old - gone);
        old -= gone;
    }
    memcpy(scan->tail + old, block.data, block.length);
    scan->tail_length = old + block.length;
}

static int byte_at(const struct binary_scan *scan, uint64_t at)
{
    if (at >= scan->at + scan->block.length || at < scan->at - scan->tail_length)
        return 0;
    const char *bytes = at >= scan->at ? scan->block.data + (at - scan->at)
                                       : scan->tail + (at - (scan->at - scan->tail_length));
    return (unsigned char)*bytes;
}

/* Numbers with a dot behind, as versions begin, in files of a name that asks for it. */
static void seek_weak(struct binary_scan *scan)
{
    struct slice block = scan->block;
    for (size_t at = 0; at < block.length; at++) {
        const char *found = memchr(block.data + at, '.', block.length - at);
        if (!found)
            return;
        at = (size_t)(found - block.data);
        uint64_t first = scan->at + at;
        for (int i = 0; i < NUMBER_MOST && first > 0 && isdigit(byte_at(scan, first - 1)); i++)
            first--;
        if (first >= 2 && first < scan->at + at && !isdigit(byte_at(scan, first - 1)))
            hit(scan, WEAK, first);
    }
}

void binary_scan_begin(struct binary_scan *scan, const char *path)
{
    snprintf(scan->path_held, sizeof(scan->path_held), "%s", path);
    scan->path = scan->path_held;
    scan->base = path_base(scan->path);
    scan->at = 0;
    scan->block = (struct slice){0};
    scan->tail_length = scan->waiting_count = 0;
    scan->weak_count = 0;
    memset(scan->also, 0, sizeof(scan->also));
    for (size_t i = 0; i < product_row_count; i++) {
        scan->named[i] = product_named(&product_rows[i], scan->base);
        scan->found[i][0] = 0;
        if (scan->named[i] && row_is_weak[i])
            scan->weak[scan->weak_count++] = i;
    }
    go_scan_begin(scan->go);
    rust_scan_begin(scan->rust);
    bundle_scan_begin(scan->bundle);
    hs_reset_stream(scan->stream, 0, NULL, NULL, NULL);
}

void binary_scan_feed(struct binary_scan *scan, struct slice block)
{
    if (block.length == 0)
        return;
    scan->block = block;
    go_scan_feed(scan->go, scan->at, block);
    bundle_scan_feed(scan->bundle, scan->at, block);
    hit_waiting(scan, false);
    rust_scan_feed(scan->rust, block);
    hs_scan_stream(scan->stream, block.data, (unsigned)block.length, 0, scan->scratch, on_match,
                   scan);
    if (scan->weak_count > 0)
        seek_weak(scan);
    keep_tail(scan);
    scan->at += block.length;
}

static bool is_first_of_name(const struct binary_scan *scan, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (scan->found[i][0] && strcmp(product_rows[i].name, product_rows[row].name) == 0 &&
            (!product_rows[i].also || scan->also[i]))
            return false;
    return true;
}

void binary_scan_end(struct binary_scan *scan, struct reader_sink *sink)
{
    scan->block = (struct slice){0};
    hit_waiting(scan, true);
    sink->reader = "product";
    for (size_t i = 0; i < product_row_count; i++) {
        if (!scan->found[i][0] || (product_rows[i].also && !scan->also[i]) ||
            !is_first_of_name(scan, i))
            continue;
        sink_package(sink,
                     (struct component){.type = "generic",
                                        .name = product_rows[i].name,
                                        .version = scan->found[i]},
                     scan->path, CONFIDENCE_RECOGNISED);
    }
    go_scan_end(scan->go, scan->path, sink);
    rust_scan_end(scan->rust, scan->path, sink);
    bundle_scan_end(scan->bundle, scan->path, sink);
}
