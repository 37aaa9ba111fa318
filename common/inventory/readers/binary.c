/* Just enough of ELF (System V gABI), PE (Microsoft PE format) and Mach-O (64 and 32 bit) to find
 * where in the file an address is loaded from, by the headers at its beginning. */
#include <string.h>

#include "inventory/readers/lang.h"

enum { SECTIONS_MOST = 4096 };

struct view {
    struct slice bytes;
    bool big;  /* big-endian */
    bool wide; /* 64-bit */
};

/* 0 beyond the end: callers check what they do with it. */
static uint64_t number(const struct view *v, uint64_t at, unsigned size)
{
    uint64_t value = 0;
    if (at > v->bytes.length || v->bytes.length - at < size)
        return 0;
    const unsigned char *p = (const unsigned char *)v->bytes.data + at;
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)p[i] << (8 * (v->big ? size - 1 - i : i));
    return value;
}

static bool elf_offset(const struct view *v, uint64_t address, uint64_t *out)
{
    uint64_t table = number(v, v->wide ? 32 : 28, v->wide ? 8 : 4);
    uint64_t entry = number(v, v->wide ? 54 : 42, 2), count = number(v, v->wide ? 56 : 44, 2);
    unsigned word = v->wide ? 8 : 4;
    if (count > SECTIONS_MOST || table > v->bytes.length)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = table + i * entry;
        uint64_t offset = number(v, at + (v->wide ? 8 : 4), word);
        uint64_t begin = number(v, at + (v->wide ? 16 : 8), word);
        uint64_t size = number(v, at + (v->wide ? 32 : 16), word);
        if (number(v, at, 4) == 1 && address >= begin && address - begin < size) {
            *out = offset + (address - begin);
            return true;
        }
    }
    return false;
}

struct pe {
    uint64_t sections, count, base;
};

static bool pe_open(const struct view *v, struct pe *pe)
{
    uint64_t header = number(v, 0x3c, 4);
    if (header > v->bytes.length || number(v, header, 4) != 0x4550)
        return false;
    uint64_t optional = header + 24;
    bool wide = number(v, optional, 2) == 0x20b;
    pe->count = number(v, header + 6, 2);
    pe->sections = optional + number(v, header + 20, 2);
    pe->base = number(v, optional + (wide ? 24 : 28), wide ? 8 : 4);
    return pe->count <= SECTIONS_MOST;
}

static bool pe_offset(const struct view *v, uint64_t address, uint64_t *out)
{
    struct pe pe;
    if (!pe_open(v, &pe) || address < pe.base)
        return false;
    address -= pe.base;
    for (uint64_t i = 0; i < pe.count; i++) {
        uint64_t at = pe.sections + 40 * i;
        uint64_t begin = number(v, at + 12, 4), size = number(v, at + 16, 4);
        if (address >= begin && address - begin < size) {
            *out = number(v, at + 20, 4) + (address - begin);
            return true;
        }
    }
    return false;
}

static bool macho_offset(const struct view *v, uint64_t address, uint64_t *out)
{
    uint64_t at = v->wide ? 32 : 28, commands = number(v, 16, 4);
    unsigned word = v->wide ? 8 : 4;
    if (commands > SECTIONS_MOST)
        return false;
    for (uint64_t i = 0; i < commands; i++) {
        uint64_t kind = number(v, at, 4), size = number(v, at + 4, 4);
        if (size < 8)
            return false;
        if (kind == (v->wide ? 0x19u : 0x1u)) {
            uint64_t begin = number(v, at + 24, word), length = number(v, at + 24 + 3 * word, word);
            if (address >= begin && address - begin < length) {
                *out = number(v, at + 24 + 2 * word, word) + (address - begin);
                return true;
            }
        }
        at += size;
    }
    return false;
}

enum format { FORMAT_NONE, FORMAT_ELF, FORMAT_PE, FORMAT_MACHO };

static enum format open_view(struct slice bytes, struct view *v)
{
    *v = (struct view){.bytes = bytes};
    if (bytes.length < 64)
        return FORMAT_NONE;
    if (slice_has_prefix(bytes, "\x7f"
                                "ELF")) {
        v->wide = bytes.data[4] == 2;
        v->big = bytes.data[5] == 2;
        return FORMAT_ELF;
    }
    if (slice_has_prefix(bytes, "MZ"))
        return FORMAT_PE;
    uint64_t magic = number(v, 0, 4);
    v->big = magic == 0xcefaedfe || magic == 0xcffaedfe;
    v->wide = magic == 0xfeedfacf || magic == 0xcffaedfe;
    return magic == 0xfeedface || magic == 0xfeedfacf || v->big ? FORMAT_MACHO : FORMAT_NONE;
}

bool binary_offset(struct slice head, uint64_t address, uint64_t *out)
{
    struct view v;
    enum format format = open_view(head, &v);
    if (format == FORMAT_ELF)
        return elf_offset(&v, address, out);
    if (format == FORMAT_PE)
        return pe_offset(&v, address, out);
    return format == FORMAT_MACHO && macho_offset(&v, address, out);
}
