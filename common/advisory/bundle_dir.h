/* Internal to bundle*.c. */
#pragma once

#include "base/error.h"

/* mkdir -p */
bool bundle_make_dir(const char *dir, struct error *err);
