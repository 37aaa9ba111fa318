#include "cli/api_client.h"

#include <stdlib.h>
#include <string.h>

static void forget(void *json)
{
    json_decref(json);
}

bool api_client_open(struct arena *arena, struct api_client *out, struct error *err)
{
    const char *url = getenv("RESOLE_GATEWAY_URL"), *token = getenv("RESOLE_TOKEN");
    const struct http_settings settings = {.ca_file = getenv("RESOLE_CA_FILE"),
                                           .allow_private = true};
    out->settings_wrong = true;
    if (!url || !*url)
        return error_set(err, ERROR_INPUT,
                         "RESOLE_GATEWAY_URL is not set: the gateway's address, as "
                         "http://127.0.0.1:8080");
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return error_set(err, ERROR_INPUT,
                         "RESOLE_GATEWAY_URL is no http or https address: %s; as "
                         "http://127.0.0.1:8080",
                         url);
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    out->url = arena_strndup(arena, url, length);
    out->token = token && *token ? token : NULL;
    out->http = http_client_new(&settings);
    out->settings_wrong = false;
    return true;
}

void api_client_close(struct api_client *client)
{
    if (client->http)
        http_client_free(client->http);
}

static bool refuse_token(struct api_client *client, struct error *err)
{
    client->settings_wrong = true;
    if (!client->token)
        return error_set(err, ERROR_INPUT,
                         "RESOLE_TOKEN is not set: the gateway at %s wants an API token; an "
                         "administrator makes one with `resole tokens add`",
                         client->url);
    return error_set(err, ERROR_INPUT,
                     "RESOLE_TOKEN: the gateway at %s does not know this token, or it was revoked; "
                     "an administrator makes one with `resole tokens add`",
                     client->url);
}

static bool refuse(struct api_client *client, const struct http_response *response, json_t *answer,
                   const char *what, struct error *err)
{
    const char *detail = json_string_value(json_object_get(answer, "detail"));
    if (response->status >= 500 || response->status == 429)
        return http_status_error(response, what, err);
    if (response->status == 401)
        return refuse_token(client, err);
    return error_set(err, ERROR_INPUT, "%s (%d)", detail ? detail : what, response->status);
}

bool api_client_call(struct api_client *client, struct arena *arena, const char *method,
                     const char *path, json_t *body, json_t **out, struct error *err)
{
    struct http_header headers[2] = {{"Content-Type", "application/json", false}};
    struct http_request request = {
        .method = method,
        .url = arena_printf(arena, "%s%s", client->url, path),
        .headers = headers,
        .header_count = 1,
        .allow_private = true,
        .no_redirect = true,
    };
    struct http_response response = {0};

    if (client->token)
        headers[request.header_count++] = (struct http_header){
            "Authorization", arena_printf(arena, "Bearer %s", client->token), true};
    if (body) {
        char *text = json_dumps(body, JSON_COMPACT);
        request.body = slice_of(arena_strdup(arena, text));
        free(text);
    }
    if (!http_send(client->http, arena, &request, &response, err))
        return error_wrap(err, "gateway %s (RESOLE_GATEWAY_URL)", client->url);
    json_t *answer =
        json_loadb(response.body.length ? response.body.data : "null",
                   response.body.length ? response.body.length : 4, JSON_DECODE_ANY, NULL);
    if (answer)
        arena_defer(arena, forget, answer);
    if (response.status >= 300)
        return refuse(client, &response, answer, arena_printf(arena, "%s %s", method, path), err);
    if (!answer)
        return error_set(err, ERROR_RETRY, "%s %s: the answer is no JSON: is it Resole's gateway?",
                         method, path);
    *out = answer;
    return true;
}
