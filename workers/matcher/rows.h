/* Assertions as rows: `ranges` is [[introduced, fixed, last affected]…], `conditions` is
 * [[kind, value]…], `record` holds the rest. */
#pragma once

#include "advisory/assertion.h"
#include "advisory/source.h"
#include "service/db.h"

/* Of a result of read_assertions.sql. */
bool assertion_of_row(const struct db_rows *rows, size_t row, struct arena *arena,
                      struct assertion *out, struct error *err);
/* The arguments of a COPY row of import_staging (import.c has the columns). */
enum { ASSERTION_COLUMNS = 20 };
void assertion_to_row(const struct assertion *a, struct arena *arena,
                      struct db_value out[static ASSERTION_COLUMNS]);
/* The table's row; "apt:bookworm" is of "apt". NULL: unknown. */
const struct advisory_source *source_row(const char *name);
