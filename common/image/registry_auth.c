/* Docker's token protocol (distribution/docs/spec/auth: token, oauth), basic authentication. */
#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "image/json_read.h"
#include "image/registry_inner.h"

enum { TOKEN_MOST = 64 * 1024, TOKEN_DEFAULT_S = 60, TOKEN_MARGIN_MS = 10000 };

static void put_base64(struct buf *out, struct slice bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.length; i += 3) {
        unsigned group = 0;
        size_t have = bytes.length - i < 3 ? bytes.length - i : 3;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < have ? (unsigned char)bytes.data[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            buf_put_byte(out, k <= have ? digits[group >> (18 - 6 * k) & 63] : '=');
    }
}

static const char *basic_header(struct arena *arena, const struct credentials *credentials)
{
    struct buf text scoped(buf_release) = {0};
    const char *pair = arena_printf(arena, "%s:%s", credentials->user, credentials->password);
    buf_put_text(&text, "Basic ");
    put_base64(&text, slice_of(pair));
    return arena_strdup(arena, buf_text(&text));
}

static bool has_login(const struct credentials *credentials)
{
    return *credentials->user || *credentials->password || *credentials->identity_token;
}

static bool find_login(struct registry *registry, const struct registry_call *call,
                       struct credentials *out, struct error *err)
{
    const char *key = arena_printf(registry->arena, "%s/%s", call->host, call->repository);
    for (struct login *login = registry->logins; login; login = login->next) {
        if (strcmp(login->key, key) == 0) {
            *out = login->credentials;
            return true;
        }
    }
    struct credentials found = {.user = "", .password = "", .identity_token = "", .bearer = ""};
    bool good = registry->settings.credentials
                    ? registry->settings.credentials(registry->settings.credentials_context,
                                                     registry->arena, call->host, call->repository,
                                                     &found, err)
                    : credentials_find(registry->arena, registry->settings.docker_config,
                                       call->host, call->repository, &found, err);
    if (!good)
        return error_wrap(err, "credentials for %s", call->host);
    struct login *login = arena_new_object(registry->arena, struct login);
    *login = (struct login){.next = registry->logins, .key = key, .credentials = found};
    registry->logins = login;
    *out = found;
    return true;
}

static struct host_auth *find_host(struct registry *registry, const char *host)
{
    for (struct host_auth *auth = registry->hosts; auth; auth = auth->next)
        if (strcmp(auth->host, host) == 0)
            return auth;
    return NULL;
}

static const char *without_port(struct arena *arena, const char *host)
{
    char *out = arena_strdup(arena, host);
    char *colon = strrchr(out, ':');
    if (colon && !strchr(colon, ']'))
        *colon = 0;
    return out;
}

/* May this registry's credentials go to that realm? */
static bool realm_is_pinned(struct registry *registry, struct arena *arena, const char *host,
                            const char *realm)
{
    static const char *const known[][2] = {
        {"docker.io", "auth.docker.io"},
        {"registry.gitlab.com", "gitlab.com"},
        {"public.ecr.aws", "public.ecr.aws"},
        {"registry.redhat.io", "sso.redhat.com"},
        {"registry.access.redhat.com", "sso.redhat.com"},
    };
    const char *realm_host = http_url_host(arena, realm);
    const char *base = registry_base_url(registry, arena, host);
    if (!realm_host || (strncmp(base, "https:", 6) == 0 && strncmp(realm, "https:", 6) != 0))
        return false;
    const char *realm_name = without_port(arena, realm_host);
    const char *own = without_port(arena, host);
    size_t own_length = strlen(own), realm_length = strlen(realm_name);
    if (strcmp(realm_name, own) == 0 || (realm_length > own_length && own[0] != '[' &&
                                         realm_name[realm_length - own_length - 1] == '.' &&
                                         strcmp(realm_name + realm_length - own_length, own) == 0))
        return true;
    for (size_t i = 0; i < array_count(known); i++)
        if (strcmp(host, known[i][0]) == 0 && strcmp(realm_name, known[i][1]) == 0)
            return true;
    struct slice rest = slice_of(registry->settings.realm_hosts), word;
    while (slice_take_word(&rest, &word)) {
        struct slice from;
        if (slice_take_until(&word, '=', &from) && slice_is_nocase(from, host) &&
            (slice_is_nocase(word, realm_host) || slice_is_nocase(word, realm_name)))
            return true;
    }
    return false;
}

/* ---- challenges (RFC 9110, 11.6.1) ---- */

/* The next `name="value"` or `name=value`; false at the end or at a new scheme. */
static bool take_parameter(struct arena *arena, struct slice *rest, struct slice *name,
                           const char **value)
{
    while (rest->length > 0 && (*rest->data == ' ' || *rest->data == ',' || *rest->data == '\t'))
        *rest = slice_sub(*rest, 1, rest->length);
    size_t equals = slice_find_byte(*rest, '='), blank = slice_find_byte(*rest, ' ');
    if (equals == rest->length || blank < equals)
        return false;
    *name = slice_sub(*rest, 0, equals);
    *rest = slice_sub(*rest, equals + 1, rest->length);
    struct buf text scoped(buf_release) = {0};
    size_t i = 0;
    if (rest->length > 0 && rest->data[0] == '"') {
        for (i = 1; i < rest->length && rest->data[i] != '"'; i++) {
            if (rest->data[i] == '\\' && i + 1 < rest->length)
                i++;
            buf_put_byte(&text, rest->data[i]);
        }
        i++;
    } else {
        for (; i < rest->length && rest->data[i] != ',' && rest->data[i] != ' '; i++)
            buf_put_byte(&text, rest->data[i]);
    }
    *rest = slice_sub(*rest, i, rest->length);
    *value = arena_strdup(arena, buf_text(&text));
    return true;
}

static void learn_challenge(struct registry *registry, struct host_auth *auth, struct slice rest)
{
    while (rest.length > 0) {
        struct slice scheme, name;
        const char *value;
        while (rest.length > 0 && (*rest.data == ',' || *rest.data == ' '))
            rest = slice_sub(rest, 1, rest.length);
        size_t end = slice_find_byte(rest, ' ');
        scheme = slice_sub(rest, 0, end);
        rest = slice_sub(rest, end, rest.length);
        bool bearer = slice_is_nocase(scheme, "bearer");
        auth->basic = auth->basic || slice_is_nocase(scheme, "basic");
        while (take_parameter(registry->arena, &rest, &name, &value)) {
            if (bearer && slice_is_nocase(name, "realm"))
                auth->realm = value;
            if (bearer && slice_is_nocase(name, "service"))
                auth->service = value;
        }
        auth->bearer = auth->bearer || (bearer && *auth->realm);
    }
}

bool registry_learn(struct registry *registry, const struct registry_call *call,
                    const struct http_response *response)
{
    struct host_auth *auth = find_host(registry, call->host);
    if (auth)
        return false;
    auth = arena_new_object(registry->arena, struct host_auth);
    *auth = (struct host_auth){.host = arena_strdup(registry->arena, call->host),
                               .realm = "",
                               .service = "",
                               .next = registry->hosts};
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, "www-authenticate") == 0)
            learn_challenge(registry, auth, slice_of(response->headers[i].value));
    if (!auth->basic && !auth->bearer)
        return false;
    registry->hosts = auth;
    return true;
}

/* ---- tokens ---- */

static const char *scopes_of(struct arena *arena, const struct registry_call *call)
{
    if (!*call->repository)
        return "registry:catalog:*";
    const char *scope = arena_printf(arena, "repository:%s:%s", call->repository, call->actions);
    return call->mount_from && *call->mount_from
               ? arena_printf(arena, "%s repository:%s:pull", scope, call->mount_from)
               : scope;
}

static const char *token_key(struct arena *arena, const struct registry_call *call)
{
    return arena_printf(arena, "%s %s", call->host, scopes_of(arena, call));
}

void registry_forget_token(struct registry *registry, const struct registry_call *call)
{
    const char *key = token_key(registry->arena, call);
    for (struct token *token = registry->tokens; token; token = token->next)
        if (strcmp(token->key, key) == 0)
            token->until_ms = 0;
}

static bool keep_token(struct registry *registry, const char *key, struct slice body,
                       const char **out, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    const char *text, *access;
    int64_t seconds;
    json_t *root = json_read_document(arena, "token", body, TOKEN_MOST, false, err);
    if (!root || !json_read_text(root, "token", arena, &text, err) ||
        !json_read_text(root, "access_token", arena, &access, err) ||
        !json_read_i64(root, "expires_in", TOKEN_DEFAULT_S, &seconds, err))
        return false;
    text = *text ? text : access;
    if (!*text || strpbrk(text, "\r\n"))
        return error_set(err, ERROR_INPUT, "the token service gave no token");
    seconds = seconds < TOKEN_DEFAULT_S ? TOKEN_DEFAULT_S : seconds > 3600 ? 3600 : seconds;
    struct token *token = arena_new_object(registry->arena, struct token);
    *token = (struct token){.key = arena_strdup(registry->arena, key),
                            .text = arena_strdup(registry->arena, text),
                            .until_ms = clock_monotonic_ms() + seconds * 1000 - TOKEN_MARGIN_MS,
                            .next = registry->tokens};
    registry->tokens = token;
    *out = token->text;
    return true;
}

/* GET with basic authentication, or none. */
static void token_by_get(struct arena *arena, const struct registry_call *call,
                         const struct host_auth *auth, const struct credentials *login,
                         struct http_request *request, struct http_header *header)
{
    struct buf url scoped(buf_release) = {0};
    struct slice scopes = slice_of(scopes_of(arena, call)), scope;
    buf_printf(&url, "%s%cservice=%s", auth->realm, strchr(auth->realm, '?') ? '&' : '?',
               http_url_escape(arena, auth->service));
    while (slice_take_word(&scopes, &scope))
        buf_printf(&url, "&scope=%s", http_url_escape(arena, slice_string(arena, scope)));
    request->url = arena_strdup(arena, buf_text(&url));
    if (has_login(login)) {
        *header = (struct http_header){"Authorization", basic_header(arena, login), true};
        request->headers = header;
        request->header_count = 1;
    }
}

/* OAuth2 with a refresh token. */
static void token_by_post(struct arena *arena, const struct registry_call *call,
                          const struct host_auth *auth, const struct credentials *login,
                          struct http_request *request, struct http_header *header)
{
    const char *form = arena_printf(
        arena, "grant_type=refresh_token&client_id=resole&service=%s&scope=%s&refresh_token=%s",
        http_url_escape(arena, auth->service), http_url_escape(arena, scopes_of(arena, call)),
        http_url_escape(arena, login->identity_token));
    *header = (struct http_header){"Content-Type", "application/x-www-form-urlencoded", false};
    *request = (struct http_request){.method = "POST",
                                     .url = auth->realm,
                                     .headers = header,
                                     .header_count = 1,
                                     .body = slice_of(form),
                                     .no_redirect = true};
}

static bool fetch_token(struct registry *registry, struct arena *arena,
                        const struct registry_call *call, const struct host_auth *auth,
                        const char **out, struct error *err)
{
    struct credentials login;
    struct http_request request = {0};
    struct http_header header;
    struct http_response response;
    if (!find_login(registry, call, &login, err))
        return false;
    if (has_login(&login) && !realm_is_pinned(registry, arena, call->host, auth->realm))
        return error_set(err, ERROR_INPUT,
                         "%s: its credentials are not sent to the realm %.150s; pin that host for "
                         "this registry if it is right",
                         call->host, auth->realm);
    if (*login.identity_token)
        token_by_post(arena, call, auth, &login, &request, &header);
    else
        token_by_get(arena, call, auth, &login, &request, &header);
    const char *realm_host = http_url_host(arena, auth->realm);
    request.body_most = TOKEN_MOST;
    /* The registry itself was allowed; its realm on the same machine is no other place. */
    request.allow_private =
        realm_host && strcmp(without_port(arena, realm_host), without_port(arena, call->host)) == 0;
    if (!http_send(registry->http, arena, &request, &response, err))
        return error_wrap(err, "token for %s", call->host);
    if (response.status != 200)
        return http_status_error(&response, "token", err) || error_wrap(err, "%s", call->host);
    return keep_token(registry, token_key(arena, call), response.body, out, err) ||
           error_wrap(err, "%s", call->host);
}

bool registry_authorize(struct registry *registry, struct arena *arena,
                        const struct registry_call *call, const char **out, struct error *err)
{
    const struct host_auth *auth = find_host(registry, call->host);
    struct credentials login;
    *out = NULL;
    if (!auth)
        return true;
    if (auth->bearer) {
        const char *key = token_key(arena, call), *text = NULL;
        for (struct token *token = registry->tokens; token && !text; token = token->next)
            if (strcmp(token->key, key) == 0 && token->until_ms > clock_monotonic_ms())
                text = token->text;
        if (!text) {
            if (!find_login(registry, call, &login, err))
                return false;
            text = *login.bearer ? login.bearer : NULL;
        }
        if (!text && !fetch_token(registry, arena, call, auth, &text, err))
            return false;
        *out = arena_printf(arena, "Bearer %s", text);
        return true;
    }
    if (!find_login(registry, call, &login, err))
        return false;
    if (has_login(&login))
        *out = basic_header(arena, &login);
    return true;
}
