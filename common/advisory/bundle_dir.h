/* Internal to bundle*.c. */
#pragma once

#include "base/error.h"

/* mkdir -p */
bool bundle_make_dir(const char *dir, struct error *err);
/* Why the last import of the source was refused, "TIME reason"; NULL: it was not. */
const char *bundle_read_refusal(const char *dir, const char *source, struct arena *arena);
