/* PEP 440 versions taken apart; for common/version only. */
#pragma once

#include "version/part.h"

enum pypi_pre { PYPI_ALPHA, PYPI_BETA, PYPI_RC };

struct pypi_version {
    struct slice epoch;   /* digits; empty = 0 */
    struct slice release; /* "1.2.3" */
    bool has_pre, has_post, has_dev;
    enum pypi_pre pre_kind;
    struct slice pre, post, dev; /* digits; empty = 0 */
    struct slice local;          /* without the "+"; empty = none */
};

bool pypi_parse(struct slice text, struct pypi_version *out);
int pypi_order(const struct pypi_version *a, const struct pypi_version *b, bool with_local);
int pypi_order_release(struct slice a, struct slice b); /* padded with zeros */
bool pypi_is_prerelease(const struct pypi_version *version);
