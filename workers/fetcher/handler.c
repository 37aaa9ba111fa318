#include "fetcher/handler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/log.h"
#include "fetcher/fetch.h"

bool fetcher_start(struct job *job, struct error *err)
{
    const struct fetcher_settings *settings = job->settings;
    struct fetcher_state *state = calloc(1, sizeof(*state));
    char id[37];
    if (!state)
        abort();
    job->state = state;
    uuid_new(id);
    snprintf(state->holder, sizeof(state->holder), "fetcher/%d/%s", (int)getpid(), id);
    return blob_store_open(settings->blob_directory, &state->store, err);
}

void fetcher_stop(void *opaque)
{
    struct fetcher_state *state = opaque;
    if (!state)
        return;
    blob_store_close(state->store);
    free(state);
}

/* A push that can never be read says so in its run row; the skeleton rolls the work back. */
static bool failed(struct job *job, int64_t run, struct error *err)
{
    struct error ignored = {0};
    if (err->kind != ERROR_INPUT || run == 0)
        return false;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, &ignored);
    if (tx && store_run_state(tx, run, "parked", err->text, NULL, &ignored) &&
        store_run_step(tx, run, "fetched", "parked", err->text, &ignored) &&
        db_commit(tx, &ignored))
        tx = NULL;
    return false;
}

static bool handle(struct job *job, struct fetch *fetch, struct error *err)
{
    if (!fetch_begin(job, fetch, err))
        return failed(job, fetch->run, err);
    bool done =
        fetch->deleted ? fetch_forget(job, fetch, "deleted", err) : fetch_name(job, fetch, err);
    return done || failed(job, fetch->run, err);
}

bool on_image_pushed(struct job *job, struct error *err)
{
    struct image_pushed in = {0};
    if (!job_decode(job, &in, err))
        return false;
    if (strcmp(in.action, "push") != 0 && strcmp(in.action, "delete") != 0)
        return error_set(err, ERROR_INPUT, "image.pushed: action: '%s' is neither push nor delete",
                         in.action);
    struct fetch fetch = {.registry_name = in.registry,
                          .repository = in.repository,
                          .tag = in.tag,
                          .digest = in.digest,
                          .cause = in.cause,
                          .run = in.run,
                          .deleted = strcmp(in.action, "delete") == 0};
    return handle(job, &fetch, err);
}

bool on_image_due(struct job *job, struct error *err)
{
    struct image_due in = {0};
    if (!job_decode(job, &in, err))
        return false;
    struct fetch fetch = {.registry_name = in.registry,
                          .repository = in.repository,
                          .tag = in.tag,
                          .digest = in.digest,
                          .cause = in.cause,
                          .run = in.run};
    return handle(job, &fetch, err);
}
