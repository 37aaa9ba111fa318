#include "patch/ldconfig.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

enum {
    HEADER_BYTES = 48,
    ENTRY_BYTES = 24,
    INCLUDE_DEPTH = 8,
    EM_386 = 3,
    EM_PPC64 = 21,
    EM_S390 = 22,
    EM_ARM = 40,
    EM_X86_64 = 62,
    EM_AARCH64 = 183,
    EM_RISCV = 243,
};

#define EXTENSION_MAGIC 0xeaa42174U

static const char magic[] = "glibc-ld.so.cache1.1";

struct library {
    const char *soname, *file; /* file: name in the directory */
    bool is_link;
    uint32_t flags;
};

struct cache_entry {
    const char *name, *path;
    uint32_t flags;
};

struct builder {
    struct arena *arena;
    struct root *root;
    const char **folders; /* as written in ld.so.conf */
    size_t folder_count, folder_capacity;
    struct cache_entry *entries;
    size_t count, capacity;
};

/* Numbers in names compare as numbers: libx.so.10 after libx.so.9 (glibc's _dl_cache_libcmp). */
static int library_compare(const char *a, const char *b)
{
    while (*a) {
        bool digit_a = *a >= '0' && *a <= '9', digit_b = *b >= '0' && *b <= '9';
        if (digit_a && digit_b) {
            unsigned long x = strtoul(a, (char **)(uintptr_t)&a, 10);
            unsigned long y = strtoul(b, (char **)(uintptr_t)&b, 10);
            if (x != y)
                return x < y ? -1 : 1;
        } else if (digit_a) {
            return 1;
        } else if (digit_b) {
            return -1;
        } else if (*a != *b) {
            return *a - *b;
        } else {
            a++;
            b++;
        }
    }
    return *a - *b;
}

static uint32_t flags_of(const struct elf_facts *elf)
{
    enum { ELF_LIBC6 = 3 };

    switch (elf->machine) {
    case EM_X86_64:
        return elf->class == 2 ? ELF_LIBC6 | 0x300 : ELF_LIBC6 | 0x800;
    case EM_AARCH64:
        return ELF_LIBC6 | 0xa00;
    case EM_ARM:
        return elf->hard_float ? ELF_LIBC6 | 0x900 : ELF_LIBC6 | 0xb00;
    case EM_S390:
        return elf->class == 2 ? ELF_LIBC6 | 0x400 : ELF_LIBC6;
    case EM_PPC64:
        return ELF_LIBC6 | 0x500;
    case EM_RISCV:
        return ELF_LIBC6 | 0x1000;
    default:
        return ELF_LIBC6;
    }
}

static void add_folder(struct builder *b, struct slice line)
{
    while (line.length > 1 && line.data[line.length - 1] == '/')
        line.length--;
    const char *folder = slice_string(b->arena, line);
    for (size_t i = 0; i < b->folder_count; i++)
        if (strcmp(b->folders[i], folder) == 0)
            return;
    arena_push(b->arena, b->folders, b->folder_count, b->folder_capacity);
    b->folders[b->folder_count++] = folder;
}

static void read_conf(struct builder *b, const char *path, int depth);

static int by_text_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "include ld.so.conf.d/(*).conf": a glob in the last part only. */
static void include(struct builder *b, const char *from, struct slice pattern, int depth)
{
    const char *text = slice_string(b->arena, pattern);

    if (text[0] != '/') {
        const char *slash = strrchr(from, '/');
        text = arena_printf(b->arena, "%.*s/%s", (int)(slash ? slash - from : 0), from, text);
    }
    const char *slash = strrchr(text, '/');
    const struct node *folder =
        root_lookup(b->root, arena_strndup(b->arena, text, (size_t)(slash - text)));
    const char **names = NULL;
    size_t count = 0, capacity = 0;
    for (const struct node *n = folder ? folder->first_child : NULL; n; n = n->next)
        if (n->inode && fnmatch(slash + 1, n->name, FNM_PERIOD) == 0) {
            arena_push(b->arena, names, count, capacity);
            names[count++] = n->name;
        }
    if (count)
        qsort(names, count, sizeof(*names), by_text_name);
    for (size_t i = 0; i < count; i++)
        read_conf(b, arena_printf(b->arena, "%.*s/%s", (int)(slash - text), text, names[i]),
                  depth + 1);
}

static void read_conf(struct builder *b, const char *path, int depth)
{
    struct slice text = root_content(b->root, path), line, word;

    if (depth > INCLUDE_DEPTH)
        return;
    while (slice_take_line(&text, &line)) {
        line = slice_trim(slice_sub(line, 0, slice_find_byte(line, '#')));
        if (slice_has_prefix(line, "include ") || slice_has_prefix(line, "include\t")) {
            slice_take_word(&line, &word);
            while (slice_take_word(&line, &word))
                include(b, path, word, depth);
        } else if (line.length && line.data[0] == '/') {
            add_folder(b, line);
        }
    }
}

static bool is_library_name(const char *name)
{
    size_t length = strlen(name);

    if (length > 9 && strcmp(name + length - 9, ".dpkg-new") == 0)
        return false;
    if (length > 9 && strcmp(name + length - 9, ".dpkg-tmp") == 0)
        return false;
    return (strncmp(name, "lib", 3) == 0 || strncmp(name, "ld-", 3) == 0 ||
            strncmp(name, "ld.", 3) == 0) &&
           strstr(name, ".so");
}

/* Does a link of this name stay a link in ldconfig's eyes? */
static bool stays_link(const char *name, const char *soname)
{
    size_t length = strlen(name);

    if (strcmp(name, soname) == 0)
        return true;
    return length > 3 && strcmp(name + length - 3, ".so") == 0 &&
           strncmp(name, soname, length) == 0;
}

static void add_library(struct builder *b, struct library **list, size_t *count, size_t *capacity,
                        struct library library)
{
    for (size_t i = 0; i < *count; i++) {
        struct library *have = &(*list)[i];
        if (strcmp(have->soname, library.soname) != 0)
            continue;
        if ((!library.is_link && have->is_link) ||
            (library.is_link == have->is_link && library_compare(have->file, library.file) < 0))
            *have = library;
        return;
    }
    arena_push(b->arena, *list, *count, *capacity);
    (*list)[(*count)++] = library;
}

static int by_node_name(const void *a, const void *b)
{
    return strcmp((*(struct node *const *)a)->name, (*(struct node *const *)b)->name);
}

static void search_folder(struct builder *b, const char *folder)
{
    struct node *node = root_lookup(b->root, folder), **names = NULL;
    struct library *list = NULL;
    size_t count = 0, capacity = 0, name_count = 0, name_capacity = 0;

    if (!node || node->inode->type != ENTRY_DIRECTORY)
        return;
    const char *real = node_path(b->arena, node);
    for (struct node *n = node->first_child; n; n = n->next)
        if (n->inode && is_library_name(n->name)) {
            arena_push(b->arena, names, name_count, name_capacity);
            names[name_count++] = n;
        }
    if (name_count)
        qsort(names, name_count, sizeof(struct node *), by_node_name);
    for (size_t i = 0; i < name_count; i++) {
        struct node *n = names[i];
        bool is_link = n->inode->type == ENTRY_SYMLINK;
        const struct node *file =
            is_link ? root_lookup(b->root, arena_printf(b->arena, "%s/%s", real, n->name)) : n;
        if (!file || file->inode->type != ENTRY_FILE || !file->inode->elf ||
            !file->inode->elf->dynamic)
            continue;
        const char *soname = file->inode->elf->soname ? file->inode->elf->soname : n->name;
        add_library(b, &list, &count, &capacity,
                    (struct library){soname, n->name, is_link && stays_link(n->name, soname),
                                     flags_of(file->inode->elf)});
    }
    for (size_t i = 0; i < count; i++) {
        if (!list[i].is_link && strcmp(list[i].file, list[i].soname) != 0 &&
            !strchr(list[i].soname, '/')) {
            const char *link = arena_printf(b->arena, "%s/%s", real, list[i].soname);
            const struct node *old = root_find(b->root, link);
            if (!old || old->inode->type == ENTRY_SYMLINK)
                root_put_symlink(b->root, link, list[i].file);
        }
        arena_push(b->arena, b->entries, b->count, b->capacity);
        b->entries[b->count++] = (struct cache_entry){
            list[i].soname, arena_printf(b->arena, "%s/%s", folder, list[i].soname), list[i].flags};
    }
}

/* Later names first, as the loader searches; equal ones stay in the order of the folders. */
static int by_cache_order(const void *a, const void *b)
{
    const struct cache_entry *x = a, *y = b;
    int order = library_compare(y->name, x->name);

    if (order)
        return order;
    if (x->flags != y->flags)
        return x->flags > y->flags ? -1 : 1;
    return 0;
}

static void sort_entries(struct builder *b)
{
    /* insertion keeps equal ones in order; there are a few hundred */
    for (size_t i = 1; i < b->count; i++) {
        struct cache_entry entry = b->entries[i];
        size_t j = i;
        for (; j > 0 && by_cache_order(&entry, &b->entries[j - 1]) < 0; j--)
            b->entries[j] = b->entries[j - 1];
        b->entries[j] = entry;
    }
}

/* Strings share tails: sorted from their ends, longer before what ends them. */
struct pooled {
    const char *text;
    uint32_t offset;
};

static int by_tail(const void *a, const void *b)
{
    const char *x = ((const struct pooled *)a)->text, *y = ((const struct pooled *)b)->text;
    size_t m = strlen(x), n = strlen(y);

    for (size_t i = 1; i <= (m < n ? m : n); i++)
        if (x[m - i] != y[n - i])
            return (unsigned char)y[n - i] - (unsigned char)x[m - i];
    return m == n ? 0 : m < n ? 1 : -1;
}

static int by_text_pool(const void *a, const void *b)
{
    return strcmp(((const struct pooled *)a)->text, ((const struct pooled *)b)->text);
}

static void layout_strings(struct pooled *pool, size_t count, struct buf *out)
{
    const char *before = NULL;
    uint32_t before_offset = 0;

    qsort(pool, count, sizeof(*pool), by_tail);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(pool[i].text), have = before ? strlen(before) : 0;
        if (before && have >= length && strcmp(before + have - length, pool[i].text) == 0) {
            pool[i].offset = before_offset + (uint32_t)(have - length);
        } else {
            pool[i].offset = (uint32_t)out->length;
            buf_put(out, pool[i].text, length + 1);
        }
        before = pool[i].text;
        before_offset = pool[i].offset;
    }
    qsort(pool, count, sizeof(*pool), by_text_pool);
}

static void put_u32(struct buf *out, uint32_t value)
{
    unsigned char bytes[4] = {(unsigned char)value, (unsigned char)(value >> 8),
                              (unsigned char)(value >> 16), (unsigned char)(value >> 24)};

    buf_put(out, bytes, 4);
}

static uint32_t offset_of(const struct pooled *pool, size_t count, const char *text)
{
    struct pooled key = {.text = text};
    const struct pooled *hit = bsearch(&key, pool, count, sizeof(*pool), by_text_pool);

    return hit ? hit->offset : 0;
}

static void put_generator(struct buf *out, const char *generator)
{
    while (out->length % 4)
        buf_put_byte(out, '\0');
    put_u32(out, EXTENSION_MAGIC);
    put_u32(out, 1);
    put_u32(out, 0);
    put_u32(out, 0);
    put_u32(out, (uint32_t)out->length + 8);
    put_u32(out, (uint32_t)strlen(generator));
    buf_put_text(out, generator);
}

static void encode(struct builder *b, const char *generator, struct buf *out)
{
    struct buf strings scoped(buf_release) = {0};
    struct pooled *pool = arena_new_array(b->arena, struct pooled, 2 * b->count + 1);
    size_t base = HEADER_BYTES + ENTRY_BYTES * b->count;

    for (size_t i = 0; i < b->count; i++) {
        pool[2 * i].text = b->entries[i].name;
        pool[2 * i + 1].text = b->entries[i].path;
    }
    layout_strings(pool, 2 * b->count, &strings);
    size_t end = base + strings.length;
    buf_put(out, magic, sizeof(magic) - 1);
    put_u32(out, (uint32_t)b->count);
    put_u32(out, (uint32_t)strings.length);
    buf_put(out, "\2\0\0\0", 4); /* little endian */
    put_u32(out, generator ? (uint32_t)((end + 3) & ~(size_t)3) : 0);
    buf_put(out, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
    for (size_t i = 0; i < b->count; i++) {
        put_u32(out, b->entries[i].flags);
        put_u32(out, (uint32_t)base + offset_of(pool, 2 * b->count, b->entries[i].name));
        put_u32(out, (uint32_t)base + offset_of(pool, 2 * b->count, b->entries[i].path));
        buf_put(out, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
    }
    buf_put_slice(out, buf_slice(&strings));
    if (generator)
        put_generator(out, generator);
}

void ldconfig_run(struct arena *arena, struct root *root, const char *generator)
{
    struct builder b = {.arena = arena, .root = root};
    struct buf cache scoped(buf_release) = {0};
    static const char *const system[] = {"/lib", "/usr/lib"};

    if (!root_lookup(root, "etc/ld.so.conf") && !root_lookup(root, "etc/ld.so.cache"))
        return;
    read_conf(&b, "/etc/ld.so.conf", 0);
    for (size_t i = 0; i < array_count(system); i++)
        add_folder(&b, slice_of(system[i]));
    for (size_t i = 0; i < b.folder_count; i++) {
        bool again = false; /* the same directory by another name: the first counts */
        const struct node *node = root_lookup(root, b.folders[i]);
        for (size_t j = 0; j < i && node; j++)
            again |= root_lookup(root, b.folders[j]) == node;
        if (!again)
            search_folder(&b, b.folders[i]);
    }
    sort_entries(&b);
    encode(&b, generator, &cache);
    root_put_file(root, "etc/ld.so.cache", buf_slice(&cache), 0644);
}

static uint32_t get_u32(struct slice s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.data + at;

    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static const char *text_at(struct arena *arena, struct slice cache, uint32_t at)
{
    const char *end = at < cache.length ? memchr(cache.data + at, 0, cache.length - at) : NULL;

    return end ? arena_strndup(arena, cache.data + at, (size_t)(end - cache.data) - at) : NULL;
}

bool ldconfig_read(struct arena *arena, struct slice cache, struct ldconfig_entry **out,
                   size_t *count)
{
    if (cache.length < HEADER_BYTES || memcmp(cache.data, magic, sizeof(magic) - 1) != 0)
        return false;
    size_t entries = get_u32(cache, 20);
    if (entries > (cache.length - HEADER_BYTES) / ENTRY_BYTES)
        return false;
    *out = arena_new_array(arena, struct ldconfig_entry, entries);
    *count = entries;
    for (size_t i = 0; i < entries; i++) {
        size_t at = HEADER_BYTES + i * ENTRY_BYTES;
        (*out)[i] = (struct ldconfig_entry){text_at(arena, cache, get_u32(cache, at + 4)),
                                            text_at(arena, cache, get_u32(cache, at + 8)),
                                            get_u32(cache, at)};
        if (!(*out)[i].name || !(*out)[i].path)
            return false;
    }
    return true;
}
