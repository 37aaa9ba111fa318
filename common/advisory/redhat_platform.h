/* Red Hat's CPE names (URI binding) of the releases and of the streams beside them:
 * cpe:/o:redhat:enterprise_linux:9::baseos, cpe:/a:redhat:rhel_eus:9.2::appstream; and of the
 * hardened images (Hummingbird), a distribution of its own. */
#pragma once

#include "advisory/assertion.h"

/* False: another product. */
bool redhat_platform(const char *cpe, struct package_context *out, struct arena *arena);
