/* Components as rows: stored once, whoever states them. */
#pragma once

#include "inventory/component.h"
#include "service/db.h"

/* Ids in the order of the components; missing rows are inserted in sorted order (so that two
 * transactions cannot wait for each other). */
bool component_rows_save(struct db_tx *tx, struct arena *arena,
                         const struct component *const *components, size_t count, int64_t **ids,
                         struct error *err);
