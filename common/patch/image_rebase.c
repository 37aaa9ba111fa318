#include "patch/image_rebase.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

#define RECONCILE_TEXT "resole rebase"
#define PATCH_TEXT "resole patch"

static const char *layer_text(const struct image_config *config, size_t layer)
{
    size_t at;

    return image_config_history_of_layer(config, layer, &at) ? config->history[at].created_by : "";
}

static bool begins(const char *text, const char *prefix)
{
    return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

static size_t shared(const struct image_config *a, const struct image_config *b)
{
    size_t count = 0;

    while (count < a->diff_id_count && count < b->diff_id_count &&
           strcmp(a->diff_ids[count], b->diff_ids[count]) == 0)
        count++;
    return count;
}

size_t rebase_find_base(const struct image *app, const struct image *new, const struct image *from)
{
    size_t count = shared(&app->config, from ? &from->config : &new->config);

    if (from)
        return count == from->config.diff_id_count ? count : 0;
    for (size_t i = count; i < new->config.diff_id_count; i++)
        if (!begins(layer_text(&new->config, i), PATCH_TEXT))
            return 0;
    /* The application may stand on an earlier patch of ours. */
    while (count < app->config.diff_id_count && begins(layer_text(&app->config, count), PATCH_TEXT))
        count++;
    return count;
}

struct rebaser {
    struct arena *arena;
    const struct rebase_settings *settings;
    struct rebase_side app, new, old;
    struct image_rebase *out;
    struct layer_job job;
    struct spooled_layers app_layers, new_layers;
    size_t base_layers, kept, dropped;
};

static void say(const struct rebaser *r, const char *text)
{
    if (r->settings->say)
        r->settings->say(text);
}

static void add_layers(struct rebaser *r, const struct job_layer *layers, size_t count,
                       enum layer_group group)
{
    for (size_t i = 0; i < count; i++) {
        arena_push(r->arena, r->job.layers, r->job.layer_count, r->job.layer_capacity);
        r->job.layers[r->job.layer_count] = layers[i];
        r->job.layers[r->job.layer_count++].group = group;
    }
}

static bool pull(struct rebaser *r, struct error *err)
{
    struct spool *spool = &r->out->spool;

    say(r, "reading the images");
    if (!spool_layers(r->arena, r->app.source, r->app.image, GROUP_APP, spool, &r->app_layers,
                      err) ||
        !spool_layers(r->arena, r->new.source, r->new.image, GROUP_NEW, spool, &r->new_layers, err))
        return false;
    add_layers(r, r->app_layers.layers, r->base_layers, GROUP_OLD);
    add_layers(r, r->app_layers.layers + r->base_layers, r->kept, GROUP_APP);
    add_layers(r, r->app_layers.layers + r->base_layers + r->kept, r->dropped, GROUP_RECONCILE);
    add_layers(r, r->new_layers.layers, r->new_layers.count, GROUP_NEW);
    return true;
}

static const char *latest(struct arena *arena, const char *a, const char *b, int64_t epoch_s)
{
    int64_t x = 0, y = 0;
    char text[32];

    clock_parse(slice_of(a), &x);
    clock_parse(slice_of(b), &y);
    if (x >= y && x >= epoch_s)
        return *a ? a : "1970-01-01T00:00:00Z";
    if (y >= epoch_s)
        return b;
    clock_format(epoch_s, text);
    return arena_strdup(arena, text);
}

static void annotate(struct rebaser *r)
{
    const struct manifest *app = &r->app.image->parsed;
    struct annotation *list =
        arena_new_array(r->arena, struct annotation, app->annotation_count + 3);
    size_t count = 0;

    for (size_t i = 0; i < app->annotation_count; i++)
        if (strcmp(app->annotations[i].key, "org.opencontainers.image.base.digest") != 0)
            list[count++] = app->annotations[i];
    list[count++] =
        (struct annotation){"org.opencontainers.image.base.digest", r->new.image->manifest.digest};
    if (*r->settings->base_name &&
        !*annotation_find(list, count, "org.opencontainers.image.base.name"))
        list[count++] =
            (struct annotation){"org.opencontainers.image.base.name", r->settings->base_name};
    if (!*annotation_find(list, count, "resole.rebase.origin.digest"))
        list[count++] =
            (struct annotation){"resole.rebase.origin.digest", r->app.image->manifest.digest};
    r->out->draft.annotations = app->is_docker ? NULL : list;
    r->out->draft.annotation_count = app->is_docker ? 0 : count;
}

static bool draft(struct rebaser *r, int64_t epoch_s, struct engine_report *report,
                  struct error *err)
{
    struct image_rebase *out = r->out;
    struct arena *arena = r->arena;
    size_t count = r->new_layers.count + r->kept;
    bool docker = r->app.image->parsed.is_docker;
    struct image_blob *blobs = arena_new_array(arena, struct image_blob, count + 1);

    if (count + 1 > LIMIT_LAYERS_PATCHED)
        return error_set(err, ERROR_INPUT, "R13-layers: %zu layers are too many", count + 1);
    if (!rebase_config(arena, &r->app.image->config, &r->new.image->config,
                       r->old.image ? &r->old.image->config : NULL, r->base_layers, r->kept,
                       &out->config, report, err))
        return false;
    for (size_t i = 0; i < r->new_layers.count; i++) {
        blobs[i] = r->new_layers.blobs[i];
        blobs[i].mount_from = r->settings->mount_from;
    }
    memcpy(blobs + r->new_layers.count, r->app_layers.blobs + r->base_layers,
           r->kept * sizeof(*blobs));
    const char *created =
        latest(arena, r->app.image->config.created, r->new.image->config.created, epoch_s);
    if (out->reconciled) {
        struct image_history history = {
            .created = created, .created_by = RECONCILE_TEXT, .comment = "", .author = ""};
        blobs[count++] = layer_blob(arena, out->layer_file.fd, &out->layer, docker);
        if (!image_config_append(arena, &out->config, arena_strdup(arena, out->layer.diff_id),
                                 history, err))
            return false;
    }
    if (!image_config_set_created(arena, &out->config, created, err) ||
        !image_config_encode(arena, &out->config, &out->draft.config, err))
        return false;
    out->draft.layers = blobs;
    out->draft.layer_count = count;
    out->draft.docker = docker;
    out->draft.subject.digest = "";
    for (size_t i = 0; docker && i < count; i++)
        if (strcmp(blobs[i].descriptor.media_type, MEDIA_OCI_LAYER_GZIP) == 0)
            blobs[i].descriptor.media_type = MEDIA_DOCKER_LAYER_GZIP;
    annotate(r);
    return true;
}

static bool find_base(struct rebaser *r, struct error *err)
{
    const struct image_config *app = &r->app.image->config;

    r->base_layers = rebase_find_base(r->app.image, r->new.image, r->old.image);
    if (!r->base_layers)
        return error_set(err, ERROR_INPUT,
                         "rebase-base: the application image does not begin with the old base's "
                         "layers%s",
                         r->old.image ? "" : "; name the old base with --from");
    if (strcmp(r->new.image->config.platform.architecture, app->platform.architecture) != 0 ||
        strcmp(r->new.image->config.platform.os, app->platform.os) != 0)
        return error_set(err, ERROR_INPUT, "rebase-platform: the new base is of another platform");
    r->kept = app->diff_id_count - r->base_layers;
    /* An earlier reconcile layer is made anew, not stacked. */
    while (r->kept && begins(layer_text(app, r->base_layers + r->kept - 1), RECONCILE_TEXT))
        r->kept--;
    r->dropped = app->diff_id_count - r->base_layers - r->kept;
    return true;
}

bool image_rebase_build(struct arena *arena, struct rebase_side app, struct rebase_side new,
                        struct rebase_side old, const struct rebase_settings *settings,
                        struct image_rebase *out, struct error *err)
{
    struct rebaser r = {.arena = arena,
                        .settings = settings,
                        .app = app,
                        .new = new,
                        .old = old,
                        .out = out,
                        .job = {.mode = LAYER_REBASE}};
    struct layer_answer answer;

    *out = (struct image_rebase){.spool = {.fd = -1}, .layer_file = {.fd = -1}};
    if (!find_base(&r, err) || !spool_open(settings->temporary, &out->spool, err) ||
        !spool_open(settings->temporary, &out->layer_file, err) || !pull(&r, err))
        return false;
    say(&r, "comparing");
    if (!layer_job_run(arena, &r.job, out->spool.fd, out->layer_file.fd, &answer, err))
        return false;
    out->base_layers = r.new_layers.count;
    out->app_layers = r.kept;
    out->reconciled = answer.has_layer;
    out->layer = answer.layer;
    out->entries = answer.entries;
    out->refusals = answer.report.refusals;
    out->refusal_count = answer.report.refusal_count;
    if (!out->refusal_count) {
        if (!draft(&r, answer.epoch_s, &answer.report, err))
            return false;
        out->built = true;
    }
    out->notes = answer.report.notes;
    out->note_count = answer.report.note_count;
    return true;
}

void image_rebase_release(struct image_rebase *rebase)
{
    spool_close(&rebase->spool);
    spool_close(&rebase->layer_file);
}
