#include "patch/image_patch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

enum { ROUNDS_MOST = 12 };

struct part {
    int fd;
    int64_t offset, length;
};

static bool open_part(void *context, struct stream **out, struct error *err)
{
    const struct part *part = context;

    (void)err;
    *out = stream_of_file_range(part->fd, false, part->offset, part->length);
    return true;
}

struct blob_opener spool_opener(struct arena *arena, int fd, int64_t offset, int64_t length)
{
    struct part *part = arena_new_object(arena, struct part);

    *part = (struct part){fd, offset, length};
    return (struct blob_opener){open_part, part};
}

bool spool_layers(struct arena *arena, struct image_source *source, const struct image *image,
                  enum layer_group group, struct spool *spool, struct spooled_layers *out,
                  struct error *err)
{
    *out = (struct spooled_layers){.count = image->layer_count};
    out->blobs = arena_new_array(arena, struct image_blob, image->layer_count);
    out->layers = arena_new_array(arena, struct job_layer, image->layer_count);
    for (size_t i = 0; i < image->layer_count; i++) {
        const struct image_layer *layer = &image->layers[i];
        struct stream *bytes scoped(stream_scope_close) = NULL;
        struct job_layer *job = &out->layers[i];
        char digest[DIGEST_TEXT_SIZE];
        *job = (struct job_layer){.group = group, .diff_id = layer->diff_id};
        if (!source->blob(source, &layer->descriptor, &bytes, err) ||
            !spool_append(spool, bytes, LIMIT_LAYER_INFLATED_BYTES, &job->offset, &job->length,
                          digest, err))
            return error_wrap(err, "layer %s", layer->diff_id);
        struct image_blob *blob = &out->blobs[i];
        blob->descriptor = layer->descriptor;
        if (*blob->descriptor.digest && strcmp(blob->descriptor.digest, digest) != 0)
            return error_set(err, ERROR_INPUT, "layer %s: its bytes are %s",
                             blob->descriptor.digest, digest);
        blob->descriptor.digest = arena_strdup(arena, digest);
        blob->descriptor.size = job->length;
        blob->diff_id = layer->diff_id;
        blob->mount_from = "";
        blob->opener = spool_opener(arena, spool->fd, job->offset, job->length);
    }
    return true;
}

struct image_blob layer_blob(struct arena *arena, int fd, const struct layer_totals *totals,
                             bool docker)
{
    struct image_blob blob = {.mount_from = ""};

    blob.descriptor.media_type = docker ? MEDIA_DOCKER_LAYER_GZIP : MEDIA_OCI_LAYER_GZIP;
    blob.descriptor.digest = arena_strdup(arena, totals->digest);
    blob.descriptor.size = totals->bytes;
    blob.descriptor.artifact_type = "";
    blob.diff_id = arena_strdup(arena, totals->diff_id);
    blob.opener = spool_opener(arena, fd, 0, totals->bytes);
    return blob;
}

static const char *os_field(struct arena *arena, struct slice text, const char *name)
{
    struct slice line;

    while (slice_take_line(&text, &line)) {
        size_t equals = slice_find_byte(line, '=');
        if (!slice_is(slice_sub(line, 0, equals), name))
            continue;
        struct slice value = slice_trim(slice_sub(line, equals + 1, line.length));
        if (value.length >= 2 && (value.data[0] == '"' || value.data[0] == '\''))
            value = slice_sub(value, 1, value.length - 2);
        return slice_string(arena, value);
    }
    return "";
}

struct builder {
    struct arena *arena;
    const struct patch_settings *settings;
    struct image_patch *out;
    struct layer_job job;
    struct dpkg_db installed;
    struct candidate *candidates;
    size_t candidate_count;
    struct plan_refusal *held;
    size_t held_count, held_capacity;
};

static void say(const struct builder *b, const char *text)
{
    if (b->settings->say)
        b->settings->say(text);
}

/* Who the image is, and what may be installed on it. */
static bool inspect(struct builder *b, struct error *err)
{
    struct layer_answer answer;
    struct repository_wish wish = {.installed = &b->installed};
    struct arena *arena = b->arena;

    b->job.mode = LAYER_INSPECT;
    if (!layer_job_run(arena, &b->job, b->out->spool.fd, -1, &answer, err))
        return false;
    struct slice os = answer_file_find(&answer, "etc/os-release");
    if (!os.length)
        os = answer_file_find(&answer, "usr/lib/os-release");
    struct slice status = answer_file_find(&answer, "var/lib/dpkg/status");
    const char *id = os_field(arena, os, "ID");
    if (!status.length)
        return error_set(err, ERROR_INPUT,
                         "R4-database: no dpkg database: only Debian and its kin are patched so "
                         "far (this is \"%s\")",
                         id);
    wish.codename = os_field(arena, os, "VERSION_CODENAME");
    if (!*wish.codename)
        return error_set(err, ERROR_INPUT, "R2-release: os-release names no VERSION_CODENAME");
    if (!dpkg_status_parse(arena, status, &b->installed, err))
        return false;
    const struct dpkg_package *dpkg = dpkg_find(&b->installed, "dpkg", NULL);
    if (!dpkg)
        dpkg = dpkg_find(&b->installed, "libc6", NULL);
    if (!dpkg)
        return error_set(err, ERROR_INPUT, "R4-database: neither dpkg nor libc6 is installed");
    wish.arch = dpkg->arch;
    for (size_t i = 0; i < answer.file_count; i++)
        if (strncmp(answer.files[i].path, "etc/apt/sources.list", 20) == 0)
            repository_image_components(arena, answer.files[i].content, &wish.components);
    if (!wish.components.count) {
        wish.components.items = arena_new_array(arena, const char *, 1);
        wish.components.items[wish.components.count++] = "main";
    }
    b->out->codename = wish.codename;
    b->out->arch = wish.arch;
    say(b, "reading the package repositories");
    return repository_candidates(b->settings->http, arena, b->settings->repositories, &wish,
                                 &b->candidates, &b->candidate_count, err);
}

struct fetched {
    const struct candidate *candidate;
    int64_t offset, length;
};

static bool fetch_all(struct builder *b, struct fetched **cache, size_t *count, size_t *capacity,
                      struct error *err)
{
    struct plan *plan = &b->out->plan;

    b->job.deb_count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct candidate *new = plan->items[i].new;
        struct fetched *have = NULL;
        for (size_t j = 0; j < *count && !have; j++)
            if ((*cache)[j].candidate == new)
                have = &(*cache)[j];
        if (!have) {
            say(b,
                arena_printf(b->arena, "fetching %s %s", new->package.name, new->package.version));
            arena_push(b->arena, *cache, *count, *capacity);
            have = &(*cache)[*count];
            have->candidate = new;
            if (!repository_fetch_package(b->settings->http, b->arena, new, &b->out->spool,
                                          &have->offset, &have->length, err))
                return false;
            (*count)++;
        }
        arena_push(b->arena, b->job.debs, b->job.deb_count, b->job.deb_capacity);
        b->job.debs[b->job.deb_count++] = (struct job_deb){
            have->offset, have->length, new->package.name, new->package.arch, new->package.version};
    }
    return true;
}

static void hold(struct builder *b, const struct plan_refusal *refusal)
{
    arena_push(b->arena, b->held, b->held_count, b->held_capacity);
    b->held[b->held_count++] = *refusal;
}

/* Plan, fetch, write; what the engine refuses is held and the rest planned again. */
static bool write_rounds(struct builder *b, struct error *err)
{
    struct fetched *cache = NULL;
    size_t count = 0, capacity = 0;
    struct layer_answer answer;

    for (int round = 0; round < ROUNDS_MOST; round++) {
        plan_make(b->arena, &b->installed, b->candidates, b->candidate_count, b->held,
                  b->held_count, &b->out->plan);
        if (!b->out->plan.count)
            return true;
        if (!fetch_all(b, &cache, &count, &capacity, err))
            return false;
        say(b, "writing the layer");
        b->job.mode = LAYER_PATCH;
        if (ftruncate(b->out->layer_file.fd, 0) != 0 ||
            lseek(b->out->layer_file.fd, 0, SEEK_SET) != 0)
            return error_set(err, ERROR_FATAL, "temporary file: cannot be emptied");
        if (!layer_job_run(b->arena, &b->job, b->out->spool.fd, b->out->layer_file.fd, &answer,
                           err))
            return false;
        if (!answer.report.refusal_count) {
            b->out->notes = answer.report.notes;
            b->out->note_count = answer.report.note_count;
            b->out->layer = answer.layer;
            b->out->entries = answer.entries;
            b->out->epoch_s = answer.epoch_s;
            b->out->built = answer.has_layer && !b->settings->plan_only;
            return true;
        }
        for (size_t i = 0; i < answer.report.refusal_count; i++)
            hold(b, &answer.report.refusals[i]);
    }
    return error_set(err, ERROR_INPUT, "no plan after %d rounds of refusals", ROUNDS_MOST);
}

static const char *later(struct arena *arena, const char *created, int64_t epoch_s)
{
    int64_t then;
    char text[32];

    if (clock_parse(slice_of(created), &then) && then >= epoch_s)
        return created;
    clock_format(epoch_s, text);
    return arena_strdup(arena, text);
}

static bool draft(struct builder *b, const struct image *image, const struct spooled_layers *layers,
                  struct error *err)
{
    struct arena *arena = b->arena;
    struct image_patch *out = b->out;
    struct buf names scoped(buf_release) = {0};
    struct image_blob *blobs = arena_new_array(arena, struct image_blob, layers->count + 1);
    size_t kept = image->parsed.annotation_count;
    struct annotation *annotations = arena_new_array(arena, struct annotation, kept + 2);

    if (layers->count + 1 > LIMIT_LAYERS_PATCHED)
        return error_set(err, ERROR_INPUT, "R13-layers: the image has %zu layers already",
                         layers->count);
    for (size_t i = 0; i < out->plan.count; i++)
        buf_printf(&names, " %s=%s", out->plan.items[i].old->name,
                   out->plan.items[i].new->package.version);
    out->config = image->config;
    const char *created = later(arena, image->config.created, out->epoch_s);
    struct image_history history = {.created = created,
                                    .created_by =
                                        arena_printf(arena, "resole patch%s", buf_text(&names)),
                                    .comment = "",
                                    .author = ""};
    if (!image_config_append(arena, &out->config, arena_strdup(arena, out->layer.diff_id), history,
                             err) ||
        !image_config_set_created(arena, &out->config, created, err) ||
        !image_config_encode(arena, &out->config, &out->draft.config, err))
        return false;
    memcpy(blobs, layers->blobs, layers->count * sizeof(*blobs));
    blobs[layers->count] =
        layer_blob(arena, out->layer_file.fd, &out->layer, image->parsed.is_docker);
    for (size_t i = 0; i < kept; i++)
        annotations[i] = image->parsed.annotations[i];
    annotations[kept++] = (struct annotation){"resole.patch.origin.digest", image->manifest.digest};
    if (b->settings->origin_name && *b->settings->origin_name)
        annotations[kept++] =
            (struct annotation){"resole.patch.origin.name", b->settings->origin_name};
    out->draft.layers = blobs;
    out->draft.layer_count = layers->count + 1;
    out->draft.docker = image->parsed.is_docker;
    out->draft.annotations = image->parsed.is_docker ? NULL : annotations;
    out->draft.annotation_count = image->parsed.is_docker ? 0 : kept;
    out->draft.subject.digest = "";
    return true;
}

bool image_patch_build(struct arena *arena, struct image_source *source, const struct image *image,
                       const struct patch_settings *settings, struct image_patch *out,
                       struct error *err)
{
    struct builder b = {.arena = arena, .settings = settings, .out = out};
    struct spooled_layers layers;

    *out = (struct image_patch){.spool = {.fd = -1}, .layer_file = {.fd = -1}};
    if (!spool_open(settings->temporary, &out->spool, err) ||
        !spool_open(settings->temporary, &out->layer_file, err))
        return false;
    say(&b, "reading the image");
    if (!spool_layers(arena, source, image, GROUP_IMAGE, &out->spool, &layers, err))
        return false;
    b.job.layers = layers.layers;
    b.job.layer_count = b.job.layer_capacity = layers.count;
    if (!inspect(&b, err) || !write_rounds(&b, err))
        return false;
    return !out->built || draft(&b, image, &layers, err);
}

void image_patch_release(struct image_patch *patch)
{
    spool_close(&patch->spool);
    spool_close(&patch->layer_file);
}
