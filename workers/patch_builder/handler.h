/* Any message only says that something may be due; the rows say what. */
#pragma once

#include "service/worker.h"

extern const struct worker patch_builder;
