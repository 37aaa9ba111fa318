/* Groups of widely used artifacts whose builds leave no pom.properties in the archive (Gradle, Ant,
 * sbt): as published on Maven Central. Told only where classes of the project stand in the archive,
 * so that a file's name alone gives no group. */
#pragma once

#include "inventory/zip.h"

/* "" if the artifact is none of them, or nothing of it is in the archive. */
const char *java_published_group(const struct zip *zip, const char *artifact);
