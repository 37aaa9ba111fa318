/* What is due, by the rows: patches to build, patches to announce, applications to rebase. Each
 * step is glad to run twice: pushes are by digest, rows by natural key. */
#pragma once

#include "service/worker.h"

/* One unit of slow work, if any is due; its rows are in the job's transaction. */
bool work_once(struct job *job, struct error *err);
