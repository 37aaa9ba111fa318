/* Changelogs of candidate packages (table changelog): asked for, read confined, and what they claim
 * for an installed version. `claims` is [[version, says "security", [id…]]…], newest first. */
#pragma once

#include "matcher/store.h"

/* Rows for candidates that the image's packages (0: all) lack; feed.due for each source that got
 * some. */
bool claims_want(struct db_tx *tx, const char *source, int64_t image, struct error *err);
/* feed.fetched of "changelog:<source>". */
bool claims_read(struct job *job, const char *source, const char *blob_dir, struct error *err);
/* What the changelogs say of these packages, added to the facts, which stay sorted. */
bool claims_add(struct db_tx *tx, const struct judged_list *judged, struct name_facts *facts,
                struct error *err);
