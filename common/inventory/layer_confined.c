#include "inventory/layer_confined.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/confined.h"
#include "base/limits.h"

static bool pull(void *context, void *data, size_t size, size_t *got, struct error *err)
{
    return stream_read(context, data, size, got, err);
}

static bool run(struct confined_job *job, const struct layer_confined_settings *settings,
                struct arena *arena, struct evidence *out, struct error *err)
{
    struct buf text scoped(buf_release) = {0};
    job->program = "resole-reader";
    job->output_fd = -1;
    job->output = &text;
    job->most_output_bytes = LIMIT_NESTED_BYTES;
    job->deadline_s = settings ? settings->deadline_s : 0;
    if (!confined_run(job, err) || !evidence_decode(buf_slice(&text), arena, out, err))
        return false;
    const char *claimed = settings && settings->diff_id ? settings->diff_id : "";
    if (claimed[0] && strcmp(claimed, out->diff_id) != 0)
        return error_set(err, ERROR_INPUT, "its diff_id is %s, but the image's config claims %s",
                         out->diff_id, claimed);
    return true;
}

bool layer_confined_read(struct stream *blob, const struct layer_confined_settings *settings,
                         struct arena *arena, struct evidence *out, struct error *err)
{
    const char *const arguments[] = {"layer", NULL};
    struct confined_job job = {
        .arguments = arguments, .input_fd = -1, .pull = pull, .context = blob};
    return run(&job, settings, arena, out, err);
}

bool layer_confined_read_fd(int fd, const struct layer_confined_settings *settings,
                            struct arena *arena, struct evidence *out, struct error *err)
{
    const char *const arguments[] = {"layer", NULL};
    struct confined_job job = {.arguments = arguments, .input_fd = fd};
    return run(&job, settings, arena, out, err);
}

bool layer_confined_read_directory(const char *path, struct arena *arena, struct evidence *out,
                                   struct error *err)
{
    const char *const arguments[] = {"directory", NULL};
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    struct confined_job job = {
        .arguments = arguments, .input_fd = -1, .extra_fds = {fd}, .extra_count = 1};
    bool ok = run(&job, NULL, arena, out, err);
    close(fd);
    return ok;
}

bool layer_confined_read_sbom(const char *path, struct arena *arena, struct evidence *out,
                              struct error *err)
{
    const char *const arguments[] = {"sbom", NULL};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    struct confined_job job = {.arguments = arguments, .input_fd = fd};
    bool ok = run(&job, NULL, arena, out, err);
    close(fd);
    return ok || error_wrap(err, "%s", path);
}
