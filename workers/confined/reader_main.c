/* resole-reader: turns hostile bytes into records. Bytes come on descriptor 0, records go to 1; the
 * complaint, one line, to 2. Exit 0 done, 3 these bytes are no good, 70 a bug. No secrets, no
 * network, no database; no files but what a mode names. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "advisory/changelog.h"
#include "advisory/feed_confined.h"
#include "base/limits.h"
#include "base/sandbox.h"
#include "base/stream.h"
#include "base/version_text.h"
#include "image/layer_stream.h"
#include "inventory/layer_read.h"
#include "inventory/reader.h"
#include "inventory/readers/sbom.h"

enum { READER_CPU_S = 1200, READER_DIRECTORY_FD = 3 };

static const int64_t reader_memory = 3LL * 1024 * 1024 * 1024;
static const int64_t reader_answer = 1024LL * 1024 * 1024; /* stdout may be a file */

static bool answer(const struct evidence *evidence, struct error *err)
{
    struct buf text scoped(buf_release) = {0};
    evidence_encode(evidence, &text);
    struct fd_sink out = fd_sink_of(STDOUT_FILENO);
    return out.sink.write(&out.sink, text.data, text.length, err);
}

static bool run_layer(int argc, char **argv, struct arena *arena, struct error *err)
{
    (void)argc, (void)argv;
    struct evidence evidence;
    struct layer_totals totals = {0};
    struct stream *from scoped(stream_scope_close) = stream_of_fd(STDIN_FILENO, false);
    struct stream *layer scoped(stream_scope_close) = NULL;
    const struct layer_stream_settings settings = {.no_digest = true};
    if (!layer_stream_open(from, &settings, &layer, err) ||
        !layer_read_tar(layer, NULL, arena, &evidence, err) ||
        !layer_stream_finish(layer, &totals, err))
        return false;
    evidence.diff_id = arena_strdup(arena, totals.diff_id);
    evidence.bytes = totals.inflated_bytes;
    return answer(&evidence, err);
}

static bool run_directory(int argc, char **argv, struct arena *arena, struct error *err)
{
    (void)argc, (void)argv;
    struct evidence evidence;
    const struct layer_read_settings settings = {.source_mode = true};
    return layer_read_directory(".", &settings, arena, &evidence, err) && answer(&evidence, err);
}

static bool run_sbom(int argc, char **argv, struct arena *arena, struct error *err)
{
    (void)argc, (void)argv;
    struct evidence evidence;
    struct reader_sink sink;
    struct buf bytes scoped(buf_release) = {0};
    struct stream *from scoped(stream_scope_close) = stream_of_fd(STDIN_FILENO, false);
    sink_init(&sink, arena, &evidence);
    sink.reader = "sbom";
    if (!stream_read_all(from, (size_t)LIMIT_DATABASE_BYTES, &bytes, err))
        return false;
    if (!sbom_document_read(buf_slice(&bytes), "", false, &sink))
        return error_set(err, ERROR_INPUT, "neither CycloneDX nor SPDX in JSON");
    reader_finish(&sink);
    return answer(&evidence, err);
}

static bool run_feed(int argc, char **argv, struct arena *arena, struct error *err)
{
    (void)arena;
    return feed_reader_run(argc, argv, err);
}

/* A .deb → its changelog. */
static bool run_changelog(int argc, char **argv, struct arena *arena, struct error *err)
{
    (void)argc, (void)argv;
    struct slice text;
    struct fd_sink out = fd_sink_of(STDOUT_FILENO);
    return changelog_of_deb(STDIN_FILENO, arena, &text, err) &&
           out.sink.write(&out.sink, text.data, text.length, err);
}

struct mode {
    const char *name;
    bool (*run)(int argc, char **argv, struct arena *arena, struct error *err);
    bool directory; /* descriptor 3 is a directory to read below */
};

static const struct mode modes[] = {
    {"layer", run_layer, false}, {"directory", run_directory, true},  {"sbom", run_sbom, false},
    {"feed", run_feed, false},   {"changelog", run_changelog, false},
};

static bool enter(const struct mode *mode, struct error *err)
{
    struct sandbox sandbox = {.memory_bytes = reader_memory,
                              .cpu_s = READER_CPU_S,
                              .file_bytes = reader_answer,
                              .read_root_fd = mode->directory ? READER_DIRECTORY_FD : -1,
                              .write_root_fd = -1};
    if (mode->directory && fchdir(READER_DIRECTORY_FD) != 0)
        return error_set(err, ERROR_FATAL, "descriptor %d is no directory", READER_DIRECTORY_FD);
    return sandbox_enter(&sandbox, err);
}

static int run(const struct mode *mode, int argc, char **argv)
{
    struct error err = {0};
    struct arena *arena = arena_new();
    bool ok = enter(mode, &err) && mode->run(argc, argv, arena, &err);
    if (!ok)
        fprintf(stderr, "%s\n", err.text);
        /* No arena_free: the process ends, and its memory with it. */
#ifdef RESOLE_SANITIZED
    arena_free(arena);
#endif
    return ok ? 0 : err.kind == ERROR_INPUT ? 3 : 70;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("resole-reader %s (%s)\n", RESOLE_VERSION, sandbox_describe());
        return 0;
    }
    for (size_t i = 0; argc >= 2 && i < array_count(modes); i++)
        if (strcmp(argv[1], modes[i].name) == 0)
            return run(&modes[i], argc - 1, argv + 1);
    fprintf(stderr, "usage: resole-reader MODE  (started by the workers and by resole; modes:");
    for (size_t i = 0; i < array_count(modes); i++)
        fprintf(stderr, " %s", modes[i].name);
    fprintf(stderr, ")\n");
    return argc >= 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
}
