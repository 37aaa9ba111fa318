/* Packages that bear a source's vulnerabilities by name alone, as data with reasons: kernel headers
 * are built from the kernel's source and run nothing of it. What is said of them is kept and shown
 * on request, as not affecting. */
#pragma once

#include "base/slice.h"

/* The reason; NULL: not known as noise. `source` NULL: as the binary. */
const char *noise_reason(const char *type, const char *name, const char *source);
