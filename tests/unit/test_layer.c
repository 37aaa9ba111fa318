#include <archive.h>
#include <archive_entry.h>
#include <bzlib.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/limits.h"
#include "image/layer_stream.h"
#include "image/layer_walk.h"
#include "test.h"

/* A stream that gives at most `step` bytes at a time. */
struct drip {
    struct stream stream;
    struct slice left;
    size_t step;
};

static bool drip_read(struct stream *stream, void *data, size_t size, size_t *got,
                      struct error *err)
{
    struct drip *drip = (struct drip *)stream;
    (void)err;
    *got = size < drip->step ? size : drip->step;
    if (*got > drip->left.length)
        *got = drip->left.length;
    memcpy(data, drip->left.data, *got);
    drip->left = slice_sub(drip->left, *got, drip->left.length - *got);
    return true;
}

static struct drip drip_of(const struct buf *bytes, size_t step)
{
    return (struct drip){.stream = {.read = drip_read}, .left = buf_slice(bytes), .step = step};
}

static void sample(struct buf *out, size_t length)
{
    unsigned state = 12345;
    for (size_t i = 0; i < length; i++) {
        state = state * 1103515245u + 12345u;
        buf_put_byte(out, (char)((state >> 16) % 23 + 'a'));
    }
}

static void put_gzip(struct buf *out, struct slice bytes)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
    size_t most = libdeflate_gzip_compress_bound(compressor, bytes.length);
    buf_reserve(out, most);
    out->length += libdeflate_gzip_compress(compressor, bytes.data, bytes.length,
                                            out->data + out->length, most);
    libdeflate_free_compressor(compressor);
}

static void put_zstd(struct buf *out, struct slice bytes)
{
    size_t most = ZSTD_compressBound(bytes.length);
    buf_reserve(out, most);
    out->length += ZSTD_compress(out->data + out->length, most, bytes.data, bytes.length, 3);
}

static void put_xz(struct buf *out, struct slice bytes)
{
    size_t most = lzma_stream_buffer_bound(bytes.length), at = 0;
    buf_reserve(out, most);
    assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, (const uint8_t *)bytes.data,
                                             bytes.length, (uint8_t *)out->data + out->length, &at,
                                             most),
                     LZMA_OK);
    out->length += at;
}

static void put_bzip2(struct buf *out, struct slice bytes)
{
    unsigned length = (unsigned)(bytes.length + bytes.length / 50 + 700);
    buf_reserve(out, length);
    char *copy = malloc(bytes.length + 1);
    memcpy(copy, bytes.data, bytes.length);
    assert_int_equal(BZ2_bzBuffToBuffCompress(out->data + out->length, &length, copy,
                                              (unsigned)bytes.length, 1, 0, 0),
                     BZ_OK);
    free(copy);
    out->length += length;
}

static bool inflate_all(const struct buf *blob, size_t step, struct buf *out,
                        struct layer_totals *totals, struct error *err)
{
    struct drip drip = drip_of(blob, step);
    struct stream *layer scoped(stream_scope_close) = NULL;
    return layer_stream_open(&drip.stream, NULL, &layer, err) &&
           stream_read_all(layer, 1 << 30, out, err) && layer_stream_finish(layer, totals, err);
}

static void (*const packers[])(struct buf *, struct slice) = {
    [COMPRESSION_GZIP] = put_gzip,
    [COMPRESSION_ZSTD] = put_zstd,
    [COMPRESSION_XZ] = put_xz,
    [COMPRESSION_BZIP2] = put_bzip2,
};

/* Three members of uneven sizes, dripped in steps around every kind of boundary. */
TEST(several_members_of_every_compression)
{
    struct buf plain scoped(buf_release) = {0};
    sample(&plain, 200001);
    char plain_digest[DIGEST_TEXT_SIZE];
    digest_of(plain.data, plain.length, plain_digest);
    for (size_t c = COMPRESSION_GZIP; c <= COMPRESSION_BZIP2; c++) {
        struct buf blob scoped(buf_release) = {0};
        packers[c](&blob, slice_sub(buf_slice(&plain), 0, 70000));
        packers[c](&blob, slice_sub(buf_slice(&plain), 70000, 1));
        packers[c](&blob, slice_sub(buf_slice(&plain), 70001, 130000));
        char digest[DIGEST_TEXT_SIZE];
        digest_of(blob.data, blob.length, digest);
        static const size_t drips[] = {1, 2, 7, 8, 9, 13, 4096, 1 << 20};
        for (size_t i = 0; i < array_count(drips); i++) {
            struct buf out scoped(buf_release) = {0};
            struct layer_totals totals;
            struct error err = {0};
            if (!inflate_all(&blob, drips[i], &out, &totals, &err))
                fail_msg("%s in steps of %zu: %s", compression_name((enum compression)c), drips[i],
                         err.text);
            assert_int_equal(totals.compression, c);
            assert_int_equal(totals.inflated_bytes, plain.length);
            assert_int_equal(totals.bytes, blob.length);
            assert_string_equal(totals.diff_id, plain_digest);
            assert_string_equal(totals.digest, digest);
            assert_true(slice_equal(buf_slice(&out), buf_slice(&plain)));
        }
    }
}

TEST(plain_bytes_have_one_digest)
{
    struct buf plain scoped(buf_release) = {0}, out scoped(buf_release) = {0};
    sample(&plain, 1000);
    struct layer_totals totals;
    struct error err = {0};
    assert_true(inflate_all(&plain, 3, &out, &totals, &err));
    assert_string_equal(totals.digest, totals.diff_id);
    struct buf empty scoped(buf_release) = {0}, none scoped(buf_release) = {0};
    assert_true(inflate_all(&empty, 3, &none, &totals, &err));
    assert_int_equal(totals.inflated_bytes, 0);
}

TEST(truncated_and_trailing_bytes_are_errors)
{
    struct buf plain scoped(buf_release) = {0};
    sample(&plain, 5000);
    for (size_t c = COMPRESSION_GZIP; c <= COMPRESSION_BZIP2; c++) {
        struct buf blob scoped(buf_release) = {0};
        packers[c](&blob, buf_slice(&plain));
        for (size_t cut = 7; cut < blob.length; cut += 97) {
            struct buf part scoped(buf_release) = {0}, out scoped(buf_release) = {0};
            struct layer_totals totals;
            struct error err = {0};
            buf_put(&part, blob.data, cut);
            assert_false(inflate_all(&part, 4096, &out, &totals, &err));
            assert_int_equal(err.kind, ERROR_INPUT);
        }
        struct buf one_less scoped(buf_release) = {0}, out scoped(buf_release) = {0};
        struct layer_totals totals;
        struct error err = {0};
        buf_put(&one_less, blob.data, blob.length - 1);
        assert_false(inflate_all(&one_less, 4096, &out, &totals, &err));
        for (int i = 0; i < 512; i++) /* padding by whole blocks is fine */
            buf_put_byte(&blob, 0);
        struct buf padded scoped(buf_release) = {0};
        assert_true(inflate_all(&blob, 11, &padded, &totals, &err));
        buf_put_text(&blob, "junk");
        struct buf junk scoped(buf_release) = {0};
        assert_false(inflate_all(&blob, 4096, &junk, &totals, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
    }
}

TEST(zstd_skippable_frames)
{
    struct buf plain scoped(buf_release) = {0}, blob scoped(buf_release) = {0};
    struct buf out scoped(buf_release) = {0};
    struct layer_totals totals;
    struct error err = {0};
    sample(&plain, 5000);
    buf_put(&blob, "\x53\x2a\x4d\x18\x03\0\0\0abc", 11);
    put_zstd(&blob, slice_sub(buf_slice(&plain), 0, 2000));
    buf_put(&blob, "\x5f\x2a\x4d\x18\x00\0\0\0", 8);
    put_zstd(&blob, slice_sub(buf_slice(&plain), 2000, 3000));
    buf_put(&blob, "\x50\x2a\x4d\x18\x01\0\0\0z", 9);
    if (!inflate_all(&blob, 5, &out, &totals, &err))
        fail_msg("%s", err.text);
    assert_true(slice_equal(buf_slice(&out), buf_slice(&plain)));
}

TEST(bombs_stop_at_the_caps)
{
    struct buf zeros scoped(buf_release) = {0}, blob scoped(buf_release) = {0};
    buf_reserve(&zeros, 80 << 20);
    memset(zeros.data, 0, 80 << 20);
    zeros.length = 80 << 20;
    put_zstd(&blob, buf_slice(&zeros)); /* far more than 1100 to 1 */
    struct buf out scoped(buf_release) = {0};
    struct layer_totals totals;
    struct error err = {0};
    assert_false(inflate_all(&blob, 1 << 20, &out, &totals, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    struct layer_stream_settings settings = {.inflated_most = 1000, .ratio_most = 1 << 30};
    struct drip drip = drip_of(&blob, 1 << 20);
    struct stream *layer scoped(stream_scope_close) = NULL;
    assert_true(layer_stream_open(&drip.stream, &settings, &layer, &err));
    assert_false(stream_drain(layer, &err));
}

/* ---- walking ---- */

struct tar_line {
    const char *name;
    mode_t type; /* 0: hard link */
    const char *content;
};

static void make_tar(struct buf *out, const struct tar_line *lines, size_t count)
{
    size_t most = 1 << 20, used = 0;
    buf_reserve(out, most);
    struct archive *archive = archive_write_new();
    archive_write_set_format_pax_restricted(archive);
    archive_write_set_bytes_per_block(archive, 0);
    assert_int_equal(archive_write_open_memory(archive, out->data, most, &used), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, lines[i].name);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_mtime(entry, 1700000000, 0);
        archive_entry_set_size(entry, 0);
        if (lines[i].type == S_IFREG) {
            archive_entry_set_size(entry, (int64_t)strlen(lines[i].content));
            archive_entry_xattr_add_entry(entry, "user.note", "x\0y", 3);
        }
        if (lines[i].type == S_IFLNK)
            archive_entry_set_symlink(entry, lines[i].content);
        archive_entry_set_filetype(entry, lines[i].type ? lines[i].type : S_IFREG);
        if (lines[i].type == 0)
            archive_entry_set_hardlink(entry, lines[i].content);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        if (lines[i].type == S_IFREG)
            archive_write_data(archive, lines[i].content, strlen(lines[i].content));
        archive_entry_free(entry);
    }
    archive_write_close(archive);
    archive_write_free(archive);
    out->length = used;
}

static void count_warning(void *context, const struct layer_warning *warning)
{
    buf_printf(context, "%s(%s) ", warning->code, warning->path);
}

/* "type path link|content [w|o]" a line. */
static bool describe(struct layer_walk *walk, struct buf *out, struct error *err)
{
    const struct layer_entry *entry;
    for (;;) {
        if (!layer_walk_next(walk, &entry, err))
            return false;
        if (!entry)
            return true;
        buf_printf(out, "%s %s %s", entry_type_name(entry->type), entry->path, entry->link);
        if (entry->type == ENTRY_FILE && entry->size > 0) {
            struct stream *content = layer_walk_stream(walk);
            bool good = stream_read_all(content, 1 << 20, out, err);
            stream_close(content);
            if (!good)
                return false;
        }
        buf_put_text(out, entry->whiteout ? "W\n" : entry->opaque ? "O\n" : "\n");
    }
}

TEST(entries_whiteouts_and_hostile_names)
{
    static const struct tar_line lines[] = {
        {"./", S_IFDIR, ""},
        {"./etc/", S_IFDIR, ""},
        {"/etc/passwd", S_IFREG, "root"},
        {"etc//./hosts", S_IFREG, "h"},
        {"../escape", S_IFREG, "no"},
        {"etc/../../escape", S_IFREG, "no"},
        {"etc/link", S_IFLNK, "../../../outside"},
        {"etc/hard", 0, "./etc/passwd"},
        {"etc/bad", 0, "../../etc/shadow"},
        {"usr/.wh.gone", S_IFREG, ""},
        {"usr/share/.wh..wh..opq", S_IFREG, ""},
        {".wh..wh.plnk", S_IFDIR, ""},
        {"x/.wh...", S_IFREG, ""},
        {"x/.wh.", S_IFREG, ""},
        {"na\xc3\xafve", S_IFREG, "utf-8"},
    };
    struct buf tar scoped(buf_release) = {0}, out scoped(buf_release) = {0};
    struct buf warnings scoped(buf_release) = {0};
    struct error err = {0};
    make_tar(&tar, lines, array_count(lines));
    struct drip drip = drip_of(&tar, 700);
    struct layer_walk_settings settings = {.warn = count_warning, .warn_context = &warnings};
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    assert_true(layer_walk_open(&drip.stream, &settings, &walk, &err));
    if (!describe(walk, &out, &err))
        fail_msg("%s", err.text);
    assert_string_equal(buf_text(&out), "directory  \n"
                                        "directory etc \n"
                                        "file etc/passwd root\n"
                                        "file etc/hosts h\n"
                                        "symlink etc/link ../../../outside\n"
                                        "hardlink etc/hard etc/passwd\n"
                                        "file usr/gone W\n"
                                        "file usr/share O\n"
                                        "file na\xc3\xafve utf-8\n");
    assert_string_equal(buf_text(&warnings),
                        "entry-refused(../escape) entry-refused(etc/../../escape) "
                        "entry-refused(etc/bad) entry-refused(x/.wh...) entry-refused(x/.wh.) ");
}

TEST(attributes_and_blocks)
{
    static const struct tar_line lines[] = {{"a", S_IFREG, "content"}, {"b", S_IFREG, "unread"}};
    struct buf tar scoped(buf_release) = {0};
    struct error err = {0};
    const struct layer_entry *entry;
    struct slice block;
    make_tar(&tar, lines, 2);
    struct stream *memory scoped(stream_scope_close) = stream_of_memory(buf_slice(&tar));
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    assert_true(layer_walk_open(memory, NULL, &walk, &err));
    assert_true(layer_walk_next(walk, &entry, &err) && entry);
    assert_int_equal(entry->mtime_s, 1700000000);
    assert_int_equal(entry->mode, 0644);
    assert_int_equal(entry->xattr_count, 1);
    assert_string_equal(entry->xattrs[0].name, "user.note");
    assert_int_equal(entry->xattrs[0].value.length, 3);
    assert_true(layer_walk_read_block(walk, &block, &err));
    assert_true(slice_is(block, "content"));
    assert_true(layer_walk_read_block(walk, &block, &err));
    assert_int_equal(block.length, 0);
    assert_true(layer_walk_next(walk, &entry, &err) && entry);
    assert_true(layer_walk_next(walk, &entry, &err) && !entry);
    assert_true(layer_walk_next(walk, &entry, &err) && !entry);
}

TEST(truncated_tar_and_entry_cap)
{
    static const struct tar_line lines[] = {
        {"a", S_IFREG, "content"}, {"b", S_IFREG, "content"}, {"c", S_IFREG, "content"}};
    struct buf tar scoped(buf_release) = {0}, out scoped(buf_release) = {0};
    struct buf warnings scoped(buf_release) = {0};
    struct error err = {0};
    make_tar(&tar, lines, 3);
    struct stream *cut scoped(stream_scope_close) =
        stream_of_memory(slice_sub(buf_slice(&tar), 0, tar.length / 2 - 100));
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    assert_true(layer_walk_open(cut, NULL, &walk, &err));
    assert_false(describe(walk, &out, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    struct layer_walk_settings settings = {
        .entries_most = 2, .warn = count_warning, .warn_context = &warnings};
    struct stream *whole scoped(stream_scope_close) = stream_of_memory(buf_slice(&tar));
    struct layer_walk *capped scoped(layer_walk_scope_close) = NULL;
    buf_clear(&out);
    assert_true(layer_walk_open(whole, &settings, &capped, &err));
    assert_true(describe(capped, &out, &err));
    assert_string_equal(buf_text(&out), "file a content\nfile b content\n");
    assert_string_equal(buf_text(&warnings), "layer-cap() ");
}

TEST(empty_layers)
{
    static const char zeros[1024];
    struct error err = {0};
    const size_t sizes[] = {0, 1024};
    for (size_t i = 0; i < 2; i++) {
        const struct layer_entry *entry = NULL;
        struct stream *memory scoped(stream_scope_close) =
            stream_of_memory((struct slice){.data = zeros, .length = sizes[i]});
        struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
        if (!layer_walk_open(memory, NULL, &walk, &err) || !layer_walk_next(walk, &entry, &err))
            fail_msg("%zu bytes: %s", sizes[i], err.text);
        assert_null(entry);
    }
}

TEST(a_directory_is_a_layer)
{
    char root[] = "/tmp/resole-walk-XXXXXX", path[128];
    struct buf out scoped(buf_release) = {0};
    struct error err = {0};
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof(path), "%s/b", root);
    mkdir(path, 0755);
    snprintf(path, sizeof(path), "%s/b/file", root);
    int fd = open(path, O_CREAT | O_WRONLY, 0644);
    assert_int_equal(write(fd, "data", 4), 4);
    close(fd);
    snprintf(path, sizeof(path), "%s/a", root);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    struct layer_walk *walk scoped(layer_walk_scope_close) = NULL;
    assert_true(layer_walk_open_directory(root, NULL, &walk, &err));
    assert_true(describe(walk, &out, &err));
    assert_string_equal(buf_text(&out),
                        "directory  \nsymlink a /etc/passwd\ndirectory b \nfile b/file data\n");
    assert_false(layer_walk_open_directory("/nonexistent", NULL, &walk, &err));
    unlink(path);
    snprintf(path, sizeof(path), "%s/b/file", root);
    unlink(path);
    snprintf(path, sizeof(path), "%s/b", root);
    rmdir(path);
    rmdir(root);
}

TEST(names_are_normalised_or_refused)
{
    static const struct {
        const char *raw, *out;
    } table[] = {{"a/b", "a/b"}, {"/a/", "a"},   {"./a/./b//c", "a/b/c"}, {"", ""},
                 {"/", ""},      {"..", NULL},   {"a/..", NULL},          {"a/../b", NULL},
                 {"..a", "..a"}, {"a..", "a.."}, {"...", "..."},          {"a\\b", "a\\b"}};
    char out[LIMIT_PATH_BYTES + 1];
    for (size_t i = 0; i < array_count(table); i++) {
        bool good = layer_path_normalise(slice_of(table[i].raw), out);
        assert_int_equal(good, table[i].out != NULL);
        if (good)
            assert_string_equal(out, table[i].out);
    }
    assert_false(layer_path_normalise((struct slice){.data = "a\0b", .length = 3}, out));
}
