/* A component: a package as a layer states it, without context. Every member is a string, never
 * NULL; "" where the source says nothing. Strings belong to the arena of whoever made the struct.
 * Type and name follow the package URL types (purl-spec, PURL-TYPES): deb apk rpm alpm maven pypi
 * npm golang cargo gem composer nuget conda hex cran pub generic …; where a purl has a namespace
 * the name carries it: maven "group:artifact" (group may be absent: "artifact"), npm "@scope/name",
 * golang and composer "a/b". OS packages get their namespace from the context.
 * The version is the ecosystem's own text: deb and rpm with epoch ("1:2.3-4"; rpm's 0 left out). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct component {
    const char *type, *name, *version, *arch;
    const char *source_name, *source_version; /* OS packages: never empty, the binary's if alike */
    const char *module;                       /* rpm module label, Go main module's build tag … */
    const char *vendor;                       /* rpm Vendor, dpkg Maintainer, … */
};

enum { COMPONENT_FIELDS = 8 };

/* Where an image stands: known only when it is composed. All "" for language packages. */
struct context {
    const char *distro;  /* os-release ID: "debian", "alpine", "rhel" */
    const char *release; /* the codename for Debian and Ubuntu, else VERSION_ID */
    const char *stream;  /* "edge", "esm", "eus-9.2", …; mostly "" */
    const char *content_set;
    const char *version_id; /* as os-release says; for package URLs only, no part of the key */
};

/* Every NULL member becomes "". */
struct component component_filled(struct component component);
struct context context_filled(struct context context);
/* By type, name, version, arch, source name and version, module, vendor. */
int component_compare(const struct component *a, const struct component *b);
/* The members in that order: for codecs and rows. */
const char *component_field(const struct component *component, size_t index);
void component_set_field(struct component *component, size_t index, const char *value);
/* deb, apk, rpm, alpm, portage, opkg: packages of a distribution, which take its context. */
bool component_is_os(const struct component *component);
/* The context that judges the component: the image's for OS packages, the empty one for others. */
struct context component_context(const struct component *component, const struct context *image);
/* The canonical package URL (purl-spec 1.0) with arch, distro, epoch and upstream qualifiers. */
const char *component_purl(const struct component *component, const struct context *context,
                           struct arena *arena);
