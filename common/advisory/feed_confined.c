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
    char now[32], as_of[32];
    const struct advisory_source *source = request->source;
    const char *name = request->source_name ? request->source_name : source ? source->name : "auto";
    const char *format = request->format ? request->format : source ? source->format : "auto";
    const char *const arguments[] = {"feed", format, name, request->name, now, as_of, NULL};
    snprintf(now, sizeof(now), "%lld", (long long)request->now);
    snprintf(as_of, sizeof(as_of), "%lld", (long long)request->as_of);
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

/* What the assertions are about, if it is one thing: a file that nobody named goes to the source of
 * just that. */
struct naming {
    struct shelf_builder *builder;
    char type[32], distro[32];
    bool any, mixed;
};

static bool take_named(void *context, const struct assertion *a, struct error *err)
{
    struct naming *naming = context;
    const char *distro = a->context.distro ? a->context.distro : "";
    if (!naming->any) {
        snprintf(naming->type, sizeof(naming->type), "%s", a->type);
        snprintf(naming->distro, sizeof(naming->distro), "%s", distro);
        naming->any = true;
    }
    naming->mixed |= strcmp(naming->type, a->type) != 0 || strcmp(naming->distro, distro) != 0;
    return shelf_builder_add(naming->builder, a, err);
}

static const char *source_of(const struct naming *naming, const struct feed_format *format)
{
    size_t count;
    const struct advisory_source *sources = advisory_sources(&count);
    for (size_t i = 0; naming->any && !naming->mixed && i < count; i++)
        if (strcmp(sources[i].format, format->name) == 0 &&
            strcmp(sources[i].type, naming->type) == 0 &&
            strcmp(sources[i].distro, naming->distro) == 0)
            return sources[i].name;
    return format->source;
}

static const char *base_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

bool feed_reader_run(int argc, char **argv, struct error *err)
{
    if (argc != 6)
        return error_set(err, ERROR_FATAL, "usage: feed FORMAT SOURCE NAME NOW AS_OF");
    struct shelf_builder *builder scoped(shelf_builder_scope_free) = shelf_builder_new();
    const struct feed_format *format = NULL, *used = NULL;
    struct feed_counts counts = {0};
    struct naming naming = {.builder = builder};
    int64_t now = 0, as_of = 0;
    bool guess = strcmp(argv[1], "auto") == 0;
    if (!slice_parse_i64(slice_of(argv[4]), &now) || !slice_parse_i64(slice_of(argv[5]), &as_of))
        return error_set(err, ERROR_FATAL, "%s, %s: not times", argv[4], argv[5]);
    format = guess ? feed_guess_file(STDIN_FILENO, argv[3], err) : feed_format_find(argv[1]);
    if (!format)
        return guess ? false : error_set(err, ERROR_INPUT, "%s: no such format", argv[1]);
    if (guess && lseek(STDIN_FILENO, 0, SEEK_SET) != 0)
        return error_set(err, ERROR_INPUT, "%s: not a regular file; name its source", argv[3]);
    bool named = strcmp(argv[2], "auto") != 0;
    const char *source = named ? argv[2] : format->source;
    struct feed_sink sink = {take_named, &naming, source, &counts};
    if (!feed_import(STDIN_FILENO, argv[3], format, &sink, &used, err))
        return false;
    if (!named) {
        source = source_of(&naming, used);
        shelf_builder_rename(builder, source);
    }
    bool dated = counts.newest > 0 && counts.newest <= now;
    struct shelf_meta meta = {
        .source = source,
        .format = used->name,
        .origin = base_name(argv[3]),
        .as_of = dated ? counts.newest : as_of,
        .loaded_at = dated || as_of > 0 ? 0 : now,
        .counts = counts,
    };
    return shelf_builder_write_fd(builder, STDOUT_FILENO, &meta, err);
}
