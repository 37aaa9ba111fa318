#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "advisory/shelf.h"
#include "base/buf.h"
#include "test.h"

enum { COUNT = 40 };

static struct assertion nth(struct arena *arena, size_t i)
{
    struct version_range *range = arena_new_object(arena, struct version_range);
    range->fixed = arena_printf(arena, "%zu.%zu", i % 7, i);
    return (struct assertion){
        .source = "osv",
        .record = arena_printf(arena, "R-%zu", i),
        .vulnerability = arena_printf(arena, "CVE-2024-%04zu", i),
        .type = "pypi",
        .name = arena_printf(arena, "name-%zu", i % 5),
        .state = STATE_FIXED,
        .ranges = range,
        .range_count = 1,
        .title = i % 3 ? "same title" : NULL,
        .published = (int64_t)i * 1000,
        .epss = -1,
        .epss_percentile = -1,
    };
}

/* The assertions by the permutation i -> i * step mod COUNT, as a shelf's bytes. */
static struct slice shelf_bytes(struct arena *arena, size_t step)
{
    FILE *file = tmpfile();
    struct error err = {0};
    struct shelf_builder *builder = shelf_builder_new();
    struct shelf_meta meta = {.source = "osv", .format = "osv", .origin = "o"};
    assert_non_null(file);
    for (size_t i = 0; i < COUNT; i++) {
        struct assertion a = nth(arena, i * step % COUNT);
        assert_true(shelf_builder_add(builder, &a, &err));
    }
    assert_true(shelf_builder_write_fd(builder, fileno(file), &meta, &err));
    shelf_builder_free(builder);
    size_t length = (size_t)lseek(fileno(file), 0, SEEK_END);
    char *data = arena_alloc(arena, length + 1);
    assert_int_equal(pread(fileno(file), data, length, 0), (ssize_t)length);
    fclose(file);
    return (struct slice){data, length};
}

static struct shelf *open_bytes(struct slice bytes, struct error *err)
{
    FILE *file = tmpfile();
    assert_int_equal(fwrite(bytes.data, 1, bytes.length, file), bytes.length);
    fflush(file);
    struct shelf *shelf = shelf_open_fd(fileno(file), "test", err);
    fclose(file);
    return shelf;
}

TEST(the_order_of_import_does_not_show)
{
    struct arena *arena = arena_new();
    struct slice first = shelf_bytes(arena, 1);
    assert_true(slice_equal(first, shelf_bytes(arena, 7)));
    assert_true(slice_equal(first, shelf_bytes(arena, 39)));
    struct error err = {0};
    struct shelf *shelf = open_bytes(first, &err);
    struct assertion_list list = {0};
    assert_non_null(shelf);
    assert_true(shelf_find(shelf, "pypi", "", "", "name-3", arena, &list, &err));
    assert_int_equal(list.count, COUNT / 5);
    assert_true(shelf_find(shelf, "pypi", "", "", "name-9", arena, &list, &err));
    assert_int_equal(list.count, COUNT / 5);
    shelf_close(shelf);
    arena_free(arena);
}

static bool see(void *context, const struct assertion *a, struct error *err)
{
    (void)a;
    (void)err;
    ++*(size_t *)context;
    return true;
}

TEST(an_altered_byte_is_seen_and_no_cut_is_read)
{
    struct arena *arena = arena_new();
    struct slice good = shelf_bytes(arena, 1);
    struct error err = {0};
    struct shelf *shelf = open_bytes(good, &err);
    size_t seen = 0;
    assert_true(shelf_verify(shelf, &err));
    assert_true(shelf_each(shelf, see, &seen, &err));
    assert_int_equal(seen, COUNT);
    shelf_close(shelf);
    for (size_t at = 0; at < good.length; at += 13) {
        char *bad = arena_memdup(arena, good.data, good.length);
        bad[at] ^= 0x55;
        shelf = open_bytes((struct slice){bad, good.length}, &err);
        /* padding between sections means nothing; everything else is refused or seen */
        if (shelf && shelf_verify(shelf, &err) && good.data[at] != 0)
            fail_msg("byte %zu", at);
        if (shelf)
            (void)shelf_each(shelf, see, &seen, &err);
        shelf_close(shelf);
        assert_null(open_bytes(slice_sub(good, 0, at), &err));
        assert_int_equal(err.kind, ERROR_INPUT);
    }
    arena_free(arena);
}
