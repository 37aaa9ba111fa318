#include "unpacker/handler.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "image/blob_store.h"
#include "inventory/layer_confined.h"
#include "inventory/reader.h"
#include "unpacker/store.h"

bool unpacker_start(struct job *job, struct error *err)
{
    const struct unpacker_settings *settings = job->settings;
    struct blob_store *store = NULL;
    if (!blob_store_open(settings->blob_directory, &store, err))
        return false;
    job->state = store;
    return true;
}

void unpacker_stop(void *state)
{
    blob_store_close(state);
}

/* The layer, and the images that wait for it, say why the message was parked. */
bool unpacker_parked(struct db_tx *tx, struct arena *arena, const struct parked_message *what,
                     struct error *err)
{
    struct layer_fetched in = {0};
    struct error ignored = {0};
    if (what->topic != &topic_layer_fetched ||
        !message_decode(arena, what->topic, what->value, &in, &ignored))
        return true; /* nothing that names a layer */
    return unpacker_layer_park(tx, arena, in.digest, what->why->text, err);
}

/* The store lost the blob: ask for it again, and wait. */
static bool fetch_again(struct job *job, const char *digest, struct error *err)
{
    struct unpacker_home home;
    struct error reason = *err;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !unpacker_layer_lost(tx, digest, &home, err))
        return false;
    if (home.registry) {
        struct image_due due = {.registry = home.registry,
                                .repository = home.repository,
                                .digest = home.image,
                                .cause = "repair"};
        if (!outbox_put(tx, &due, err))
            return false;
    }
    bool ok = db_commit(tx, err);
    tx = NULL;
    if (!ok)
        return false;
    job_wake(job);
    *err = reason;
    err->outside = true;
    return false;
}

static bool read_blob(struct job *job, const char *digest, struct evidence *out, struct error *err)
{
    const struct unpacker_settings *settings = job->settings;
    const struct layer_confined_settings reader = {.deadline_s = settings->reader_s};
    int fd = -1;
    if (!blob_store_open_fd(job->state, digest, &fd, err))
        return err->kind == ERROR_RETRY ? fetch_again(job, digest, err) : false;
    bool ok = layer_confined_read_fd(fd, &reader, job->arena, out, err);
    close(fd);
    return ok || error_wrap(err, "layer %s", digest);
}

static bool is_known(struct job *job, const char *digest, bool *known, struct error *err)
{
    struct unpacker_layer layer;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !unpacker_layer_find(tx, digest, &layer, err))
        return false;
    *known = layer.is_read && layer.reader_version >= READER_VERSION;
    if (!layer.found)
        return error_set(err, ERROR_INPUT, "layer %s: no such row", digest);
    return true;
}

static bool save(struct job *job, const char *digest, const struct evidence *evidence,
                 struct error *err)
{
    struct unpacker_layer layer;
    struct text_list ready;
    struct db_tx *tx = job_tx(job, err);
    /* The components first: inserting them waits for nobody who waits for this layer. */
    if (!tx || !unpacker_evidence_save(tx, job->arena, evidence, err) ||
        !unpacker_layer_lock(tx, digest, &layer, err))
        return false;
    if (layer.is_read && layer.reader_version >= evidence->reader_version)
        return true; /* a sibling was quicker and told the images */
    if (!unpacker_layer_read(tx, job->arena, digest, evidence, &ready, err))
        return false;
    for (size_t i = 0; i < ready.count; i++) {
        struct image_unpacked out = {.digest = ready.items[i],
                                     .cause = layer.is_read ? "reader" : "push"};
        if (!outbox_put(tx, &out, err))
            return false;
    }
    log_info("layer read", LOG_TEXT("digest", digest), LOG_TEXT("diff_id", evidence->diff_id),
             LOG_I64("bytes", evidence->bytes), LOG_I64("sets", evidence->set_count),
             LOG_I64("warnings", evidence->warning_count), LOG_I64("images_ready", ready.count));
    return true;
}

bool on_layer_fetched(struct job *job, struct error *err)
{
    struct layer_fetched in = {0};
    struct evidence evidence;
    bool known = false;
    if (!job_decode(job, &in, err) || !is_known(job, in.digest, &known, err))
        return false;
    if (known)
        return true;
    return read_blob(job, in.digest, &evidence, err) && save(job, in.digest, &evidence, err);
}
