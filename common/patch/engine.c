#include "patch/engine.h"

#include <stdlib.h>
#include <string.h>

#include "patch/engine_state.h"

void engine_refuse(struct arena *arena, struct engine_report *report, const char *package,
                   const char *rule, const char *text)
{
    for (size_t i = 0; i < report->refusal_count; i++)
        if (strcmp(report->refusals[i].package, package) == 0 &&
            strcmp(report->refusals[i].rule, rule) == 0)
            return;
    arena_push(arena, report->refusals, report->refusal_count, report->refusal_capacity);
    report->refusals[report->refusal_count++] = (struct plan_refusal){package, rule, text};
}

void engine_note(struct arena *arena, struct engine_report *report, const char *package,
                 const char *path, const char *text)
{
    arena_push(arena, report->notes, report->note_count, report->note_capacity);
    report->notes[report->note_count++] = (struct engine_note){package, path, text};
}

bool engine_patch(struct arena *arena, struct root *root, const struct engine_deb *debs,
                  size_t count, struct engine_report *report, struct error *err)
{
    struct engine e = {.arena = arena, .root = root, .report = report, .count = count};

    e.items = arena_new_array(arena, struct engine_item, count);
    for (size_t i = 0; i < count; i++)
        e.items[i].deb = &debs[i];
    if (!engine_load(&e, err))
        return false;
    engine_check(&e);
    if (report->refusal_count)
        return true;
    for (size_t i = 0; i < count; i++)
        engine_unpack(&e, &e.items[i]);
    for (size_t i = 0; i < count; i++)
        if (e.items[i].new_path_count)
            qsort(e.items[i].new_paths, e.items[i].new_path_count, sizeof(const char *), by_text);
    for (size_t i = 0; i < count; i++)
        engine_remove_old(&e, &e.items[i]);
    for (size_t i = 0; i < count; i++)
        engine_database(&e, &e.items[i]);
    engine_finish(&e);
    return true;
}
