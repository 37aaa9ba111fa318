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

bool semver_compare(struct slice a, struct slice b, int *order); /* lenient */
bool semver_valid(struct slice text);
bool pub_compare(struct slice a, struct slice b, int *order);
bool generic_compare(struct slice a, struct slice b, int *order);
bool bitnami_compare(struct slice a, struct slice b, int *order);

bool golang_compare(struct slice a, struct slice b, int *order);
bool golang_valid(struct slice text);
bool golang_ordered(struct slice text); /* with or without "v"; go1.21rc2 too */
bool golang_normalise(struct slice text, struct buf *out);
bool golang_pseudo_normalise(struct slice text, struct buf *out);

bool cargo_compare(struct slice a, struct slice b, int *order);
bool cargo_valid(struct slice text);
bool cargo_contains(struct slice range, struct slice version, unsigned options, bool *contained);
bool cargo_range_valid(struct slice range, unsigned options);

bool cran_compare(struct slice a, struct slice b, int *order);
bool hackage_compare(struct slice a, struct slice b, int *order);

bool npm_valid(struct slice text);
bool npm_contains(struct slice range, struct slice version, unsigned options, bool *contained);
bool npm_range_valid(struct slice range, unsigned options);
bool npm_normalise(struct slice text, struct buf *out); /* of a range */
bool npm_intersects(struct slice range, struct slice other, unsigned options, bool *contained);
bool npm_subset(struct slice range, struct slice other, unsigned options, bool *contained);

bool pypi_compare(struct slice a, struct slice b, int *order);
bool pypi_normalise(struct slice text, struct buf *out);
bool pypi_contains(struct slice range, struct slice version, unsigned options, bool *contained);
bool pypi_range_valid(struct slice range, unsigned options);

bool maven_compare(struct slice a, struct slice b, int *order);
bool maven_contains(struct slice range, struct slice version, unsigned options, bool *contained);
bool maven_range_valid(struct slice range, unsigned options);
bool maven_resolver_compare(struct slice a, struct slice b, int *order);
bool maven_resolver_contains(struct slice range, struct slice version, unsigned options,
                             bool *contained);
bool maven_resolver_range_valid(struct slice range, unsigned options);

bool gem_compare(struct slice a, struct slice b, int *order);
bool gem_contains(struct slice range, struct slice version, unsigned options, bool *contained);
bool gem_range_valid(struct slice range, unsigned options);
bool gem_prerelease_normalise(struct slice text, struct buf *out);

bool nuget_compare(struct slice a, struct slice b, int *order);
bool nuget_valid(struct slice text);
bool nuget_normalise(struct slice text, struct buf *out);
bool nuget_contains(struct slice range, struct slice version, unsigned options, bool *contained);
bool nuget_range_valid(struct slice range, unsigned options);
bool nuget_range_normalise(struct slice text, struct buf *out);

bool portage_compare(struct slice a, struct slice b, int *order);
bool jvm_compare(struct slice a, struct slice b, int *order);

bool composer_compare(struct slice a, struct slice b, int *order);
bool composer_normalise(struct slice text, struct buf *out);
bool composer_contains(struct slice range, struct slice version, unsigned options, bool *contained);
bool composer_range_valid(struct slice range, unsigned options);
