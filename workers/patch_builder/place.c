#include "patch_builder/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "image/image_write.h"
#include "patch_builder/settings.h"

struct configured {
    const char *user, *password;
};

static bool give_credentials(void *context, struct arena *arena, const char *host,
                             const char *repository, struct credentials *out, struct error *err)
{
    const struct configured *configured = context;

    (void)arena, (void)host, (void)repository, (void)err;
    *out = (struct credentials){.user = configured->user,
                                .password = configured->password,
                                .identity_token = "",
                                .bearer = ""};
    return true;
}

static bool read_secret(struct arena *arena, const char *secret, const char **out,
                        struct error *err)
{
    struct buf text scoped(buf_release) = {0};

    *out = secret;
    if (strncmp(secret, "file:", 5) != 0)
        return true;
    int fd = open(secret + 5, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_FATAL, "registry secret %s: %s", secret + 5, strerror(errno));
    struct stream *stream scoped(stream_scope_close) = stream_of_fd(fd, true);
    if (!stream_read_all(stream, 64 * 1024, &text, err))
        return error_wrap(err, "registry secret %s", secret + 5);
    *out = slice_string(arena, slice_trim(buf_slice(&text)));
    return true;
}

bool place_read(struct job *job, const struct db_rows *rows, int first, const char *repository,
                struct place *out, struct error *err)
{
    const struct patch_builder_settings *settings = job->settings;
    struct buf realms scoped(buf_release) = {0};
    struct slice rest = slice_of(row_text(rows, 0, first + 4)), host;
    const char *user = row_text(rows, 0, first + 5);

    *out = (struct place){.registry = row_text(rows, 0, first),
                          .address = row_text(rows, 0, first + 1),
                          .repository = repository};
    while (slice_take_word(&rest, &host))
        buf_printf(&realms, "%s=%.*s ", out->address, (int)host.length, host.data);
    out->access = (struct registry_settings){
        .http = {.ca_file = settings->ca_file,
                 .allow_private = row_bool(rows, 0, first + 3),
                 .allow_private_hosts = settings->private_hosts},
        .docker_config = settings->docker_config,
        .insecure_hosts = row_bool(rows, 0, first + 2) ? out->address : "",
        .realm_hosts = arena_strdup(job->arena, buf_text(&realms)),
        .mirrors = ""};
    if (!*user)
        return true;
    struct configured *configured = arena_new_object(job->arena, struct configured);
    configured->user = user;
    out->access.credentials = give_credentials;
    out->access.credentials_context = configured;
    return read_secret(job->arena, row_text(rows, 0, first + 6), &configured->password, err);
}

bool place_open(struct arena *arena, const struct place *place, const char *repository,
                const char *digest, struct image_source **source, struct image *image,
                struct error *err)
{
    struct source_settings settings = {
        .registry = place->access, .docker_socket = "", .podman_socket = "", .temporary = ""};
    struct image_name name = {
        .transport = IMAGE_REGISTRY,
        .text = arena_printf(arena, "%s/%s@%s", place->address, repository, digest),
        .path = "",
        .tag = "",
        .reference = {
            .host = place->address, .repository = repository, .tag = "", .digest = digest}};

    return image_source_open(&name, &settings, source, err) &&
           image_load(*source, arena, NULL, image, err);
}

bool place_write(struct arena *arena, const struct place *place, const struct image_draft *draft,
                 const char *tag, const char *moving, struct image_written *out, struct error *err)
{
    struct registry *registry scoped(registry_scope_free) = registry_new(&place->access);
    const char *const tags[] = {tag, moving};

    for (size_t i = 0; i < 2 && tags[i]; i++) {
        struct image_name to = {
            .transport = IMAGE_REGISTRY,
            .text = arena_printf(arena, "%s/%s:%s", place->address, place->repository, tags[i]),
            .path = "",
            .tag = "",
            .reference = {.host = place->address,
                          .repository = place->repository,
                          .tag = tags[i],
                          .digest = ""}};
        if (!image_write(registry, arena, &to, draft, out, err))
            return error_wrap(err, "%s", to.text);
    }
    return true;
}
