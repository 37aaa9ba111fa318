/* Advisory feeds and package repository indices: fetched, verified, put into the blob store, and
 * told only when something changed. Whom to trust comes from the operator: RESOLE_REPOSITORIES_FILE
 * and the rows made from it, never from an image. */
#pragma once

#include "service/worker.h"

bool on_feed_due(struct job *job, struct error *err);
/* Makes source and repository rows of the operator's package sources and named advisory sources. */
bool feeds_configure(struct job *job, struct error *err);
/* A feed that is refused makes its source `failed`, with the reason. */
bool feeds_parked(struct db_tx *tx, struct arena *arena, const struct parked_message *what,
                  struct error *err);
