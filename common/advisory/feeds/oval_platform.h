/* Where an OVAL definition holds, vendor by vendor: from "… is installed" criteria, the
 * definition's platform or CPE, its id, the file's name. */
#pragma once

#include "advisory/oval.h"

enum oval_vendor {
    OVAL_DEBIAN,
    OVAL_UBUNTU,
    OVAL_REDHAT,
    OVAL_ROCKY,
    OVAL_ORACLE,
    OVAL_SUSE,
    OVAL_AZURE,
    OVAL_PHOTON,
};

enum { OVAL_PLATFORMS_MOST = 64 };

struct oval_platforms {
    struct package_context items[OVAL_PLATFORMS_MOST];
    size_t count;
};

const char *oval_vendor_type(enum oval_vendor vendor);
enum package_name_kind oval_vendor_name_kind(enum oval_vendor vendor);
/* For oval_read: drops what names platforms that no image has. NULL: keep all. */
bool (*oval_vendor_keep(enum oval_vendor vendor))(const char *comment);
/* A criterion about the platform: taken in. False: it is about something else. */
bool oval_platform_take(enum oval_vendor vendor, const char *comment,
                        const struct oval_definition *definition, struct oval_platforms *platforms,
                        struct arena *arena);
/* Where the criteria named none: what else says it. Ubuntu's Pro marks become the stream. */
void oval_platform_finish(enum oval_vendor vendor, const char *comment, const char *fixed,
                          const char *file, const struct oval_definition *definition,
                          struct oval_platforms *platforms, struct arena *arena);
