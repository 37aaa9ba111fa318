/* A fetched feed becomes rows: parsed by the confined reader, copied to a staging table, and only
 * the difference is merged; the names it touches move on, and advisory.changed tells of them.
 *
 * feed.fetched: `source` is a row of table source; `blob` the file as fetched. For a source of
 * format "apt-index" ("apt:<codename>") the blobs are those of table repository, verified by the
 * fetcher (packages_digest of each row); `blob` only says that one of them changed. */
#pragma once

#include "service/worker.h"

bool import_feed(struct job *job, const struct feed_fetched *in, struct error *err);
/* A feed that is refused makes its source `failed`, with the reason. */
bool import_parked(struct db_tx *tx, struct arena *arena, const struct parked_message *what,
                   struct error *err);
