/* The gateway as the command line speaks to it: RESOLE_GATEWAY_URL, RESOLE_TOKEN, RESOLE_CA_FILE.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "http/client.h"

struct api_client {
    struct http_client *http;
    const char *url, *token;
    bool settings_wrong; /* the error was about RESOLE_GATEWAY_URL or RESOLE_TOKEN: wrong usage */
};

/* ERROR_INPUT when no address is set, or none that can be called. */
bool api_client_open(struct arena *arena, struct api_client *out, struct error *err) must_check;
void api_client_close(struct api_client *client); /* for scoped() */
/* body NULL: none. A status of 400 and more is an error that carries the problem's words: INPUT for
 * what the caller can mend, RETRY for the rest. *out lives as long as the arena; NULL if empty. */
bool api_client_call(struct api_client *client, struct arena *arena, const char *method,
                     const char *path, json_t *body, json_t **out, struct error *err) must_check;
