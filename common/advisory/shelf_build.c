#include <stdlib.h>

#include "advisory/shelf_building.h"

void shelf_builder_free(struct shelf_builder *builder)
{
    if (!builder)
        return;
    buf_release(&builder->strings);
    buf_release(&builder->records);
    free(builder->offsets);
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

static const char *text_at(const struct shelf_builder *builder, uint32_t number)
{
    return builder->strings.data + builder->offsets[number];
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
        size_t at = hash(text_at(builder, builder->slots[i] - 1)) & (count - 1);
        while (slots[at] != 0)
            at = (at + 1) & (count - 1);
        slots[at] = builder->slots[i];
    }
    free(builder->slots);
    builder->slots = slots;
    builder->slot_count = count;
}

static uint32_t intern_new(struct shelf_builder *builder, const char *text, size_t length)
{
    if (builder->string_count == builder->string_capacity) {
        builder->string_capacity = builder->string_capacity ? builder->string_capacity * 2 : 4096;
        builder->offsets =
            realloc(builder->offsets, builder->string_capacity * sizeof(*builder->offsets));
        if (!builder->offsets)
            abort();
    }
    builder->offsets[builder->string_count] = (uint32_t)builder->strings.length;
    buf_put(&builder->strings, text, length + 1);
    return (uint32_t)builder->string_count++;
}

static uint32_t intern(struct shelf_builder *builder, const char *text)
{
    if (!text || !*text)
        return 0;
    if (builder->string_count * 2 >= builder->slot_count)
        slots_grow(builder);
    size_t at = hash(text) & (builder->slot_count - 1);
    while (builder->slots[at] != 0) {
        if (strcmp(text_at(builder, builder->slots[at] - 1), text) == 0)
            return builder->slots[at] - 1;
        at = (at + 1) & (builder->slot_count - 1);
    }
    uint32_t number = intern_new(builder, text, strlen(text));
    builder->slots[at] = number + 1;
    return number;
}

struct shelf_builder *shelf_builder_new(void)
{
    struct shelf_builder *builder = calloc(1, sizeof(*builder));
    if (!builder)
        abort();
    intern_new(builder, "", 0); /* number 0: not said */
    return builder;
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

/* The order is the file format: shelf.c reads the same, shelf_write.c's shape says the same. */
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

void shelf_builder_rename(struct shelf_builder *builder, const char *source)
{
    builder->source_text = intern(builder, source);
    builder->source = source;
}

bool shelf_builder_take(void *builder, const struct assertion *a, struct error *err)
{
    return shelf_builder_add(builder, a, err);
}
