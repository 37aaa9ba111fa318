/* resole-layer-writer: a root composed of layers and verified packages → one layer. The job comes
 * on descriptor 0, blobs lie in 3, the layer goes to 4, the answer to 1, a complaint, one line,
 * to 2. Exit 0 done (refusals are an answer), 3 these bytes are no good, 70 a bug. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/sandbox.h"
#include "base/version_text.h"
#include "patch/layer_job.h"
#include "patch/rebase.h"

enum { WRITER_CPU_S = 1800, SPOOL_FD = 3, LAYER_FD = 4, GZIP_LEVEL = 6 };
enum { JOB_BYTES_MOST = 16 * 1024 * 1024 };

static const int64_t writer_memory = 8LL << 30;
static const int64_t writer_file = 32LL << 30;

static bool apply_layers(const struct layer_job *job, enum layer_group group, struct root *root,
                         struct error *err)
{
    for (size_t i = 0; i < job->layer_count; i++) {
        const struct job_layer *layer = &job->layers[i];
        struct layer_totals totals;
        if (layer->group != group)
            continue;
        struct stream *blob scoped(stream_scope_close) =
            stream_of_file_range(SPOOL_FD, false, layer->offset, layer->length);
        struct stream *tar scoped(stream_scope_close) = NULL;
        struct layer_stream_settings settings = {.no_digest = true};
        if (!layer_stream_open(blob, &settings, &tar, err) ||
            !root_apply_layer(root, tar, root->layers++, err) ||
            !layer_stream_finish(tar, &totals, err))
            return error_wrap(err, "layer %s", layer->diff_id);
        if (strcmp(totals.diff_id, layer->diff_id) != 0)
            return error_set(err, ERROR_INPUT, "layer %s: its bytes are %s", layer->diff_id,
                             totals.diff_id);
    }
    return true;
}

/* What a plan needs to know of an image. */
static bool is_asked(const char *path)
{
    return strcmp(path, "var/lib/dpkg/status") == 0 || strcmp(path, "etc/os-release") == 0 ||
           strcmp(path, "usr/lib/os-release") == 0 || strcmp(path, "etc/debian_version") == 0 ||
           strcmp(path, "etc/apt/sources.list") == 0 ||
           (strncmp(path, "etc/apt/sources.list.d/", 23) == 0 && !strchr(path + 23, '/'));
}

struct inspection {
    struct arena *arena;
    struct layer_answer *answer;
};

static bool inspect_node(void *context, const char *path, struct node *node)
{
    struct inspection *in = context;
    struct layer_answer *answer = in->answer;

    if (!is_asked(path) || node->inode->type != ENTRY_FILE || !node->inode->has_content)
        return true;
    arena_push(in->arena, answer->files, answer->file_count, answer->file_capacity);
    answer->files[answer->file_count++] =
        (struct answer_file){arena_strdup(in->arena, path), node->inode->content};
    return true;
}

static bool run_inspect(struct arena *arena, const struct layer_job *job,
                        struct layer_answer *answer, struct error *err)
{
    struct root root;
    struct inspection in = {arena, answer};

    root_init(&root, arena, is_asked);
    return apply_layers(job, GROUP_IMAGE, &root, err) && root_each(&root, NULL, inspect_node, &in);
}

static bool write_layer(struct root *root, struct layer_answer *answer, struct error *err)
{
    struct fd_sink sink = fd_sink_of(LAYER_FD);
    struct layer_writer *writer scoped(layer_writer_scope_close) = NULL;
    struct layer_write_settings settings = {.compression = COMPRESSION_GZIP, .level = GZIP_LEVEL};
    size_t entries;

    answer->epoch_s = root_epoch(root);
    if (!layer_writer_open(&sink.sink, &settings, &writer, err) ||
        !root_write(root, writer, &entries, err) ||
        !layer_writer_finish(writer, &answer->layer, err))
        return false;
    answer->entries = (int64_t)entries;
    answer->has_layer = true;
    return true;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Files whose content a first run found to be needed (a new owner, say): the second keeps it. */
static const char **wanted;
static size_t wanted_count, wanted_capacity;
static bool (*keeps_always)(const char *path);

static bool keeps(const char *path)
{
    if (wanted_count && bsearch(&path, wanted, wanted_count, sizeof(*wanted), by_path))
        return true;
    return keeps_always(path);
}

/* True if the tree cannot be written for want of content. */
static bool want_more(struct arena *arena, const struct root *root)
{
    struct root_change *changes;
    size_t count, before = wanted_count;

    root_changes(root, arena, &changes, &count);
    for (size_t i = 0; i < count; i++) {
        const struct root_change *change = &changes[i];
        if (change->entry.whiteout || change->entry.type != ENTRY_FILE ||
            change->inode->has_content)
            continue;
        arena_push(arena, wanted, wanted_count, wanted_capacity);
        wanted[wanted_count++] = change->entry.path;
    }
    if (wanted_count)
        qsort(wanted, wanted_count, sizeof(*wanted), by_path);
    return wanted_count > before;
}

static bool patch_root(struct arena *arena, const struct layer_job *job,
                       const struct engine_deb *debs, struct root *root,
                       struct engine_report *report, struct error *err)
{
    *report = (struct engine_report){0};
    root_init(root, arena, keeps);
    if (!apply_layers(job, GROUP_IMAGE, root, err))
        return false;
    root_seal(root);
    return engine_patch(arena, root, debs, job->deb_count, report, err);
}

static bool run_patch(struct arena *arena, const struct layer_job *job, struct layer_answer *answer,
                      struct error *err)
{
    struct root root;
    struct engine_deb *debs = arena_new_array(arena, struct engine_deb, job->deb_count);

    keeps_always = engine_keeps;
    for (size_t i = 0; i < job->deb_count; i++) {
        const struct job_deb *deb = &job->debs[i];
        struct stream *bytes scoped(stream_scope_close) =
            stream_of_file_range(SPOOL_FD, false, deb->offset, deb->length);
        debs[i] = (struct engine_deb){deb->name, deb->arch, deb->version, {0}};
        if (!deb_file_read(arena, bytes, &debs[i].file, err))
            return error_wrap(err, "package %s %s", deb->name, deb->version);
    }
    if (!patch_root(arena, job, debs, &root, &answer->report, err))
        return false;
    if (answer->report.refusal_count > 0)
        return true;
    if (want_more(arena, &root) && !patch_root(arena, job, debs, &root, &answer->report, err))
        return false;
    return write_layer(&root, answer, err);
}

static bool reconcile(struct arena *arena, const struct layer_job *job, struct root *out,
                      struct engine_report *report, struct error *err)
{
    struct root old, new, app;

    root_init(&old, arena, keeps);
    root_init(&new, arena, keeps);
    root_init(&app, arena, keeps);
    root_init(out, arena, keeps);
    if (!apply_layers(job, GROUP_OLD, &old, err) || !apply_layers(job, GROUP_OLD, &app, err) ||
        !apply_layers(job, GROUP_APP, &app, err) ||
        !apply_layers(job, GROUP_RECONCILE, &app, err) ||
        !apply_layers(job, GROUP_NEW, &new, err) || !apply_layers(job, GROUP_NEW, out, err) ||
        !apply_layers(job, GROUP_APP, out, err))
        return false;
    root_seal(out);
    *report = (struct engine_report){0};
    return rebase_reconcile(arena, &old, &new, &app, out, report, err);
}

static bool run_rebase(struct arena *arena, const struct layer_job *job,
                       struct layer_answer *answer, struct error *err)
{
    struct root out;

    keeps_always = rebase_keeps;
    if (!reconcile(arena, job, &out, &answer->report, err))
        return false;
    if (want_more(arena, &out) && !answer->report.refusal_count &&
        !reconcile(arena, job, &out, &answer->report, err))
        return false;
    struct root_change *changes;
    size_t count;
    root_changes(&out, arena, &changes, &count);
    return answer->report.refusal_count > 0 || !count || write_layer(&out, answer, err);
}

static bool answer_out(const struct layer_answer *answer, struct error *err)
{
    struct buf text scoped(buf_release) = {0};
    struct fd_sink out = fd_sink_of(STDOUT_FILENO);

    layer_answer_encode(answer, &text);
    return !text.length || out.sink.write(&out.sink, text.data, text.length, err);
}

static bool run(struct arena *arena, struct error *err)
{
    struct sandbox sandbox = {.memory_bytes = writer_memory,
                              .cpu_s = WRITER_CPU_S,
                              .file_bytes = writer_file,
                              .read_root_fd = -1,
                              .write_root_fd = -1};
    struct layer_job job;
    struct layer_answer answer = {0};
    struct buf text scoped(buf_release) = {0};
    struct stream *in scoped(stream_scope_close) = stream_of_fd(STDIN_FILENO, false);

    if (!sandbox_enter(&sandbox, err) || !stream_read_all(in, JOB_BYTES_MOST, &text, err) ||
        !layer_job_decode(arena, buf_slice(&text), &job, err))
        return false;
    if (job.mode == LAYER_INSPECT ? !run_inspect(arena, &job, &answer, err)
        : job.mode == LAYER_PATCH ? !run_patch(arena, &job, &answer, err)
                                  : !run_rebase(arena, &job, &answer, err))
        return false;
    return answer_out(&answer, err);
}

int main(int argc, char **argv)
{
    struct error err = {0};

    setlocale(LC_CTYPE, "C.UTF-8");
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("resole-layer-writer %s (%s)\n", RESOLE_VERSION, sandbox_describe());
        return 0;
    }
    if (argc < 2 || strcmp(argv[1], "run") != 0) {
        fprintf(stderr, "usage: resole-layer-writer run  (started by the workers and by resole)\n");
        return argc >= 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    struct arena *arena = arena_new();
    bool ok = run(arena, &err);
    if (!ok)
        fprintf(stderr, "%s\n", err.text);
#ifdef RESOLE_SANITIZED
    arena_free(arena);
#endif
    return ok ? 0 : err.kind == ERROR_INPUT ? 3 : 70;
}
