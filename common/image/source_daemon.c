/* Images of a local daemon, over its socket: Docker's Engine API "export an image", which podman
 * serves too. Nothing is pulled: what the daemon does not have is an error. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"
#include "image/source_inner.h"

/* The setting, else the environment's, else the usual place. */
static const char *find_socket(struct arena *arena, enum image_transport transport,
                               const struct source_settings *settings)
{
    bool docker = transport == IMAGE_DOCKER;
    const char *given = docker ? settings->docker_socket : settings->podman_socket;
    const char *host = getenv(docker ? "DOCKER_HOST" : "CONTAINER_HOST");
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (given && *given)
        return given;
    if (host && strncmp(host, "unix://", 7) == 0)
        return arena_strdup(arena, host + 7);
    if (docker)
        return "/var/run/docker.sock";
    const char *own =
        runtime && *runtime ? arena_printf(arena, "%s/podman/podman.sock", runtime) : NULL;
    return own && access(own, F_OK) == 0 ? own : "/run/podman/podman.sock";
}

bool source_daemon_fetch(const struct image_name *name, const struct source_settings *settings,
                         int *fd, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct http_client *client scoped(http_client_scope_free) =
        http_client_new(&(struct http_settings){.idle_ms = 600000}); /* it packs before it sends */
    struct stream *body scoped(stream_scope_close) = NULL;
    struct http_response response;
    struct reference reference = name->reference;
    const char *path = find_socket(arena, name->transport, settings);
    reference.tag = reference_tag(&reference);
    struct http_request request = {
        .url = arena_printf(arena, "http://localhost/v1.40/images/get?names=%s",
                            http_url_escape(arena, reference_text(arena, &reference))),
        .unix_socket = path,
        .identity_only = true,
        .no_redirect = true,
    };
    if (access(path, F_OK) != 0)
        return error_set(err, ERROR_INPUT, "%s: no socket %s (set DOCKER_HOST or CONTAINER_HOST?)",
                         name->text, path);
    if (!http_open(client, arena, &request, &response, &body, err))
        return error_wrap(err, "%s: %s", name->text, path);
    if (response.status == 404)
        return error_set(err, ERROR_INPUT, "%s: the daemon has no such image", name->text);
    if (response.status != 200)
        return http_status_error(&response, name->text, err);
    return source_spool(body, settings->temporary, fd, err) || error_wrap(err, "%s", name->text);
}
