/* The functions behind the table of ecosystems; for common/version only. Each returns false for
 * what is no version (or range) of its ecosystem. */
#pragma once

#include "version/part.h"

bool deb_compare(struct slice a, struct slice b, int *order);
bool deb_valid(struct slice text);

bool rpm_compare(struct slice a, struct slice b, int *order);
bool rpm_segment_compare(struct slice a, struct slice b, int *order);
bool alpm_compare(struct slice a, struct slice b, int *order);

bool apk_compare(struct slice a, struct slice b, int *order);
bool apk_valid(struct slice text);
bool apk_contains(struct slice range, struct slice version, unsigned options, bool *contained);
