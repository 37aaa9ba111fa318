/* Who pulls a blob first commits a lease; others wait in rows (architecture.md 3.4). A lease that
 * ran out may be taken over: writing the same bytes twice is harmless. Digests are "sha256:…". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "service/db.h"

/* taken: this holder now has it (new, renewed, or taken over after it ran out). */
bool blob_lease_claim(struct db_tx *tx, const char *digest, const char *holder, int64_t seconds,
                      bool *taken, struct error *err) must_check;
bool blob_lease_release(struct db_tx *tx, const char *digest, const char *holder, struct error *err)
    must_check;
