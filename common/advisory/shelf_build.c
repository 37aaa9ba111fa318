#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "advisory/shelf.h"
#include "advisory/shelf_format.h"
#include "base/buf.h"

struct entry {
    uint32_t key;
    uint32_t length;
    uint64_t offset;
};

struct shelf_builder {
    struct buf strings, records;
    uint32_t *slots; /* string offset + 1, open addressing */
    size_t slot_count, string_count;
    struct entry *entries;
    size_t count, capacity;
};

struct shelf_builder *shelf_builder_new(void)
{
    struct shelf_builder *builder = calloc(1, sizeof(*builder));
    if (!builder)
        abort();
    buf_put_byte(&builder->strings, 0); /* offset 0: not said */
    return builder;
}

void shelf_builder_free(struct shelf_builder *builder)
{
    if (!builder)
        return;
    buf_release(&builder->strings);
    buf_release(&builder->records);
    free(builder->slots);
    free(builder->entries);
    free(builder);
}

void shelf_builder_scope_free(struct shelf_builder **builder)
{
    shelf_builder_free(*builder);
}

static size_t hash(const char *text)
{
    uint64_t value = 1469598103934665603u;
    for (; *text; text++)
        value = (value ^ (unsigned char)*text) * 1099511628211u;
    return (size_t)(value ^ (value >> 29));
}

static void slots_grow(struct shelf_builder *builder)
{
    size_t count = builder->slot_count ? builder->slot_count * 2 : 4096;
    uint32_t *slots = calloc(count, sizeof(*slots));
    if (!slots)
        abort();
    for (size_t i = 0; i < builder->slot_count; i++) {
        if (builder->slots[i] == 0)
            continue;
        size_t at = hash(builder->strings.data + builder->slots[i] - 1) & (count - 1);
        while (slots[at] != 0)
            at = (at + 1) & (count - 1);
        slots[at] = builder->slots[i];
    }
    free(builder->slots);
    builder->slots = slots;
    builder->slot_count = count;
}

static uint32_t intern(struct shelf_builder *builder, const char *text)
{
    if (!text || !*text)
        return 0;
    if (builder->string_count * 2 >= builder->slot_count)
        slots_grow(builder);
    size_t at = hash(text) & (builder->slot_count - 1);
    while (builder->slots[at] != 0) {
        if (strcmp(builder->strings.data + builder->slots[at] - 1, text) == 0)
            return builder->slots[at] - 1;
        at = (at + 1) & (builder->slot_count - 1);
    }
    uint32_t offset = (uint32_t)builder->strings.length;
    buf_put(&builder->strings, text, strlen(text) + 1);
    builder->slots[at] = offset + 1;
    builder->string_count++;
    return offset;
}

static void put_number(struct buf *out, uint64_t value)
{
    while (value >= 0x80) {
        buf_put_byte(out, (char)(value | 0x80));
        value >>= 7;
    }
    buf_put_byte(out, (char)value);
}

static void put_text(struct shelf_builder *builder, const char *text)
{
    put_number(&builder->records, intern(builder, text));
}

static void put_list(struct shelf_builder *builder, const char *const *list, size_t count)
{
    put_number(&builder->records, count);
    for (size_t i = 0; i < count; i++)
        put_text(builder, list[i]);
}

static uint64_t millionths(double value)
{
    return value < 0 ? 0 : (uint64_t)(value * 1e6 + 0.5) + 1;
}

static void put_time(struct buf *out, int64_t value)
{
    put_number(out, value < 0 ? 0 : (uint64_t)value);
}

/* The order is the file format: shelf.c reads the same. */
static void put_record(struct shelf_builder *builder, const struct assertion *a)
{
    struct buf *out = &builder->records;
    put_number(out, a->kind);
    put_text(builder, a->source);
    put_text(builder, a->record);
    put_text(builder, a->vulnerability);
    put_list(builder, a->aliases, a->alias_count);
    put_text(builder, a->type);
    put_text(builder, a->name);
    put_number(out, a->name_kind);
    put_text(builder, a->context.distro);
    put_text(builder, a->context.release);
    put_text(builder, a->context.stream);
    put_number(out, a->state);
    put_text(builder, a->reason);
    put_number(out, a->range_count);
    for (size_t i = 0; i < a->range_count; i++) {
        put_text(builder, a->ranges[i].introduced);
        put_text(builder, a->ranges[i].fixed);
        put_text(builder, a->ranges[i].last_affected);
    }
    put_list(builder, a->versions, a->version_count);
    put_number(out, a->condition_count);
    for (size_t i = 0; i < a->condition_count; i++) {
        put_number(out, a->conditions[i].kind);
        put_text(builder, a->conditions[i].value);
    }
    put_text(builder, a->affected_range);
    put_list(builder, a->safe_ranges, a->safe_range_count);
    put_text(builder, a->severity);
    put_text(builder, a->cvss);
    put_text(builder, a->title);
    put_list(builder, a->urls, a->url_count);
    put_time(out, a->published);
    put_time(out, a->modified);
    put_time(out, a->withdrawn);
    put_number(out, millionths(a->epss));
    put_number(out, millionths(a->epss_percentile));
    put_time(out, a->kev_added);
    put_number(out, a->kev_ransomware);
    put_time(out, a->until);
}

bool shelf_builder_add(struct shelf_builder *builder, const struct assertion *a, struct error *err)
{
    struct buf key scoped(buf_release) = {0};
    if (builder->strings.length > UINT32_MAX / 2 || builder->count > UINT32_MAX / 2)
        return error_set(err, ERROR_INPUT, "more than %u bytes of text in one source",
                         UINT32_MAX / 2);
    if (builder->count == builder->capacity) {
        builder->capacity = builder->capacity ? builder->capacity * 2 : 4096;
        builder->entries = realloc(builder->entries, builder->capacity * sizeof(struct entry));
        if (!builder->entries)
            abort();
    }
    const struct package_context *c = &a->context;
    buf_printf(&key, "%s" SHELF_SEPARATOR "%s" SHELF_SEPARATOR "%s" SHELF_SEPARATOR "%s",
               a->type ? a->type : "", c->distro ? c->distro : "", c->release ? c->release : "",
               a->name ? a->name : "");
    struct entry *entry = &builder->entries[builder->count++];
    entry->key = intern(builder, key.data);
    entry->offset = builder->records.length;
    put_record(builder, a);
    entry->length = (uint32_t)(builder->records.length - entry->offset);
    return true;
}

bool shelf_builder_take(void *builder, const struct assertion *a, struct error *err)
{
    return shelf_builder_add(builder, a, err);
}

static int entry_compare(const void *a, const void *b, void *context)
{
    const struct shelf_builder *builder = context;
    const struct entry *x = a, *y = b;
    if (x->key != y->key)
        return strcmp(builder->strings.data + x->key, builder->strings.data + y->key);
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The distinct "type, distro, release" of the sorted keys: neighbours. */
static void put_contexts(struct buf *out, const struct shelf_builder *builder)
{
    struct slice last = {0};
    buf_put_text(out, ",\"contexts\":[");
    for (size_t i = 0; i < builder->count; i++) {
        struct slice key = slice_of(builder->strings.data + builder->entries[i].key), rest = key;
        struct slice part, parts[3] = {0};
        for (size_t k = 0; k < 3 && slice_take_until(&rest, SHELF_SEPARATOR[0], &part); k++)
            parts[k] = part;
        struct slice context = slice_sub(key, 0, key.length - rest.length);
        if (slice_equal(context, last))
            continue;
        buf_put_text(out, last.length > 0 ? ",[" : "[");
        for (size_t k = 0; k < 3; k++) {
            buf_put_text(out, k > 0 ? "," : "");
            buf_put_json(out, parts[k]);
        }
        buf_put_text(out, "]");
        last = context;
    }
    buf_put_text(out, "]}");
}

static void put_meta(struct buf *out, const struct shelf_builder *builder,
                     const struct shelf_meta *meta, uint64_t keys)
{
    const struct feed_counts *c = &meta->counts;
    buf_put_text(out, "{\"source\":");
    buf_put_json(out, slice_of(meta->source));
    buf_put_text(out, ",\"format\":");
    buf_put_json(out, slice_of(meta->format));
    buf_put_text(out, ",\"origin\":");
    buf_put_json(out, slice_of(meta->origin));
    buf_printf(out,
               ",\"as_of\":%lld,\"loaded_at\":%lld,\"documents\":%llu,\"records\":%llu,"
               "\"assertions\":%llu,\"withdrawn\":%llu,\"git_only\":%llu,\"no_package\":%llu,"
               "\"unusable\":%llu,\"informational\":%llu,\"keys\":%llu",
               (long long)meta->as_of, (long long)meta->loaded_at, (unsigned long long)c->documents,
               (unsigned long long)c->records, (unsigned long long)c->assertions,
               (unsigned long long)c->withdrawn, (unsigned long long)c->git_only,
               (unsigned long long)c->no_package, (unsigned long long)c->unusable,
               (unsigned long long)c->informational, (unsigned long long)keys);
    put_contexts(out, builder);
}

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.length > 0) {
        ssize_t done = write(fd, bytes.data, bytes.length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes = slice_sub(bytes, (size_t)done, bytes.length);
    }
    return true;
}

/* Records in key order, and the index over them. */
static size_t put_sorted(struct shelf_builder *builder, struct buf *records, struct buf *index)
{
    size_t keys = 0;
    if (builder->count > 0)
        qsort_r(builder->entries, builder->count, sizeof(struct entry), entry_compare, builder);
    for (size_t i = 0; i < builder->count; keys++) {
        struct shelf_key key = {builder->entries[i].key, 0, records->length};
        for (; i < builder->count && builder->entries[i].key == key.text; i++, key.count++)
            buf_put(records, builder->records.data + builder->entries[i].offset,
                    builder->entries[i].length);
        buf_put(index, &key, sizeof(key));
    }
    return keys;
}

static bool write_sections(int fd, const struct buf *const *sections)
{
    struct shelf_head head = {.magic = SHELF_MAGIC};
    static const char padding[8];
    uint64_t offset = sizeof(head);
    for (size_t i = 0; i < SHELF_SECTIONS; i++) {
        offset = (offset + 7) & ~(uint64_t)7;
        head.sections[i].offset = offset;
        head.sections[i].length = sections[i]->length;
        offset += sections[i]->length;
    }
    if (!write_all(fd, (struct slice){(const char *)&head, sizeof(head)}))
        return false;
    offset = sizeof(head);
    for (size_t i = 0; i < SHELF_SECTIONS; i++) {
        size_t gap = (size_t)(head.sections[i].offset - offset);
        if (!write_all(fd, (struct slice){padding, gap}) || !write_all(fd, buf_slice(sections[i])))
            return false;
        offset = head.sections[i].offset + sections[i]->length;
    }
    return true;
}

bool shelf_builder_write_fd(struct shelf_builder *builder, int fd, const struct shelf_meta *meta,
                            struct error *err)
{
    struct buf text scoped(buf_release) = {0};
    struct buf records scoped(buf_release) = {0}, index scoped(buf_release) = {0};
    size_t keys = put_sorted(builder, &records, &index);
    put_meta(&text, builder, meta, keys);
    const struct buf *const sections[SHELF_SECTIONS] = {&text, &builder->strings, &records, &index};
    if (!write_sections(fd, sections))
        return error_set(err, ERROR_FATAL, "cannot write advisory data: %s", strerror(errno));
    return true;
}
