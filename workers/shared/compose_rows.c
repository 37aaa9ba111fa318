#include "shared/compose_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "shared/component_rows.h"
#include "sql_worker_shared.h"

struct layers {
    struct evidence *items;
    const struct evidence **list;
    size_t count;
    int reader_version; /* the oldest of them */
};

static bool load_layers(struct db_tx *tx, struct arena *arena, int64_t image, struct layers *out,
                        bool *whole, struct error *err)
{
    struct db_rows rows;
    *whole = false;
    if (!db_run(tx, &sql_compose_layers, DB_ARGS(db_i64(image)), &rows, err))
        return false;
    out->items = arena_new_array(arena, struct evidence, rows.count + 1);
    out->list = arena_new_array(arena, const struct evidence *, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        if (row_is_null(&rows, i, 1))
            return true;
        if (!evidence_unpack(row_bytes(&rows, i, 1), arena, &out->items[i], err))
            return error_wrap(err, "image %lld: layer %zu", (long long)image, i);
        out->list[i] = &out->items[i];
        int version = out->items[i].reader_version;
        if (i == 0 || version < out->reader_version)
            out->reader_version = version;
    }
    out->count = rows.count;
    *whole = true;
    db_rows_release(&rows);
    return true;
}

static bool load_bounds(struct db_tx *tx, int64_t image, struct tier_bounds *out, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_compose_bounds, DB_ARGS(db_i64(image)), &rows, err))
        return false;
    *out = (struct tier_bounds){.os_layers = (size_t)row_i64(&rows, 0, 0),
                                .stack_layers = (size_t)row_i64(&rows, 0, 1)};
    return true;
}

static bool context_row(struct db_tx *tx, const struct context *context, int64_t *id,
                        struct error *err)
{
    struct db_rows rows;
    const struct db_args args = DB_ARGS(db_text(context->distro), db_text(context->release),
                                        db_text(context->stream), db_text(context->content_set));
    if (!db_run(tx, &sql_compose_context_save, args, NULL, err) ||
        !db_run(tx, &sql_compose_context_find, args, &rows, err))
        return false;
    *id = row_i64(&rows, 0, 0);
    return true;
}

static int order_ids(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static size_t sort_ids(int64_t *ids, size_t count)
{
    size_t kept = 0;
    if (count > 1)
        qsort(ids, count, sizeof(ids[0]), order_ids);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ids[kept - 1] != ids[i])
            ids[kept++] = ids[i];
    return kept;
}

static bool save_visible(struct db_tx *tx, struct arena *arena, const struct layers *layers,
                         struct composed_image *out, struct error *err)
{
    const struct inventory *inventory = &out->inventory;
    size_t count = inventory->visible_count;
    const char **diff_ids = arena_new_array(arena, const char *, count + 1);
    const char **sources = arena_new_array(arena, const char *, count + 1);
    int64_t *versions = arena_new_array(arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct evidence *layer = &layers->items[inventory->visible[i].layer];
        diff_ids[i] = layer->diff_id;
        versions[i] = layer->reader_version;
        sources[i] = inventory->visible[i].source;
    }
    const struct component **hidden =
        arena_new_array(arena, const struct component *, inventory->hidden_count + 1);
    for (size_t i = 0; i < inventory->hidden_count; i++)
        hidden[i] = inventory->hidden[i].component;
    int64_t *hidden_ids = NULL;
    struct db_rows rows;
    if (!component_rows_save(tx, arena, hidden, inventory->hidden_count, &hidden_ids, err) ||
        !db_run(tx, &sql_compose_evidence_find,
                DB_ARGS(db_text_array(diff_ids, count), db_i64_array(versions, count),
                        db_text_array(sources, count)),
                &rows, err))
        return false;
    int64_t *visible = arena_new_array(arena, int64_t, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        visible[i] = row_i64(&rows, i, 0);
    size_t visible_count = sort_ids(visible, rows.count);
    size_t hidden_count = sort_ids(hidden_ids, inventory->hidden_count);
    return db_run(tx, &sql_compose_evidence_save,
                  DB_ARGS(db_i64(out->image_id), db_i64(layers->reader_version),
                          db_i64(out->context_id), db_i64_array(visible, visible_count),
                          db_i64_array(hidden_ids, hidden_count)),
                  NULL, err);
}

static void put_row(struct buf *out, struct arena *arena, const struct package *package,
                    int64_t component, const struct context *context)
{
    buf_printf(out, "{\"component\":%lld,\"os\":%s,\"tier\":\"%s\",\"paths\":[",
               (long long)component, component_is_os(&package->component) ? "true" : "false",
               tier_name(package->tier));
    for (size_t i = 0; i < package->path_count; i++) {
        if (i > 0)
            buf_put_byte(out, ',');
        buf_put_json(out, slice_of(package->paths[i]));
    }
    buf_put_text(out, "],\"reader\":");
    buf_put_json(out, slice_of(package->reader));
    if (package->owner) {
        buf_put_text(out, ",\"owner\":");
        buf_put_json(out, slice_of(component_purl(package->owner, context, arena)));
    }
    buf_put_byte(out, '}');
}

/* The packages that layer `layer` brought, as JSON; NULL: none. Its digest names them with the
 * contexts they are judged in, so that equal digests are equal rows. */
static const char *group_json(struct arena *arena, const struct composed_image *out,
                              const int64_t *ids, size_t layer, int64_t no_context,
                              char digest[static DIGEST_TEXT_SIZE])
{
    const struct inventory *inventory = &out->inventory;
    struct buf text scoped(buf_release) = {0};
    for (size_t i = 0; i < inventory->package_count; i++) {
        if (inventory->packages[i].layer != layer)
            continue;
        buf_put_byte(&text, text.length > 0 ? ',' : '[');
        put_row(&text, arena, &inventory->packages[i], ids[i], &inventory->context);
    }
    if (text.length == 0)
        return NULL;
    buf_put_byte(&text, ']');
    const char *json = arena_strndup(arena, text.data, text.length);
    buf_printf(&text, "%zu %lld %lld", layer, (long long)out->context_id, (long long)no_context);
    digest_of(text.data, text.length, digest);
    return json;
}

static bool save_groups(struct db_tx *tx, struct arena *arena, const struct composed_image *out,
                        const int64_t *ids, int64_t no_context, struct error *err)
{
    const struct inventory *inventory = &out->inventory;
    size_t layers = 0, count = 0;
    for (size_t i = 0; i < inventory->package_count; i++)
        if (inventory->packages[i].layer >= layers)
            layers = inventory->packages[i].layer + 1;
    const char **digests = arena_new_array(arena, const char *, layers + 1);
    const char **rows = arena_new_array(arena, const char *, layers + 1);
    int64_t *positions = arena_new_array(arena, int64_t, layers + 1);
    for (size_t layer = 0; layer < layers; layer++) {
        char digest[DIGEST_TEXT_SIZE];
        const char *json = group_json(arena, out, ids, layer, no_context, digest);
        if (!json)
            continue;
        digests[count] = arena_strdup(arena, digest + strlen("sha256:"));
        positions[count] = (int64_t)layer;
        rows[count++] = json;
    }
    struct db_value image = db_i64(out->image_id), names = db_text_array(digests, count);
    struct db_rows linked;
    if (!db_run(tx, &sql_compose_group_save,
                DB_ARGS(names, db_i64_array(positions, count), db_text_array(rows, count),
                        db_i64(out->context_id), db_i64(no_context)),
                NULL, err) ||
        !db_run(tx, &sql_compose_group_clear, DB_ARGS(image), NULL, err) ||
        !db_run(tx, &sql_compose_group_link, DB_ARGS(image, names), &linked, err))
        return false;
    /* The janitor may have removed a group nobody used between the two statements. */
    return linked.count == count || error_set(err, ERROR_RETRY, "image %lld: %zu of %zu groups",
                                              (long long)out->image_id, linked.count, count);
}

static bool save_packages(struct db_tx *tx, struct arena *arena, struct composed_image *out,
                          int64_t no_context, struct error *err)
{
    const struct inventory *inventory = &out->inventory;
    size_t count = inventory->package_count;
    const struct component **components =
        arena_new_array(arena, const struct component *, count + 1);
    int64_t *os = arena_new_array(arena, int64_t, count + 1), *ids = NULL;
    for (size_t i = 0; i < count; i++) {
        components[i] = &inventory->packages[i].component;
        os[i] = component_is_os(components[i]);
    }
    if (!component_rows_save(tx, arena, components, count, &ids, err))
        return false;
    struct db_value context = db_i64(out->context_id), none = db_i64(no_context);
    return db_run(tx, &sql_compose_judged_save,
                  DB_ARGS(db_i64_array(ids, count), db_i64_array(os, count), context, none), NULL,
                  err) &&
           save_groups(tx, arena, out, ids, no_context, err);
}

static bool load_judged(struct db_tx *tx, struct arena *arena, struct composed_image *out,
                        struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_compose_judged_list, DB_ARGS(db_i64(out->image_id)), &rows, err))
        return false;
    out->judged = arena_new_array(arena, int64_t, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        out->judged[i] = row_i64(&rows, i, 0);
    out->judged_count = rows.count;
    return true;
}

static const char *warnings_json(struct arena *arena, const struct inventory *inventory)
{
    struct buf out scoped(buf_release) = {0};
    buf_put_byte(&out, '[');
    for (size_t i = 0; i < inventory->warning_count; i++) {
        const struct inventory_warning *warning = &inventory->warnings[i];
        buf_put_text(&out, i > 0 ? ",{\"code\":" : "{\"code\":");
        buf_put_json(&out, slice_of(warning->code));
        buf_printf(&out, ",\"layer\":%d,\"path\":", warning->layer);
        buf_put_json(&out, slice_of(warning->path));
        buf_put_text(&out, ",\"text\":");
        buf_put_json(&out, slice_of(warning->text));
        buf_put_byte(&out, '}');
    }
    buf_put_byte(&out, ']');
    return arena_strndup(arena, out.data, out.length);
}

static bool save_image(struct db_tx *tx, struct arena *arena, const struct composed_image *composed,
                       struct error *err)
{
    const struct inventory *inventory = &composed->inventory;
    return db_run(tx, &sql_compose_image_save,
                  DB_ARGS(db_i64(composed->image_id), db_text(inventory->context.distro),
                          db_text(inventory->context.version_id),
                          db_text(inventory_os_field(inventory, "version_codename")),
                          db_bool(inventory->complete), db_json(warnings_json(arena, inventory))),
                  NULL, err);
}

bool compose_rows(struct db_tx *tx, struct arena *arena, const char *image_digest,
                  struct composed_image *out, struct error *err)
{
    struct db_rows rows;
    struct layers layers = {0};
    struct tier_bounds bounds;
    const struct context nothing = context_filled((struct context){0});
    int64_t no_context = 0;
    *out = (struct composed_image){0};
    if (!db_run(tx, &sql_compose_image_find, DB_ARGS(db_text(image_digest)), &rows, err))
        return false;
    out->found = rows.count > 0;
    if (!out->found)
        return true;
    out->image_id = row_i64(&rows, 0, 0);
    if (!load_layers(tx, arena, out->image_id, &layers, &out->whole, err))
        return false;
    if (!out->whole)
        return true;
    if (!load_bounds(tx, out->image_id, &bounds, err))
        return false;
    inventory_compose(layers.list, layers.count, &bounds, arena, &out->inventory);
    return context_row(tx, &nothing, &no_context, err) &&
           context_row(tx, &out->inventory.context, &out->context_id, err) &&
           save_visible(tx, arena, &layers, out, err) &&
           save_packages(tx, arena, out, no_context, err) && save_image(tx, arena, out, err) &&
           load_judged(tx, arena, out, err);
}
