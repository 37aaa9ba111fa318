/* Blobs one after another in an unlinked temporary file: what a confined program may read. */
#pragma once

#include "base/digest.h"
#include "base/stream.h"

struct spool {
    int fd;
    int64_t length;
    char folder[512];
};

/* folder: NULL or "": $TMPDIR, /tmp. */
bool spool_open(const char *folder, struct spool *out, struct error *err);
void spool_close(struct spool *spool); /* for scoped(); fd -1 is fine */
/* Appends everything; *digest of what came. most: more is ERROR_INPUT. */
bool spool_append(struct spool *spool, struct stream *from, int64_t most, int64_t *offset,
                  int64_t *length, char digest[static DIGEST_TEXT_SIZE], struct error *err);
/* A second such file, of its own. */
bool spool_temporary(const char *folder, int *fd, struct error *err);
