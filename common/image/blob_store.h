/* Blobs by digest in a shared directory: DIR/sha256/ab/<hex>. Written beside, verified, synced,
 * renamed: what is there is whole. Several processes may write the same blob. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/stream.h"

struct blob_store;
struct blob_write;

/* Makes the directory if it is missing. */
bool blob_store_open(const char *directory, struct blob_store **out, struct error *err);
void blob_store_close(struct blob_store *store);
void blob_store_scope_close(struct blob_store **store);

/* *bytes is -1 if it is not there. */
bool blob_store_find(struct blob_store *store, const char *digest, int64_t *bytes,
                     struct error *err);
/* A missing blob is ERROR_RETRY: whoever wants it has it fetched again. */
bool blob_store_read(struct blob_store *store, const char *digest, struct stream **out,
                     struct error *err);
/* The same as an open descriptor, to hand to a confined program. */
bool blob_store_open_fd(struct blob_store *store, const char *digest, int *fd, struct error *err);
/* Whole, into the arena, at most `most` bytes. */
bool blob_store_load(struct blob_store *store, struct arena *arena, const char *digest, size_t most,
                     struct slice *out, struct error *err);
bool blob_store_put(struct blob_store *store, struct slice bytes,
                    char digest[static DIGEST_TEXT_SIZE], struct error *err);
/* Gone already is fine. */
bool blob_store_remove(struct blob_store *store, const char *digest, struct error *err);
/* Removes unfinished writes not touched for so long; gives their number. */
bool blob_store_sweep(struct blob_store *store, int64_t older_than_s, int64_t *removed,
                      struct error *err);
/* Calls visit for each blob (retention); stops when it gives false. */
bool blob_store_list(struct blob_store *store,
                     bool (*visit)(void *context, const char *digest, int64_t bytes,
                                   int64_t modified_s),
                     void *context, struct error *err);

/* digest may be NULL (then it is computed), bytes -1 (not known). */
bool blob_write_begin(struct blob_store *store, const char *digest, int64_t bytes,
                      struct blob_write **out, struct error *err);
struct sink *blob_write_sink(struct blob_write *write);
/* Verifies; a wrong digest or size is ERROR_INPUT and leaves nothing behind. Releases the write. */
bool blob_write_commit(struct blob_write *write, char digest[static DIGEST_TEXT_SIZE],
                       struct error *err);
void blob_write_abort(struct blob_write *write); /* NULL is fine */
