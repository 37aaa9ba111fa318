#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "advisory/shelf_building.h"
#include "base/digest.h"

/* A record's fields as put_record writes them: n a number, t a text, L a list of texts, R ranges of
 * three texts, C conditions of a number and a text. The first text is the source. */
static const char record_shape[] = "ntttLttntttntRLCtLtttLnnnnnnnn";

static const char *shelf_text(const struct shelf_builder *builder, uint32_t number)
{
    return builder->strings.data + builder->offsets[number];
}

static int text_compare(const void *a, const void *b, void *context)
{
    const struct shelf_builder *builder = context;
    return strcmp(shelf_text(builder, *(const uint32_t *)a),
                  shelf_text(builder, *(const uint32_t *)b));
}

/* Numbers of the texts in their order, and where each will stand. */
struct order {
    uint32_t *sorted, *place;
    uint64_t bytes;
};

static void order_texts(const struct shelf_builder *builder, struct order *order)
{
    size_t count = builder->string_count;
    order->sorted = calloc(count, sizeof(*order->sorted));
    order->place = calloc(count, sizeof(*order->place));
    if (!order->sorted || !order->place)
        abort();
    for (size_t i = 0; i < count; i++)
        order->sorted[i] = (uint32_t)i;
    qsort_r(order->sorted, count, sizeof(*order->sorted), text_compare, (void *)(uintptr_t)builder);
    for (size_t i = 0; i < count; i++) {
        order->place[order->sorted[i]] = (uint32_t)order->bytes;
        order->bytes += strlen(shelf_text(builder, order->sorted[i])) + 1;
    }
}

static uint64_t take(const char **at)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        unsigned char byte = (unsigned char)*(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
}

static void put(struct buf *out, uint64_t value)
{
    while (value >= 0x80) {
        buf_put_byte(out, (char)(value | 0x80));
        value >>= 7;
    }
    buf_put_byte(out, (char)value);
}

static void rewrite(const char *from, const struct order *order, const uint32_t *source,
                    struct buf *out)
{
    for (const char *field = record_shape; *field; field++) {
        uint64_t value = take(&from), each = *field == 'R' ? 3 : 1;
        if (*field == 'n' || *field == 't') {
            if (field == record_shape + 1 && source)
                value = *source;
            put(out, *field == 'n' ? value : order->place[value]);
            continue;
        }
        put(out, value);
        for (uint64_t i = 0; i < value * each; i++) {
            if (*field == 'C')
                put(out, take(&from));
            put(out, order->place[take(&from)]);
        }
    }
}

/* Every record with the texts' final places. */
static void rewrite_all(struct shelf_builder *builder, const struct order *order)
{
    struct buf fresh = {0};
    const uint32_t *source = builder->source ? &builder->source_text : NULL;
    buf_reserve(&fresh, builder->records.length + builder->records.length / 16);
    for (size_t i = 0; i < builder->count; i++) {
        struct entry *entry = &builder->entries[i];
        const char *from = builder->records.data + entry->offset;
        entry->offset = fresh.length;
        rewrite(from, order, source, &fresh);
        entry->length = (uint32_t)(fresh.length - entry->offset);
    }
    buf_release(&builder->records);
    builder->records = fresh;
}

struct comparing {
    const struct shelf_builder *builder;
    const struct order *order;
};

static int entry_compare(const void *a, const void *b, void *context)
{
    const struct comparing *c = context;
    const struct entry *x = a, *y = b;
    if (x->key != y->key)
        return c->order->place[x->key] < c->order->place[y->key] ? -1 : 1;
    size_t least = x->length < y->length ? x->length : y->length;
    int order =
        memcmp(c->builder->records.data + x->offset, c->builder->records.data + y->offset, least);
    return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

/* Sorted, equal ones once; gives the index. */
static size_t sort_entries(struct shelf_builder *builder, const struct order *order,
                           struct buf *index, uint64_t *bytes)
{
    struct comparing comparing = {builder, order};
    size_t kept = 0, keys = 0;
    if (builder->count > 0)
        qsort_r(builder->entries, builder->count, sizeof(struct entry), entry_compare, &comparing);
    for (size_t i = 0; i < builder->count; i++)
        if (kept == 0 ||
            entry_compare(&builder->entries[kept - 1], &builder->entries[i], &comparing) != 0)
            builder->entries[kept++] = builder->entries[i];
    builder->count = kept;
    *bytes = 0;
    for (size_t i = 0; i < kept; keys++) {
        uint32_t text = builder->entries[i].key;
        struct shelf_key key = {order->place[text], 0, *bytes};
        for (; i < kept && builder->entries[i].key == text; i++, key.count++)
            *bytes += builder->entries[i].length;
        buf_put(index, &key, sizeof(key));
    }
    return keys;
}

/* The distinct "type, distro, release" of the sorted keys: neighbours. */
static void put_contexts(struct buf *out, const struct shelf_builder *builder)
{
    struct slice last = {0};
    buf_put_text(out, ",\"contexts\":[");
    for (size_t i = 0; i < builder->count; i++) {
        struct slice key = slice_of(shelf_text(builder, builder->entries[i].key)), rest = key;
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
               "\"unusable\":%llu,\"informational\":%llu,\"repeated\":%llu,\"keys\":%llu",
               (long long)meta->as_of, (long long)meta->loaded_at, (unsigned long long)c->documents,
               (unsigned long long)c->records, (unsigned long long)c->assertions,
               (unsigned long long)c->withdrawn, (unsigned long long)c->git_only,
               (unsigned long long)c->no_package, (unsigned long long)c->unusable,
               (unsigned long long)c->informational, (unsigned long long)c->repeated,
               (unsigned long long)keys);
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

/* Small writes gathered. */
struct writing {
    int fd;
    struct buf pending;
    struct digest_stream digest; /* of everything written */
    bool failed;
};

static void flush(struct writing *writing)
{
    digest_update(&writing->digest, buf_text(&writing->pending), writing->pending.length);
    writing->failed |= !write_all(writing->fd, buf_slice(&writing->pending));
    buf_clear(&writing->pending);
}

static void put_bytes(struct writing *writing, const char *data, size_t length)
{
    buf_put(&writing->pending, data, length);
    if (writing->pending.length > 65536)
        flush(writing);
}

static void put_section(struct writing *writing, const struct shelf_builder *builder,
                        const struct order *order, enum shelf_section section,
                        const struct buf *text)
{
    switch (section) {
    case SHELF_STRINGS:
        for (size_t i = 0; i < builder->string_count; i++) {
            const char *one = shelf_text(builder, order->sorted[i]);
            put_bytes(writing, one, strlen(one) + 1);
        }
        break;
    case SHELF_RECORDS:
        for (size_t i = 0; i < builder->count; i++)
            put_bytes(writing, builder->records.data + builder->entries[i].offset,
                      builder->entries[i].length);
        break;
    case SHELF_META:
    case SHELF_INDEX:
    case SHELF_DIGEST:
    case SHELF_SECTIONS:
        put_bytes(writing, text->data, text->length);
        break;
    }
}

static bool write_file(int fd, const struct shelf_builder *builder, const struct order *order,
                       const uint64_t *lengths, const struct buf *meta, const struct buf *index)
{
    struct shelf_head head = {.magic = SHELF_MAGIC};
    struct writing writing = {.fd = fd};
    char digest[DIGEST_TEXT_SIZE];
    uint64_t offset = sizeof(head);
    digest_init(&writing.digest);
    for (size_t i = 0; i < SHELF_SECTIONS; i++) {
        offset = (offset + 7) & ~(uint64_t)7;
        head.sections[i].offset = offset;
        head.sections[i].length = lengths[i];
        offset += lengths[i];
    }
    put_bytes(&writing, (const char *)&head, sizeof(head));
    offset = sizeof(head);
    for (size_t i = 0; i < SHELF_SECTIONS; i++) {
        put_bytes(&writing, "\0\0\0\0\0\0\0", (size_t)(head.sections[i].offset - offset));
        if (i == SHELF_DIGEST)
            break;
        put_section(&writing, builder, order, (enum shelf_section)i,
                    i == SHELF_META ? meta : index);
        offset = head.sections[i].offset + lengths[i];
    }
    flush(&writing);
    digest_final(&writing.digest, digest);
    writing.failed |= !write_all(fd, slice_of(digest));
    buf_release(&writing.pending);
    return !writing.failed;
}

bool shelf_builder_write_fd(struct shelf_builder *builder, int fd, const struct shelf_meta *meta,
                            struct error *err)
{
    struct buf text scoped(buf_release) = {0}, index scoped(buf_release) = {0};
    struct order order = {0};
    struct shelf_meta counted = *meta;
    uint64_t record_bytes;
    size_t before = builder->count;
    order_texts(builder, &order);
    rewrite_all(builder, &order);
    size_t keys = sort_entries(builder, &order, &index, &record_bytes);
    counted.counts.repeated += before - builder->count;
    counted.counts.assertions = builder->count;
    put_meta(&text, builder, &counted, keys);
    const uint64_t lengths[SHELF_SECTIONS] = {text.length, order.bytes, record_bytes, index.length,
                                              DIGEST_TEXT_SIZE - 1};
    bool ok = write_file(fd, builder, &order, lengths, &text, &index) ||
              error_set(err, ERROR_FATAL, "cannot write advisory data: %s", strerror(errno));
    free(order.sorted);
    free(order.place);
    return ok;
}
