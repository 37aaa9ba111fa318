#define ZLIB_CONST
#include "image/layer_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/limits.h"

enum {
    BLOCK = 512,
    OUT_BYTES = 128 * 1024,
    NAME_BYTES = 100,
    PREFIX_BYTES = 155,
    USTAR_ID_MOST = 07777777,
    GZIP_LEVEL = 6,
    ZSTD_LEVEL = 3,
};
#define USTAR_SIZE_MOST 077777777777LL

/* POSIX.1-1988 ustar header. */
struct ustar {
    char name[NAME_BYTES], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
    char link[NAME_BYTES], magic[6], version[2], user[32], group[32], major[8], minor[8];
    char prefix[PREFIX_BYTES], pad[12];
};

struct layer_writer {
    struct sink *to;
    struct layer_write_settings settings;
    struct digest_stream digest, diff_id;
    int64_t bytes, inflated;
    int64_t content_left; /* of the current file */
    size_t padding;
    char last[LIMIT_PATH_BYTES + 16];
    bool last_hardlink, any;
    z_stream gzip;
    gz_header gzip_header;
    bool gzip_open;
    ZSTD_CCtx *zstd;
    struct buf pax;
    unsigned char out[OUT_BYTES];
};

/* ---- order ---- */

/* The name as it stands in the tar, without a directory's slash. */
static void written_name(const struct layer_entry *entry, char *out, size_t size)
{
    const char *slash = strrchr(entry->path, '/');
    const char *base = slash ? slash + 1 : entry->path;
    if (entry->opaque)
        snprintf(out, size, "%s%s.wh..wh..opq", entry->path, *entry->path ? "/" : "");
    else if (entry->whiteout)
        snprintf(out, size, "%.*s.wh.%s", (int)(base - entry->path), entry->path, base);
    else
        snprintf(out, size, "%s", entry->path);
}

/* '/' sorts before every other byte, so that what is in a directory follows it at once. */
static int name_compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    int x = *a == '/' ? 1 : *a ? (unsigned char)*a + 1 : 0;
    int y = *b == '/' ? 1 : *b ? (unsigned char)*b + 1 : 0;
    return x < y ? -1 : x > y;
}

static bool is_hardlink(const struct layer_entry *entry)
{
    return entry->type == ENTRY_HARDLINK && !entry->whiteout && !entry->opaque;
}

int layer_entry_compare(const struct layer_entry *a, const struct layer_entry *b)
{
    char name_a[LIMIT_PATH_BYTES + 16], name_b[LIMIT_PATH_BYTES + 16];
    if (is_hardlink(a) != is_hardlink(b))
        return is_hardlink(a) ? 1 : -1;
    written_name(a, name_a, sizeof(name_a));
    written_name(b, name_b, sizeof(name_b));
    return name_compare(name_a, name_b);
}

/* ---- out: compression and digests ---- */

static bool emit(struct layer_writer *writer, const void *data, size_t size, struct error *err)
{
    digest_update(&writer->digest, data, size);
    writer->bytes += (int64_t)size;
    return writer->to->write(writer->to, data, size, err);
}

static bool gzip_put(struct layer_writer *writer, const void *data, size_t size, int flush,
                     struct error *err)
{
    z_stream *gzip = &writer->gzip;
    gzip->next_in = data;
    gzip->avail_in = (uInt)size;
    int result;
    do {
        gzip->next_out = writer->out;
        gzip->avail_out = sizeof(writer->out);
        result = deflate(gzip, flush);
        if (result == Z_STREAM_ERROR)
            return error_set(err, ERROR_FATAL, "gzip: stream error");
        size_t have = sizeof(writer->out) - gzip->avail_out;
        if (have > 0 && !emit(writer, writer->out, have, err))
            return false;
    } while (gzip->avail_out == 0 || (flush == Z_FINISH && result != Z_STREAM_END));
    return true;
}

static bool zstd_put(struct layer_writer *writer, const void *data, size_t size,
                     ZSTD_EndDirective end, struct error *err)
{
    ZSTD_inBuffer in = {.src = data, .size = size};
    size_t left;
    do {
        ZSTD_outBuffer out = {.dst = writer->out, .size = sizeof(writer->out)};
        left = ZSTD_compressStream2(writer->zstd, &out, &in, end);
        if (ZSTD_isError(left))
            return error_set(err, ERROR_FATAL, "zstd: %s", ZSTD_getErrorName(left));
        if (out.pos > 0 && !emit(writer, out.dst, out.pos, err))
            return false;
    } while (in.pos < in.size || (end == ZSTD_e_end && left > 0));
    return true;
}

static bool put(struct layer_writer *writer, const void *data, size_t size, struct error *err)
{
    writer->inflated += (int64_t)size;
    if (writer->settings.compression == COMPRESSION_NONE)
        return emit(writer, data, size, err);
    digest_update(&writer->diff_id, data, size);
    return writer->settings.compression == COMPRESSION_GZIP
               ? gzip_put(writer, data, size, Z_NO_FLUSH, err)
               : zstd_put(writer, data, size, ZSTD_e_continue, err);
}

static bool put_padding(struct layer_writer *writer, size_t size, struct error *err)
{
    static const char zeros[2 * BLOCK];
    return size == 0 || put(writer, zeros, size, err);
}

bool layer_writer_open(struct sink *to, const struct layer_write_settings *settings,
                       struct layer_writer **out, struct error *err)
{
    struct layer_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        abort();
    writer->to = to;
    writer->settings = *settings;
    int level = settings->level;
    digest_init(&writer->digest);
    digest_init(&writer->diff_id);
    if (settings->compression == COMPRESSION_GZIP) {
        level = level > 0 ? level : GZIP_LEVEL;
        writer->gzip_open =
            deflateInit2(&writer->gzip, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
        writer->gzip_header.os = 255; /* no name, no time, no system */
        if (writer->gzip_open)
            deflateSetHeader(&writer->gzip, &writer->gzip_header);
    } else if (settings->compression == COMPRESSION_ZSTD) {
        writer->zstd = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel,
                               level > 0 ? level : ZSTD_LEVEL);
        ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1);
    }
    if (settings->compression > COMPRESSION_ZSTD ||
        (settings->compression == COMPRESSION_GZIP && !writer->gzip_open)) {
        layer_writer_close(writer);
        return error_set(err, ERROR_FATAL, "layer: compression %s cannot be written",
                         compression_name(settings->compression));
    }
    *out = writer;
    return true;
}

/* ---- headers ---- */

static void put_octal(char *field, size_t size, int64_t number)
{
    for (size_t i = size - 1; i-- > 0;) {
        field[i] = (char)('0' + (number & 7));
        number >>= 3;
    }
    field[size - 1] = 0;
}

static bool is_plain(const char *text)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p >= 0x80)
            return false;
    return true;
}

/* Into name, or prefix and name; false: pax must say it. */
static bool split_name(const char *path, struct ustar *header)
{
    size_t length = strlen(path);
    if (!is_plain(path))
        return false;
    if (length <= NAME_BYTES) {
        memcpy(header->name, path, length);
        return true;
    }
    for (size_t i = length - 1; i-- > 0;) {
        if (path[i] != '/' || length - i - 1 > NAME_BYTES)
            continue;
        if (i > PREFIX_BYTES || i == 0)
            continue;
        memcpy(header->prefix, path, i);
        memcpy(header->name, path + i + 1, length - i - 1);
        return true;
    }
    return false;
}

/* "LENGTH key=value\n", where LENGTH counts itself. */
static void put_record(struct buf *out, const char *key, struct slice value)
{
    size_t rest = strlen(key) + value.length + 3, length = rest + 1;
    char digits[24];
    while (length != rest + (size_t)snprintf(digits, sizeof(digits), "%zu", length))
        length = rest + strlen(digits);
    buf_printf(out, "%zu %s=", length, key);
    buf_put_slice(out, value);
    buf_put_byte(out, '\n');
}

static void put_number_record(struct buf *out, const char *key, int64_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)number);
    put_record(out, key, slice_of(text));
}

static void fill_number(struct buf *pax, const char *key, char *field, size_t size, int64_t number,
                        int64_t most)
{
    bool fits = number >= 0 && number <= most;
    put_octal(field, size, fits ? number : 0);
    if (!fits)
        put_number_record(pax, key, number);
}

static bool put_header(struct layer_writer *writer, struct ustar *header, struct error *err)
{
    unsigned sum = 0;
    memcpy(header->magic, "ustar", 6);
    memcpy(header->version, "00", 2);
    memset(header->checksum, ' ', sizeof(header->checksum));
    for (size_t i = 0; i < sizeof(*header); i++)
        sum += ((unsigned char *)header)[i];
    put_octal(header->checksum, 7, sum);
    header->checksum[7] = ' ';
    return put(writer, header, sizeof(*header), err);
}

static bool put_pax(struct layer_writer *writer, int64_t mtime, struct error *err)
{
    struct ustar header = {.type = 'x'};
    struct buf *pax = &writer->pax;
    if (pax->length == 0)
        return true;
    snprintf(header.name, sizeof(header.name), "PaxHeaders/entry");
    put_octal(header.mode, sizeof(header.mode), 0644);
    put_octal(header.uid, sizeof(header.uid), 0);
    put_octal(header.gid, sizeof(header.gid), 0);
    put_octal(header.size, sizeof(header.size), (int64_t)pax->length);
    put_octal(header.mtime, sizeof(header.mtime), mtime);
    return put_header(writer, &header, err) && put(writer, pax->data, pax->length, err) &&
           put_padding(writer, (BLOCK - pax->length % BLOCK) % BLOCK, err);
}

static char type_flag(const struct layer_entry *entry)
{
    static const char flags[] = {
        [ENTRY_FILE] = '0',     [ENTRY_DIRECTORY] = '5', [ENTRY_SYMLINK] = '2',
        [ENTRY_HARDLINK] = '1', [ENTRY_CHARACTER] = '3', [ENTRY_BLOCK] = '4',
        [ENTRY_FIFO] = '6',
    };
    return entry->whiteout || entry->opaque ? '0' : flags[entry->type];
}

static int xattr_compare(const void *a, const void *b)
{
    return strcmp(((const struct entry_xattr *)a)->name, ((const struct entry_xattr *)b)->name);
}

static void put_xattrs(struct layer_writer *writer, const struct layer_entry *entry)
{
    if (entry->xattr_count == 0)
        return;
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct entry_xattr *sorted =
        arena_memdup(arena, entry->xattrs, entry->xattr_count * sizeof(*sorted));
    qsort(sorted, entry->xattr_count, sizeof(*sorted), xattr_compare);
    for (size_t i = 0; i < entry->xattr_count; i++)
        put_record(&writer->pax, arena_printf(arena, "SCHILY.xattr.%s", sorted[i].name),
                   sorted[i].value);
}

static bool check_order(struct layer_writer *writer, const struct layer_entry *entry,
                        const char *name, struct error *err)
{
    bool hardlink = is_hardlink(entry);
    if (writer->content_left > 0)
        return error_set(err, ERROR_FATAL, "layer: %s lacks %lld bytes", writer->last,
                         (long long)writer->content_left);
    if (writer->any &&
        (writer->last_hardlink > hardlink ||
         (writer->last_hardlink == hardlink && name_compare(writer->last, name) >= 0)))
        return error_set(err, ERROR_FATAL, "layer: %s does not come after %s", name, writer->last);
    snprintf(writer->last, sizeof(writer->last), "%s", name);
    writer->last_hardlink = hardlink;
    writer->any = true;
    return true;
}

static void fill_names(struct layer_writer *writer, const struct layer_entry *entry, bool marker,
                       const char *path, struct ustar *header)
{
    if (!split_name(path, header)) {
        snprintf(header->name, sizeof(header->name), "%s", "entry");
        put_record(&writer->pax, "path", slice_of(path));
    }
    const char *link = marker || !entry->link ? "" : entry->link;
    size_t length = strlen(link);
    if (length <= NAME_BYTES && is_plain(link))
        memcpy(header->link, link, length);
    else
        put_record(&writer->pax, "linkpath", slice_of(link));
    if (entry->user && strlen(entry->user) < sizeof(header->user) && !marker)
        memcpy(header->user, entry->user, strlen(entry->user));
    if (entry->group && strlen(entry->group) < sizeof(header->group) && !marker)
        memcpy(header->group, entry->group, strlen(entry->group));
}

bool layer_writer_entry(struct layer_writer *writer, const struct layer_entry *entry,
                        struct error *err)
{
    char name[LIMIT_PATH_BYTES + 16], path[LIMIT_PATH_BYTES + 32];
    struct ustar header = {0};
    struct buf *pax = &writer->pax;
    bool marker = entry->whiteout || entry->opaque;
    int64_t size = entry->type == ENTRY_FILE && !marker ? entry->size : 0;
    int64_t mtime = entry->mtime_s, most = writer->settings.mtime_most_s;
    if (strlen(entry->path) > LIMIT_PATH_BYTES || size < 0)
        return error_set(err, ERROR_FATAL, "layer: malformed entry");
    written_name(entry, name, sizeof(name));
    if (!check_order(writer, entry, name, err))
        return false;
    snprintf(path, sizeof(path), "%s%s", *name ? name : ".",
             entry->type == ENTRY_DIRECTORY && !marker ? "/" : "");
    buf_clear(pax);
    header.type = type_flag(entry);
    fill_names(writer, entry, marker, path, &header);
    if (most > 0 && mtime > most)
        mtime = most;
    put_octal(header.mode, sizeof(header.mode), marker ? 0 : entry->mode & 07777);
    fill_number(pax, "uid", header.uid, sizeof(header.uid), marker ? 0 : entry->uid, USTAR_ID_MOST);
    fill_number(pax, "gid", header.gid, sizeof(header.gid), marker ? 0 : entry->gid, USTAR_ID_MOST);
    fill_number(pax, "size", header.size, sizeof(header.size), size, USTAR_SIZE_MOST);
    fill_number(pax, "mtime", header.mtime, sizeof(header.mtime), mtime, USTAR_SIZE_MOST);
    put_octal(header.major, sizeof(header.major), entry->device_major);
    put_octal(header.minor, sizeof(header.minor), entry->device_minor);
    if (!marker)
        put_xattrs(writer, entry);
    writer->content_left = size;
    writer->padding = (size_t)((BLOCK - size % BLOCK) % BLOCK);
    int64_t pax_mtime = mtime < 0 ? 0 : mtime > USTAR_SIZE_MOST ? USTAR_SIZE_MOST : mtime;
    return put_pax(writer, pax_mtime, err) && put_header(writer, &header, err);
}

bool layer_writer_data(struct layer_writer *writer, const void *data, size_t size,
                       struct error *err)
{
    if ((int64_t)size > writer->content_left)
        return error_set(err, ERROR_FATAL, "layer: %s gets more bytes than its size", writer->last);
    if (size == 0)
        return true;
    writer->content_left -= (int64_t)size;
    return put(writer, data, size, err) &&
           (writer->content_left > 0 || put_padding(writer, writer->padding, err));
}

bool layer_writer_finish(struct layer_writer *writer, struct layer_totals *out, struct error *err)
{
    if (writer->content_left > 0)
        return error_set(err, ERROR_FATAL, "layer: %s lacks %lld bytes", writer->last,
                         (long long)writer->content_left);
    enum compression compression = writer->settings.compression;
    if (!put_padding(writer, 2 * BLOCK, err) ||
        (compression == COMPRESSION_GZIP && !gzip_put(writer, "", 0, Z_FINISH, err)) ||
        (compression == COMPRESSION_ZSTD && !zstd_put(writer, "", 0, ZSTD_e_end, err)))
        return false;
    *out = (struct layer_totals){
        .bytes = writer->bytes, .inflated_bytes = writer->inflated, .compression = compression};
    digest_final(&writer->digest, out->digest);
    if (compression == COMPRESSION_NONE)
        memcpy(out->diff_id, out->digest, sizeof(out->diff_id));
    else
        digest_final(&writer->diff_id, out->diff_id);
    return true;
}

void layer_writer_close(struct layer_writer *writer)
{
    if (!writer)
        return;
    digest_release(&writer->digest);
    digest_release(&writer->diff_id);
    if (writer->gzip_open)
        deflateEnd(&writer->gzip);
    ZSTD_freeCCtx(writer->zstd);
    buf_release(&writer->pax);
    free(writer);
}

void layer_writer_scope_close(struct layer_writer **writer)
{
    layer_writer_close(*writer);
}
