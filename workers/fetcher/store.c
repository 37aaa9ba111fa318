#include "fetcher/store.h"

#include <string.h>

#include "sql_worker_fetcher.h"

bool store_registry_find(struct db_tx *tx, struct arena *arena, const char *name,
                         const struct access_house *house, struct store_registry *out, bool *found,
                         struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_registry_find, DB_ARGS(db_text(name)), &rows, err))
        return false;
    *found = rows.count == 1;
    if (*found)
        out->id = row_i64(&rows, 0, 0);
    return !*found || registry_access_read(arena, &rows, 0, 1, house, &out->access, err);
}

bool store_run_open(struct db_tx *tx, const struct store_run *what, int64_t *run, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_run_open,
                DB_ARGS(db_text(what->cause), db_text(what->registry), db_text(what->repository),
                        db_text(what->tag), db_text(what->digest), db_text(what->event_source),
                        db_text(what->event_id)),
                &rows, err))
        return false;
    *run = row_i64(&rows, 0, 0);
    return true;
}

bool store_run_state(struct db_tx *tx, int64_t run, const char *state, const char *reason,
                     const char *digest, struct error *err)
{
    return db_run(tx, &sql_run_state,
                  DB_ARGS(db_i64(run), db_text(state), db_text(reason), db_text(digest)), NULL,
                  err);
}

bool store_run_parked(struct db_tx *tx, int64_t run, const char *event_source, const char *event_id,
                      const char *why, struct error *err)
{
    return db_run(tx, &sql_run_parked,
                  DB_ARGS(db_i64(run), db_text(event_source), db_text(event_id), db_text(why)),
                  NULL, err);
}

bool store_run_step(struct db_tx *tx, int64_t run, const char *step, const char *state,
                    const char *detail, struct error *err)
{
    return db_run(tx, &sql_run_step,
                  DB_ARGS(db_i64(run), db_text(step), db_text(state), db_text(detail)), NULL, err);
}

bool store_tag_delete(struct db_tx *tx, int64_t registry, const char *repository, const char *tag,
                      const char *digest, struct error *err)
{
    return db_run(tx, &sql_tag_delete,
                  DB_ARGS(db_i64(registry), db_text(repository), db_text(tag), db_text(digest)),
                  NULL, err);
}

static bool all_layers_insert(struct db_tx *tx, struct arena *arena, const struct fetched *fetched,
                              struct text_list *digests, struct error *err)
{
    size_t most = 0;
    for (size_t n = 0; n < fetched->count; n++)
        most += fetched->nodes[n].layer_count;
    const char **media = arena_new_array(arena, const char *, most);
    int64_t *bytes = arena_new_array(arena, int64_t, most);
    digests->items = arena_new_array(arena, const char *, most);
    for (size_t n = 0; n < fetched->count; n++) {
        for (size_t i = 0; i < fetched->nodes[n].layer_count; i++) {
            const struct fetched_layer *layer = &fetched->nodes[n].layers[i];
            size_t at = 0;
            while (at < digests->count && strcmp(digests->items[at], layer->digest) != 0)
                at++;
            if (at < digests->count)
                continue;
            digests->items[at] = layer->digest;
            media[at] = layer->media_type;
            bytes[at] = layer->bytes;
            digests->count++;
        }
    }
    return db_run(tx, &sql_layer_insert,
                  DB_ARGS(db_text_array(digests->items, digests->count),
                          db_text_array(media, digests->count),
                          db_i64_array(bytes, digests->count)),
                  NULL, err);
}

bool store_layers_begin(struct db_tx *tx, struct arena *arena, int64_t registry,
                        const char *repository, const struct fetched *fetched,
                        struct store_layer **out, size_t *count, struct error *err)
{
    struct text_list digests = {0};
    struct db_rows rows;
    if (!all_layers_insert(tx, arena, fetched, &digests, err) ||
        !db_run(tx, &sql_layer_state,
                DB_ARGS(db_text_array(digests.items, digests.count), db_i64(registry),
                        db_text(repository)),
                &rows, err))
        return false;
    *count = rows.count;
    *out = arena_new_array(arena, struct store_layer, rows.count);
    for (size_t i = 0; i < rows.count; i++)
        (*out)[i] = (struct store_layer){.digest = row_text(&rows, i, 0),
                                         .is_read = strcmp(row_text(&rows, i, 1), "read") == 0,
                                         .is_parked = strcmp(row_text(&rows, i, 1), "parked") == 0,
                                         .diff_id = row_text(&rows, i, 2),
                                         .stored = row_bool(&rows, i, 3),
                                         .confirmed = row_bool(&rows, i, 4)};
    return true;
}

bool store_layers_lock(struct db_tx *tx, struct arena *arena, struct text_list digests, bool bulk,
                       struct store_layer **out, size_t *count, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_layer_lock,
                DB_ARGS(db_text_array(digests.items, digests.count), db_bool(bulk)), &rows, err))
        return false;
    *count = rows.count;
    *out = arena_new_array(arena, struct store_layer, rows.count);
    for (size_t i = 0; i < rows.count; i++)
        (*out)[i] = (struct store_layer){.digest = row_text(&rows, i, 1),
                                         .is_read = strcmp(row_text(&rows, i, 2), "read") == 0,
                                         .is_parked = strcmp(row_text(&rows, i, 2), "parked") == 0,
                                         .diff_id = row_text(&rows, i, 3),
                                         .reason = row_text(&rows, i, 4),
                                         .is_told = row_bool(&rows, i, 5)};
    return true;
}

bool store_layers_told(struct db_tx *tx, struct text_list digests, bool bulk, struct error *err)
{
    return db_run(tx, &sql_layer_told,
                  DB_ARGS(db_text_array(digests.items, digests.count), db_bool(bulk)), NULL, err);
}

bool store_layers_stored(struct db_tx *tx, struct text_list digests, struct error *err)
{
    return db_run(tx, &sql_layer_stored, DB_ARGS(db_text_array(digests.items, digests.count)), NULL,
                  err);
}

bool store_layers_place(struct db_tx *tx, int64_t registry, const char *repository,
                        struct text_list digests, struct error *err)
{
    return db_run(
        tx, &sql_layer_place_save,
        DB_ARGS(db_i64(registry), db_text(repository), db_text_array(digests.items, digests.count)),
        NULL, err);
}

const struct store_layer *store_layer_of(const struct store_layer *layers, size_t count,
                                         const char *digest)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(layers[i].digest, digest) == 0)
            return &layers[i];
    }
    return NULL;
}

/* How many different layers of the image are unread. */
static int64_t count_pending(const struct fetched_node *node, const struct store_layer *layers,
                             size_t layer_count)
{
    int64_t pending = 0;
    for (size_t l = 0; l < layer_count; l++) {
        if (layers[l].is_read)
            continue;
        for (size_t i = 0; i < node->layer_count; i++) {
            if (strcmp(node->layers[i].digest, layers[l].digest) == 0) {
                pending++;
                break;
            }
        }
    }
    return pending;
}

static bool save_layers(struct db_tx *tx, struct arena *arena, int64_t image,
                        const struct fetched_node *node, struct error *err)
{
    const char **digests = arena_new_array(arena, const char *, node->layer_count);
    const char **diff_ids = arena_new_array(arena, const char *, node->layer_count);
    const char **chains = arena_new_array(arena, const char *, node->layer_count);
    for (size_t i = 0; i < node->layer_count; i++) {
        digests[i] = node->layers[i].digest;
        diff_ids[i] = node->layers[i].diff_id;
        chains[i] = node->layers[i].chain_id;
    }
    return db_run(tx, &sql_image_layer_save,
                  DB_ARGS(db_i64(image), db_text_array(digests, node->layer_count),
                          db_text_array(diff_ids, node->layer_count),
                          db_text_array(chains, node->layer_count)),
                  NULL, err);
}

static bool save_members(struct db_tx *tx, struct arena *arena, int64_t image,
                         const struct fetched_node *node, struct error *err)
{
    size_t count = node->manifest.child_count;
    const char **digests = arena_new_array(arena, const char *, count);
    const char **platforms = arena_new_array(arena, const char *, count);
    const char **roles = arena_new_array(arena, const char *, count);
    for (size_t i = 0; i < count; i++) {
        const struct descriptor *child = &node->manifest.children[i];
        digests[i] = child->digest;
        platforms[i] = child->has_platform ? platform_text(arena, child->platform) : NULL;
        roles[i] = manifest_kind_name(descriptor_kind(child));
    }
    return db_run(tx, &sql_index_member_save,
                  DB_ARGS(db_i64(image), db_text_array(digests, count),
                          db_text_array(platforms, count), db_text_array(roles, count)),
                  NULL, err);
}

static int64_t image_bytes(const struct fetched_node *node)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < node->layer_count; i++)
        bytes += node->layers[i].bytes > 0 ? node->layers[i].bytes : 0;
    return bytes;
}

static const char *none_if_empty(const char *text)
{
    return text && text[0] ? text : NULL;
}

static const char *artifact_type(const struct fetched_node *node)
{
    if (node->manifest.kind == MANIFEST_IMAGE || node->manifest.kind == MANIFEST_INDEX)
        return none_if_empty(node->manifest.artifact_type);
    return node->manifest.kind == MANIFEST_ARTIFACT && node->manifest.artifact_type[0]
               ? node->manifest.artifact_type
               : manifest_kind_name(node->manifest.kind);
}

/* *image is 0 when the digest was known before. */
static bool insert_image(struct db_tx *tx, const struct fetched_node *node, const char *state,
                         int64_t pending, int64_t *image, struct error *err)
{
    struct db_rows rows;
    bool is_image = node->manifest.kind == MANIFEST_IMAGE;
    const char *kind = is_image                                ? "image"
                       : node->manifest.kind == MANIFEST_INDEX ? "index"
                                                               : "artifact";
    const struct platform *platform = &node->config.platform;
    if (!db_run(tx, &sql_image_save,
                DB_ARGS(db_text(node->digest), db_text(kind), db_text(node->media_type),
                        db_text(artifact_type(node)),
                        db_text(none_if_empty(node->manifest.subject.digest)),
                        db_text(is_image ? node->manifest.config.digest : NULL),
                        db_text(is_image ? platform->os : NULL),
                        db_text(is_image ? platform->architecture : NULL),
                        db_text(is_image ? none_if_empty(platform->variant) : NULL),
                        db_slice(node->bytes), is_image ? db_slice(node->config_bytes) : db_null(),
                        db_text(none_if_empty(node->chain_id)), db_i64(image_bytes(node)),
                        db_text(state), db_i64(pending)),
                &rows, err))
        return false;
    *image = rows.count ? row_i64(&rows, 0, 0) : 0;
    return true;
}

/* The digest was known: its id, and whether anything is still missing. */
static bool meet_known(struct db_tx *tx, const struct fetched_node *node, const char *state,
                       int64_t pending, int64_t *image, struct store_saved *out, struct error *err)
{
    struct db_rows rows, revived;
    if (!db_run(tx, &sql_image_find, DB_ARGS(db_text(node->digest)), &rows, err))
        return false;
    if (rows.count == 0)
        return error_set(err, ERROR_RETRY, "image %s: gone while it was saved", node->digest);
    *image = row_i64(&rows, 0, 0);
    out->settled = strcmp(row_text(&rows, 0, 1), "matched") == 0;
    if (node->manifest.kind != MANIFEST_IMAGE)
        return true;
    if (!db_run(tx, &sql_image_revive, DB_ARGS(db_i64(*image), db_text(state), db_i64(pending)),
                &revived, err))
        return false;
    out->news = revived.affected > 0;
    return true;
}

bool store_node_save(struct db_tx *tx, struct arena *arena, int64_t registry,
                     const char *repository, const struct fetched_node *node,
                     const struct store_layer *layers, size_t layer_count, struct store_saved *out,
                     struct error *err)
{
    bool is_image = node->manifest.kind == MANIFEST_IMAGE;
    int64_t pending = is_image ? count_pending(node, layers, layer_count) : 0, image = 0;
    const char *state = !is_image ? "recorded" : pending > 0 ? "unpacking" : "unpacked";
    struct db_rows rows;
    *out = (struct store_saved){.waiting = pending > 0};
    if (!insert_image(tx, node, state, pending, &image, err))
        return false;
    out->news = image != 0;
    if (image == 0 && !meet_known(tx, node, state, pending, &image, out, err))
        return false;
    if (is_image && !save_layers(tx, arena, image, node, err))
        return false;
    if (node->manifest.kind == MANIFEST_INDEX && !save_members(tx, arena, image, node, err))
        return false;
    if (!db_run(tx, &sql_image_place_save,
                DB_ARGS(db_i64(registry), db_text(repository), db_i64(image)), &rows, err))
        return false;
    out->placed = row_bool(&rows, 0, 0);
    return true;
}

bool store_tag_save(struct db_tx *tx, int64_t registry, const char *repository, const char *tag,
                    const char *digest, bool *moved, struct error *err)
{
    struct db_rows rows;
    struct db_args args =
        DB_ARGS(db_i64(registry), db_text(repository), db_text(tag), db_text(digest));
    if (!db_run(tx, &sql_tag_save, args, &rows, err))
        return false;
    *moved = rows.count > 0;
    return !*moved || db_run(tx, &sql_tag_history_save, args, NULL, err);
}
