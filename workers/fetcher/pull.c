#include "fetcher/pull.h"

#include <pthread.h>
#include <stdatomic.h>

struct pull {
    const struct registry_settings *settings;
    struct blob_store *store;
    const struct reference *where;
    const struct fetched_layer *const *layers;
    size_t count;
    atomic_size_t next;
    atomic_bool failed;
    pthread_mutex_t lock; /* of err */
    struct error *err;
};

static bool pull_one(struct pull *pull, struct registry *registry,
                     const struct fetched_layer *layer, struct error *err)
{
    struct descriptor blob = {
        .media_type = layer->media_type, .digest = layer->digest, .size = layer->bytes};
    struct stream *body scoped(stream_scope_close) = NULL;
    struct blob_write *write = NULL;
    char digest[DIGEST_TEXT_SIZE];
    int64_t there = -1, copied = 0;
    if (!blob_store_find(pull->store, layer->digest, &there, err))
        return false;
    if (there >= 0)
        return true;
    if (!registry_blob_open(registry, pull->where, &blob, &body, err))
        return error_wrap(err, "layer %s", layer->digest);
    if (!blob_write_begin(pull->store, layer->digest, layer->bytes, &write, err))
        return false;
    if (!stream_copy(body, blob_write_sink(write), &copied, err)) {
        blob_write_abort(write);
        return error_wrap(err, "layer %s", layer->digest);
    }
    return blob_write_commit(write, digest, err) || error_wrap(err, "layer %s", layer->digest);
}

static void *run(void *argument)
{
    struct pull *pull = argument;
    struct registry *registry scoped(registry_scope_free) = registry_new(pull->settings);
    while (!atomic_load(&pull->failed)) {
        size_t i = atomic_fetch_add(&pull->next, 1);
        struct error err = {0};
        if (i >= pull->count)
            break;
        if (pull_one(pull, registry, pull->layers[i], &err))
            continue;
        pthread_mutex_lock(&pull->lock);
        if (!atomic_exchange(&pull->failed, true))
            *pull->err = err;
        pthread_mutex_unlock(&pull->lock);
    }
    return NULL;
}

bool pull_layers(const struct registry_settings *settings, struct blob_store *store,
                 const struct reference *where, const struct fetched_layer *const *layers,
                 size_t count, size_t threads, struct error *err)
{
    enum { THREADS_MOST = 16 };
    pthread_t ids[THREADS_MOST];
    struct pull pull = {.settings = settings,
                        .store = store,
                        .where = where,
                        .layers = layers,
                        .count = count,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .err = err};
    size_t wanted = threads < count ? threads : count, started = 0;
    if (wanted > THREADS_MOST)
        wanted = THREADS_MOST;
    for (size_t i = 1; i < wanted; i++) {
        if (pthread_create(&ids[started], NULL, run, &pull) == 0)
            started++;
    }
    if (count > 0)
        run(&pull);
    for (size_t i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
    pthread_mutex_destroy(&pull.lock);
    return !atomic_load(&pull.failed);
}
