/* The patch of a Debian image: its root as a tree and verified .deb files → the tree as dpkg and
 * the maintainer scripts would leave it, without running a byte of it. Pure. What it will not do it
 * refuses by package and rule, before anything changed:
 *   R3-conflict R3-kind R3-whiteout     a file belongs to another package, or is of another kind
 *   R4-database                         dpkg's database is missing or broken
 *   R2-drift                            a packaged file was changed in the image
 *   R5-conffile                         a conffile needs a person
 *   R10-ucf                             a ucf file changed on both sides
 *   R11-trigger                         a trigger's work that we do not know would be due
 *   R14-…                               the finished tree fails its check
 *   unreviewed-script, guarded-version, script-condition    maintainer scripts */
#pragma once

#include "patch/deb_file.h"
#include "patch/dpkg_db.h"
#include "patch/plan.h"
#include "patch/root.h"

struct engine_note { /* what people should know: conffiles kept, copies left, bits carried */
    const char *package, *path, *text;
};

struct engine_report {
    struct plan_refusal *refusals;
    size_t refusal_count, refusal_capacity;
    struct engine_note *notes;
    size_t note_count, note_capacity;
};

struct engine_deb {
    const char *name, *arch, *version; /* as the plan says; the control file must agree */
    struct deb_file file;
};

/* root is sealed. With refusals in the report the tree is not to be used. Deb contents are borrowed
 * until the tree is written. */
bool engine_patch(struct arena *arena, struct root *root, const struct engine_deb *debs,
                  size_t count, struct engine_report *report, struct error *err);
/* What must be held in memory of an image: databases, configuration, certificates, lists. */
bool engine_keeps(const char *path);
void engine_refuse(struct arena *arena, struct engine_report *report, const char *package,
                   const char *rule, const char *text);
void engine_note(struct arena *arena, struct engine_report *report, const char *package,
                 const char *path, const char *text);
