/* Messages out: a row in the same transaction as the work, published after the commit, deleted on
 * the broker's delivery report (architecture.md 3.2). Rows belong to the program kind that wrote
 * them; any replica of it publishes the rest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message/messages.h"
#include "service/db.h"

enum outbox_lane {
    LANE_INHERIT,     /* of the message in hand: bulk work causes bulk messages */
    LANE_INTERACTIVE, /* a person waits */
    LANE_BULK,        /* the topic's bulk twin, when it has one */
};

struct outbox_how {
    enum outbox_lane lane;
    const char *id;     /* ce_id; NULL: a new one. The same (source, id) twice is one row */
    const char *source; /* ce_source; NULL: "resole/<program>" */
    int64_t delay_s;    /* published no earlier */
};

/* outbox_put(tx, &message, err): the message's type picks table and topic; name the struct. */
#define outbox_put(tx, message, err)                                                               \
    outbox_put_topic((tx), topic_of(message), (message), &(const struct outbox_how){0}, (err))
#define outbox_put_bulk(tx, message, err)                                                          \
    outbox_put_topic((tx), topic_of(message), (message),                                           \
                     &(const struct outbox_how){.lane = LANE_BULK}, (err))
#define outbox_put_interactive(tx, message, err)                                                   \
    outbox_put_topic((tx), topic_of(message), (message),                                           \
                     &(const struct outbox_how){.lane = LANE_INTERACTIVE}, (err))
/* An alert keeps its id for ever: `id` is the ce_id. */
#define outbox_put_with_id(tx, message, event_id, err)                                             \
    outbox_put_topic((tx), topic_of(message), (message),                                           \
                     &(const struct outbox_how){.id = (event_id)}, (err))
#define outbox_put_how(tx, message, how, err)                                                      \
    outbox_put_topic((tx), topic_of(message), (message), (how), (err))

bool outbox_put_topic(struct db_tx *tx, const struct topic *topic, const void *message,
                      const struct outbox_how *how, struct error *err) must_check;
/* A value as it was received, for repair and replay; checked against nothing. */
bool outbox_put_raw(struct db_tx *tx, const char *topic_name, const char *key, struct slice value,
                    const struct outbox_how *how, struct error *err) must_check;

/* Rows put over this connection so far: has a transaction told anything? */
int64_t outbox_count(const struct db *db);

struct bus;
/* Publishes what is due of this program's rows and deletes what the broker has acknowledged; at
 * most `most` rows, SKIP LOCKED. `published` counts. Waits for the reports (bounded). */
bool outbox_flush(struct db *db, struct bus *bus, size_t most, size_t *published, struct error *err)
    must_check;
