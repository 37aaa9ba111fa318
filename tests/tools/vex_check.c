/* Reads VEX documents, for tests/corpora. One question a line on stdin, fields separated by tabs.
 * FILE: every statement · FILE VULNERABILITY PURL IMAGE-PURL DIGEST REFERENCE: the one that
 * decides. Answer: a list of {vulnerability, status, product, subcomponent, justification}, or
 * {"error": …}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advisory/vex.h"
#include "base/buf.h"

enum { FIELDS = 6 };

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

static void put_statement(struct buf *out, const struct vex_statement *s)
{
    const char *const keys[] = {"vulnerability", "status", "product", "subcomponent",
                                "justification"};
    const char *const values[] = {s->vulnerability, vex_status_name(s->status), s->product,
                                  s->subcomponent, s->justification};
    for (size_t i = 0; i < array_count(keys); i++) {
        buf_printf(out, "%s\"%s\": ", i ? ", " : "{", keys[i]);
        buf_put_json(out, slice_of(values[i]));
    }
    buf_put_text(out, ", \"aliases\": [");
    for (size_t i = 0; i < s->alias_count; i++) {
        buf_put_text(out, i ? ", " : "");
        buf_put_json(out, slice_of(s->aliases[i]));
    }
    buf_put_text(out, "]}");
}

static void answer(char *line)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct buf bytes scoped(buf_release) = {0}, out scoped(buf_release) = {0};
    struct error err = {0};
    struct vex_set set = {0};
    const char *field[FIELDS] = {"", NULL, NULL, NULL, NULL, NULL};
    char *rest = line, *part;
    for (size_t i = 0; i < FIELDS && (part = strsep(&rest, "\t")); i++)
        field[i] = i == 0 || *part ? part : NULL;
    if (!slurp(field[0], &bytes) || !vex_parse(buf_slice(&bytes), field[0], arena, &set, &err)) {
        buf_put_text(&out, "{\"error\": ");
        buf_put_json(&out, slice_of(err.text));
        buf_put_byte(&out, '}');
    } else if (field[1]) {
        const struct vex_product product = {field[2], field[3], field[4], field[5]};
        const struct vex_statement *found = vex_find(&set, field[1], NULL, 0, &product);
        buf_put_byte(&out, '[');
        if (found)
            put_statement(&out, found);
        buf_put_byte(&out, ']');
    } else {
        buf_put_byte(&out, '[');
        for (size_t i = 0; i < set.count; i++) {
            buf_put_text(&out, i ? ", " : "");
            put_statement(&out, &set.items[i]);
        }
        buf_put_byte(&out, ']');
    }
    puts(buf_text(&out));
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stdin)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        answer(line);
        fflush(stdout);
    }
    free(line);
    return 0;
}
