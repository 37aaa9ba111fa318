/* Runs a confined program (resole-reader, resole-layer-writer): spawned, never forked, with an
 * empty environment and the given descriptors only. Its bytes are untrusted: the caller decodes
 * them with caps. The child's death by signal, its overrun of time or output, or its own complaint
 * (exit 3 and a line on stderr) are ERROR_INPUT: these bytes will never be right. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum { CONFINED_EXTRA_MOST = 16 };

struct confined_job {
    const char *program;                /* "resole-reader": beside the running program, or in
                                           RESOLE_PROGRAMS_DIR, or on the PATH's /usr/lib/resole */
    const char *const *arguments;       /* without the program's name; NULL-terminated */
    int input_fd;                       /* becomes 0; -1: `pull`, and without it /dev/null */
    int output_fd;                      /* becomes 1; -1: collected in `output` */
    int extra_fds[CONFINED_EXTRA_MOST]; /* become 3, 4, … */
    size_t extra_count;
    /* Gives the next bytes of the input: *got = 0 at the end; may block. */
    bool (*pull)(void *context, void *data, size_t size, size_t *got, struct error *err);
    /* Takes output as it comes, instead of `output`. */
    bool (*push)(void *context, struct slice bytes, struct error *err);
    void *context;
    int64_t deadline_s;        /* wall time; 0: 600 */
    int64_t most_output_bytes; /* 0: 1 GiB */
    struct buf *output;
};

bool confined_run(const struct confined_job *job, struct error *err);
/* Peak memory and processor time of all children so far, for benches. */
void confined_usage(int64_t *peak_bytes, int64_t *cpu_ms);
