/* One managed image patched: the image itself, or every managed platform of an index. */
#pragma once

#include "patch_builder/claim.h"
#include "patch_builder/publish.h"

struct managed {
    int64_t id;
    struct place place;
    const char *tag, *digest; /* what the tag points at */
    const char *fixable;      /* digest over what packages would fix; NULL: nothing */
};

/* Plans, builds, pushes as TAG-resole.N, records; ends the claim. Foreign trouble that will not go
 * away (ERROR_INPUT) is recorded as a refusal. */
bool build_managed(struct job *job, const struct managed *managed, const struct claim *claim,
                   struct error *err) must_check;
