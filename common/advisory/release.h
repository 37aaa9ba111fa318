/* Distributions and their releases under one name each: os-release's ID and the shortest VERSION_ID
 * that feeds tell releases apart by. A table of codenames, derivatives and how much of the version
 * counts; nothing here knows what is supported. */
#pragma once

#include "advisory/assertion.h"

/* Canonical form of what an os-release, a feed or a person says: ("Debian", "bookworm"), ("debian",
 * "12.5"), ("centos", "8") … Strings static or in the arena; unknown distributions pass through in
 * lower case. */
struct package_context context_canonical(const char *distro, const char *release,
                                         const char *stream, struct arena *arena);
/* Codename of a canonical release ("bookworm"), NULL if it has none. */
const char *release_codename(const char *distro, const char *release);
/* The package type of a distribution ("deb", "rpm", "apk", "alpm"); NULL if unknown. */
const char *distro_package_type(const char *distro);
/* The distribution whose advisories hold too (Raspbian → Debian), NULL: none. */
const char *distro_parent(const char *distro);
/* Does the stream share its versions with the release (Ubuntu Pro), or is it a product beside it?
 */
bool stream_is_shared(const char *distro, const char *stream);
/* Who rebuilt a distribution's package, by the mark he leaves in its name or version: the stream
 * his records stand under; NULL: nobody. */
const char *vendor_stream(const char *type, const char *name, const char *version);
/* OSV's ecosystem ("Debian:12", "Ubuntu:Pro:22.04:LTS", "PyPI", "Alpine:v3.20") → package type and
 * context. False: an ecosystem we do not know. */
bool osv_ecosystem(struct slice ecosystem, const char **type, struct package_context *context,
                   struct arena *arena);
/* The ecosystem's one spelling of a name: PEP 503 for pypi, lower case for nuget and composer …,
 * else unchanged. */
const char *package_name_normal(const char *type, const char *name, struct arena *arena);
