/* A message says that something may be due; the rows say what, and idle does it. */
#pragma once

#include "service/worker.h"

extern const struct worker patch_builder;
