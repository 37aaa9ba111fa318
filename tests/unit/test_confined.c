#include <string.h>
#include <unistd.h>

#include "base/confined.h"
#include "inventory/layer_confined.h"
#include "test.h"

static bool pull_text(void *context, void *data, size_t size, size_t *got, struct error *err)
{
    (void)err;
    struct slice *left = context;
    *got = left->length < size ? left->length : size;
    memcpy(data, left->data, *got);
    *left = slice_sub(*left, *got, left->length);
    return true;
}

TEST(the_reader_refuses_what_is_no_layer)
{
    struct arena *arena = arena_new();
    struct error err = {0};
    struct evidence evidence;
    struct stream *bytes = stream_of_memory(slice_of("this is no tar at all, and long enough"));
    assert_false(layer_confined_read(bytes, NULL, arena, &evidence, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    stream_close(bytes);
    arena_free(arena);
}

TEST(an_empty_layer_and_a_wrong_diff_id)
{
    struct arena *arena = arena_new();
    struct error err = {0};
    struct evidence evidence;
    static const char zeros[1024];
    struct stream *bytes = stream_of_memory((struct slice){zeros, sizeof(zeros)});
    assert_true(layer_confined_read(bytes, NULL, arena, &evidence, &err));
    stream_close(bytes);
    assert_string_equal(evidence.diff_id, "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6"
                                          "cddfaf10ace3c6ef");
    assert_true(evidence.complete);
    const struct layer_confined_settings settings = {.diff_id = "sha256:00"};
    bytes = stream_of_memory((struct slice){zeros, sizeof(zeros)});
    assert_false(layer_confined_read(bytes, &settings, arena, &evidence, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    stream_close(bytes);
    arena_free(arena);
}

TEST(a_mode_that_does_not_exist_is_the_childs_complaint)
{
    const char *const arguments[] = {"no-such-mode", NULL};
    struct error err = {0};
    struct slice text = slice_of("x");
    struct buf output scoped(buf_release) = {0};
    struct confined_job job = {.program = "resole-reader",
                               .arguments = arguments,
                               .input_fd = -1,
                               .output_fd = -1,
                               .pull = pull_text,
                               .context = &text,
                               .output = &output};
    assert_false(confined_run(&job, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_non_null(strstr(err.text, "usage"));
}

TEST(a_program_that_is_not_there)
{
    struct error err = {0};
    struct confined_job job = {.program = "resole-nobody", .input_fd = -1, .output_fd = -1};
    assert_false(confined_run(&job, &err));
    assert_int_equal(err.kind, ERROR_FATAL);
}

TEST(an_overrun_of_time_ends_the_child)
{
    const char *const arguments[] = {"layer", NULL};
    struct error err = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct confined_job job = {.program = "resole-reader",
                               .arguments = arguments,
                               .input_fd = ends[0],
                               .output_fd = -1,
                               .deadline_s = 1};
    assert_false(confined_run(&job, &err)); /* nobody ever writes */
    assert_int_equal(err.kind, ERROR_INPUT);
    close(ends[0]);
    close(ends[1]);
}
