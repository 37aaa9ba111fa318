#include "unpacker/store.h"

#include <stdlib.h>
#include <string.h>

#include "shared/component_rows.h"
#include "sql_worker_unpacker.h"

bool unpacker_layer_find(struct db_tx *tx, const char *digest, struct unpacker_layer *out,
                         struct error *err)
{
    struct db_rows rows;
    *out = (struct unpacker_layer){.diff_id = ""};
    if (!db_run(tx, &sql_unpacker_layer_find, DB_ARGS(db_text(digest)), &rows, err))
        return false;
    if (rows.count == 0)
        return true;
    out->found = true;
    out->is_read = strcmp(row_text(&rows, 0, 0), "read") == 0;
    out->reader_version = (int)row_i64(&rows, 0, 1);
    out->diff_id = row_text(&rows, 0, 2);
    return true;
}

bool unpacker_layer_lock(struct db_tx *tx, const char *digest, struct unpacker_layer *out,
                         struct error *err)
{
    struct db_rows rows;
    *out = (struct unpacker_layer){.diff_id = ""};
    if (!db_run(tx, &sql_unpacker_layer_lock, DB_ARGS(db_text(digest)), &rows, err))
        return false;
    if (rows.count == 0)
        return true;
    out->found = true;
    out->is_read = strcmp(row_text(&rows, 0, 1), "read") == 0;
    out->reader_version = (int)row_i64(&rows, 0, 2);
    return true;
}

static int order_ids(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool save_set(struct db_tx *tx, struct arena *arena, const struct evidence *evidence,
                     const struct evidence_set *set, struct error *err)
{
    const struct component **components =
        arena_new_array(arena, const struct component *, set->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) /* sorted: the same component's items are neighbours */
        if (count == 0 || component_compare(components[count - 1], &set->items[i].component) != 0)
            components[count++] = &set->items[i].component;
    int64_t *ids = NULL;
    if (!component_rows_save(tx, arena, components, count, &ids, err))
        return false;
    qsort(ids, count, sizeof(ids[0]), order_ids);
    return db_run(tx, &sql_unpacker_evidence_save,
                  DB_ARGS(db_text(evidence->diff_id), db_i64(evidence->reader_version),
                          db_text(set->source), db_i64_array(ids, count)),
                  NULL, err);
}

bool unpacker_evidence_save(struct db_tx *tx, struct arena *arena, const struct evidence *evidence,
                            struct error *err)
{
    struct buf packed scoped(buf_release) = {0};
    for (size_t i = 0; i < evidence->set_count; i++)
        if (!save_set(tx, arena, evidence, &evidence->sets[i], err))
            return false;
    evidence_pack(evidence, &packed);
    return db_run(tx, &sql_unpacker_blob_save,
                  DB_ARGS(db_text(evidence->diff_id), db_i64(evidence->reader_version),
                          db_bytes(buf_slice(&packed))),
                  NULL, err);
}

static void put_member(struct buf *out, const char *begin, const char *name, const char *value)
{
    buf_printf(out, "%s\"%s\":", begin, name);
    buf_put_json(out, slice_of(value));
}

static const char *warnings_json(struct arena *arena, const struct evidence *evidence)
{
    struct buf out scoped(buf_release) = {0};
    buf_put_byte(&out, '[');
    for (size_t i = 0; i < evidence->warning_count; i++) {
        put_member(&out, i > 0 ? ",{" : "{", "code", evidence->warnings[i].code);
        put_member(&out, ",", "path", evidence->warnings[i].path);
        put_member(&out, ",", "text", evidence->warnings[i].text);
        buf_put_byte(&out, '}');
    }
    buf_put_byte(&out, ']');
    return arena_strndup(arena, out.data, out.length);
}

static bool tell_runs(struct db_tx *tx, struct text_list images, const char *state,
                      const char *detail, struct error *err)
{
    if (images.count == 0)
        return true;
    struct db_value list = db_text_array(images.items, images.count);
    if (strcmp(state, "parked") == 0 &&
        !db_run(tx, &sql_unpacker_run_park, DB_ARGS(list, db_text(detail)), NULL, err))
        return false;
    return db_run(tx, &sql_unpacker_run_step, DB_ARGS(list, db_text(state), db_text(detail)), NULL,
                  err);
}

static struct text_list digests_of(struct arena *arena, const struct db_rows *rows)
{
    struct text_list list = {arena_new_array(arena, const char *, rows->count + 1), rows->count};
    for (size_t i = 0; i < rows->count; i++)
        list.items[i] = arena_strdup(arena, row_text(rows, i, 0));
    return list;
}

static bool refuse_liars(struct db_tx *tx, struct arena *arena, const char *digest,
                         const char *diff_id, struct error *err)
{
    struct db_rows rows;
    return db_run(tx, &sql_unpacker_image_refuse, DB_ARGS(db_text(digest), db_text(diff_id)), &rows,
                  err) &&
           tell_runs(tx, digests_of(arena, &rows), "parked",
                     "the config claims a diff_id that the layer does not have", err);
}

bool unpacker_layer_read(struct db_tx *tx, struct arena *arena, const char *digest,
                         const struct evidence *evidence, struct text_list *ready,
                         struct error *err)
{
    struct db_rows rows;
    *ready = (struct text_list){0};
    if (!db_run(tx, &sql_unpacker_layer_read,
                DB_ARGS(db_text(digest), db_text(evidence->diff_id), db_i64(evidence->bytes),
                        db_i64(evidence->reader_version), db_json(warnings_json(arena, evidence))),
                NULL, err) ||
        !db_run(tx, &sql_unpacker_image_lock, DB_ARGS(db_text(digest)), NULL, err) ||
        !refuse_liars(tx, arena, digest, evidence->diff_id, err) ||
        !db_run(tx, &sql_unpacker_image_ready, DB_ARGS(db_text(digest)), &rows, err))
        return false;
    ready->items = arena_new_array(arena, const char *, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (row_i64(&rows, i, 1) == 0)
            ready->items[ready->count++] = arena_strdup(arena, row_text(&rows, i, 0));
    return tell_runs(tx, *ready, "done", "every layer is read", err);
}

bool unpacker_layer_park(struct db_tx *tx, struct arena *arena, const char *digest,
                         const char *reason, struct error *err)
{
    struct db_rows rows;
    const char *why =
        strstr(reason, digest) ? reason : arena_printf(arena, "layer %s: %s", digest, reason);
    return db_run(tx, &sql_unpacker_layer_park, DB_ARGS(db_text(digest), db_text(reason)), NULL,
                  err) &&
           db_run(tx, &sql_unpacker_image_park, DB_ARGS(db_text(digest), db_text(why)), &rows,
                  err) &&
           tell_runs(tx, digests_of(arena, &rows), "parked", why, err);
}

bool unpacker_layer_lost(struct db_tx *tx, const char *digest, struct unpacker_home *home,
                         struct error *err)
{
    struct db_rows rows;
    *home = (struct unpacker_home){0};
    if (!db_run(tx, &sql_unpacker_layer_lost, DB_ARGS(db_text(digest)), NULL, err) ||
        !db_run(tx, &sql_unpacker_layer_home, DB_ARGS(db_text(digest)), &rows, err))
        return false;
    if (rows.count > 0)
        *home = (struct unpacker_home){row_text(&rows, 0, 0), row_text(&rows, 0, 1),
                                       row_text(&rows, 0, 2)};
    return true;
}
