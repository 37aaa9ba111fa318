/* RESOLE_SOURCES_FILE: advisory sources at addresses that the operator names, a mirror or a file of
 * the machine, one "NAME ADDRESS" a line, # begins a comment. NAME is a row of the table of sources
 * (advisory/source.h) or a part of one, "NAME:PART"; the address stands in place of the table's. */
#pragma once

#include "service/worker.h"

/* Makes or moves the rows of the file's sources and asks for those never loaded. A line that is
 * wrong is ERROR_FATAL: the operator must see it. */
bool named_sources_configure(struct db_tx *tx, struct arena *arena, const char *path,
                             struct error *err);
