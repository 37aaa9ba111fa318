#include "advisory/source.h"

#include <string.h>

enum { DAY = 24 * 3600 };

#define OSV_BASE "https://osv-vulnerabilities.storage.googleapis.com/"

static const struct advisory_source sources[] = {
    {"debian-tracker", "debian-tracker", "https://security-tracker.debian.org/tracker/data/json",
     "deb", "debian", "", COVERS_PACKAGES, 3 * DAY, "RESOLE_SOURCE_DEBIAN_TRACKER_URL",
     "Debian's security tracker: every release, fixed and open"},
    {"apt", "apt-index", "", "deb", "*", "", COVERS_FIXES_ONLY, 2 * DAY, "",
     "the package repositories themselves: what can be installed today"},
    {"alpine-secdb", "alpine-secdb", "", "apk", "*", "", COVERS_FIXES_ONLY, 3 * DAY, "",
     "Alpine's fixed packages (and Wolfi's), one file or an archive of all releases"},
    {"kev", "kev", "", "cve", "", "", COVERS_VULNERABILITIES, 7 * DAY, "",
     "vulnerabilities known to be exploited (CISA)"},
    {"epss", "epss", "", "cve", "", "", COVERS_VULNERABILITIES, 7 * DAY, "",
     "how likely exploitation is (FIRST)"},
    {"osv", "osv", "", "*", "*", "", COVERS_PACKAGES, 3 * DAY, "",
     "OSV records from files, every ecosystem"},
    {"osv-debian", "osv", OSV_BASE "Debian/all.zip", "deb", "debian", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_DEBIAN_URL", "Debian's advisories as OSV"},
    {"osv-maven", "osv", OSV_BASE "Maven/all.zip", "maven", "", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_MAVEN_URL", "Java packages (GitHub's reviewed advisories)"},
    {"osv-pypi", "osv", OSV_BASE "PyPI/all.zip", "pypi", "", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_PYPI_URL", "Python packages"},
};

const struct advisory_source *advisory_sources(size_t *count)
{
    *count = array_count(sources);
    return sources;
}

const struct advisory_source *advisory_source_find(const char *name)
{
    for (size_t i = 0; i < array_count(sources); i++)
        if (strcmp(sources[i].name, name) == 0)
            return &sources[i];
    return NULL;
}

static bool covers_word(const char *word, const char *value)
{
    return strcmp(word, "*") == 0 || strcmp(word, value ? value : "") == 0;
}

bool advisory_source_covers(const struct advisory_source *source, const char *type,
                            const struct package_context *context)
{
    if (source->covers != COVERS_PACKAGES && source->covers != COVERS_FIXES_ONLY)
        return false;
    return covers_word(source->type, type) && covers_word(source->distro, context->distro) &&
           (*source->release == 0 || covers_word(source->release, context->release));
}
