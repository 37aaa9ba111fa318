#include "shared/component_rows.h"

#include "sql_worker_shared.h"

bool component_rows_save(struct db_tx *tx, struct arena *arena,
                         const struct component *const *components, size_t count, int64_t **ids,
                         struct error *err)
{
    struct db_value columns[COMPONENT_FIELDS];
    *ids = arena_new_array(arena, int64_t, count + 1);
    if (count == 0)
        return true;
    for (size_t f = 0; f < COMPONENT_FIELDS; f++) {
        const char **texts = arena_new_array(arena, const char *, count);
        for (size_t i = 0; i < count; i++)
            texts[i] = component_field(components[i], f);
        columns[f] = db_text_array(texts, count);
    }
    const struct db_args args = {columns, COMPONENT_FIELDS};
    struct db_rows rows;
    if (!db_run(tx, &sql_component_save, args, NULL, err) ||
        !db_run(tx, &sql_component_find, args, &rows, err))
        return false;
    if (rows.count != count)
        return error_set(err, ERROR_FATAL, "component: %zu rows for %zu components", rows.count,
                         count);
    for (size_t i = 0; i < count; i++)
        (*ids)[i] = row_i64(&rows, i, 0);
    db_rows_release(&rows);
    return true;
}
