/* What is due, by the rows: images to patch, tags to move, patches to judge, applications to put on
 * their new base. Every step is glad to run twice: bytes go by digest, rows by natural key. */
#pragma once

#include "service/worker.h"

/* One step of a managed image, if any is due and free: build, or TAG-resole moved there or back. */
bool work_managed(struct job *job, bool *did, struct error *err) must_check;
/* Pushed patches whose images are judged: proved, proposed, or not better. */
bool work_judge(struct job *job, struct error *err) must_check;
/* One application image whose team (or policy) agreed. */
bool work_rebase(struct job *job, bool *did, struct error *err) must_check;
