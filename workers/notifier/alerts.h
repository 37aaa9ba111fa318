/* Alert rows. The Kafka alert is always made; the others as the team subscribed. */
#pragma once

#include "notifier/handler.h"
#include "service/db.h"

enum alert_topic { ALERT_VULNERABILITY, ALERT_PATCH, ALERT_LIFECYCLE };

struct alert_draft {
    enum alert_topic topic;
    int64_t fact; /* 0: gathers many */
    const char *team, *application, *step, *title, *severity, *at;
    const char *vulnerability; /* ALERT_VULNERABILITY */
    int64_t patch;             /* ALERT_PATCH */
    const char *details;       /* JSON */
};

/* To the alert topic, by the outbox. */
bool alert_to_kafka(struct db_tx *tx, struct arena *arena, const struct alert_draft *draft,
                    struct error *err) must_check;
/* To every other destination that the team subscribed for this topic and severity. */
bool alert_to_subscribers(struct db_tx *tx, struct arena *arena, const struct alert_draft *draft,
                          struct error *err) must_check;
