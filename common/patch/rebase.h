/* An application image put on a new base: four roots in, the reconcile layer out. Pure.
 *   old   the base that the application was built on     new   the base it shall stand on
 *   app   old and the application's layers               out   new and the application's layers,
 * sealed; what changes in `out` is the reconcile layer: databases that the application's layers
 * restate are merged three-way, what they deleted stays deleted, derived files (ld.so.cache, the CA
 * store) are made anew. Refusals by rule:
 *   rebase-file       the application replaced a file that the new base also changes
 *   rebase-package    a package both sides changed, or one that the new base took away
 *   rebase-database   a line of passwd, group, alternatives … changed on both sides
 *   rebase-kind       a directory against a file */
#pragma once

#include "patch/engine.h"

bool rebase_reconcile(struct arena *arena, struct root *old, struct root *new, struct root *app,
                      struct root *out, struct engine_report *report, struct error *err);
bool rebase_keeps(const char *path);
