/* The table of feed formats: one row and one file each. */
#pragma once

#include "advisory/feed.h"

extern const struct feed_format *const feed_formats[];
extern const size_t feed_format_count;

extern const struct feed_format feed_debian_tracker, feed_osv, feed_apt_packages, feed_alpine_secdb,
    feed_kev, feed_epss;
