/* The table of feed formats: one row and one file each. */
#pragma once

#include "advisory/feed.h"

extern const struct feed_format *const feed_formats[];
extern const size_t feed_format_count;

extern const struct feed_format feed_debian_tracker, feed_debian_lists, feed_osv, feed_osv_yaml,
    feed_apt_packages, feed_alpine_secdb, feed_wolfi_advisories, feed_arch, feed_photon,
    feed_ubuntu_tracker, feed_ubuntu_vex, feed_ruby_advisory, feed_friendsofphp, feed_node_core,
    feed_nvd, feed_cve, feed_kev, feed_epss, feed_endoflife, feed_amazon_updateinfo,
    feed_almalinux_updateinfo, feed_rocky_updateinfo, feed_fedora_updateinfo,
    feed_oracle_updateinfo, feed_debian_oval, feed_ubuntu_oval, feed_redhat_oval, feed_rocky_oval,
    feed_oracle_oval, feed_suse_oval, feed_azure_oval, feed_photon_oval, feed_redhat_vex,
    feed_redhat_csaf, feed_suse_vex, feed_suse_csaf, feed_rustsec, feed_ghsa_csv;
