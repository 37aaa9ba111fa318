/* Offers files to the package readers, for tests/corpora. One question a line on stdin:
 * PATH-IN-THE-IMAGE TAB FILE; "--" ends a case. Answer, one line a case: JSON
 * {"packages": [{type, name, version, path, …}], "warnings": [code]}. Lock files count in full. */
#include <stdio.h>
#include <stdlib.h>

#include "inventory/compose.h"
#include "inventory/readers/readers.h"

static bool slurp(const char *name, struct buf *out)
{
    FILE *file = fopen(name, "rb");
    char block[65536];
    size_t got;
    if (!file)
        return false;
    while ((got = fread(block, 1, sizeof(block), file)) > 0)
        buf_put(out, block, got);
    fclose(file);
    return true;
}

static void put_item(struct buf *out, const struct evidence_item *item)
{
    const char *const keys[] = {"type", "name",        "version",        "path",   "reader",
                                "arch", "source_name", "source_version", "module", "vendor"};
    const char *const values[] = {item->component.type,
                                  item->component.name,
                                  item->component.version,
                                  item->path,
                                  item->reader,
                                  item->component.arch,
                                  item->component.source_name,
                                  item->component.source_version,
                                  item->component.module,
                                  item->component.vendor};
    for (size_t i = 0; i < array_count(keys); i++) {
        buf_printf(out, "%s\"%s\": ", i ? ", " : "{", keys[i]);
        buf_put_json(out, slice_of(values[i]));
    }
    buf_put_byte(out, '}');
}

/* Who the distribution is, as an image of this one layer would say. */
static void put_os(struct buf *out, const struct evidence *evidence, struct arena *arena)
{
    struct inventory inventory;
    inventory_compose(&evidence, 1, NULL, arena, &inventory);
    buf_put_text(out, "], \"os\": {");
    for (size_t i = 0; i < inventory.os_count; i++) {
        buf_put_text(out, i ? ", " : "");
        buf_put_json(out, slice_of(inventory.os[i].name));
        buf_put_text(out, ": ");
        buf_put_json(out, slice_of(inventory.os[i].value));
    }
    buf_put_text(out, "}, \"facts\": [");
    for (size_t i = 0; i < evidence->fact_count; i++) {
        buf_put_text(out, i ? ", [" : "[");
        buf_put_json(out, slice_of(evidence->facts[i].kind));
        buf_put_text(out, ", ");
        buf_put_json(out, slice_of(evidence->facts[i].name));
        buf_put_text(out, ", ");
        buf_put_json(out, slice_of(evidence->facts[i].value));
        buf_put_byte(out, ']');
    }
}

static void answer(const struct evidence *evidence, struct arena *arena)
{
    struct buf out scoped(buf_release) = {0};
    bool first = true;
    buf_put_text(&out, "{\"packages\": [");
    for (size_t s = 0; s < evidence->set_count; s++)
        for (size_t i = 0; i < evidence->sets[s].count; i++, first = false) {
            buf_put_text(&out, first ? "" : ", ");
            put_item(&out, &evidence->sets[s].items[i]);
        }
    buf_put_text(&out, "], \"warnings\": [");
    for (size_t i = 0; i < evidence->warning_count; i++) {
        buf_put_text(&out, i ? ", " : "");
        buf_put_json(&out, slice_of(evidence->warnings[i].code));
    }
    put_os(&out, evidence, arena);
    buf_put_text(&out, "]}\n");
    fputs(buf_text(&out), stdout);
    fflush(stdout);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    struct arena *arena = arena_new();
    struct evidence evidence;
    struct reader_sink sink;
    sink_init(&sink, arena, &evidence);
    sink.source_mode = true;
    while ((length = getline(&line, &size, stdin)) > 0) {
        struct buf bytes scoped(buf_release) = {0};
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        char *rest = line, *path = strsep(&rest, "\t");
        if (rest && slurp(rest, &bytes)) {
            const struct reader_file file = {
                .path = path, .bytes = buf_slice(&bytes), .executable = true};
            reader_offer(&file, &sink);
        } else if (!rest) {
            reader_finish(&sink);
            answer(&evidence, arena);
            arena_free(arena);
            arena = arena_new();
            sink_init(&sink, arena, &evidence);
            sink.source_mode = true;
        }
    }
    arena_free(arena);
    free(line);
    return 0;
}
