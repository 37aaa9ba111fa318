/* ChainID (OCI image-spec 1.1 config.md, "Layer ChainID"): names a stack of layers. */
#pragma once

#include <stddef.h>

#include "base/digest.h"

/* Of the lowest `count` (≥ 1) diff_ids. */
void chain_id_of(const char *const *diff_ids, size_t count, char out[static DIGEST_TEXT_SIZE]);
/* From the ChainID below ("" for none) and the next diff_id. */
void chain_id_next(const char *below, const char *diff_id, char out[static DIGEST_TEXT_SIZE]);
