/* What resole-layer-writer is told and what it answers. Job and answer are lines of fields parted
 * by tabs; blobs lie in one spool file (descriptor 3), the layer goes to descriptor 4. job     mode
 * MODE · layer GROUP OFFSET LENGTH DIFF_ID · deb OFFSET LENGTH NAME ARCH VERSION answer  refusal
 * PACKAGE RULE TEXT · note PACKAGE PATH TEXT · epoch S · entries N layer DIGEST DIFF_ID BYTES
 * INFLATED · file PATH LENGTH, then the bytes and \n Both sides decode with caps; what is no such
 * line is ERROR_INPUT. */
#pragma once

#include "image/layer_stream.h"
#include "patch/engine.h"

enum layer_mode { LAYER_INSPECT, LAYER_PATCH, LAYER_REBASE };
enum layer_group {
    GROUP_IMAGE,
    GROUP_OLD,
    GROUP_NEW,
    GROUP_APP,
    GROUP_RECONCILE /* of an earlier rebase: belongs to what the application is, not to the result
                     */
};

struct job_layer {
    enum layer_group group;
    int64_t offset, length;
    const char *diff_id;
};

struct job_deb {
    int64_t offset, length;
    const char *name, *arch, *version;
};

struct layer_job {
    enum layer_mode mode;
    struct job_layer *layers;
    size_t layer_count, layer_capacity;
    struct job_deb *debs;
    size_t deb_count, deb_capacity;
};

struct answer_file {
    const char *path;
    struct slice content;
};

struct layer_answer {
    struct engine_report report;
    struct answer_file *files;
    size_t file_count, file_capacity;
    struct layer_totals layer;
    bool has_layer;
    int64_t epoch_s, entries;
};

void layer_job_encode(const struct layer_job *job, struct buf *out);
bool layer_job_decode(struct arena *arena, struct slice text, struct layer_job *out,
                      struct error *err);
void layer_answer_encode(const struct layer_answer *answer, struct buf *out);
bool layer_answer_decode(struct arena *arena, struct slice text, struct layer_answer *out,
                         struct error *err);
/* "" if the image has no such file. */
struct slice answer_file_find(const struct layer_answer *answer, const char *path);
/* Runs the program on the spool; the layer lands in out_fd (-1 for LAYER_INSPECT). */
bool layer_job_run(struct arena *arena, const struct layer_job *job, int spool_fd, int out_fd,
                   struct layer_answer *out, struct error *err);
