/* Manifests, indexes and configurations as a registry may send them; references as a person may. */
#include <stdint.h>

#include "image/config.h"
#include "image/manifest.h"
#include "image/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    struct slice bytes = {.data = (const char *)data, .length = size};
    struct manifest manifest;
    struct image_config config;
    struct reference reference;
    struct slice out;
    if (manifest_parse(arena, bytes, NULL, &manifest, &err)) {
        manifest_find_platform(&manifest, platform_here());
        manifest_encode(arena, &manifest, &out, &err);
    }
    if (image_config_parse(arena, bytes, &config, &err)) {
        image_config_cut(arena, &config, config.diff_id_count / 2, &err);
        image_config_set_label(arena, &config, "a", "b", &err);
        image_config_encode(arena, &config, &out, &err);
    }
    if (reference_parse(arena, arena_strndup(arena, bytes.data ? bytes.data : "", size), &reference,
                        &err))
        reference_text(arena, &reference);
    return 0;
}
