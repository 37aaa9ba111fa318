/* Any bytes as two versions and a range: an order must be reflexive and antisymmetric. */
#include <stdlib.h>

#include "version/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ecosystem *ecosystem, struct slice a, struct slice b)
{
    struct error err = {0};
    struct buf out scoped(buf_release) = {0};
    int order, back, self;
    bool contained;
    if (ecosystem->compare && version_compare(ecosystem, a, b, &order, &err)) {
        if (!version_compare(ecosystem, b, a, &back, &err) || back != -order)
            abort();
        if (!version_compare(ecosystem, a, a, &self, &err) || self != 0)
            abort();
    }
    (void)version_is_valid(ecosystem, a);
    for (unsigned options = 0; options < 8; options++) {
        (void)version_range_is_valid(ecosystem, a, options);
        (void)!version_range_contains(ecosystem, a, b, options, &contained, &err);
    }
    (void)!version_normalise(ecosystem, a, &out, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    if (size > 400)
        return 0;
    size_t at = slice_find_byte(text, '\n');
    struct slice a = slice_sub(text, 0, at), b = slice_sub(text, at + 1, size);
    for (size_t i = 0; ecosystem_at(i); i++)
        check(ecosystem_at(i), a, b);
    return 0;
}
