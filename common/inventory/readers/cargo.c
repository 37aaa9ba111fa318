/* Rust: the list that cargo-auditable links into executables (found by cargo_binary.c), and
 * Cargo.lock. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"

void cargo_audit_list(struct reader_sink *sink, const char *path, struct slice text)
{
    const struct reader_file inner = {.path = path, .bytes = text};
    json_t *json scoped(lang_json_free) = lang_json(&inner, sink), *package;
    size_t i;
    json_array_foreach(json_object_get(json, "packages"), i, package)
    {
        if (slice_is(lang_text(package, "kind"), "build"))
            continue;
        lang_put(sink, &inner, "cargo", lang_text(package, "name"), lang_text(package, "version"),
                 CONFIDENCE_RECOGNISED);
    }
}

static bool wants_lock(const char *path)
{
    return path_is_below(path, "Cargo.lock");
}

static void read_lock(const struct reader_file *file, struct reader_sink *sink)
{
    lang_toml_packages(file, sink, "package", "cargo", NULL, NULL);
}

const struct package_reader reader_cargo_lock = {.name = "cargo-lock",
                                                 .wants = wants_lock,
                                                 .read = read_lock,
                                                 .most_bytes = LIMIT_SMALL_FILE_BYTES};
