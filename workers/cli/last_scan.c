#include "cli/last_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

enum { FILE_BYTES = 65536 };

static void put(struct buf *out, const char *key, const char *value)
{
    if (value && *value && !strchr(value, '\n'))
        buf_printf(out, "%s %s\n", key, value);
}

void last_scan_save(const char *advisory_dir, const struct last_scan *scan)
{
    struct buf text scoped(buf_release) = {0}, path scoped(buf_release) = {0};
    struct buf fresh scoped(buf_release) = {0};
    char here[4096];
    if (strcmp(scan->image, "-") == 0 || !getcwd(here, sizeof(here)))
        return;
    put(&text, "directory", here);
    put(&text, "image", scan->image);
    put(&text, "platform", scan->platform);
    put(&text, "policy", scan->policy);
    for (size_t i = 0; i < scan->vex.count; i++)
        put(&text, "vex", scan->vex.items[i]);
    buf_printf(&path, "%s/last-scan", advisory_dir);
    buf_printf(&fresh, "%s.%ld", path.data, (long)getpid());
    FILE *file = fopen(fresh.data, "we");
    if (!file)
        return;
    bool ok = fwrite(text.data, 1, text.length, file) == text.length;
    if (fclose(file) != 0 || !ok || rename(fresh.data, path.data) != 0)
        unlink(fresh.data);
}

bool last_scan_load(const char *advisory_dir, struct arena *arena, struct last_scan *out)
{
    char *text = arena_alloc(arena, FILE_BYTES + 1);
    FILE *file = fopen(arena_printf(arena, "%s/last-scan", advisory_dir), "re");
    *out = (struct last_scan){0};
    if (!file)
        return false;
    struct slice rest = {text, fread(text, 1, FILE_BYTES, file)}, line, key;
    fclose(file);
    while (slice_take_line(&rest, &line)) {
        if (!slice_take_until(&line, ' ', &key))
            continue;
        const char *value = slice_string(arena, line);
        if (slice_is(key, "directory"))
            out->directory = value;
        else if (slice_is(key, "image"))
            out->image = value;
        else if (slice_is(key, "platform"))
            out->platform = value;
        else if (slice_is(key, "policy"))
            out->policy = value;
        else if (slice_is(key, "vex")) {
            arena_push(arena, out->vex.items, out->vex.count, out->vex.capacity);
            out->vex.items[out->vex.count++] = value;
        }
    }
    return out->directory && out->image;
}
