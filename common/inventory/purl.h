/* Package URLs read (purl-spec 1.0): the inverse of component_purl. */
#pragma once

#include "base/error.h"
#include "inventory/component.h"

/* False: no purl. Of the context only distro, release and version_id may be set, from the namespace
 * and the distro qualifier of OS packages. */
bool purl_parse(const char *text, struct arena *arena, struct component *component,
                struct context *context);
