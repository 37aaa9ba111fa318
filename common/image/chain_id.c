#include "image/chain_id.h"

#include <stdio.h>
#include <string.h>

void chain_id_next(const char *below, const char *diff_id, char out[static DIGEST_TEXT_SIZE])
{
    char pair[2 * DIGEST_TEXT_SIZE + 2];
    if (!*below) {
        snprintf(out, DIGEST_TEXT_SIZE, "%s", diff_id);
        return;
    }
    int length = snprintf(pair, sizeof(pair), "%s %s", below, diff_id);
    digest_of(pair, (size_t)length, out);
}

void chain_id_of(const char *const *diff_ids, size_t count, char out[static DIGEST_TEXT_SIZE])
{
    char below[DIGEST_TEXT_SIZE] = "";
    for (size_t i = 0; i < count; i++) {
        chain_id_next(below, diff_ids[i], out);
        memcpy(below, out, sizeof(below));
    }
}
