#include "image/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "image/json_read.h"
#include "image/registry_inner.h"

#define ACCEPT_MANIFESTS                                                                           \
    MEDIA_OCI_INDEX ", " MEDIA_OCI_MANIFEST ", " MEDIA_DOCKER_LIST ", " MEDIA_DOCKER_MANIFEST      \
                    ", " MEDIA_DOCKER_SCHEMA1_SIGNED ", */*"

struct registry *registry_new(const struct registry_settings *settings)
{
    struct registry *registry = calloc(1, sizeof(*registry));
    if (!registry)
        abort();
    registry->arena = arena_new();
    registry->settings = *settings;
    registry->settings.docker_config = arena_strdup(registry->arena, settings->docker_config);
    registry->settings.insecure_hosts = arena_strdup(registry->arena, settings->insecure_hosts);
    registry->settings.realm_hosts = arena_strdup(registry->arena, settings->realm_hosts);
    registry->settings.mirrors = arena_strdup(registry->arena, settings->mirrors);
    registry->http = http_client_new(&settings->http);
    return registry;
}

struct registry *registry_new_for(const struct registry_settings *settings, const char *host)
{
    struct registry_settings named = *settings;
    const char *listed = settings->http.allow_private_hosts;
    struct buf hosts scoped(buf_release) = {0};
    buf_printf(&hosts, "%s %s", host, listed ? listed : "");
    named.http.allow_private_hosts = buf_text(&hosts);
    return registry_new(&named);
}

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    http_client_free(registry->http);
    arena_free(registry->arena);
    free(registry);
}

void registry_scope_free(struct registry **registry)
{
    registry_free(*registry);
}

static bool is_listed(const char *list, const char *host)
{
    struct slice rest = slice_of(list), group, word;
    while (slice_take_until(&rest, ',', &group))
        while (slice_take_word(&group, &word))
            if (slice_is_nocase(word, host))
                return true;
    return false;
}

static bool is_loopback(const char *host)
{
    struct slice name = slice_of(host);
    return slice_is(name, "localhost") || slice_has_prefix(name, "localhost:") ||
           slice_has_prefix(name, "127.") || slice_has_prefix(name, "[::1]");
}

const char *registry_base_url(struct registry *registry, struct arena *arena, const char *host)
{
    bool plain = is_listed(registry->settings.insecure_hosts, host) || is_loopback(host);
    return arena_printf(arena, "%s://%s", plain ? "http" : "https",
                        strcmp(host, "docker.io") == 0 ? "registry-1.docker.io" : host);
}

void registry_add_header(struct registry_call *call, const char *name, const char *value)
{
    if (call->header_count + 1 < array_count(call->headers)) /* one is kept for Authorization */
        call->headers[call->header_count++] = (struct http_header){.name = name, .value = value};
}

/* Do credentials belong to this address? A Location may lead elsewhere. */
static bool is_own(struct registry *registry, struct arena *arena, const char *host,
                   const char *url)
{
    const char *base = registry_base_url(registry, arena, host);
    const char *own = http_url_host(arena, base), *other = http_url_host(arena, url);
    return own && other && strcmp(own, other) == 0 &&
           (strncmp(base, "https:", 6) == 0) == (strncmp(url, "https:", 6) == 0);
}

static bool send_once(struct registry *registry, struct arena *arena,
                      const struct registry_call *call, const char *url, const char *authorization,
                      struct http_response *out, struct stream **stream, struct error *err)
{
    struct http_header headers[array_count(call->headers)];
    size_t count = call->header_count;
    memcpy(headers, call->headers, sizeof(headers));
    if (authorization)
        headers[count++] = (struct http_header){"Authorization", authorization, true};
    struct http_request request = {
        .method = call->method,
        .url = url,
        .headers = headers,
        .header_count = count,
        .body = call->body,
        .body_stream = call->body_stream,
        .body_bytes = call->body_bytes,
        .range_from = call->range_from,
        .body_most = call->body_most,
        .identity_only = call->blob,
        .allow_private = is_listed(registry->settings.insecure_hosts, call->host) &&
                         is_own(registry, arena, call->host, url),
    };
    return stream ? http_open(registry->http, arena, &request, out, stream, err)
                  : http_send(registry->http, arena, &request, out, err);
}

bool registry_call(struct registry *registry, struct arena *arena, const struct registry_call *call,
                   struct http_response *out, struct stream **stream, struct error *err)
{
    bool absolute = slice_has_prefix(slice_of(call->path), "http");
    const char *url =
        absolute ? call->path
                 : arena_printf(arena, "%s/v2/%s", registry_base_url(registry, arena, call->host),
                                call->path);
    bool own = is_own(registry, arena, call->host, url);
    for (int attempt = 0;; attempt++) {
        const char *authorization = NULL;
        if (own && !registry_authorize(registry, arena, call, &authorization, err))
            return false;
        if (!send_once(registry, arena, call, url, authorization, out, stream, err))
            return error_wrap(err, "%s %s", call->host, call->repository);
        if (out->status != 401 || !own || call->body_stream || attempt == 2)
            return true;
        bool learned = registry_learn(registry, call, out);
        if (!learned && !authorization)
            return true;
        if (!learned && attempt > 0)
            return true;
        if (stream) {
            stream_close(*stream);
            *stream = NULL;
        }
        if (!learned)
            registry_forget_token(registry, call); /* expired, perhaps */
    }
}

bool registry_status_error(const struct registry_call *call, const struct http_response *response,
                           const char *what, struct error *err)
{
    http_status_error(response, what, err);
    if (response->status == 401 || response->status == 403)
        return error_wrap(err, "%s/%s: not allowed (credentials for this registry?)", call->host,
                          call->repository);
    return error_wrap(err, "%s/%s", call->host, call->repository);
}

/* ---- manifests ---- */

static struct registry_call manifest_call(struct arena *arena, const char *method,
                                          const struct reference *where, const char *actions)
{
    struct registry_call call = {
        .method = method,
        .host = where->host,
        .repository = where->repository,
        .path = arena_printf(arena, "%s/manifests/%s", where->repository, reference_target(where)),
        .actions = actions,
        .body_most = LIMIT_MANIFEST_BYTES,
    };
    registry_add_header(&call, "Accept", ACCEPT_MANIFESTS);
    return call;
}

static bool check_manifest(const struct reference *where, const struct http_response *response,
                           const char *digest, struct error *err)
{
    const char *said = http_header_find(response, "docker-content-digest");
    if (*where->digest && strcmp(where->digest, digest) != 0)
        return error_set(err, ERROR_INPUT, "%s/%s: manifest %s: its bytes have digest %s",
                         where->host, where->repository, where->digest, digest);
    if (said && slice_has_prefix(slice_of(said), "sha256:") && strcmp(said, digest) != 0)
        return error_set(err, ERROR_INPUT,
                         "%s/%s: the registry says %.80s, the manifest's bytes have digest %s",
                         where->host, where->repository, said, digest);
    return true;
}

bool registry_manifest_find(struct registry *registry, struct arena *arena,
                            const struct reference *where, struct registry_manifest *out,
                            struct error *err)
{
    struct registry_call call = manifest_call(arena, "GET", where, "pull");
    struct http_response response;
    char digest[DIGEST_TEXT_SIZE];
    *out = (struct registry_manifest){.media_type = "", .digest = "", .size = -1};
    if (!registry_call(registry, arena, &call, &response, NULL, err))
        return false;
    if (response.status == 404)
        return true;
    if (response.status != 200)
        return registry_status_error(&call, &response, reference_target(where), err);
    const char *type = http_header_find(&response, "content-type");
    digest_of(response.body.data, response.body.length, digest);
    if (!check_manifest(where, &response, digest, err))
        return false;
    *out = (struct registry_manifest){.media_type = type ? type : "",
                                      .digest = arena_strdup(arena, digest),
                                      .size = (int64_t)response.body.length,
                                      .bytes = response.body,
                                      .found = true};
    return true;
}

bool registry_manifest_fetch(struct registry *registry, struct arena *arena,
                             const struct reference *where, struct registry_manifest *out,
                             struct error *err)
{
    return registry_manifest_find(registry, arena, where, out, err) &&
           (out->found ||
            error_set(err, ERROR_INPUT, "%s: not in the registry", reference_text(arena, where)));
}

bool registry_manifest_head(struct registry *registry, struct arena *arena,
                            const struct reference *where, struct registry_manifest *out,
                            struct error *err)
{
    struct registry_call call = manifest_call(arena, "HEAD", where, "pull");
    struct http_response response;
    *out = (struct registry_manifest){.media_type = "", .digest = "", .size = -1};
    if (!registry_call(registry, arena, &call, &response, NULL, err))
        return false;
    if (response.status == 404)
        return true;
    const char *digest = http_header_find(&response, "docker-content-digest");
    if (response.status == 405 ||
        (response.status == 200 && (!digest || !digest_is_valid(digest)))) {
        bool good = registry_manifest_find(registry, arena, where, out, err);
        out->bytes = (struct slice){0};
        return good;
    }
    if (response.status != 200)
        return registry_status_error(&call, &response, reference_target(where), err);
    const char *type = http_header_find(&response, "content-type");
    *out = (struct registry_manifest){.media_type = type ? type : "",
                                      .digest = digest,
                                      .size = response.content_length,
                                      .found = true};
    return true;
}

static bool put_manifest(struct registry *registry, struct arena *arena,
                         const struct reference *where, const char *target, const char *media_type,
                         struct slice bytes, struct http_response *response, struct error *err)
{
    struct registry_call call = {
        .method = "PUT",
        .host = where->host,
        .repository = where->repository,
        .path = arena_printf(arena, "%s/manifests/%s", where->repository, target),
        .actions = "pull,push",
        .body = bytes,
    };
    registry_add_header(&call, "Content-Type", media_type);
    if (!registry_call(registry, arena, &call, response, NULL, err))
        return false;
    return response->status == 201 || response->status == 200 ||
           registry_status_error(&call, response, "manifest push", err);
}

/* Without the referrers API the subject's tag carries an index of what refers to it
 * (distribution-spec 1.1, "Referrers Tag Schema"). */
static bool enter_referrer(struct registry *registry, struct arena *arena,
                           const struct reference *where, const struct manifest *manifest,
                           struct descriptor own, struct error *err)
{
    struct reference tag = *where;
    struct registry_manifest found;
    struct manifest index = {.kind = MANIFEST_INDEX};
    struct http_response response;
    struct slice bytes;
    tag.digest = "";
    tag.tag = arena_printf(arena, "sha256-%s", manifest->subject.digest + 7);
    if (!registry_manifest_find(registry, arena, &tag, &found, err))
        return false;
    if (found.found && !manifest_parse(arena, found.bytes, found.media_type, &index, err))
        return false;
    if (index.kind != MANIFEST_INDEX)
        return error_set(err, ERROR_INPUT, "%s: no index of referrers", tag.tag);
    struct descriptor *children = arena_new_array(arena, struct descriptor, index.child_count + 1);
    for (size_t i = 0; i < index.child_count; i++) {
        children[i] = index.children[i];
        if (strcmp(children[i].digest, own.digest) == 0)
            return true;
    }
    children[index.child_count] = own;
    struct manifest next = {
        .kind = MANIFEST_INDEX, .children = children, .child_count = index.child_count + 1};
    return manifest_encode(arena, &next, &bytes, err) &&
           put_manifest(registry, arena, &tag, tag.tag, MEDIA_OCI_INDEX, bytes, &response, err);
}

bool registry_manifest_push(struct registry *registry, const struct reference *where,
                            const char *media_type, struct slice bytes,
                            char digest[static DIGEST_TEXT_SIZE], struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct http_response response;
    struct manifest manifest;
    digest_of(bytes.data, bytes.length, digest);
    const char *target = *where->tag ? where->tag : digest;
    if (*where->digest && strcmp(where->digest, digest) != 0)
        return error_set(err, ERROR_FATAL, "manifest push: the bytes have digest %s, not %s",
                         digest, where->digest);
    if (!manifest_parse(arena, bytes, media_type, &manifest, err) ||
        !put_manifest(registry, arena, where, target, media_type, bytes, &response, err))
        return false;
    const char *said = http_header_find(&response, "docker-content-digest");
    if (said && strcmp(said, digest) != 0)
        return error_set(err, ERROR_INPUT, "%s/%s: the registry stored %.80s in place of %s",
                         where->host, where->repository, said, digest);
    if (!*manifest.subject.digest || http_header_find(&response, "oci-subject") ||
        !slice_has_prefix(slice_of(manifest.subject.digest), "sha256:"))
        return true;
    struct descriptor own = {.media_type = media_type,
                             .digest = digest,
                             .size = (int64_t)bytes.length,
                             .artifact_type = manifest.artifact_type,
                             .annotations = manifest.annotations,
                             .annotation_count = manifest.annotation_count};
    return enter_referrer(registry, arena, where, &manifest, own, err) ||
           error_wrap(err, "referrers");
}

bool registry_manifest_delete(struct registry *registry, const struct reference *where,
                              struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct registry_call call = manifest_call(arena, "DELETE", where, "pull,delete");
    struct http_response response;
    if (!registry_call(registry, arena, &call, &response, NULL, err))
        return false;
    return response.status == 202 || response.status == 200 || response.status == 204 ||
           response.status == 404 ||
           registry_status_error(&call, &response, "manifest delete", err);
}

/* ---- lists ---- */

/* Path of the next page below /v2/, or NULL (RFC 8288 Link with rel="next"). */
static const char *next_page(struct registry *registry, struct arena *arena, const char *host,
                             const char *url, const struct http_response *response)
{
    const char *link = http_header_find(response, "link");
    if (!link || !strstr(link, "next"))
        return NULL;
    struct slice text = slice_of(link);
    size_t open = slice_find_byte(text, '<'), close = slice_find_byte(text, '>');
    if (open >= close || close == text.length)
        return NULL;
    const char *next = http_url_resolve(
        arena, url, slice_string(arena, slice_sub(text, open + 1, close - open - 1)));
    return next && is_own(registry, arena, host, next) ? next : NULL;
}

static bool read_pages(struct registry *registry, struct arena *arena, struct registry_call call,
                       const char *member, size_t most, struct name_list *out,
                       struct http_response *answer, struct error *err)
{
    const char **names = NULL;
    size_t count = 0, capacity = 0;
    call.body_most = 16 * 1024 * 1024;
    *out = (struct name_list){0};
    for (size_t pages = 0; call.path && count < most && pages < 10000; pages++) {
        json_t *root, *array;
        if (!registry_call(registry, arena, &call, answer, NULL, err))
            return false;
        if (answer->status != 200)
            return true;
        root = json_read_document(arena, member, answer->body, 16 * 1024 * 1024, false, err);
        if (!root || !json_read_array(root, member, 1000000, &array, err))
            return false;
        for (size_t i = 0; i < json_array_size(array) && count < most; i++) {
            const char *name = json_string_value(json_array_get(array, i));
            if (!name)
                return error_set(err, ERROR_INPUT, "%s: not a text", member);
            arena_push(arena, names, count, capacity);
            names[count++] = arena_strdup(arena, name);
        }
        const char *before = call.path;
        call.path = next_page(registry, arena, call.host, answer->url, answer);
        if (call.path && strcmp(call.path, before) == 0)
            break;
    }
    *out = (struct name_list){.names = names, .count = count};
    return true;
}

bool registry_tag_list(struct registry *registry, struct arena *arena,
                       const struct reference *where, size_t most, struct name_list *out,
                       struct error *err)
{
    struct registry_call call = {
        .method = "GET",
        .host = where->host,
        .repository = where->repository,
        .path = arena_printf(arena, "%s/tags/list?n=1000", where->repository),
        .actions = "pull",
    };
    struct http_response answer = {.status = 200, .url = ""};
    if (!read_pages(registry, arena, call, "tags", most, out, &answer, err))
        return error_wrap(err, "%s/%s: tags", where->host, where->repository);
    return answer.status == 200 || answer.status == 404 ||
           registry_status_error(&call, &answer, "tags", err);
}

bool registry_catalog(struct registry *registry, struct arena *arena, const char *host, size_t most,
                      struct name_list *out, bool *supported, struct error *err)
{
    struct registry_call call = {
        .method = "GET", .host = host, .repository = "", .path = "_catalog?n=1000", .actions = ""};
    struct http_response answer = {.status = 200, .url = ""};
    *supported = true;
    if (!read_pages(registry, arena, call, "repositories", most, out, &answer, err))
        return error_wrap(err, "%s: catalogue", host);
    if (answer.status == 200)
        return true;
    *supported = false;
    return answer.status == 401 || answer.status == 403 || answer.status == 404 ||
           answer.status == 405 || registry_status_error(&call, &answer, "catalogue", err);
}

bool registry_referrers(struct registry *registry, struct arena *arena,
                        const struct reference *where, const char *digest,
                        const struct descriptor **out, size_t *count, struct error *err)
{
    struct registry_call call = {
        .method = "GET",
        .host = where->host,
        .repository = where->repository,
        .path = arena_printf(arena, "%s/referrers/%s", where->repository, digest),
        .actions = "pull",
        .body_most = LIMIT_MANIFEST_BYTES,
    };
    struct http_response response;
    struct manifest index = {.kind = MANIFEST_INDEX};
    *out = NULL;
    *count = 0;
    registry_add_header(&call, "Accept", MEDIA_OCI_INDEX);
    if (!registry_call(registry, arena, &call, &response, NULL, err))
        return false;
    if (response.status == 200) {
        if (!manifest_parse(arena, response.body, MEDIA_OCI_INDEX, &index, err))
            return error_wrap(err, "referrers");
    } else if (response.status == 404 || response.status == 400 || response.status == 405) {
        struct reference tag = *where;
        struct registry_manifest found;
        tag.digest = "";
        tag.tag = arena_printf(arena, "sha256-%s",
                               strchr(digest, ':') ? strchr(digest, ':') + 1 : digest);
        if (!registry_manifest_find(registry, arena, &tag, &found, err) ||
            (found.found && !manifest_parse(arena, found.bytes, found.media_type, &index, err)))
            return error_wrap(err, "referrers");
    } else {
        return registry_status_error(&call, &response, "referrers", err);
    }
    *out = index.children;
    *count = index.child_count;
    return true;
}
