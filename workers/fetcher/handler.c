#include "fetcher/handler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/log.h"
#include "fetcher/feeds.h"
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
    return blob_store_open(settings->blob_directory, &state->store, err) &&
           feeds_configure(job, err);
}

void fetcher_stop(void *opaque)
{
    struct fetcher_state *state = opaque;
    if (!state)
        return;
    blob_store_close(state->store);
    free(state);
}

/* A push that can never be read says so in its run row. */
bool fetcher_parked(struct db_tx *tx, struct arena *arena, const struct parked_message *what,
                    struct error *err)
{
    int64_t run = 0;
    if (what->topic == &topic_feed_due)
        return feeds_parked(tx, arena, what, err);
    if (what->topic == &topic_image_pushed) {
        struct image_pushed in = {0};
        struct error ignored = {0};
        if (!message_decode(arena, what->topic, what->value, &in, &ignored))
            return true;
        run = in.run;
    }
    return store_run_parked(tx, run, what->envelope.source, what->envelope.id, what->why->text,
                            err);
}

static bool handle(struct job *job, struct fetch *fetch, struct error *err)
{
    return fetch_begin(job, fetch, err) &&
           (fetch->deleted ? fetch_forget(job, fetch, "deleted", err)
                           : fetch_name(job, fetch, err));
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
