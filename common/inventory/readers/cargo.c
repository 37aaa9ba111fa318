/* Rust: the list that cargo-auditable links into executables (section .dep-v0: JSON packed with
 * zlib), and Cargo.lock. */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"

static bool inflate_all(struct slice packed, struct buf *out)
{
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    bool good = false, full = true;
    for (size_t size = 64 * 1024; d && full && size <= (size_t)LIMIT_SMALL_FILE_BYTES; size *= 4) {
        size_t got = 0;
        buf_clear(out);
        buf_reserve(out, size);
        enum libdeflate_result result = libdeflate_zlib_decompress_ex(d, packed.data, packed.length,
                                                                      out->data, size, NULL, &got);
        full = result == LIBDEFLATE_INSUFFICIENT_SPACE;
        good = result == LIBDEFLATE_SUCCESS;
        out->length = good ? got : 0;
    }
    if (d)
        libdeflate_free_decompressor(d);
    return good;
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice section;
    struct buf text scoped(buf_release) = {0};
    if (!binary_section(file->bytes, ".dep-v0", &section))
        return;
    if (!inflate_all(section, &text)) {
        sink_warning(sink, "rust-audit-data", file->path, true, "damaged section .dep-v0");
        return;
    }
    const struct reader_file inner = {.path = file->path, .bytes = buf_slice(&text)};
    json_t *json scoped(lang_json_free) = lang_json(&inner, sink), *package;
    size_t i;
    json_array_foreach(json_object_get(json, "packages"), i, package)
    {
        if (slice_is(lang_text(package, "kind"), "build"))
            continue;
        lang_put(sink, file, "cargo", lang_text(package, "name"), lang_text(package, "version"),
                 CONFIDENCE_RECOGNISED);
    }
}

static bool wants_lock(const char *path)
{
    return path_is_below(path, "Cargo.lock");
}

static void read_lock(const struct reader_file *file, struct reader_sink *sink)
{
    lang_toml_packages(file, sink, "package", "cargo", NULL);
}

const struct package_reader reader_rust_binary = {
    .name = "rust-binary", .read = read, .most_bytes = LIMIT_NESTED_BYTES, .binaries = true};
const struct package_reader reader_cargo_lock = {.name = "cargo-lock",
                                                 .wants = wants_lock,
                                                 .read = read_lock,
                                                 .most_bytes = LIMIT_SMALL_FILE_BYTES};
