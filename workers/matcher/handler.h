/* The matcher: new judged component → its findings, once; changed assertion → the components it
 * touches → the images that hold them; fetched feed → rows. */
#pragma once

#include "service/worker.h"

extern const struct worker matcher;
