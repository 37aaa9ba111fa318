#include "advisory/shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/json_split.h"
#include "advisory/shelf_format.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/limits.h"

struct shelf {
    const char *map;
    size_t size;
    struct slice sections[SHELF_SECTIONS];
    const struct shelf_key *keys;
    size_t key_count;
    struct arena *arena;
    struct shelf_meta meta;
};

static uint64_t meta_number(const json_t *meta, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(meta, name));
    return value > 0 ? (uint64_t)value : 0;
}

static void read_contexts(struct shelf *shelf, const json_t *list)
{
    size_t i;
    json_t *item;
    struct source_context *contexts =
        arena_new_array(shelf->arena, struct source_context, json_array_size(list));
    json_array_foreach(list, i, item)
    {
        const char *parts[3] = {"", "", ""};
        for (size_t k = 0; k < 3; k++)
            if (json_is_string(json_array_get(item, k)))
                parts[k] = json_string_value(json_array_get(item, k));
        contexts[i] = (struct source_context){parts[0], parts[1], parts[2]};
    }
    shelf->meta.contexts = contexts;
    shelf->meta.context_count = json_array_size(list);
}

static bool read_meta(struct shelf *shelf, struct error *err)
{
    const json_t *meta = json_document(shelf->sections[SHELF_META], shelf->arena, err);
    if (!meta)
        return false;
    shelf->meta = (struct shelf_meta){
        .source = json_text(meta, "source"),
        .format = json_text(meta, "format"),
        .origin = json_text(meta, "origin"),
        .as_of = (int64_t)meta_number(meta, "as_of"),
        .loaded_at = (int64_t)meta_number(meta, "loaded_at"),
        .keys = meta_number(meta, "keys"),
        .counts = {.documents = meta_number(meta, "documents"),
                   .records = meta_number(meta, "records"),
                   .assertions = meta_number(meta, "assertions"),
                   .withdrawn = meta_number(meta, "withdrawn"),
                   .git_only = meta_number(meta, "git_only"),
                   .no_package = meta_number(meta, "no_package"),
                   .unusable = meta_number(meta, "unusable"),
                   .informational = meta_number(meta, "informational"),
                   .repeated = meta_number(meta, "repeated")},
    };
    read_contexts(shelf, json_object_get(meta, "contexts"));
    return true;
}

static bool check(struct shelf *shelf, const char *path, struct error *err)
{
    struct shelf_head head;
    if (shelf->size < sizeof(head))
        return error_set(err, ERROR_INPUT, "%s: too short", path);
    memcpy(&head, shelf->map, sizeof(head));
    if (memcmp(head.magic, SHELF_MAGIC, sizeof(head.magic)) != 0)
        return error_set(err, ERROR_INPUT, "%s: not advisory data of this version; import it again",
                         path);
    for (size_t i = 0; i < SHELF_SECTIONS; i++) {
        uint64_t offset = head.sections[i].offset, length = head.sections[i].length;
        if (offset > shelf->size || length > shelf->size - offset)
            return error_set(err, ERROR_INPUT, "%s: cut", path);
        shelf->sections[i] = (struct slice){shelf->map + offset, length};
    }
    struct slice strings = shelf->sections[SHELF_STRINGS], index = shelf->sections[SHELF_INDEX];
    struct slice last = shelf->sections[SHELF_DIGEST];
    if (last.data + last.length != shelf->map + shelf->size)
        return error_set(err, ERROR_INPUT, "%s: cut, or longer than it says", path);
    if (strings.length == 0 || strings.data[strings.length - 1] != 0 ||
        head.sections[SHELF_INDEX].offset % 8 != 0 || index.length % sizeof(struct shelf_key) != 0)
        return error_set(err, ERROR_INPUT, "%s: damaged", path);
    shelf->keys = (const struct shelf_key *)(const void *)index.data;
    shelf->key_count = index.length / sizeof(struct shelf_key);
    if (!read_meta(shelf, err))
        return error_wrap(err, "%s", path);
    return true;
}

struct shelf *shelf_open_fd(int fd, const char *name, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        error_fill(err, ERROR_FATAL, "%s: %s", name, strerror(errno));
        return NULL;
    }
    void *map =
        st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (map == MAP_FAILED) {
        error_fill(err, ERROR_INPUT, "%s: cannot be mapped", name);
        return NULL;
    }
    struct shelf *shelf = calloc(1, sizeof(*shelf));
    if (!shelf)
        abort();
    shelf->map = map;
    shelf->size = (size_t)st.st_size;
    shelf->arena = arena_new();
    if (!check(shelf, name, err)) {
        shelf_close(shelf);
        return NULL;
    }
    return shelf;
}

struct shelf *shelf_open(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_fill(err, ERROR_FATAL, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct shelf *shelf = shelf_open_fd(fd, path, err);
    close(fd);
    return shelf;
}

void shelf_close(struct shelf *shelf)
{
    if (!shelf)
        return;
    munmap((void *)(uintptr_t)shelf->map, shelf->size);
    arena_free(shelf->arena);
    free(shelf);
}

bool shelf_verify(const struct shelf *shelf, struct error *err)
{
    char digest[DIGEST_TEXT_SIZE];
    struct slice said = shelf->sections[SHELF_DIGEST];
    digest_of(shelf->map, (size_t)(said.data - shelf->map), digest);
    return slice_is(said, digest) ||
           error_set(err, ERROR_INPUT, "%s: its checksum is not the one it ends with: altered",
                     shelf->meta.source);
}

const struct shelf_meta *shelf_meta(const struct shelf *shelf)
{
    return &shelf->meta;
}

/* Walks the records section. Once `bad`, everything reads as zero. */
struct reader {
    struct slice strings, rest;
    struct arena *arena;
    bool bad;
};

static uint64_t take_number(struct reader *r)
{
    uint64_t value = 0;
    if (r->rest.length > 0 && !(*r->rest.data & 0x80)) { /* most are small */
        value = (unsigned char)*r->rest.data++;
        r->rest.length--;
        return value;
    }
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->rest.length == 0)
            break;
        unsigned char byte = (unsigned char)*r->rest.data++;
        r->rest.length--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    r->bad = true;
    return 0;
}

static const char *take_text(struct reader *r)
{
    uint64_t offset = take_number(r);
    if (offset >= r->strings.length) {
        r->bad = true;
        return NULL;
    }
    return offset == 0 ? NULL : r->strings.data + offset;
}

/* A count of things that take a byte each at least. */
static size_t take_count(struct reader *r)
{
    uint64_t count = take_number(r);
    if (count > r->rest.length) {
        r->bad = true;
        return 0;
    }
    return (size_t)count;
}

static const char *const *take_list(struct reader *r, size_t *count)
{
    *count = take_count(r);
    if (*count == 0)
        return NULL;
    const char **list = arena_new_array(r->arena, const char *, *count);
    for (size_t i = 0; i < *count; i++) {
        const char *text = take_text(r);
        list[i] = text ? text : "";
    }
    return list;
}

static void take_ranges(struct reader *r, struct assertion *a)
{
    a->range_count = take_count(r);
    if (a->range_count == 0)
        return;
    struct version_range *ranges = arena_new_array(r->arena, struct version_range, a->range_count);
    for (size_t i = 0; i < a->range_count; i++) {
        ranges[i].introduced = take_text(r);
        ranges[i].fixed = take_text(r);
        ranges[i].last_affected = take_text(r);
    }
    a->ranges = ranges;
}

static void take_conditions(struct reader *r, struct assertion *a)
{
    a->condition_count = take_count(r);
    if (a->condition_count == 0)
        return;
    struct condition *list = arena_new_array(r->arena, struct condition, a->condition_count);
    for (size_t i = 0; i < a->condition_count; i++) {
        list[i].kind = (enum condition_kind)take_number(r);
        const char *value = take_text(r);
        list[i].value = value ? value : "";
    }
    a->conditions = list;
}

static double take_millionths(struct reader *r)
{
    uint64_t value = take_number(r);
    return value == 0 ? -1 : (double)(value - 1) / 1e6;
}

static const char *take_word(struct reader *r)
{
    const char *text = take_text(r);
    return text ? text : "";
}

static void take_record(struct reader *r, struct assertion *a)
{
    *a = (struct assertion){0};
    a->kind = (enum assertion_kind)take_number(r);
    a->source = take_word(r);
    a->record = take_word(r);
    a->vulnerability = take_word(r);
    a->aliases = take_list(r, &a->alias_count);
    a->type = take_word(r);
    a->name = take_word(r);
    a->name_kind = (enum package_name_kind)take_number(r);
    a->context.distro = take_word(r);
    a->context.release = take_word(r);
    a->context.stream = take_word(r);
    a->state = (enum advisory_state)take_number(r);
    a->reason = take_text(r);
    take_ranges(r, a);
    a->versions = take_list(r, &a->version_count);
    take_conditions(r, a);
    a->affected_range = take_text(r);
    a->safe_ranges = take_list(r, &a->safe_range_count);
    a->severity = take_text(r);
    a->cvss = take_text(r);
    a->title = take_text(r);
    a->urls = take_list(r, &a->url_count);
    a->published = (int64_t)take_number(r);
    a->modified = (int64_t)take_number(r);
    a->withdrawn = (int64_t)take_number(r);
    a->epss = take_millionths(r);
    a->epss_percentile = take_millionths(r);
    a->kev_added = (int64_t)take_number(r);
    a->kev_ransomware = take_number(r) != 0;
    a->until = (int64_t)take_number(r);
    if (a->state >= STATE_COUNT)
        r->bad = true;
}

static bool read_key(const struct shelf *shelf, const struct shelf_key *key, struct arena *arena,
                     struct assertion_list *out, struct error *err)
{
    struct slice records = shelf->sections[SHELF_RECORDS];
    struct reader r = {.strings = shelf->sections[SHELF_STRINGS], .arena = arena};
    if (key->first > records.length)
        return error_set(err, ERROR_INPUT, "%s: advisory data is damaged", shelf->meta.source);
    r.rest = slice_sub(records, key->first, records.length);
    for (uint32_t i = 0; i < key->count; i++) {
        arena_push(arena, out->items, out->count, out->capacity);
        take_record(&r, &out->items[out->count]);
        if (r.bad)
            return error_set(err, ERROR_INPUT, "%s: advisory data is damaged", shelf->meta.source);
        out->count++;
    }
    return true;
}

static const char *key_text(const struct shelf *shelf, const struct shelf_key *key)
{
    return key->text < shelf->sections[SHELF_STRINGS].length
               ? shelf->sections[SHELF_STRINGS].data + key->text
               : "";
}

/* Keys of one context lie side by side, and the meta lists the contexts in key order: most lookups
 * of most shelves end here, without a page of the index being touched. */
static bool has_context(const struct shelf *shelf, const char *type, const char *distro,
                        const char *release)
{
    size_t low = 0, high = shelf->meta.context_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct source_context *c = &shelf->meta.contexts[middle];
        int order = strcmp(c->type, type);
        order = order != 0 ? order : strcmp(c->distro, distro);
        order = order != 0 ? order : strcmp(c->release, release);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static char *put_part(char *at, const char *text, const char *after)
{
    size_t length = strlen(text), more = strlen(after);
    memcpy(at, text, length);
    memcpy(at + length, after, more);
    return at + length + more;
}

static const char *key_of(const char *type, const char *distro, const char *release,
                          const char *name, struct arena *arena)
{
    size_t separator = sizeof(SHELF_SEPARATOR) - 1;
    char *text = arena_alloc(arena, strlen(type) + strlen(distro) + strlen(release) + strlen(name) +
                                        3 * separator + 1);
    char *at = put_part(text, type, SHELF_SEPARATOR);
    at = put_part(at, distro, SHELF_SEPARATOR);
    at = put_part(at, release, SHELF_SEPARATOR);
    *put_part(at, name, "") = 0;
    return text;
}

bool shelf_find(const struct shelf *shelf, const char *type, const char *distro,
                const char *release, const char *name, struct arena *arena,
                struct assertion_list *out, struct error *err)
{
    if (!has_context(shelf, type, distro, release))
        return true;
    const char *text = key_of(type, distro, release, name, arena);
    size_t low = 0, high = shelf->key_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(key_text(shelf, &shelf->keys[middle]), text);
        if (order == 0)
            return read_key(shelf, &shelf->keys[middle], arena, out, err);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return true;
}

bool shelf_each(const struct shelf *shelf,
                bool (*take)(void *context, const struct assertion *a, struct error *err),
                void *context, struct error *err)
{
    for (size_t k = 0; k < shelf->key_count; k++) {
        struct arena *arena scoped(arena_scope_free) = arena_new();
        struct assertion_list list = {0};
        if (!read_key(shelf, &shelf->keys[k], arena, &list, err))
            return false;
        for (size_t i = 0; i < list.count; i++)
            if (!take(context, &list.items[i], err))
                return false;
    }
    return true;
}
