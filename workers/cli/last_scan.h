/* What `resole scan` last looked at, beside the advisory data: `resole explain FINDING` looks there
 * when no IMAGE is named. Best effort: a place that cannot be written is no error. */
#pragma once

#include "cli/command.h"

struct last_scan {
    const char *directory; /* relative names below are relative to it */
    const char *image, *platform, *policy;
    struct option_list vex;
};

void last_scan_save(const char *advisory_dir, const struct last_scan *scan);
/* false: none, or not readable. */
bool last_scan_load(const char *advisory_dir, struct arena *arena, struct last_scan *out);
