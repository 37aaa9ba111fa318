/* .NET programs published as a single file (.NET's "bundle" format): the host's executable, its
 * files behind it, the deps.json among them as plain text even where others are packed. The host
 * holds a fixed signature, and before it the place of the bundle's directory, zero in a host that
 * carries nothing. The directory comes last, so the deps.json is known by how it begins. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/binary_parts.h"
#include "inventory/readers/lang.h"

const struct go_literal bundle_literals[BUNDLE_LITERALS] = {
    [BUNDLE_SIGNATURE] = {"\x8b\x12\x02\xb9\x6a\x61\x20\x38\x72\x7b\x93\x02\x14\xd7\xa0\x32\x13\xf5"
                          "\xb9\xe6\xef\xae\x33\x18\xee\x3b\x2d\xce\x24\xb3\x6a\xae",
                          32},
    [BUNDLE_DEPS] = {"\"runtimeTarget\"", 15},
};

struct bundle_scan {
    bool marked, whole;
    struct binary_capture deps; /* from behind the literal on */
    size_t looked;              /* of the captured bytes */
    int depth;
    bool string, escaped;
};

struct bundle_scan *bundle_scan_new(void)
{
    struct bundle_scan *bundle = calloc(1, sizeof(*bundle));
    if (!bundle)
        abort();
    return bundle;
}

void bundle_scan_free(struct bundle_scan *bundle)
{
    buf_release(&bundle->deps.bytes);
    free(bundle);
}

void bundle_scan_begin(struct bundle_scan *bundle)
{
    bundle->marked = bundle->whole = bundle->deps.on = false;
    buf_clear(&bundle->deps.bytes);
}

/* Where the object that was begun ends. */
static void look(struct bundle_scan *bundle)
{
    struct buf *bytes = &bundle->deps.bytes;
    for (; bundle->looked < bytes->length && bundle->depth > 0; bundle->looked++) {
        char c = bytes->data[bundle->looked];
        if (bundle->escaped)
            bundle->escaped = false;
        else if (bundle->string && c == '\\')
            bundle->escaped = true;
        else if (c == '"')
            bundle->string = !bundle->string;
        else if (!bundle->string && (c == '{' || c == '['))
            bundle->depth++;
        else if (!bundle->string && (c == '}' || c == ']'))
            bundle->depth--;
    }
    if (bundle->depth == 0) {
        bytes->length = bundle->looked;
        bundle->whole = true;
        bundle->deps.on = false;
    }
}

void bundle_scan_hit(struct bundle_scan *bundle, unsigned literal, uint64_t end,
                     struct slice before, uint64_t at, struct slice block)
{
    if (literal == BUNDLE_SIGNATURE) {
        size_t from = before.length - (before.length < 8 ? before.length : 8);
        for (size_t i = from; i < before.length; i++)
            bundle->marked = bundle->marked || before.data[i] != 0;
        return;
    }
    if (!bundle->marked || bundle->whole || bundle->deps.on ||
        !slice_has_suffix(slice_trim(before), "{"))
        return;
    binary_capture_begin(&bundle->deps, end, (size_t)LIMIT_SMALL_FILE_BYTES);
    bundle->looked = 0;
    bundle->depth = 1;
    bundle->string = bundle->escaped = false;
    binary_capture_feed(&bundle->deps, at, block);
    look(bundle);
}

void bundle_scan_feed(struct bundle_scan *bundle, uint64_t at, struct slice block)
{
    if (!bundle->deps.on)
        return;
    binary_capture_feed(&bundle->deps, at, block);
    look(bundle);
}

void bundle_scan_end(struct bundle_scan *bundle, const char *path, struct reader_sink *sink)
{
    struct buf text scoped(buf_release) = {0};
    sink->reader = "dotnet-bundle";
    if (bundle->deps.on)
        sink_warning(sink, "dotnet-bundle", path, true, "its deps.json does not end");
    if (!bundle->whole)
        return;
    buf_put_byte(&text, '{');
    buf_put(&text, bundle_literals[BUNDLE_DEPS].text, bundle_literals[BUNDLE_DEPS].length);
    buf_put(&text, bundle->deps.bytes.data, bundle->deps.bytes.length);
    dotnet_deps(sink, path, buf_slice(&text));
}
