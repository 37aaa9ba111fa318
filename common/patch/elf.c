/* Dynamic facts of an ELF file by its program headers (System V ABI, "Dynamic Linking"). Both
 * classes and byte orders; every offset is checked. */
#include <string.h>

#include "patch/root.h"

enum {
    PT_LOAD = 1,
    PT_DYNAMIC = 2,
    DT_NEEDED = 1,
    DT_STRTAB = 5,
    DT_STRSZ = 10,
    DT_SONAME = 14,
    DT_RPATH = 15,
    DT_RUNPATH = 29,
    EM_ARM = 40,
    EF_ARM_HARD = 0x400,
    PROGRAM_HEADERS_MOST = 1024,
    DYNAMIC_MOST = 65536,
};

struct elf {
    struct slice bytes;
    bool wide, big;
    uint64_t headers, header_size, header_count;
};

static uint64_t number(const struct elf *elf, uint64_t offset, size_t width)
{
    uint64_t value = 0;

    if (offset > elf->bytes.length || width > elf->bytes.length - offset)
        return 0;
    for (size_t i = 0; i < width; i++) {
        size_t at = (size_t)offset + (elf->big ? i : width - 1 - i);
        value = value << 8 | (unsigned char)elf->bytes.data[at];
    }
    return value;
}

static bool find_segment(const struct elf *elf, uint64_t type, uint64_t *offset, uint64_t *size)
{
    for (uint64_t i = 0; i < elf->header_count; i++) {
        uint64_t at = elf->headers + i * elf->header_size;
        if (number(elf, at, 4) != type)
            continue;
        *offset = elf->wide ? number(elf, at + 8, 8) : number(elf, at + 4, 4);
        *size = elf->wide ? number(elf, at + 32, 8) : number(elf, at + 16, 4);
        return *offset <= elf->bytes.length && *size <= elf->bytes.length - *offset;
    }
    return false;
}

static bool file_offset(const struct elf *elf, uint64_t address, uint64_t *out)
{
    for (uint64_t i = 0; i < elf->header_count; i++) {
        uint64_t at = elf->headers + i * elf->header_size;
        if (number(elf, at, 4) != PT_LOAD)
            continue;
        uint64_t offset = elf->wide ? number(elf, at + 8, 8) : number(elf, at + 4, 4);
        uint64_t start = elf->wide ? number(elf, at + 16, 8) : number(elf, at + 8, 4);
        uint64_t size = elf->wide ? number(elf, at + 32, 8) : number(elf, at + 16, 4);
        if (address >= start && address - start < size) {
            *out = offset + (address - start);
            return *out < elf->bytes.length;
        }
    }
    return false;
}

static const char *string_at(struct arena *arena, struct slice table, uint64_t index)
{
    if (index >= table.length)
        return NULL;
    const char *start = table.data + index;
    const char *end = memchr(start, 0, table.length - (size_t)index);

    return end && end != start ? arena_strndup(arena, start, (size_t)(end - start)) : NULL;
}

struct names {
    const char **items;
    size_t count, capacity;
};

static void split_path(struct arena *arena, const char *text, struct names *out)
{
    struct slice rest = slice_of(text), part;

    while (slice_take_until(&rest, ':', &part)) {
        if (!part.length)
            continue;
        arena_push(arena, out->items, out->count, out->capacity);
        out->items[out->count++] = slice_string(arena, part);
    }
}

static void read_dynamic(struct arena *arena, const struct elf *elf, uint64_t offset, uint64_t size,
                         struct elf_facts *facts)
{
    size_t width = elf->wide ? 8 : 4;
    uint64_t count = size / (2 * width), strtab = 0, strsz = 0, at = 0;
    struct names needed = {0}, runpath = {0};

    if (count > DYNAMIC_MOST)
        count = DYNAMIC_MOST;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t tag = number(elf, offset + i * 2 * width, width);
        uint64_t value = number(elf, offset + i * 2 * width + width, width);
        if (tag == DT_STRTAB)
            strtab = value;
        else if (tag == DT_STRSZ)
            strsz = value;
    }
    if (!file_offset(elf, strtab, &at))
        return;
    struct slice table = slice_sub(elf->bytes, (size_t)at, (size_t)strsz);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t tag = number(elf, offset + i * 2 * width, width);
        uint64_t value = number(elf, offset + i * 2 * width + width, width);
        if (tag == 0)
            break;
        if (tag != DT_NEEDED && tag != DT_SONAME && tag != DT_RPATH && tag != DT_RUNPATH)
            continue;
        const char *text = string_at(arena, table, value);
        if (!text)
            continue;
        if (tag == DT_SONAME) {
            facts->soname = text;
        } else if (tag == DT_NEEDED) {
            arena_push(arena, needed.items, needed.count, needed.capacity);
            needed.items[needed.count++] = text;
        } else {
            split_path(arena, text, &runpath);
        }
    }
    facts->needed = needed.items;
    facts->needed_count = needed.count;
    facts->runpath = runpath.items;
    facts->runpath_count = runpath.count;
}

const struct elf_facts *elf_read(struct arena *arena, struct slice bytes)
{
    if (bytes.length < 52 || memcmp(bytes.data, "\177ELF", 4) != 0)
        return NULL;
    struct elf elf = {.bytes = bytes, .wide = bytes.data[4] == 2, .big = bytes.data[5] == 2};
    uint64_t type = number(&elf, 16, 2), offset, size;
    if ((bytes.data[4] != 1 && bytes.data[4] != 2) || (bytes.data[5] != 1 && bytes.data[5] != 2) ||
        (type != 2 && type != 3) || (elf.wide && bytes.length < 64))
        return NULL;
    elf.headers = elf.wide ? number(&elf, 32, 8) : number(&elf, 28, 4);
    elf.header_size = number(&elf, elf.wide ? 54 : 42, 2);
    elf.header_count = number(&elf, elf.wide ? 56 : 44, 2);
    if (elf.header_count > PROGRAM_HEADERS_MOST || elf.header_size < (elf.wide ? 56U : 32U) ||
        elf.headers > bytes.length)
        return NULL;
    struct elf_facts *facts = arena_new_object(arena, struct elf_facts);
    facts->machine = (uint16_t)number(&elf, 18, 2);
    facts->class = elf.wide ? 2 : 1;
    facts->hard_float =
        facts->machine == EM_ARM && !elf.wide && (number(&elf, 36, 4) & EF_ARM_HARD) != 0;
    facts->dynamic = find_segment(&elf, PT_DYNAMIC, &offset, &size);
    if (facts->dynamic)
        read_dynamic(arena, &elf, offset, size, facts);
    return facts;
}
