#include "advisory/feeds/formats.h"

/* In the order of recognition: the particular before the general. */
const struct feed_format *const feed_formats[] = {
    &feed_debian_tracker, &feed_alpine_secdb, &feed_kev, &feed_epss, &feed_osv, &feed_apt_packages,
};
const size_t feed_format_count = array_count(feed_formats);
