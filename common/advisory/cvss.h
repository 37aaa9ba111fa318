/* Base scores by version, from the metrics after the "CVSS:x.y/" prefix. False: a metric is
 * missing, unknown, repeated or has no such value. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

bool cvss2_score(struct slice metrics, double *score);
bool cvss3_score(struct slice metrics, bool minor_1, double *score);
bool cvss4_score(struct slice metrics, double *score);

/* Values of the metrics named in `names` (NULL-terminated), one character each, 0 when absent.
 * Metrics not named are passed over; a repeated one is refused. */
bool cvss_metrics(struct slice metrics, const char *const *names, char *values);
