#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/blob_store.h"
#include "test.h"

static bool count_blob(void *context, const char *digest, int64_t bytes, int64_t modified_s)
{
    assert_true(digest_is_valid(digest) && bytes == 5 && modified_s > 0);
    (*(int *)context)++;
    return true;
}

TEST(a_blob_is_there_whole_or_not_at_all)
{
    char folder[] = "/tmp/resole-blob.XXXXXX", digest[DIGEST_TEXT_SIZE], wrong[DIGEST_TEXT_SIZE];
    struct blob_store *store = NULL;
    struct arena *arena = arena_new();
    struct error err = {0};
    struct slice bytes;
    int64_t size = 0, removed = 0;
    int seen = 0;
    assert_non_null(mkdtemp(folder));
    assert_true(blob_store_open(folder, &store, &err));
    assert_true(blob_store_put(store, slice_of("hello"), digest, &err));
    assert_true(blob_store_put(store, slice_of("hello"), digest, &err));
    assert_true(blob_store_find(store, digest, &size, &err));
    assert_int_equal(size, 5);
    assert_true(blob_store_load(store, arena, digest, 100, &bytes, &err));
    assert_true(slice_is(bytes, "hello"));

    struct blob_write *write = NULL;
    digest_of("other", 5, wrong);
    assert_true(blob_write_begin(store, wrong, 5, &write, &err));
    assert_true(blob_write_sink(write)->write(blob_write_sink(write), "bytes", 5, &err));
    assert_false(blob_write_commit(write, digest, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_true(blob_store_find(store, wrong, &size, &err));
    assert_int_equal(size, -1);
    assert_false(blob_store_load(store, arena, wrong, 100, &bytes, &err));
    assert_int_equal(err.kind, ERROR_RETRY);

    assert_true(blob_write_begin(store, NULL, -1, &write, &err)); /* a writer that died */
    assert_true(blob_store_sweep(store, 0, &removed, &err));
    assert_int_equal(removed, 1);
    blob_write_abort(write);
    assert_true(blob_store_list(store, count_blob, &seen, &err));
    assert_int_equal(seen, 1);
    assert_false(blob_store_find(store, "sha256:../../etc/passwd", &size, &err));
    blob_store_close(store);
    arena_free(arena);
}
