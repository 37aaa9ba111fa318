/* The catalogue sweep: what registries hold against what their events told. A registry may lose
 * queued events when killed; this finds tags that nobody told of, tags that moved, tags that went.
 * It works in slices between ticks, outside transactions while it talks to a registry. */
#pragma once

#include "service/worker.h"

struct sweep;

struct sweep *sweep_new(void);
void sweep_free(void *sweep);
/* Begins one when the schedule says so, or goes on with one for about a second. Trouble with one
 * registry is logged and skips that registry until the next sweep. */
bool sweep_step(struct job *job, struct sweep *sweep, struct error *err) must_check;
