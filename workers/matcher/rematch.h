/* Matching of components with the race of a running import closed (architecture.md 3.4): facts are
 * read and matched first; when saving, the names are locked, and if one of them has moved meanwhile
 * the facts are read and matched again under the lock. */
#pragma once

#include "matcher/store.h"

/* Opens job_tx. changed: finding ids. */
bool rematch(struct job *job, const struct judged_list *judged, struct id_list *changed,
             int64_t *revision, struct error *err);
/* finding.changed in messages of a bounded size. */
bool rematch_announce(struct db_tx *tx, const struct id_list *changed, const char *cause,
                      const char *source, const char *image, bool first_load, struct error *err);
