/* Registry credentials as Docker keeps them: config.json (auths, credsStore, credHelpers), also
 * podman's auth.json. Helpers are programs docker-credential-NAME on PATH, run without a shell. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

struct credentials {
    const char *user, *password; /* both "" : anonymous */
    const char *identity_token;  /* OAuth2 refresh token, "" if none */
    const char *bearer;          /* registrytoken: sent as it is, "" if none */
};

/* Looks up host/repository, then its parents, then the host (docker.io also under its old URL).
 * file: the config.json; NULL or "": $REGISTRY_AUTH_FILE, $DOCKER_CONFIG/config.json,
 * $XDG_RUNTIME_DIR/containers/auth.json, ~/.docker/config.json in this order. A missing file or no
 * match is anonymous, not an error; a broken file or failing helper is ERROR_FATAL. */
bool credentials_find(struct arena *arena, const char *file, const char *host,
                      const char *repository, struct credentials *out, struct error *err);
