/* Go executables: the build information that the linker embeds (debug/buildinfo): a magic at a
 * multiple of 16, then either two strings in place (Go 1.18 and later) or the addresses of two
 * strings' headers, which stand behind it, while the strings themselves have gone by: so the places
 * that can be they are remembered. The last valid one counts: what a program carries in itself (as
 * go:embed does) stands before its data. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/binary_parts.h"
#include "inventory/readers/lang.h"

enum {
    MAGIC = 14,
    HEADER = 32,
    ALIGNMENT = 16,
    SENTINEL = 16,
    HEAD_BYTES = 8192,
    NAMES_MOST = 512,
    MODULES_MOST = 4 * 1024 * 1024,
    GO_TEXT_MOST = 64,
    GO_NAME = 32,
};

/* debug/buildinfo's magic; cmd/go's infoStart; how a version begins. */
const struct go_literal go_literals[GO_LITERALS] = {
    [GO_MAGIC] = {"\xff Go buildinf:", MAGIC},
    [GO_MODULES] = {"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6", SENTINEL},
    [GO_VERSION] = {"go1.", 4},
};
static const char modules_end[] =
    "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";

struct go_name { /* a text that can be the version, by its place */
    uint64_t at;
    char text[4 + GO_NAME];
};

struct go_spot { /* a string's header, to come */
    uint64_t at;
    size_t got;
    unsigned char bytes[16];
};

struct go_scan {
    uint64_t at;
    struct slice block;
    struct buf head;
    struct binary_capture info, modules;
    uint64_t info_end; /* a magic before it stands in what was read already */
    bool modules_done;
    struct go_name names[NAMES_MOST];
    size_t name_count;
    bool pointers; /* the older form: spots say where */
    size_t word;
    bool big;
    struct go_spot spots[2];
    bool found;
    char go[GO_TEXT_MOST + 1];
    struct buf text;
};

struct go_scan *go_scan_new(void)
{
    struct go_scan *go = calloc(1, sizeof(*go));
    if (!go)
        abort();
    return go;
}

void go_scan_free(struct go_scan *go)
{
    buf_release(&go->head);
    buf_release(&go->info.bytes);
    buf_release(&go->modules.bytes);
    buf_release(&go->text);
    free(go);
}

void go_scan_begin(struct go_scan *go)
{
    buf_clear(&go->head);
    go->info.on = go->modules.on = go->modules_done = go->pointers = go->found = false;
    go->name_count = 0;
    go->at = go->info_end = 0;
    go->block = (struct slice){0};
    go->go[0] = 0;
    buf_clear(&go->text);
}

void binary_capture_begin(struct binary_capture *capture, uint64_t from, size_t most)
{
    buf_clear(&capture->bytes);
    capture->from = from;
    capture->most = most;
    capture->on = true;
}

void binary_capture_feed(struct binary_capture *capture, uint64_t at, struct slice block)
{
    uint64_t next = capture->from + capture->bytes.length;
    if (!capture->on || next < at || next >= at + block.length)
        return;
    struct slice more = slice_sub(block, (size_t)(next - at), block.length);
    size_t room = capture->most - capture->bytes.length;
    buf_put_slice(&capture->bytes, slice_sub(more, 0, room));
}

static bool take_varint(struct slice *s, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 63 && s->length; shift += 7) {
        unsigned char c = (unsigned char)s->data[0];
        *s = slice_sub(*s, 1, s->length);
        *value |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80))
            return true;
    }
    return false;
}

static bool take_string(struct slice *s, struct slice *out)
{
    uint64_t length;
    if (!take_varint(s, &length) || length > s->length)
        return false;
    *out = slice_sub(*s, 0, (size_t)length);
    *s = slice_sub(*s, (size_t)length, s->length);
    return true;
}

static uint64_t word_of(const unsigned char *bytes, size_t size, bool big)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * (big ? size - 1 - i : i));
    return value;
}

static bool is_go_version(struct slice text)
{
    return text.length <= GO_TEXT_MOST &&
           (slice_has_prefix(text, "go1") || slice_has_prefix(text, "devel"));
}

static void keep(struct go_scan *go, struct slice version, struct slice modules)
{
    memcpy(go->go, version.data, version.length);
    go->go[version.length] = 0;
    buf_clear(&go->text);
    if (modules.length > 2 * SENTINEL && modules.data[modules.length - SENTINEL - 1] == '\n')
        buf_put_slice(&go->text, slice_sub(modules, SENTINEL, modules.length - 2 * SENTINEL));
    go->found = true;
    go->pointers = false;
}

static void spot_feed(const struct go_scan *go, struct go_spot *spot, uint64_t at,
                      struct slice block)
{
    uint64_t next = spot->at + spot->got;
    size_t need = 2 * go->word - spot->got;
    if (need == 0 || next < at || next >= at + block.length)
        return;
    struct slice more = slice_sub(block, (size_t)(next - at), need);
    memcpy(spot->bytes + spot->got, more.data, more.length);
    spot->got += more.length;
}

static void info_pointers(struct go_scan *go, const unsigned char *header)
{
    size_t word = header[14];
    bool big = header[15] & 1;
    struct slice head = buf_slice(&go->head);
    if (word != 4 && word != 8)
        return;
    go->word = word;
    go->big = big;
    for (size_t i = 0; i < 2; i++) {
        go->spots[i] = (struct go_spot){0};
        if (!binary_offset(head, word_of(header + 16 + i * word, word, big), &go->spots[i].at) ||
            go->spots[i].at < go->info.from + HEADER)
            return;
        spot_feed(go, &go->spots[i], go->info.from, buf_slice(&go->info.bytes));
        spot_feed(go, &go->spots[i], go->at, go->block);
    }
    go->pointers = true;
}

/* Reads what is captured once it is whole. */
static void info_step(struct go_scan *go)
{
    struct slice all = buf_slice(&go->info.bytes), version, modules;
    uint64_t length;
    if (!go->info.on || all.length < HEADER)
        return;
    go->info_end = go->info.from + HEADER;
    if (!(all.data[15] & 2)) {
        go->info.on = false;
        info_pointers(go, (const unsigned char *)all.data);
        return;
    }
    struct slice rest = slice_sub(all, HEADER, all.length), ahead = rest;
    bool wrong = take_varint(&ahead, &length) && length > GO_TEXT_MOST;
    if (!wrong && take_string(&rest, &version)) {
        wrong = !is_go_version(version);
        if (!wrong && take_string(&rest, &modules)) {
            keep(go, version, modules);
            go->info.on = false;
            go->info_end = go->info.from + (uint64_t)(rest.data - all.data);
        }
    }
    if (wrong || all.length >= go->info.most)
        go->info.on = false;
}

static void modules_step(struct go_scan *go, size_t before)
{
    struct slice all = buf_slice(&go->modules.bytes);
    size_t from = before > SENTINEL ? before - SENTINEL : 0;
    if (!go->modules.on || all.length < SENTINEL)
        return;
    const char *end = memmem(all.data + from, all.length - from, modules_end, SENTINEL);
    if (end)
        go->modules.bytes.length = (size_t)(end - all.data) + SENTINEL;
    go->modules_done = end != NULL;
    go->modules.on = !end && all.length < go->modules.most;
}

bool go_scan_hit(struct go_scan *go, unsigned literal, uint64_t end)
{
    uint64_t start = end - go_literals[literal].length;
    if (literal == GO_VERSION)
        return go->name_count < NAMES_MOST;
    if (literal == GO_MAGIC)
        return start % ALIGNMENT == 0;
    /* The first list that is whole; then no more are looked for. */
    if (go->modules_done || go->modules.on)
        return false;
    binary_capture_begin(&go->modules, start, MODULES_MOST);
    buf_put(&go->modules.bytes, go_literals[literal].text, go_literals[literal].length);
    binary_capture_feed(&go->modules, go->at, go->block);
    modules_step(go, 0);
    return false;
}

/* With what stands behind the magic a wrong one is known at once, so that the answer does not
 * depend on how the file is cut. */
static void info_begin(struct go_scan *go, uint64_t end, struct slice behind)
{
    uint64_t start = end - MAGIC;
    if (go->info.on || start < go->info_end)
        return;
    binary_capture_begin(&go->info, start, MODULES_MOST);
    buf_put(&go->info.bytes, go_literals[GO_MAGIC].text, MAGIC);
    buf_put_slice(&go->info.bytes, behind);
    binary_capture_feed(&go->info, go->at, go->block);
    info_step(go);
}

void go_scan_text(struct go_scan *go, unsigned literal, uint64_t end, struct slice behind)
{
    if (literal == GO_MAGIC) {
        info_begin(go, end, behind);
        return;
    }
    if (literal != GO_VERSION || go->name_count >= NAMES_MOST)
        return;
    struct go_name *name = &go->names[go->name_count++];
    name->at = end - go_literals[GO_VERSION].length;
    memset(name->text, 0, sizeof(name->text));
    memcpy(name->text, go_literals[GO_VERSION].text, go_literals[GO_VERSION].length);
    memcpy(name->text + go_literals[GO_VERSION].length, behind.data,
           behind.length < GO_NAME ? behind.length : GO_NAME);
}

void go_scan_feed(struct go_scan *go, uint64_t at, struct slice block)
{
    go->at = at;
    go->block = block;
    if (go->head.length < HEAD_BYTES)
        buf_put_slice(&go->head, slice_sub(block, 0, HEAD_BYTES - go->head.length));
    binary_capture_feed(&go->info, at, block);
    info_step(go);
    size_t before = go->modules.bytes.length;
    binary_capture_feed(&go->modules, at, block);
    modules_step(go, before);
    for (size_t i = 0; go->pointers && i < 2; i++)
        spot_feed(go, &go->spots[i], at, block);
}

/* The older form: both strings by their places. */
static void follow_pointers(struct go_scan *go)
{
    uint64_t at[2] = {0}, length[2] = {0};
    struct slice version = {"", 0}, modules = {"", 0}, head = buf_slice(&go->head);
    for (size_t i = 0; i < 2; i++) {
        if (go->spots[i].got < 2 * go->word)
            continue;
        length[i] = word_of(go->spots[i].bytes + go->word, go->word, go->big);
        if (!binary_offset(head, word_of(go->spots[i].bytes, go->word, go->big), &at[i]))
            length[i] = 0;
    }
    for (size_t i = 0; i < go->name_count; i++)
        if (length[0] > 0 && go->names[i].at == at[0] && length[0] <= 4 + GO_NAME)
            version = (struct slice){go->names[i].text, (size_t)length[0]};
    if (length[1] > 0 && go->modules.from == at[1] && length[1] <= go->modules.bytes.length)
        modules = slice_sub(buf_slice(&go->modules.bytes), 0, (size_t)length[1]);
    if (is_go_version(version) || modules.length > 0)
        keep(go, is_go_version(version) ? version : slice_of(""), modules);
}

void go_scan_end(struct go_scan *go, const char *path, struct reader_sink *sink)
{
    if (go->pointers)
        follow_pointers(go);
    if (!go->found)
        return;
    sink->reader = "go-binary";
    golang_modules(sink, path, slice_of(go->go), buf_slice(&go->text));
}
