#include "advisory/source.h"

#include <string.h>

enum { DAY = 24 * 3600 };

#define OSV_BASE "https://osv-vulnerabilities.storage.googleapis.com/"

/* The order is the matcher's: of a distribution's sources the first that speaks decides, the
 * repositories after every feed. */
static const struct advisory_source sources[] = {
    {"debian-tracker", "debian-tracker", "https://security-tracker.debian.org/tracker/data/json",
     "deb", "debian", "", COVERS_PACKAGES, 3 * DAY, "RESOLE_SOURCE_DEBIAN_TRACKER_URL",
     "Debian's security tracker: every release, fixed and open"},
    {"ubuntu-osv", "osv", "https://security-metadata.canonical.com/osv/osv-all.tar.xz", "deb",
     "ubuntu", "", COVERS_PACKAGES, 3 * DAY, "RESOLE_SOURCE_UBUNTU_OSV_URL",
     "Ubuntu's CVEs as OSV, Pro apart"},
    {"ubuntu-tracker", "ubuntu-tracker", "", "deb", "ubuntu", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_UBUNTU_TRACKER_URL", "Ubuntu's CVE tracker, text"},
    {"ubuntu-oval", "ubuntu-oval", "", "deb", "ubuntu", "", COVERS_FIXES_ONLY, 3 * DAY,
     "RESOLE_SOURCE_UBUNTU_OVAL_URL", "Ubuntu's security notices as OVAL, one file a release"},
    {"ubuntu-vex", "ubuntu-vex", "https://security-metadata.canonical.com/vex/vex-all.tar.xz",
     "deb", "ubuntu", "", COVERS_FIXES_ONLY, 3 * DAY, "RESOLE_SOURCE_UBUNTU_VEX_URL",
     "Ubuntu's VEX: what is not affected, not fixed, deferred"},
    {"debian-oval", "debian-oval", "", "deb", "debian", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_DEBIAN_OVAL_URL", "Debian's OVAL, one file a release"},
    {"osv-debian", "osv", OSV_BASE "Debian/all.zip", "deb", "debian", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_DEBIAN_URL", "Debian's advisories as OSV"},
    {"debian-lists", "debian-lists", "", "deb", "debian", "", COVERS_FIXES_ONLY, 3 * DAY,
     "RESOLE_SOURCE_DEBIAN_LISTS_URL", "Debian's lists of advisories: DSA, DLA"},
    {"alpine-secdb", "alpine-secdb", "", "apk", "*", "", COVERS_FIXES_ONLY, 3 * DAY,
     "RESOLE_SOURCE_ALPINE_SECDB_URL",
     "Alpine's fixed packages, one file or an archive of all releases"},
    {"wolfi", "alpine-secdb", "https://packages.wolfi.dev/os/security.json", "apk", "wolfi", "",
     COVERS_FIXES_ONLY, 3 * DAY, "RESOLE_SOURCE_WOLFI_URL", "Wolfi's fixed packages"},
    {"chainguard", "alpine-secdb", "https://packages.cgr.dev/chainguard/security.json", "apk",
     "chainguard", "", COVERS_FIXES_ONLY, 3 * DAY, "RESOLE_SOURCE_CHAINGUARD_URL",
     "Chainguard's fixed packages"},
    {"minimos", "alpine-secdb", "https://packages.mini.dev/advisories/secdb/security.json", "apk",
     "minimos", "", COVERS_FIXES_ONLY, 3 * DAY, "RESOLE_SOURCE_MINIMOS_URL",
     "MinimOS' fixed packages"},
    {"wolfi-advisories", "wolfi-advisories", "", "apk", "wolfi", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_WOLFI_ADVISORIES_URL", "Wolfi's advisories with their history"},
    {"redhat-vex", "redhat-vex", "", "rpm", "rhel", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_REDHAT_VEX_URL", "Red Hat's CSAF VEX, an archive of one file a CVE"},
    {"redhat-oval", "redhat-oval", "", "rpm", "rhel", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_REDHAT_OVAL_URL", "Red Hat's OVAL, one file a release, unfixed ones too"},
    {"redhat-csaf", "redhat-csaf", "", "rpm", "rhel", "", COVERS_FIXES_ONLY, 3 * DAY,
     "RESOLE_SOURCE_REDHAT_CSAF_URL", "Red Hat's CSAF advisories (RHSA)"},
    {"almalinux", "osv", OSV_BASE "AlmaLinux/all.zip", "rpm", "almalinux", "", COVERS_FIXES_ONLY,
     3 * DAY, "RESOLE_SOURCE_ALMALINUX_URL", "AlmaLinux' errata as OSV"},
    {"almalinux-updateinfo", "almalinux-updateinfo", "", "rpm", "almalinux", "", COVERS_FIXES_ONLY,
     3 * DAY, "RESOLE_SOURCE_ALMALINUX_UPDATEINFO_URL", "AlmaLinux' repositories' updateinfo.xml"},
    {"rocky", "osv", OSV_BASE "Rocky%20Linux/all.zip", "rpm", "rocky", "", COVERS_FIXES_ONLY,
     3 * DAY, "RESOLE_SOURCE_ROCKY_URL", "Rocky Linux' errata as OSV"},
    {"rocky-updateinfo", "rocky-updateinfo", "", "rpm", "rocky", "", COVERS_FIXES_ONLY, 3 * DAY,
     "RESOLE_SOURCE_ROCKY_UPDATEINFO_URL", "Rocky Linux' repositories' updateinfo.xml"},
    {"rocky-oval", "rocky-oval", "", "rpm", "rocky", "", COVERS_FIXES_ONLY, 3 * DAY,
     "RESOLE_SOURCE_ROCKY_OVAL_URL", "Rocky Linux' OVAL, one file a release"},
    {"amazon-updateinfo", "amazon-updateinfo", "", "rpm", "amzn", "", COVERS_FIXES_ONLY, 3 * DAY,
     "RESOLE_SOURCE_AMAZON_UPDATEINFO_URL", "Amazon Linux' repositories' updateinfo.xml"},
    {"fedora-updateinfo", "fedora-updateinfo", "", "rpm", "fedora", "", COVERS_FIXES_ONLY, 3 * DAY,
     "RESOLE_SOURCE_FEDORA_UPDATEINFO_URL", "Fedora's repositories' updateinfo.xml"},
    {"oracle-oval", "oracle-oval",
     "https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2", "rpm", "ol", "",
     COVERS_FIXES_ONLY, 3 * DAY, "RESOLE_SOURCE_ORACLE_OVAL_URL", "Oracle Linux' errata as OVAL"},
    {"oracle-updateinfo", "oracle-updateinfo", "", "rpm", "ol", "", COVERS_FIXES_ONLY, 3 * DAY,
     "RESOLE_SOURCE_ORACLE_UPDATEINFO_URL", "Oracle Linux' repositories' updateinfo.xml"},
    {"suse-oval", "suse-oval", "", "rpm", "*", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_SUSE_OVAL_URL", "SUSE's OVAL, one file a product, unfixed ones too"},
    {"suse-vex", "suse-vex", "https://ftp.suse.com/pub/projects/security/csaf-vex.tar.bz2", "rpm",
     "*", "", COVERS_PACKAGES, 3 * DAY, "RESOLE_SOURCE_SUSE_VEX_URL",
     "SUSE's CSAF VEX, an archive of one file a CVE"},
    {"suse-csaf", "suse-csaf", "https://ftp.suse.com/pub/projects/security/csaf.tar.bz2", "rpm",
     "*", "", COVERS_FIXES_ONLY, 3 * DAY, "RESOLE_SOURCE_SUSE_CSAF_URL", "SUSE's CSAF advisories"},
    {"azure-oval", "azure-oval", "", "rpm", "*", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_AZURE_OVAL_URL", "Azure Linux' and CBL-Mariner's OVAL, one file a release"},
    {"photon-json", "photon-json", "", "rpm", "photon", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_PHOTON_JSON_URL", "Photon OS' CVE metadata, one file a release"},
    {"photon-oval", "photon-oval", "", "rpm", "photon", "", COVERS_FIXES_ONLY, 3 * DAY,
     "RESOLE_SOURCE_PHOTON_OVAL_URL", "Photon OS' OVAL, one file a release"},
    {"arch", "arch", "https://security.archlinux.org/all.json", "alpm", "arch", "", COVERS_PACKAGES,
     3 * DAY, "RESOLE_SOURCE_ARCH_URL", "Arch Linux' issues"},
    {"demo", "osv", "", "*", "*", "", COVERS_FIXES_ONLY, 36500LL * DAY, "",
     "demonstration: records of our own, no publisher's; silence says nothing"},
    {"osv", "osv", "", "*", "*", "", COVERS_PACKAGES, 3 * DAY, "",
     "OSV records from files, every ecosystem"},
    {"osv-maven", "osv", OSV_BASE "Maven/all.zip", "maven", "", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_MAVEN_URL", "Java packages (GitHub's reviewed advisories)"},
    {"osv-pypi", "osv", OSV_BASE "PyPI/all.zip", "pypi", "", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_PYPI_URL", "Python packages"},
    {"osv-npm", "osv", OSV_BASE "npm/all.zip", "npm", "", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_NPM_URL", "JavaScript packages"},
    {"osv-golang", "osv", OSV_BASE "Go/all.zip", "golang", "", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_GOLANG_URL", "Go modules and the standard library"},
    {"osv-cargo", "osv", OSV_BASE "crates.io/all.zip", "cargo", "", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_CARGO_URL", "Rust crates"},
    {"osv-gem", "osv", OSV_BASE "RubyGems/all.zip", "gem", "", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_GEM_URL", "Ruby gems"},
    {"osv-composer", "osv", OSV_BASE "Packagist/all.zip", "composer", "", "", COVERS_PACKAGES,
     3 * DAY, "RESOLE_SOURCE_OSV_COMPOSER_URL", "PHP packages"},
    {"osv-nuget", "osv", OSV_BASE "NuGet/all.zip", "nuget", "", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_NUGET_URL", ".NET packages"},
    {"osv-hex", "osv", OSV_BASE "Hex/all.zip", "hex", "", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_HEX_URL", "Erlang and Elixir packages"},
    {"osv-pub", "osv", OSV_BASE "Pub/all.zip", "pub", "", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_PUB_URL", "Dart packages"},
    {"osv-echo", "osv", OSV_BASE "Echo/all.zip", "deb", "echo", "", COVERS_FIXES_ONLY, 3 * DAY,
     "RESOLE_SOURCE_OSV_ECHO_URL", "Echo's images"},
    {"osv-root", "osv", OSV_BASE "Root/all.zip", "*", "*", "", COVERS_FIXES_ONLY, 3 * DAY,
     "RESOLE_SOURCE_OSV_ROOT_URL", "Root.io's rebuilds of distributions' packages"},
    {"osv-bitnami", "osv", OSV_BASE "Bitnami/all.zip", "bitnami", "", "", COVERS_PACKAGES, 3 * DAY,
     "RESOLE_SOURCE_OSV_BITNAMI_URL", "application binaries as Bitnami packs them"},
    {"pypa", "osv-yaml", "https://github.com/pypa/advisory-database/archive/refs/heads/main.tar.gz",
     "pypi", "", "", COVERS_PACKAGES, 3 * DAY, "RESOLE_SOURCE_PYPA_URL",
     "Python packages, the packaging authority's own records"},
    {"rustsec", "rustsec", "https://github.com/rustsec/advisory-db/archive/refs/heads/main.tar.gz",
     "cargo", "", "", COVERS_PACKAGES, 7 * DAY, "RESOLE_SOURCE_RUSTSEC_URL",
     "Rust crates, RustSec's own records"},
    {"ghsa-csv", "ghsa-csv", "", "*", "", "", COVERS_FIXES_ONLY, 7 * DAY,
     "RESOLE_SOURCE_GHSA_CSV_URL", "GitHub's advisories as tables, one ecosystem a file"},
    {"ruby-advisory-db", "ruby-advisory-db",
     "https://github.com/rubysec/ruby-advisory-db/archive/refs/heads/master.tar.gz", "gem", "", "",
     COVERS_PACKAGES, 7 * DAY, "RESOLE_SOURCE_RUBY_ADVISORY_DB_URL", "Ruby gems and engines"},
    {"friendsofphp", "friendsofphp",
     "https://github.com/FriendsOfPHP/security-advisories/archive/refs/heads/master.tar.gz",
     "composer", "", "", COVERS_PACKAGES, 7 * DAY, "RESOLE_SOURCE_FRIENDSOFPHP_URL",
     "PHP packages"},
    {"node-core", "node-core",
     "https://raw.githubusercontent.com/nodejs/security-wg/main/vuln/core/index.json", "generic",
     "", "", COVERS_PACKAGES, 7 * DAY, "RESOLE_SOURCE_NODE_CORE_URL", "Node.js itself", "node"},
    {"cpython", "osv", "https://github.com/psf/advisory-database/archive/refs/heads/main.tar.gz",
     "generic", "", "", COVERS_FIXES_ONLY, 7 * DAY, "RESOLE_SOURCE_CPYTHON_URL",
     "CPython itself; records of commits alone are left out", "python"},
    {"apt", "apt-index", "", "deb", "*", "", COVERS_FIXES_ONLY, 2 * DAY, "",
     "the package repositories themselves: what can be installed today"},
    {"kev", "kev",
     "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json", "cve",
     "", "", COVERS_VULNERABILITIES, 7 * DAY, "RESOLE_SOURCE_KEV_URL",
     "vulnerabilities known to be exploited (CISA)"},
    {"epss", "epss", "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz", "cve", "", "",
     COVERS_VULNERABILITIES, 7 * DAY, "RESOLE_SOURCE_EPSS_URL",
     "how likely exploitation is (FIRST)"},
    {"nvd", "nvd", "", "generic", "", "", COVERS_FIXES_ONLY, 7 * DAY, "RESOLE_SOURCE_NVD_URL",
     "NVD: CVSS, and stack products no other source speaks of"},
    {"cve", "cve", "", "cve", "", "", COVERS_VULNERABILITIES, 7 * DAY, "RESOLE_SOURCE_CVE_URL",
     "CVE records with CISA's enrichment: CVSS"},
    {"endoflife", "endoflife", "https://endoflife.date/api/v1/products/full", "release", "", "",
     COVERS_RELEASES, 30 * DAY, "RESOLE_SOURCE_ENDOFLIFE_URL", "when releases of products end"},
};

static const struct advisory_source_part parts[] = {
    {"alpine-secdb", "v3.18-main", "https://secdb.alpinelinux.org/v3.18/main.json"},
    {"alpine-secdb", "v3.18-community", "https://secdb.alpinelinux.org/v3.18/community.json"},
    {"alpine-secdb", "v3.19-main", "https://secdb.alpinelinux.org/v3.19/main.json"},
    {"alpine-secdb", "v3.19-community", "https://secdb.alpinelinux.org/v3.19/community.json"},
    {"alpine-secdb", "v3.20-main", "https://secdb.alpinelinux.org/v3.20/main.json"},
    {"alpine-secdb", "v3.20-community", "https://secdb.alpinelinux.org/v3.20/community.json"},
    {"alpine-secdb", "v3.21-main", "https://secdb.alpinelinux.org/v3.21/main.json"},
    {"alpine-secdb", "v3.21-community", "https://secdb.alpinelinux.org/v3.21/community.json"},
    {"alpine-secdb", "v3.22-main", "https://secdb.alpinelinux.org/v3.22/main.json"},
    {"alpine-secdb", "v3.22-community", "https://secdb.alpinelinux.org/v3.22/community.json"},
    {"alpine-secdb", "v3.23-main", "https://secdb.alpinelinux.org/v3.23/main.json"},
    {"alpine-secdb", "v3.23-community", "https://secdb.alpinelinux.org/v3.23/community.json"},
    {"alpine-secdb", "edge-main", "https://secdb.alpinelinux.org/edge/main.json"},
    {"alpine-secdb", "edge-community", "https://secdb.alpinelinux.org/edge/community.json"},
    {"debian-oval", "bullseye",
     "https://www.debian.org/security/oval/oval-definitions-bullseye.xml.bz2"},
    {"debian-oval", "bookworm",
     "https://www.debian.org/security/oval/oval-definitions-bookworm.xml.bz2"},
    {"debian-oval", "trixie",
     "https://www.debian.org/security/oval/oval-definitions-trixie.xml.bz2"},
    {"debian-lists", "dsa",
     "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/DSA/list"},
    {"debian-lists", "dla",
     "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/DLA/list"},
    {"ubuntu-oval", "focal",
     "https://security-metadata.canonical.com/oval/com.ubuntu.focal.usn.oval.xml.bz2"},
    {"ubuntu-oval", "jammy",
     "https://security-metadata.canonical.com/oval/com.ubuntu.jammy.usn.oval.xml.bz2"},
    {"ubuntu-oval", "noble",
     "https://security-metadata.canonical.com/oval/com.ubuntu.noble.usn.oval.xml.bz2"},
    {"redhat-oval", "7",
     "https://security.access.redhat.com/data/oval/v2/RHEL7/"
     "rhel-7-including-unpatched.oval.xml.bz2"},
    {"redhat-oval", "8",
     "https://security.access.redhat.com/data/oval/v2/RHEL8/"
     "rhel-8-including-unpatched.oval.xml.bz2"},
    {"redhat-oval", "9",
     "https://security.access.redhat.com/data/oval/v2/RHEL9/"
     "rhel-9-including-unpatched.oval.xml.bz2"},
    {"suse-oval", "sles-15",
     "https://ftp.suse.com/pub/projects/security/oval/suse.linux.enterprise.15-affected.xml.gz"},
    {"suse-oval", "sles-16",
     "https://ftp.suse.com/pub/projects/security/oval/suse.linux.enterprise.16-affected.xml.gz"},
    {"suse-oval", "leap-15.6",
     "https://ftp.suse.com/pub/projects/security/oval/opensuse.leap.15.6-affected.xml.gz"},
    {"suse-oval", "tumbleweed",
     "https://ftp.suse.com/pub/projects/security/oval/opensuse.tumbleweed-affected.xml.gz"},
    {"azure-oval", "azurelinux-3.0",
     "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/"
     "azurelinux-3.0-oval.xml"},
    {"azure-oval", "cbl-mariner-2.0",
     "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/"
     "cbl-mariner-2.0-oval.xml"},
    {"photon-json", "4.0",
     "https://packages.vmware.com/photon/photon_cve_metadata/cve_data_photon4.0.json"},
    {"photon-json", "5.0",
     "https://packages.vmware.com/photon/photon_cve_metadata/cve_data_photon5.0.json"},
};

const struct advisory_source *advisory_sources(size_t *count)
{
    *count = array_count(sources);
    return sources;
}

const struct advisory_source_part *advisory_source_parts(size_t *count)
{
    *count = array_count(parts);
    return parts;
}

const struct advisory_source *advisory_source_find(const char *name)
{
    struct slice stem = slice_of(name);
    stem.length = slice_find_byte(stem, ':');
    for (size_t i = 0; i < array_count(sources); i++)
        if (slice_is(stem, sources[i].name))
            return &sources[i];
    return NULL;
}

static const char *file_of(const char *url, const char *name)
{
    const char *slash = strrchr(url, '/');
    return slash && slash[1] ? slash + 1 : name;
}

const char *advisory_source_file(const char *name)
{
    const struct advisory_source *source = advisory_source_find(name);
    struct slice text = slice_of(name);
    size_t colon = slice_find_byte(text, ':');
    for (size_t i = 0; colon < text.length && i < array_count(parts); i++)
        if (slice_is(slice_sub(text, 0, colon), parts[i].source) &&
            strcmp(parts[i].part, name + colon + 1) == 0)
            return file_of(parts[i].url, name);
    return source ? file_of(source->url, name) : name;
}

const char *source_covers_name(enum source_covers covers)
{
    static const char *const names[] = {"packages", "fixes", "vulnerabilities", "releases"};
    return names[covers];
}

static bool covers_word(const char *word, const char *value)
{
    return strcmp(word, "*") == 0 || strcmp(word, value ? value : "") == 0;
}

bool advisory_source_covers(const struct advisory_source *source, const char *type,
                            const char *name, const struct package_context *context)
{
    if (source->covers != COVERS_PACKAGES && source->covers != COVERS_FIXES_ONLY)
        return false;
    if (source->product && (!name || strcmp(source->product, name) != 0))
        return false;
    return covers_word(source->type, type) && covers_word(source->distro, context->distro) &&
           (*source->release == 0 || covers_word(source->release, context->release));
}
