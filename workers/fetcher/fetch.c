#include "fetcher/fetch.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "fetcher/handler.h"
#include "fetcher/pull.h"
#include "service/blob_lease.h"

bool fetch_begin(struct job *job, struct fetch *fetch, struct error *err)
{
    const struct fetcher_settings *settings = job->settings;
    bool found = false;
    struct store_run what = {.cause = fetch->cause,
                             .registry = fetch->registry_name,
                             .repository = fetch->repository,
                             .tag = fetch->tag,
                             .digest = fetch->digest,
                             .event_source = job->envelope->source,
                             .event_id = job->envelope->id};
    if (!reference_is_repository(slice_of(fetch->repository)))
        return error_set(err, ERROR_INPUT, "image.pushed: repository: '%s' is no repository name",
                         fetch->repository);
    if ((!fetch->tag && !fetch->digest) ||
        (fetch->tag && !reference_is_tag(slice_of(fetch->tag))) ||
        (fetch->digest && !reference_is_digest(slice_of(fetch->digest))))
        return error_set(err, ERROR_INPUT, "%s: neither a tag nor a digest that is well-formed",
                         fetch->repository);
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    const struct access_house house = {.ca_file = settings->ca_file,
                                       .docker_config = settings->docker_config,
                                       .private_hosts = settings->private_hosts,
                                       .seal_key_file = settings->seal_key_file};
    if (!tx || !store_registry_find(tx, job->arena, fetch->registry_name, &house, &fetch->registry,
                                    &found, err))
        return false;
    if (!found)
        return error_set(err, ERROR_INPUT,
                         "registry '%s' is not configured; `resole registries add` names it",
                         fetch->registry_name);
    if (fetch->run == 0 ? !store_run_open(tx, &what, &fetch->run, err)
                        : !store_run_state(tx, fetch->run, "running", NULL, NULL, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    fetch->where = (struct reference){.host = fetch->registry.access.address,
                                      .repository = fetch->repository,
                                      .tag = fetch->tag ? fetch->tag : "",
                                      .digest = fetch->tag || !fetch->digest ? "" : fetch->digest};
    return db_commit(mine, err);
}

bool fetch_forget(struct job *job, struct fetch *fetch, const char *why, struct error *err)
{
    struct db_tx *tx = job_tx(job, err);
    return tx &&
           store_tag_delete(tx, fetch->registry.id, fetch->repository, fetch->tag, fetch->digest,
                            err) &&
           store_run_step(tx, fetch->run, "fetched", "done", why, err) &&
           store_run_state(tx, fetch->run, fetch->deleted ? "done" : "ignored", why, NULL, err);
}

static const struct fetched_layer *layer_named(const struct fetched *found, const char *digest)
{
    for (size_t n = 0; n < found->count; n++) {
        for (size_t i = 0; i < found->nodes[n].layer_count; i++) {
            if (strcmp(found->nodes[n].layers[i].digest, digest) == 0)
                return &found->nodes[n].layers[i];
        }
    }
    return NULL;
}

/* Which layers are ours to pull: unread, not in the store, and the lease is free. Commits. */
static bool claim_layers(struct job *job, struct fetch *fetch, const struct fetched_layer **pull,
                         size_t *pull_count, struct error *err)
{
    const struct fetcher_settings *settings = job->settings;
    struct fetcher_state *state = job->state;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    *pull_count = 0;
    if (!tx)
        return false;
    for (size_t i = 0; i < fetch->layer_count; i++) {
        struct store_layer *layer = &fetch->layers[i];
        int64_t bytes = -1;
        bool taken = false;
        if (layer->is_read)
            continue;
        if (!blob_store_find(state->store, layer->digest, &bytes, err))
            return false;
        layer->stored = bytes >= 0;
        if (layer->stored)
            continue;
        if (!blob_lease_claim(tx, layer->digest, state->holder, settings->lease_s, &taken, err))
            return false;
        if (taken)
            pull[(*pull_count)++] = layer_named(&fetch->found, layer->digest);
    }
    struct db_tx *mine = tx;
    tx = NULL;
    return db_commit(mine, err);
}

static bool is_among(const struct fetched_layer *const *layers, size_t count, const char *digest)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(layers[i]->digest, digest) == 0)
            return true;
    }
    return false;
}

/* No knowledge across borders (architecture.md 5): what we do not pull here must be here. */
static bool confirm_layers(struct registry *registry, struct fetch *fetch,
                           const struct fetched_layer *const *pull, size_t pull_count,
                           struct error *err)
{
    for (size_t i = 0; i < fetch->layer_count; i++) {
        const struct store_layer *layer = &fetch->layers[i];
        int64_t bytes = -1;
        if (layer->confirmed || is_among(pull, pull_count, layer->digest))
            continue;
        if (!registry_blob_find(registry, &fetch->where, layer->digest, &bytes, err))
            return error_wrap(err, "layer %s", layer->digest);
        if (bytes < 0)
            return error_set(err, ERROR_INPUT, "layer %s: not in repository %s/%s%s", layer->digest,
                             fetch->where.host, fetch->repository,
                             layer_named(&fetch->found, layer->digest)->foreign
                                 ? " (a foreign layer; its addresses are never fetched)"
                                 : "");
    }
    return true;
}

/* A config may not claim other diff_ids than those we computed for the same blobs. */
static bool check_diff_ids(const struct fetched_node *node, const struct store_layer *layers,
                           size_t count, struct error *err)
{
    for (size_t i = 0; i < node->layer_count; i++) {
        const struct store_layer *known = store_layer_of(layers, count, node->layers[i].digest);
        if (known && known->diff_id && strcmp(known->diff_id, node->layers[i].diff_id) != 0)
            return error_set(err, ERROR_INPUT,
                             "image %s: its config claims diff_id %s for layer %s, which is %s",
                             node->digest, node->layers[i].diff_id, node->layers[i].digest,
                             known->diff_id);
    }
    return true;
}

static bool tell_layers(struct job *job, struct db_tx *tx, const struct fetch *fetch,
                        const struct store_layer *now, size_t count, size_t *told,
                        struct error *err)
{
    struct fetcher_state *state = job->state;
    struct text_list fresh = {arena_new_array(job->arena, const char *, count), 0};
    *told = 0;
    for (size_t i = 0; i < count; i++) {
        const struct fetched_layer *layer = layer_named(&fetch->found, now[i].digest);
        int64_t bytes = -1;
        if (now[i].is_read || now[i].is_parked)
            continue;
        (*told)++;
        if (now[i].is_told)
            continue;
        /* without a lease and not in the store: whoever pulls it tells */
        if (!blob_store_find(state->store, now[i].digest, &bytes, err))
            return false;
        if (bytes < 0)
            continue;
        struct layer_fetched out = {.digest = layer->digest,
                                    .diff_id = layer->diff_id,
                                    .media_type = layer->media_type,
                                    .bytes = bytes};
        if (!outbox_put(tx, &out, err))
            return false;
        fresh.items[fresh.count++] = layer->digest;
    }
    return store_layers_told(tx, fresh, job_is_bulk(job), err);
}

static bool tell_image(struct db_tx *tx, const struct fetch *fetch, const struct fetched_node *node,
                       const struct store_saved *saved, bool moved, bool *told, struct error *err)
{
    struct image_unpacked out = {.digest = node->digest, .cause = fetch->cause};
    if (node->manifest.kind != MANIFEST_IMAGE)
        return true;
    if (saved->waiting) {
        *told = true; /* the unpacker will */
        return true;
    }
    if (saved->settled && !saved->placed && !moved)
        return true;
    *told = true;
    return outbox_put(tx, &out, err);
}

static bool save_nodes(struct job *job, struct db_tx *tx, struct fetch *fetch,
                       const struct store_layer *now, size_t count, struct error *err)
{
    bool moved = false, told = false;
    size_t layers_told = 0;
    if (fetch->tag && !store_tag_save(tx, fetch->registry.id, fetch->repository, fetch->tag,
                                      fetch->found.digest, &moved, err))
        return false;
    for (size_t n = 0; n < fetch->found.count; n++) {
        struct store_saved saved;
        if (!check_diff_ids(&fetch->found.nodes[n], now, count, err) ||
            !store_node_save(tx, job->arena, fetch->registry.id, fetch->repository,
                             &fetch->found.nodes[n], now, count, &saved, err) ||
            !tell_image(tx, fetch, &fetch->found.nodes[n], &saved, moved, &told, err))
            return false;
    }
    if (!tell_layers(job, tx, fetch, now, count, &layers_told, err))
        return false;
    const char *detail = arena_printf(job->arena, "%zu manifests, %zu layers, %zu to read",
                                      fetch->found.count, count, layers_told);
    return store_run_step(tx, fetch->run, "fetched", "done", detail, err) &&
           store_run_state(tx, fetch->run, told ? "running" : "done", NULL, fetch->found.digest,
                           err);
}

static bool save(struct job *job, struct fetch *fetch, const struct fetched_layer *const *pull,
                 size_t pull_count, struct error *err)
{
    struct fetcher_state *state = job->state;
    struct text_list all = {arena_new_array(job->arena, const char *, fetch->layer_count), 0};
    struct text_list stored = {arena_new_array(job->arena, const char *, fetch->layer_count), 0};
    struct store_layer *now = NULL;
    size_t count = 0;
    for (size_t i = 0; i < fetch->layer_count; i++) {
        all.items[all.count++] = fetch->layers[i].digest;
        if (fetch->layers[i].stored || is_among(pull, pull_count, fetch->layers[i].digest))
            stored.items[stored.count++] = fetch->layers[i].digest;
    }
    struct db_tx *tx = job_tx(job, err);
    if (!tx || !store_layers_lock(tx, job->arena, all, job_is_bulk(job), &now, &count, err) ||
        !store_layers_stored(tx, stored, err) ||
        !store_layers_place(tx, fetch->registry.id, fetch->repository, all, err))
        return false;
    for (size_t i = 0; i < pull_count; i++) {
        if (!blob_lease_release(tx, pull[i]->digest, state->holder, err))
            return false;
    }
    return save_nodes(job, tx, fetch, now, count, err);
}

static bool begin_layers(struct job *job, struct fetch *fetch, struct error *err)
{
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !store_layers_begin(tx, job->arena, fetch->registry.id, fetch->repository,
                                   &fetch->found, &fetch->layers, &fetch->layer_count, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    return db_commit(mine, err);
}

/* Registries tell of a manifest before its tag points at it (distribution 2.8 does), so a tag that
 * is not there yet, or not there any more, is looked at again for a moment. What it says at the end
 * counts: an old event cannot roll a tag back. */
static bool await_tag(struct job *job, struct fetch *fetch, struct registry *registry,
                      struct error *err)
{
    enum { TRIES = 6, PAUSE_US = 300000 };
    for (int i = 0; fetch->tag && fetch->digest && i < TRIES && !job_is_stopping(job); i++) {
        struct registry_manifest now = {0};
        if (!registry_manifest_head(registry, job->arena, &fetch->where, &now, err))
            return false;
        if (now.found && strcmp(now.digest, fetch->digest) == 0)
            return true;
        usleep(PAUSE_US);
    }
    return true;
}

/* The manifest that was told of, where its tag is not there. */
static bool resolve_digest(struct job *job, struct fetch *fetch, struct registry *registry,
                           struct error *err)
{
    const struct fetcher_settings *settings = job->settings;
    if (!fetch->tag || !fetch->digest)
        return true;
    fetch->tag = NULL;
    fetch->where.tag = "";
    fetch->where.digest = fetch->digest;
    return resolve_name(registry, job->arena, &fetch->where, settings->platforms, &fetch->found,
                        err);
}

bool fetch_name(struct job *job, struct fetch *fetch, struct error *err)
{
    const struct fetcher_settings *settings = job->settings;
    struct fetcher_state *state = job->state;
    size_t pull_count = 0;
    if (!job_host_allowed(job, fetch->where.host, err))
        return false;
    struct registry *registry scoped(registry_scope_free) =
        registry_new(&fetch->registry.access.settings);
    if (!await_tag(job, fetch, registry, err) ||
        !resolve_name(registry, job->arena, &fetch->where, settings->platforms, &fetch->found, err))
        return error_wrap(err, "%s", reference_text(job->arena, &fetch->where));
    job_host_ok(job, fetch->where.host);
    const char *tag = fetch->tag;
    if (!fetch->found.digest && !resolve_digest(job, fetch, registry, err))
        return error_wrap(err, "%s", reference_text(job->arena, &fetch->where));
    if (!fetch->found.digest)
        fetch->tag = tag;
    if (!fetch->found.digest)
        return fetch_forget(job, fetch, "not in the registry any more", err);
    if (!begin_layers(job, fetch, err))
        return false;
    const struct fetched_layer **pull =
        arena_new_array(job->arena, const struct fetched_layer *, fetch->layer_count);
    if (!claim_layers(job, fetch, pull, &pull_count, err) ||
        !confirm_layers(registry, fetch, pull, pull_count, err) ||
        !pull_layers(&fetch->registry.access.settings, state->store, &fetch->where, pull,
                     pull_count, (size_t)settings->threads, err))
        return false;
    log_info("fetched", LOG_TEXT("name", reference_text(job->arena, &fetch->where)),
             LOG_TEXT("digest", fetch->found.digest), LOG_I64("manifests", fetch->found.count),
             LOG_I64("layers", fetch->layer_count), LOG_I64("pulled", pull_count));
    crash_point("fetched");
    return save(job, fetch, pull, pull_count, err);
}
