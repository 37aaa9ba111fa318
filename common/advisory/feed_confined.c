#include "advisory/feed_confined.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/confined.h"

enum { SHELF_BYTES_MOST = 1024 * 1024 * 1024 };

bool feed_confined_import(const struct feed_request *request, int *out_fd, struct shelf **out,
                          struct error *err)
{
    char now[32];
    const struct advisory_source *source = request->source;
    const char *name = request->source_name ? request->source_name : source ? source->name : "auto";
    const char *format = request->format ? request->format : source ? source->format : "auto";
    const char *const arguments[] = {"feed", format, name, request->name, now, NULL};
    snprintf(now, sizeof(now), "%lld", (long long)request->now);
    int fd = memfd_create("resole-shelf", MFD_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_FATAL, "memory file: %s", strerror(errno));
    struct confined_job job = {
        .program = "resole-reader",
        .arguments = arguments,
        .input_fd = request->fd,
        .output_fd = fd,
        .deadline_s = request->deadline_s,
        .most_output_bytes = SHELF_BYTES_MOST,
    };
    *out = NULL;
    if (confined_run(&job, err))
        *out = shelf_open_fd(fd, request->name, err);
    if (!*out) {
        close(fd);
        return false;
    }
    *out_fd = fd;
    return true;
}

bool feed_reader_run(int argc, char **argv, struct error *err)
{
    if (argc != 5)
        return error_set(err, ERROR_FATAL, "usage: feed FORMAT SOURCE NAME NOW");
    struct shelf_builder *builder scoped(shelf_builder_scope_free) = shelf_builder_new();
    const struct feed_format *format = NULL, *used = NULL;
    struct feed_counts counts = {0};
    int64_t now = 0;
    bool guess = strcmp(argv[1], "auto") == 0;
    if (!slice_parse_i64(slice_of(argv[4]), &now))
        return error_set(err, ERROR_FATAL, "%s: not a time", argv[4]);
    format = guess ? feed_guess_file(STDIN_FILENO, argv[3], err) : feed_format_find(argv[1]);
    if (!format)
        return guess ? false : error_set(err, ERROR_INPUT, "%s: no such format", argv[1]);
    if (guess && lseek(STDIN_FILENO, 0, SEEK_SET) != 0)
        return error_set(err, ERROR_INPUT, "%s: not a regular file; name its source", argv[3]);
    const char *source = strcmp(argv[2], "auto") == 0 ? format->source : argv[2];
    struct feed_sink sink = {shelf_builder_take, builder, source, &counts};
    if (!feed_import(STDIN_FILENO, argv[3], format, &sink, &used, err))
        return false;
    struct shelf_meta meta = {
        .source = source,
        .format = used->name,
        .origin = argv[3],
        .as_of = counts.newest > 0 && counts.newest <= now ? counts.newest : 0,
        .loaded_at = now,
        .counts = counts,
    };
    return shelf_builder_write_fd(builder, STDOUT_FILENO, &meta, err);
}
