/* Chisel's manifest (Ubuntu's cut images have no dpkg database): var/lib/chisel/manifest.wall, zstd
 * over lines of JSON ("jsonwall" 1.0), one object a line: kind package (name, version, arch),
 * slice, path, content (which slice brings which path). A slice's name is its package's, "_" and a
 * word. The source package is not said: the binary's name stands for it. */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"

enum { BLOCK_BYTES = 256 * 1024, LINE_BYTES = 64 * 1024 };

struct owner_paths {
    const char *package;
    const char **paths;
    size_t count, capacity;
};

struct wall {
    struct reader_sink *sink;
    const struct reader_file *file;
    const char *source;
    struct owner_paths *owners;
    size_t owner_count, owner_capacity;
    bool odd;
};

static bool inflate_wall(struct slice packed, struct buf *out)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {.src = packed.data, .size = packed.length};
    size_t result = 1, before;
    if (!context)
        abort();
    do {
        buf_reserve(out, BLOCK_BYTES);
        ZSTD_outBuffer to = {.dst = out->data + out->length, .size = BLOCK_BYTES};
        before = in.pos;
        result = ZSTD_decompressStream(context, &to, &in);
        out->length += to.pos;
        if (!ZSTD_isError(result) && to.pos == 0 && in.pos == before)
            break; /* cut off */
    } while (!ZSTD_isError(result) && result != 0 && out->length < (size_t)LIMIT_DATABASE_BYTES);
    ZSTD_freeDCtx(context);
    return result == 0;
}

static struct owner_paths *owner_of(struct wall *wall, const char *package)
{
    if (wall->owner_count > 0 && strcmp(wall->owners[wall->owner_count - 1].package, package) == 0)
        return &wall->owners[wall->owner_count - 1];
    arena_push(wall->sink->arena, wall->owners, wall->owner_count, wall->owner_capacity);
    wall->owners[wall->owner_count++] = (struct owner_paths){.package = package};
    return &wall->owners[wall->owner_count - 1];
}

/* The lines are sorted, so a slice's content stands together. */
static void put_content(struct wall *wall, struct slice slice, struct slice path)
{
    size_t end = slice.length;
    while (end > 0 && slice.data[end - 1] != '_')
        end--;
    if (end < 2 || path.length < 2 || path.data[0] != '/')
        return;
    struct owner_paths *owner =
        owner_of(wall, slice_string(wall->sink->arena, slice_sub(slice, 0, end - 1)));
    arena_push(wall->sink->arena, owner->paths, owner->count, owner->capacity);
    owner->paths[owner->count++] = slice_string(wall->sink->arena, slice_sub(path, 1, path.length));
}

static void put_package(struct wall *wall, const json_t *line)
{
    struct arena *arena = wall->sink->arena;
    struct slice name = lang_text(line, "name"), version = lang_text(line, "version");
    if (name.length == 0 || version.length == 0) {
        wall->odd = true;
        return;
    }
    const struct component component = {.type = "deb",
                                        .name = slice_string(arena, name),
                                        .version = slice_string(arena, version),
                                        .arch = slice_string(arena, lang_text(line, "arch")),
                                        .source_name = slice_string(arena, name),
                                        .source_version = slice_string(arena, version)};
    sink_database_package(wall->sink, wall->source, component, wall->file->path);
}

static void read_line(struct wall *wall, struct slice text)
{
    if (text.length == 0)
        return;
    json_t *line scoped(lang_json_free) =
        text.length <= LINE_BYTES ? json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL)
                                  : NULL;
    struct slice kind = lang_text(line, "kind");
    if (!json_is_object(line))
        wall->odd = true;
    else if (slice_is(kind, "package"))
        put_package(wall, line);
    else if (slice_is(kind, "content"))
        put_content(wall, lang_text(line, "slice"), lang_text(line, "path"));
}

static bool wants(const char *path)
{
    return path_is_below(path, "chisel/manifest.wall");
}

static void read(const struct reader_file *file, struct reader_sink *sink)
{
    struct buf text scoped(buf_release) = {0};
    struct slice line;
    struct wall wall = {.sink = sink, .file = file};
    wall.source = arena_printf(sink->arena, "chisel:%s", path_directory(sink->arena, file->path));
    sink_database(sink, wall.source, file->path);
    wall.odd = !inflate_wall(file->bytes, &text);
    struct slice rest = buf_slice(&text);
    while (slice_take_line(&rest, &line))
        read_line(&wall, line);
    for (size_t i = 0; i < wall.owner_count; i++)
        sink_owned(sink, wall.source, wall.owners[i].package, "", file->path, wall.owners[i].paths,
                   wall.owners[i].count);
    if (wall.odd)
        sink_warning(sink, "chisel-damaged", file->path, true,
                     "the manifest is cut off or holds lines that are not understood");
}

const struct package_reader reader_chisel = {.name = "chisel",
                                             .wants = wants,
                                             .read = read,
                                             .most_bytes = LIMIT_DATABASE_BYTES,
                                             .database = true};
