#include "inventory/readers/rpm_header.h"

#include <string.h>

#include "base/limits.h"

enum {
    TAG_NAME = 1000,
    TAG_VERSION = 1001,
    TAG_RELEASE = 1002,
    TAG_EPOCH = 1003,
    TAG_VENDOR = 1011,
    TAG_ARCH = 1022,
    TAG_OLD_FILE_NAMES = 1027,
    TAG_SOURCE_RPM = 1044,
    TAG_DIR_INDEXES = 1116,
    TAG_BASE_NAMES = 1117,
    TAG_DIR_NAMES = 1118,
    TAG_MODULARITY_LABEL = 5096,
    TYPE_INT32 = 4,
    TYPE_STRING = 6,
    TYPE_STRING_ARRAY = 8,
    TYPE_I18N = 9,
    INDEX_SIZE = 16,
    INDEXES_MOST = 65536,
};

struct header {
    struct slice index, data;
};

struct tag {
    uint32_t type, offset, count;
};

static uint32_t be32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static bool header_open(struct slice blob, struct header *out)
{
    if (blob.length < 8)
        return false;
    uint32_t count = be32(blob.data), length = be32(blob.data + 4);
    if (count == 0 || count > INDEXES_MOST || length > blob.length ||
        8 + (size_t)count * INDEX_SIZE + length > blob.length)
        return false;
    out->index = slice_sub(blob, 8, (size_t)count * INDEX_SIZE);
    out->data = slice_sub(blob, 8 + (size_t)count * INDEX_SIZE, length);
    return true;
}

static bool tag_find(const struct header *header, uint32_t wanted, struct tag *out)
{
    for (size_t at = 0; at < header->index.length; at += INDEX_SIZE) {
        const char *p = header->index.data + at;
        if (be32(p) != wanted)
            continue;
        *out = (struct tag){be32(p + 4), be32(p + 8), be32(p + 12)};
        return out->offset <= header->data.length;
    }
    return false;
}

/* The string at *at, which moves behind its NUL. */
static bool text_take(const struct header *header, size_t *at, struct slice *out)
{
    struct slice rest = slice_sub(header->data, *at, header->data.length);
    size_t length = slice_find_byte(rest, 0);
    if (length == rest.length)
        return false;
    *out = slice_sub(rest, 0, length);
    *at += length + 1;
    return true;
}

static const char *text_of(const struct header *header, uint32_t wanted, struct arena *arena)
{
    struct tag tag;
    struct slice text;
    if (!tag_find(header, wanted, &tag) ||
        (tag.type != TYPE_STRING && tag.type != TYPE_I18N && tag.type != TYPE_STRING_ARRAY))
        return "";
    size_t at = tag.offset;
    return text_take(header, &at, &text) ? slice_string(arena, text) : "";
}

static bool number_at(const struct header *header, const struct tag *tag, size_t i, uint32_t *out)
{
    size_t at = tag->offset + 4 * i;
    if (tag->type != TYPE_INT32 || i >= tag->count || at + 4 > header->data.length)
        return false;
    *out = be32(header->data.data + at);
    return true;
}

struct texts {
    struct slice *items;
    size_t count;
};

static struct texts texts_of(const struct header *header, uint32_t wanted, struct arena *arena)
{
    struct tag tag;
    struct texts out = {0};
    if (!tag_find(header, wanted, &tag) || tag.type != TYPE_STRING_ARRAY ||
        tag.count > header->data.length)
        return out;
    out.items = arena_new_array(arena, struct slice, tag.count + 1);
    size_t at = tag.offset;
    while (out.count < tag.count && text_take(header, &at, &out.items[out.count]))
        out.count++;
    return out;
}

static struct slice without_slash(struct slice path)
{
    return path.length > 0 && path.data[0] == '/' ? slice_sub(path, 1, path.length) : path;
}

static const char **paths_of(const struct header *header, struct arena *arena, size_t *count)
{
    struct texts bases = texts_of(header, TAG_BASE_NAMES, arena);
    struct texts directories = texts_of(header, TAG_DIR_NAMES, arena);
    struct texts old = texts_of(header, TAG_OLD_FILE_NAMES, arena);
    struct tag indexes;
    *count = 0;
    const char **paths = arena_new_array(arena, const char *, bases.count + old.count + 1);
    if (bases.count > 0 && tag_find(header, TAG_DIR_INDEXES, &indexes))
        for (size_t i = 0; i < bases.count; i++) {
            uint32_t index;
            if (!number_at(header, &indexes, i, &index) || index >= directories.count)
                break;
            struct slice directory = without_slash(directories.items[index]);
            if (directory.length + bases.items[i].length > LIMIT_PATH_BYTES)
                continue;
            paths[(*count)++] =
                arena_printf(arena, "%.*s%.*s", (int)directory.length, directory.data,
                             (int)bases.items[i].length, bases.items[i].data);
        }
    for (size_t i = 0; i < old.count; i++)
        paths[(*count)++] = slice_string(arena, without_slash(old.items[i]));
    return paths;
}

void rpm_source_split(struct arena *arena, const char *source_rpm, struct component *out)
{
    struct slice text = slice_of(source_rpm);
    if (slice_has_suffix(text, ".rpm"))
        text.length -= 4;
    if (slice_has_suffix(text, ".src"))
        text.length -= 4;
    else if (slice_has_suffix(text, ".nosrc"))
        text.length -= 6;
    size_t dashes = 0, at = text.length;
    while (at > 0 && dashes < 2)
        if (text.data[--at] == '-')
            dashes++;
    if (dashes < 2 || at == 0) {
        out->source_name = out->name;
        out->source_version = out->version;
        return;
    }
    out->source_name = slice_string(arena, slice_sub(text, 0, at));
    out->source_version = slice_string(arena, slice_sub(text, at + 1, text.length));
}

void rpm_header_read(struct slice blob, struct reader_sink *sink, const char *source)
{
    struct header header;
    struct arena *arena = sink->arena;
    if (!header_open(blob, &header)) {
        sink_warning(sink, "rpm-damaged", sink->path, true, "a package header cannot be read");
        return;
    }
    struct component component = {.type = "rpm",
                                  .name = text_of(&header, TAG_NAME, arena),
                                  .arch = text_of(&header, TAG_ARCH, arena),
                                  .module = text_of(&header, TAG_MODULARITY_LABEL, arena),
                                  .vendor = text_of(&header, TAG_VENDOR, arena)};
    const char *version = text_of(&header, TAG_VERSION, arena);
    const char *release = text_of(&header, TAG_RELEASE, arena);
    if (!component.name[0] || !version[0]) {
        sink_warning(sink, "rpm-damaged", sink->path, true, "a package header without name");
        return;
    }
    if (strcmp(component.name, "gpg-pubkey") == 0)
        return;
    struct tag tag;
    uint32_t epoch = 0;
    if (tag_find(&header, TAG_EPOCH, &tag))
        (void)number_at(&header, &tag, 0, &epoch);
    component.version = epoch > 0 ? arena_printf(arena, "%u:%s-%s", epoch, version, release)
                                  : arena_printf(arena, "%s-%s", version, release);
    rpm_source_split(arena, text_of(&header, TAG_SOURCE_RPM, arena), &component);
    sink_database_package(sink, source, component, sink->path);
    size_t count = 0;
    const char **paths = paths_of(&header, arena, &count);
    sink_owned(sink, source, component.name, component.arch, sink->path, paths, count);
}
