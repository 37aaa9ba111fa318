/* A worker for tests of the skeleton: what it does with an image.pushed depends on its repository.
 *   bus_probe                     the worker (settings as every worker)
 *   bus_probe --read TOPIC GROUP  prints what comes ("id key value" a line) until killed */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "service/bus.h"
#include "service/worker.h"

static const struct sql count_handled = {
    "count_handled", "insert into counter as c (name, value) values ('probe:' || $1, 1) "
                     "on conflict (name) do update set value = c.value + 1"};
static const struct sql note_begun = {
    "note_begun", "insert into counter as c (name, value) values ('begun:' || $1, 1) "
                  "on conflict (name) do update set value = c.value + 1"};

/* Committed before the work, so that tests see how often a message was begun. */
static bool note(struct job *job, const char *tag, struct error *err)
{
    struct db_tx *tx = db_begin(job_db(job), job->arena, err);
    return tx && db_run(tx, &note_begun, DB_ARGS(db_text(tag)), NULL, err) && db_commit(tx, err);
}

static bool misbehave(struct job *job, const struct image_pushed *in, struct error *err)
{
    if (strcmp(in->repository, "bad") == 0)
        return error_set(err, ERROR_INPUT, "these bytes will never be right");
    if (strcmp(in->repository, "unknown") == 0)
        return error_set(err, ERROR_RETRY, "something odd");
    if (strcmp(in->repository, "fatal") == 0)
        return error_set(err, ERROR_FATAL, "the house is broken");
    if (strcmp(in->repository, "away") == 0) {
        error_fill(err, ERROR_RETRY, "registry away");
        err->outside = true;
        return false;
    }
    if (strcmp(in->repository, "crash") == 0) {
        kill(getpid(), SIGKILL);
        pause();
    }
    if (strncmp(in->repository, "slow-", 5) == 0) {
        for (long left = strtol(in->repository + 5, NULL, 10); left > 0; left--)
            sleep(1);
    }
    (void)job;
    return true;
}

static bool on_image_pushed(struct job *job, struct error *err)
{
    struct image_pushed in = {0};
    struct layer_fetched out = {0};
    if (!job_decode(job, &in, err) || !note(job, in.tag, err) || !misbehave(job, &in, err))
        return false;
    struct db_tx *tx = job_tx(job, err);
    out.digest = in.tag;
    return tx && db_run(tx, &count_handled, DB_ARGS(db_text(in.tag)), NULL, err) &&
           outbox_put(tx, &out, err);
}

static int read_topic(int argc, char **argv)
{
    const struct topic *topic = topic_find(argv[2]);
    struct bus_settings settings = {.brokers = getenv("RESOLE_KAFKA_BROKERS"),
                                    .prefix = getenv("RESOLE_TOPIC_PREFIX"),
                                    .session_ms = 10000};
    struct error err = {0};
    if (!settings.prefix)
        settings.prefix = "resole.";
    struct bus *bus = bus_open(&settings, "probe", &err);
    struct bus_consumer *consumer =
        bus && topic ? bus_subscribe(bus, argv[3], &topic, 1, argc > 4, &err) : NULL;
    while (consumer) {
        struct bus_message *message = NULL;
        struct envelope envelope = {0};
        struct arena *arena scoped(arena_scope_free) = arena_new();
        if (!bus_poll(consumer, 100, false, &message, &err))
            break;
        if (!message)
            continue;
        if (!envelope_decode(arena, message->headers, message->header_count, &envelope, &err))
            envelope.id = "?";
        printf("%s %.*s %.*s\n", envelope.id, (int)message->key.length, message->key.data,
               (int)message->value.length, message->value.data);
        fflush(stdout);
        bus_message_done(consumer, message, true);
    }
    fprintf(stderr, "bus_probe: %s\n", err.text);
    return 1;
}

int main(int argc, char **argv)
{
    static const struct worker probe = {
        .name = "probe",
        .about = "A worker for tests.",
        .hears = {{&topic_image_pushed, on_image_pushed}},
        .deadline_s = 120,
        .budget = 2,
    };
    if (argc >= 4 && strcmp(argv[1], "--read") == 0)
        return read_topic(argc, argv);
    return worker_main(argc, argv, &probe);
}
