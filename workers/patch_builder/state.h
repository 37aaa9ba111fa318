/* What lives as long as the process. */
#pragma once

#include <stdint.h>

#include "patch_builder/claim.h"

struct patch_builder_state {
    int64_t auto_at_ms;     /* when policies are asked for consent again */
    struct claim_debt debt; /* how the last work ended, while the database was away */
};
