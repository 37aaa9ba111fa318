/* Every feed format over any bytes: the first byte picks the format. */
#include "advisory/feed.h"
#include "advisory/feeds/formats.h"
#include "advisory/match_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(void *context, const struct assertion *a, struct error *err)
{
    (void)context;
    bool affected;
    const char *fixed, *rule;
    /* Ranges as the feed states them must not crash the comparison either. */
    (void)match_version(a, "1.2-3", &affected, &fixed, &rule, err);
    struct arena *arena scoped(arena_scope_free) = arena_new();
    (void)match_fix(a, "1.2-3", arena);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct feed_counts counts = {0};
    struct feed_sink sink = {take, NULL, "fuzz", &counts};
    struct error err = {0};
    struct slice bytes = {(const char *)data + 1, size - 1};
    const struct feed_format *format = feed_formats[data[0] % feed_format_count];
    (void)feed_parse_bytes(format, bytes, "fuzz/fuzz-npm.json", &sink, &err);
    (void)feed_format_guess(bytes, "fuzz.json");
    return 0;
}
