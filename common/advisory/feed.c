#include "advisory/feed.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <unistd.h>

#include "advisory/feeds/formats.h"
#include "base/buf.h"
#include "base/limits.h"

enum { HEAD_BYTES = 16384 };

/* Feeds of today reach 1.5 GB inflated (NVD, Ubuntu OSV); a hundred times today's largest single
 * source is refused. */
#define FEED_BYTES_MOST (8LL * 1024 * 1024 * 1024)

const struct feed_format *feed_format_find(const char *name)
{
    for (size_t i = 0; i < feed_format_count; i++)
        if (strcmp(feed_formats[i]->name, name) == 0)
            return feed_formats[i];
    return NULL;
}

const struct feed_format *feed_format_guess(struct slice head, const char *name)
{
    for (size_t i = 0; i < feed_format_count; i++)
        if (feed_formats[i]->looks_like && feed_formats[i]->looks_like(head, name))
            return feed_formats[i];
    return NULL;
}

struct assertion feed_blank(void)
{
    return (struct assertion){.epss = -1, .epss_percentile = -1};
}

bool feed_wants_yaml(const char *name)
{
    return slice_has_suffix(slice_of(name), ".yaml") || slice_has_suffix(slice_of(name), ".yml");
}

bool feed_put(struct feed_sink *sink, struct assertion *a, struct error *err)
{
    a->source = sink->source;
    if (!a->vulnerability || !*a->vulnerability)
        a->vulnerability = a->record;
    sink->counts->assertions++;
    return sink->take(sink->context, a, err);
}

bool feed_read_all(struct feed_stream *in, size_t most, struct arena *arena, struct slice *out,
                   struct error *err)
{
    size_t capacity = 65536, length = 0;
    char *data = arena_alloc(arena, capacity);
    for (;;) {
        if (length == capacity) {
            data = arena_grow(arena, data, capacity, capacity * 2);
            capacity *= 2;
        }
        long got = in->read(in->context, data + length, capacity - length, err);
        if (got < 0)
            return false;
        if (got == 0)
            break;
        length += (size_t)got;
        if (length > most)
            return error_set(err, ERROR_INPUT, "%s: more than %zu bytes", in->name, most);
    }
    *out = (struct slice){data, length};
    return true;
}

struct memory {
    struct slice rest;
};

static long memory_read(void *context, void *out, size_t size, struct error *err)
{
    (void)err;
    struct memory *memory = context;
    size_t length = size < memory->rest.length ? size : memory->rest.length;
    if (length > 0)
        memcpy(out, memory->rest.data, length);
    memory->rest = slice_sub(memory->rest, length, memory->rest.length);
    return (long)length;
}

static bool parse_document(const struct feed_format *format, struct feed_stream *stream,
                           struct feed_sink *sink, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    *err = (struct error){0};
    sink->counts->documents++;
    if (format->parse(stream, sink, arena, err))
        return true;
    if (err->kind == ERROR_NONE)
        error_fill(err, ERROR_INPUT, "malformed");
    return error_wrap(err, "%s", stream->name);
}

bool feed_parse_bytes(const struct feed_format *format, struct slice bytes, const char *name,
                      struct feed_sink *sink, struct error *err)
{
    struct memory memory = {bytes};
    struct feed_stream stream = {name, memory_read, &memory};
    return parse_document(format, &stream, sink, err);
}

/* A member of the archive, its head read already to recognise it. */
struct member {
    struct archive *archive;
    char head[HEAD_BYTES];
    size_t head_length, head_used;
    int64_t *total;
};

static long archive_bytes(struct member *member, void *out, size_t size, struct error *err)
{
    la_ssize_t got = archive_read_data(member->archive, out, size);
    if (got < 0) {
        const char *text = archive_error_string(member->archive);
        error_fill(err, ERROR_INPUT, "damaged: %s", text ? text : "unknown");
        return -1;
    }
    *member->total += got;
    if (*member->total > FEED_BYTES_MOST) {
        error_fill(err, ERROR_INPUT, "more than %lld bytes inflated", FEED_BYTES_MOST);
        return -1;
    }
    return got;
}

static long member_read(void *context, void *out, size_t size, struct error *err)
{
    struct member *member = context;
    if (member->head_used < member->head_length) {
        size_t left = member->head_length - member->head_used;
        size_t length = size < left ? size : left;
        memcpy(out, member->head + member->head_used, length);
        member->head_used += length;
        return (long)length;
    }
    return archive_bytes(member, out, size, err);
}

static bool member_open(struct member *member, struct archive *archive, int64_t *total,
                        struct error *err)
{
    member->archive = archive;
    member->total = total;
    member->head_length = member->head_used = 0;
    while (member->head_length < HEAD_BYTES) {
        long got = archive_bytes(member, member->head + member->head_length,
                                 HEAD_BYTES - member->head_length, err);
        if (got < 0)
            return false;
        if (got == 0)
            break;
        member->head_length += (size_t)got;
    }
    return true;
}

static void archive_release(struct archive **archive)
{
    if (*archive)
        archive_read_free(*archive);
}

struct import {
    const struct feed_format *format;
    struct feed_sink *sink;
    const char *name;
    int64_t total;
};

static bool import_member(struct import *import, struct archive *archive,
                          struct archive_entry *entry, struct error *err)
{
    bool raw = archive_format(archive) == ARCHIVE_FORMAT_RAW;
    const char *name = raw ? import->name : archive_entry_pathname(entry);
    struct member member;
    if (!raw && archive_entry_filetype(entry) != AE_IFREG)
        return true;
    if (!name)
        return error_set(err, ERROR_INPUT, "a member without a name");
    if (!raw && import->format && import->format->wants && !import->format->wants(name))
        return true;
    if (!member_open(&member, archive, &import->total, err))
        return error_wrap(err, "%s", name);
    struct slice head = {member.head, member.head_length};
    const struct feed_format *format =
        import->format ? import->format : feed_format_guess(head, name);
    if (!format)
        return raw ? error_set(err, ERROR_INPUT, "%s: no known advisory format", name) : true;
    if (!raw && format->wants && !format->wants(name))
        return true;
    import->format = format;
    struct feed_stream stream = {name, member_read, &member};
    return parse_document(format, &stream, import->sink, err);
}

static struct archive *open_any(int fd, const char *name, struct error *err)
{
    struct archive *archive = archive_read_new();
    archive_read_support_filter_all(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_zip(archive);
    archive_read_support_format_raw(archive);
    if (archive_read_open_fd(archive, fd, 256 * 1024) == ARCHIVE_OK)
        return archive;
    error_fill(err, ERROR_INPUT, "%s: %s", name, archive_error_string(archive));
    archive_read_free(archive);
    return NULL;
}

const struct feed_format *feed_guess_file(int fd, const char *name, struct error *err)
{
    struct archive *archive scoped(archive_release) = open_any(fd, name, err);
    struct archive_entry *entry = NULL;
    int64_t total = 0;
    if (!archive)
        return NULL;
    for (int members = 0; members < 1000; members++) {
        struct member member;
        int status = archive_read_next_header(archive, &entry);
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            break;
        bool raw = archive_format(archive) == ARCHIVE_FORMAT_RAW;
        const char *inner = raw ? name : archive_entry_pathname(entry);
        if (!inner || (!raw && archive_entry_filetype(entry) != AE_IFREG))
            continue;
        if (!member_open(&member, archive, &total, err)) {
            error_prefix(err, "%s", name);
            return NULL;
        }
        struct slice head = {member.head, member.head_length};
        const struct feed_format *format = feed_format_guess(head, inner);
        if (format)
            return format;
    }
    error_fill(err, ERROR_INPUT, "%s: no document of a known advisory format; --source names one",
               name);
    return NULL;
}

bool feed_import(int fd, const char *name, const struct feed_format *format, struct feed_sink *sink,
                 const struct feed_format **out_format, struct error *err)
{
    struct archive *archive scoped(archive_release) = open_any(fd, name, err);
    struct archive_entry *entry = NULL;
    struct import import = {format, sink, name, 0};
    uint64_t before = sink->counts->documents;

    if (!archive)
        return false;
    for (;;) {
        int status = archive_read_next_header(archive, &entry);
        if (status == ARCHIVE_EOF)
            break;
        if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
            return error_set(err, ERROR_INPUT, "%s: %s", name, archive_error_string(archive));
        if (!import_member(&import, archive, entry, err))
            return error_wrap(err, "%s", name);
    }
    if (sink->counts->documents == before)
        return error_set(err, ERROR_INPUT, "%s: no document of a known advisory format", name);
    if (sink->counts->records == 0)
        return error_set(err, ERROR_INPUT, "%s: no record in it", name);
    *out_format = import.format;
    return true;
}
