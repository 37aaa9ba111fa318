#include "patch/layer_job.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/confined.h"
#include "base/limits.h"

enum { FIELDS_MOST = 8, WRITER_DEADLINE_S = 1800 };
#define ANSWER_BYTES_MOST (512LL << 20)

static const char *const mode_names[] = {"inspect", "patch", "rebase"};
static const char *const group_names[] = {"image", "old", "new", "app", "reconcile"};

/* Texts of images: control bytes would break the lines. */
static void put_field(struct buf *out, const char *text)
{
    buf_put_byte(out, '\t');
    for (const char *c = text; *c; c++)
        buf_put_byte(out, (unsigned char)*c < ' ' ? '?' : *c);
}

void layer_job_encode(const struct layer_job *job, struct buf *out)
{
    buf_printf(out, "mode\t%s\n", mode_names[job->mode]);
    for (size_t i = 0; i < job->layer_count; i++)
        buf_printf(out, "layer\t%s\t%lld\t%lld\t%s\n", group_names[job->layers[i].group],
                   (long long)job->layers[i].offset, (long long)job->layers[i].length,
                   job->layers[i].diff_id);
    for (size_t i = 0; i < job->deb_count; i++) {
        const struct job_deb *deb = &job->debs[i];
        buf_printf(out, "deb\t%lld\t%lld", (long long)deb->offset, (long long)deb->length);
        put_field(out, deb->name);
        put_field(out, deb->arch);
        put_field(out, deb->version);
        buf_put_byte(out, '\n');
    }
}

static size_t split(struct arena *arena, struct slice line, const char *fields[FIELDS_MOST])
{
    struct slice part;
    size_t count = 0;

    while (count < FIELDS_MOST && slice_take_until(&line, '\t', &part))
        fields[count++] = slice_string(arena, part);
    for (size_t i = count; i < FIELDS_MOST; i++)
        fields[i] = "";
    return count;
}

static bool number_of(const char *text, int64_t *out)
{
    return slice_parse_i64(slice_of(text), out) && *out >= 0;
}

static bool name_in(const char *const *names, size_t count, const char *name, int *out)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) {
            *out = (int)i;
            return true;
        }
    return false;
}

static bool job_line(struct arena *arena, const char *f[FIELDS_MOST], size_t count,
                     struct layer_job *out)
{
    int which;

    if (strcmp(f[0], "mode") == 0 && count == 2) {
        if (!name_in(mode_names, array_count(mode_names), f[1], &which))
            return false;
        out->mode = (enum layer_mode)which;
        return true;
    }
    if (strcmp(f[0], "layer") == 0 && count == 5 && out->layer_count < LIMIT_LAYERS) {
        struct job_layer layer = {.diff_id = f[4]};
        if (!name_in(group_names, array_count(group_names), f[1], &which) ||
            !number_of(f[2], &layer.offset) || !number_of(f[3], &layer.length))
            return false;
        layer.group = (enum layer_group)which;
        arena_push(arena, out->layers, out->layer_count, out->layer_capacity);
        out->layers[out->layer_count++] = layer;
        return true;
    }
    if (strcmp(f[0], "deb") == 0 && count == 6) {
        struct job_deb deb = {.name = f[3], .arch = f[4], .version = f[5]};
        if (!number_of(f[1], &deb.offset) || !number_of(f[2], &deb.length))
            return false;
        arena_push(arena, out->debs, out->deb_count, out->deb_capacity);
        out->debs[out->deb_count++] = deb;
        return true;
    }
    return false;
}

bool layer_job_decode(struct arena *arena, struct slice text, struct layer_job *out,
                      struct error *err)
{
    struct slice line;
    const char *fields[FIELDS_MOST];

    *out = (struct layer_job){0};
    while (slice_take_line(&text, &line)) {
        size_t count = split(arena, line, fields);
        if (!job_line(arena, fields, count, out))
            return error_set(err, ERROR_INPUT, "job: not a line: %.100s", fields[0]);
    }
    return true;
}

void layer_answer_encode(const struct layer_answer *answer, struct buf *out)
{
    for (size_t i = 0; i < answer->report.refusal_count; i++) {
        const struct plan_refusal *refusal = &answer->report.refusals[i];
        buf_put_text(out, "refusal");
        put_field(out, refusal->package);
        put_field(out, refusal->rule);
        put_field(out, refusal->text);
        buf_put_byte(out, '\n');
    }
    for (size_t i = 0; i < answer->report.note_count; i++) {
        const struct engine_note *note = &answer->report.notes[i];
        buf_put_text(out, "note");
        put_field(out, note->package);
        put_field(out, note->path);
        put_field(out, note->text);
        buf_put_byte(out, '\n');
    }
    if (answer->has_layer)
        buf_printf(out, "epoch\t%lld\nentries\t%lld\nlayer\t%s\t%s\t%lld\t%lld\n",
                   (long long)answer->epoch_s, (long long)answer->entries, answer->layer.digest,
                   answer->layer.diff_id, (long long)answer->layer.bytes,
                   (long long)answer->layer.inflated_bytes);
    for (size_t i = 0; i < answer->file_count; i++) {
        buf_put_text(out, "file");
        put_field(out, answer->files[i].path);
        buf_printf(out, "\t%zu\n", answer->files[i].content.length);
        buf_put_slice(out, answer->files[i].content);
        buf_put_byte(out, '\n');
    }
}

static bool answer_layer(const char *f[FIELDS_MOST], struct layer_answer *out)
{
    if (!digest_is_valid(f[1]) || !digest_is_valid(f[2]) || !number_of(f[3], &out->layer.bytes) ||
        !number_of(f[4], &out->layer.inflated_bytes))
        return false;
    memcpy(out->layer.digest, f[1], DIGEST_TEXT_SIZE);
    memcpy(out->layer.diff_id, f[2], DIGEST_TEXT_SIZE);
    out->layer.compression = COMPRESSION_GZIP;
    out->has_layer = true;
    return true;
}

static bool answer_file(struct arena *arena, const char *f[FIELDS_MOST], struct slice *text,
                        struct layer_answer *out)
{
    int64_t length;

    if (!number_of(f[2], &length) || (size_t)length >= text->length || text->data[length] != '\n')
        return false;
    arena_push(arena, out->files, out->file_count, out->file_capacity);
    out->files[out->file_count++] = (struct answer_file){f[1], {text->data, (size_t)length}};
    *text = slice_sub(*text, (size_t)length + 1, text->length);
    return true;
}

bool layer_answer_decode(struct arena *arena, struct slice text, struct layer_answer *out,
                         struct error *err)
{
    struct slice line;
    const char *f[FIELDS_MOST];

    *out = (struct layer_answer){0};
    while (slice_take_line(&text, &line)) {
        size_t count = split(arena, line, f);
        bool ok = false;
        if (strcmp(f[0], "refusal") == 0 && count == 4) {
            engine_refuse(arena, &out->report, f[1], f[2], f[3]);
            ok = true;
        } else if (strcmp(f[0], "note") == 0 && count == 4) {
            engine_note(arena, &out->report, f[1], f[2], f[3]);
            ok = true;
        } else if (strcmp(f[0], "epoch") == 0 && count == 2) {
            ok = number_of(f[1], &out->epoch_s);
        } else if (strcmp(f[0], "entries") == 0 && count == 2) {
            ok = number_of(f[1], &out->entries);
        } else if (strcmp(f[0], "layer") == 0 && count == 5) {
            ok = answer_layer(f, out);
        } else if (strcmp(f[0], "file") == 0 && count == 3) {
            ok = answer_file(arena, f, &text, out);
        }
        if (!ok)
            return error_set(err, ERROR_INPUT, "layer writer: not an answer: %.100s", f[0]);
    }
    return true;
}

struct slice answer_file_find(const struct layer_answer *answer, const char *path)
{
    for (size_t i = 0; i < answer->file_count; i++)
        if (strcmp(answer->files[i].path, path) == 0)
            return answer->files[i].content;
    return (struct slice){"", 0};
}

static bool pull_text(void *context, void *data, size_t size, size_t *got, struct error *err)
{
    struct slice *text = context;

    (void)err;
    *got = size < text->length ? size : text->length;
    memcpy(data, text->data, *got);
    *text = slice_sub(*text, *got, text->length);
    return true;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

bool layer_job_run(struct arena *arena, const struct layer_job *job, int spool_fd, int out_fd,
                   struct layer_answer *out, struct error *err)
{
    struct buf text scoped(buf_release) = {0};
    struct buf answer scoped(buf_release) = {0};
    const char *const arguments[] = {"run", NULL};
    int null_fd scoped(close_fd) = out_fd < 0 ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;

    layer_job_encode(job, &text);
    struct slice input = buf_slice(&text);
    struct confined_job run = {
        .program = "resole-layer-writer",
        .arguments = arguments,
        .input_fd = -1,
        .output_fd = -1,
        .extra_fds = {spool_fd, out_fd < 0 ? null_fd : out_fd},
        .extra_count = 2,
        .pull = pull_text,
        .context = &input,
        .deadline_s = WRITER_DEADLINE_S,
        .most_output_bytes = ANSWER_BYTES_MOST,
        .output = &answer,
    };
    if (!confined_run(&run, err))
        return false;
    char *kept = arena_memdup(arena, answer.data ? answer.data : "", answer.length);
    return layer_answer_decode(arena, (struct slice){kept, answer.length}, out, err);
}
