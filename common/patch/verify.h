/* The check of a finished tree without running it (patching rule R14): every file of an upgraded
 * package is what its md5sums say, every DT_NEEDED of a changed ELF file is found, the database
 * reads again and says the new versions. */
#pragma once

#include "patch/engine_state.h"

void verify_tree(struct engine *e);
