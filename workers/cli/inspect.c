#include "cli/inspect.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/command.h"
#include "inventory/layer_confined.h"

enum {
    INSPECT_THREADS_MOST = 4,
    SILENCE_MOST_MS = 20000, /* a person waits: a server that says nothing has failed */
};

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

struct source_settings inspect_source_settings(void)
{
    return (struct source_settings){
        .registry = {.http = {.ca_file = setting("RESOLE_CA_FILE"), .idle_ms = SILENCE_MOST_MS},
                     .docker_config = setting("RESOLE_DOCKER_CONFIG"),
                     .insecure_hosts = setting("RESOLE_INSECURE_HOSTS"),
                     .realm_hosts = setting("RESOLE_REALM_HOSTS"),
                     .mirrors = setting("RESOLE_MIRRORS_FILE")},
        .docker_socket = setting("RESOLE_DOCKER_SOCKET"),
        .podman_socket = setting("RESOLE_PODMAN_SOCKET"),
        .temporary = "",
    };
}

/* Layers are handed out one by one to a few threads; each has a source of its own. */
struct readers {
    const struct image_name *name;
    const struct image *image;
    struct evidence *evidence;
    struct arena *arenas[INSPECT_THREADS_MOST];
    pthread_mutex_t lock;
    size_t next, done;
    bool failed;
    struct error err;
};

struct reader_thread {
    struct readers *readers;
    struct image_source *source; /* NULL: open one */
    struct arena *arena;
};

static size_t next_layer(struct readers *readers)
{
    pthread_mutex_lock(&readers->lock);
    size_t layer = readers->failed ? readers->image->layer_count : readers->next++;
    if (layer < readers->image->layer_count)
        progress("layer %zu of %zu", layer + 1, readers->image->layer_count);
    pthread_mutex_unlock(&readers->lock);
    return layer;
}

static void reader_fail(struct readers *readers, const struct error *err)
{
    pthread_mutex_lock(&readers->lock);
    if (!readers->failed)
        readers->err = *err;
    readers->failed = true;
    pthread_mutex_unlock(&readers->lock);
}

/* A foreign layer that the source does not hold: an empty one with a warning. */
static void missing_layer(struct arena *arena, const struct image_layer *layer,
                          struct evidence *out)
{
    *out = (struct evidence){.diff_id = layer->diff_id ? layer->diff_id : ""};
    out->warnings = arena_new_array(arena, struct evidence_warning, 1);
    out->warnings[out->warning_count++] = (struct evidence_warning){
        "layer-missing", "", "this foreign layer is not in the source: its packages are unknown",
        true};
}

static bool read_layer(struct reader_thread *thread, size_t index, struct error *err)
{
    const struct image_layer *layer = &thread->readers->image->layers[index];
    struct evidence *out = &thread->readers->evidence[index];
    struct stream *blob scoped(stream_scope_close) = NULL;
    const struct layer_confined_settings settings = {.diff_id = layer->diff_id};
    if (!thread->source->blob(thread->source, &layer->descriptor, &blob, err)) {
        if (!layer->foreign || err->kind != ERROR_INPUT)
            return error_wrap(err, "layer %zu", index);
        *err = (struct error){0};
        missing_layer(thread->arena, layer, out);
        return true;
    }
    return layer_confined_read(blob, &settings, thread->arena, out, err) ||
           error_wrap(err, "layer %zu", index);
}

static void *reader_run(void *argument)
{
    struct reader_thread *thread = argument;
    struct readers *readers = thread->readers;
    struct image_source *own scoped(image_source_scope_close) = NULL;
    struct error err = {0};
    if (!thread->source) {
        struct source_settings settings = inspect_source_settings();
        if (!image_source_open(readers->name, &settings, &own, &err)) {
            reader_fail(readers, &err);
            return NULL;
        }
        thread->source = own;
    }
    for (;;) {
        size_t layer = next_layer(readers);
        if (layer >= readers->image->layer_count)
            return NULL;
        if (!read_layer(thread, layer, &err)) {
            reader_fail(readers, &err);
            return NULL;
        }
    }
}

static void release_arena(void *arena)
{
    arena_free(arena);
}

static size_t threads_for(const struct image_source *source, size_t layers)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = processors > 1 ? (size_t)processors : 1;
    if (most > INSPECT_THREADS_MOST)
        most = INSPECT_THREADS_MOST;
    if (source->transport == IMAGE_STDIN || source->transport == IMAGE_DOCKER ||
        source->transport == IMAGE_PODMAN)
        most = 1; /* cannot be opened twice, or not cheaply */
    return layers < most ? layers : most;
}

static bool read_layers(const struct image_name *name, struct image_source *source,
                        const struct image *image, struct arena *arena, struct evidence *evidence,
                        struct error *err)
{
    struct readers readers = {
        .name = name, .image = image, .evidence = evidence, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct reader_thread threads[INSPECT_THREADS_MOST] = {0};
    pthread_t ids[INSPECT_THREADS_MOST];
    size_t count = name->transport == IMAGE_STDIN ? 1 : threads_for(source, image->layer_count);
    size_t started = 1;
    for (size_t i = 0; i < count || i == 0; i++) {
        threads[i] = (struct reader_thread){.readers = &readers, .arena = arena_new()};
        arena_defer(arena, release_arena, threads[i].arena);
    }
    threads[0].source = source;
    for (; started < count; started++)
        if (pthread_create(&ids[started], NULL, reader_run, &threads[started]) != 0)
            break;
    reader_run(&threads[0]);
    for (size_t i = 1; i < started; i++)
        pthread_join(ids[i], NULL);
    progress("%s", "");
    if (readers.failed) {
        *err = readers.err;
        return false;
    }
    return true;
}

static void compose(struct arena *arena, struct inspected *out)
{
    const struct evidence **layers =
        arena_new_array(arena, const struct evidence *, out->layer_count + 1);
    for (size_t i = 0; i < out->layer_count; i++)
        layers[i] = &out->evidence[i];
    inventory_compose(layers, out->layer_count, NULL, arena, &out->inventory);
}

static bool inspect_directory(const char *path, const char *text, struct arena *arena,
                              struct inspected *out, struct error *err)
{
    out->evidence = arena_new_array(arena, struct evidence, 1);
    out->layer_count = 1;
    out->image = (struct sbom_image){.reference = arena_strdup(arena, text),
                                     .manifest_digest = "",
                                     .config_digest = "",
                                     .platform = ""};
    if (!layer_confined_read_directory(path, arena, out->evidence, err))
        return false;
    compose(arena, out);
    return true;
}

static void describe(const struct image *image, const struct evidence *evidence,
                     struct arena *arena, struct sbom_image *out)
{
    struct sbom_layer *layers = arena_new_array(arena, struct sbom_layer, image->layer_count + 1);
    for (size_t i = 0; i < image->layer_count; i++)
        layers[i] = (struct sbom_layer){
            .diff_id = evidence[i].diff_id,
            .digest = image->layers[i].descriptor.digest,
            .bytes = image->layers[i].descriptor.size,
        };
    /* The image's own name wherever it lies: the same bytes out of every source. */
    *out = (struct sbom_image){
        .reference = image->manifest.digest,
        .manifest_digest = image->manifest.digest,
        .config_digest = image->config_digest,
        .platform = platform_text(arena, image->config.platform),
        .layers = layers,
        .layer_count = image->layer_count,
    };
}

static bool inspect_sbom(const char *path, const char *text, struct arena *arena,
                         struct inspected *out, struct error *err)
{
    out->evidence = arena_new_array(arena, struct evidence, 1);
    out->layer_count = 1;
    out->image = (struct sbom_image){.reference = arena_strdup(arena, text),
                                     .manifest_digest = "",
                                     .config_digest = "",
                                     .platform = ""};
    if (!layer_confined_read_sbom(path, arena, out->evidence, err))
        return false;
    compose(arena, out);
    return true;
}

bool inspect_image(const char *text, const struct inspect_settings *settings, struct arena *arena,
                   struct inspected *out, struct error *err)
{
    struct image_name name;
    struct platform platform = {0};
    struct image_source *source scoped(image_source_scope_close) = NULL;
    struct source_settings source_settings = inspect_source_settings();
    struct image *image = arena_new_object(arena, struct image);
    bool chosen = settings && settings->platform && settings->platform[0];
    *out = (struct inspected){0};
    if (!image_name_parse(arena, text, &name, err) ||
        (chosen && !platform_parse(arena, settings->platform, &platform, err)) ||
        !image_source_open(&name, &source_settings, &source, err))
        return false;
    if (source->transport == IMAGE_DIRECTORY)
        return inspect_directory(source->directory, text, arena, out, err);
    if (source->transport == IMAGE_SBOM)
        return inspect_sbom(source->directory, text, arena, out, err);
    if (!image_load(source, arena, chosen ? &platform : NULL, image, err))
        return false;
    out->layer_count = image->layer_count;
    out->evidence = arena_new_array(arena, struct evidence, image->layer_count + 1);
    if (!read_layers(&name, source, image, arena, out->evidence, err))
        return false;
    describe(image, out->evidence, arena, &out->image);
    compose(arena, out);
    return true;
}
