#include "gateway/events/event_json.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static void forget(void *root)
{
    json_decref(root);
}

json_t *event_json(struct arena *arena, struct slice body, struct error *err)
{
    json_error_t problem;
    json_t *root = json_loadb(body.data ? body.data : "", body.length, 0, &problem);
    if (!root) {
        error_fill(err, ERROR_INPUT, "not JSON: %s (line %d)", problem.text, problem.line);
        return NULL;
    }
    arena_defer(arena, forget, root);
    return root;
}

json_t *value_at(json_t *root, const char *path)
{
    while (root && *path) {
        char step[64];
        size_t length = strcspn(path, ".");
        if (length >= sizeof(step))
            return NULL;
        memcpy(step, path, length);
        step[length] = '\0';
        root = json_object_get(root, step);
        path += length + (path[length] == '.');
    }
    return root;
}

const char *text_at(json_t *root, const char *path)
{
    const char *text = json_string_value(value_at(root, path));
    return text && *text ? text : NULL;
}

/* distribution-spec 1.1: [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* parts with slashes between. */
static bool is_repository(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > EVENT_REPOSITORY_MOST)
        return false;
    char before = '/';
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool joint = c == '.' || c == '_' || c == '-';
        if (!plain && !joint && c != '/')
            return false;
        if (!plain && before == '/')
            return false;
        if (c == '/' && !isalnum((unsigned char)before))
            return false;
        if (c == '.' && before == '.')
            return false;
        before = c;
    }
    return isalnum((unsigned char)before);
}

static bool is_tag(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > EVENT_TAG_MOST || text[0] == '.' || text[0] == '-')
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c > 126 || (!isalnum(c) && c != '_' && c != '.' && c != '-'))
            return false;
    }
    return true;
}

/* algorithm:hex, sha256 and sha512 as the specification registers them. */
static bool is_digest(const char *text)
{
    size_t want = strncmp(text, "sha256:", 7) == 0   ? 64
                  : strncmp(text, "sha512:", 7) == 0 ? 128
                                                     : 0;
    return want > 0 && strspn(text + 7, "0123456789abcdef") == want && text[7 + want] == '\0';
}

static const char *shortened(struct arena *arena, const char *text, size_t most)
{
    if (!text || strlen(text) <= most)
        return text ? arena_strdup(arena, text) : NULL;
    while (most > 0 && ((unsigned char)text[most] & 0xC0) == 0x80)
        most--; /* never inside a character */
    return arena_strndup(arena, text, most);
}

void events_ignore(struct arena *arena, struct events *out, const char *what, const char *reason)
{
    if (out->ignored_count >= EVENTS_MOST)
        return;
    arena_push(arena, out->ignored, out->ignored_count, out->ignored_capacity);
    out->ignored[out->ignored_count++] =
        (struct ignored_event){shortened(arena, what ? what : "event", 200), reason};
}

void events_add(struct arena *arena, struct events *out, const struct push_event *event)
{
    struct push_event e = *event;

    if (e.tag && is_digest(e.tag)) {
        e.digest = e.digest ? e.digest : e.tag;
        e.tag = NULL;
    }
    if (e.digest && !is_digest(e.digest))
        e.digest = NULL;
    if (!e.repository) {
        events_ignore(arena, out, e.action, "it names no repository");
        return;
    }
    if (!is_repository(e.repository)) {
        events_ignore(arena, out, e.repository, "not a repository name");
        return;
    }
    if (e.tag && !is_tag(e.tag)) {
        events_ignore(arena, out, e.tag, "not a tag");
        return;
    }
    if (!e.tag && !e.digest) {
        events_ignore(arena, out, e.repository, "neither a tag nor a digest");
        return;
    }
    if (out->count >= EVENTS_MOST) {
        events_ignore(arena, out, e.repository, "more events than one envelope may carry");
        return;
    }
    arena_push(arena, out->items, out->count, out->capacity);
    out->items[out->count++] = (struct push_event){
        .host = shortened(arena, e.host, 255),
        .repository = arena_strdup(arena, e.repository),
        .tag = arena_strdup(arena, e.tag),
        .digest = arena_strdup(arena, e.digest),
        .media_type = shortened(arena, e.media_type, 255),
        .action = e.action,
        .id = shortened(arena, e.id, 500),
    };
}

bool event_reference(struct arena *arena, const char *text, struct push_event *event)
{
    if (!text)
        return false;
    if (strncmp(text, "https://", 8) == 0)
        text += 8;
    else if (strncmp(text, "http://", 7) == 0)
        text += 7;
    const char *slash = strchr(text, '/');
    if (slash) {
        size_t length = (size_t)(slash - text);
        bool host = memchr(text, '.', length) || memchr(text, ':', length) ||
                    (length == 9 && memcmp(text, "localhost", 9) == 0);
        if (host) {
            event->host = arena_strndup(arena, text, length);
            text = slash + 1;
        }
    }
    const char *at = strchr(text, '@');
    const char *end = at ? at : text + strlen(text);
    if (at)
        event->digest = at + 1;
    const char *colon = memchr(text, ':', (size_t)(end - text));
    if (colon) {
        event->tag = arena_strndup(arena, colon + 1, (size_t)(end - colon - 1));
        end = colon;
    }
    event->repository = arena_strndup(arena, text, (size_t)(end - text));
    return end > text;
}

enum thing event_thing(const char *url, const char *media_type)
{
    static const char *const manifests[] = {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.artifact.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    };
    static const char *const blobs[] = {
        "application/octet-stream",
        "application/vnd.docker.image.",
        "application/vnd.docker.container.image.",
        "application/vnd.oci.image.layer.",
        "application/vnd.oci.image.config.",
    };

    if (url && strstr(url, "/manifests/"))
        return THING_MANIFEST;
    if (url && strstr(url, "/blobs/"))
        return THING_BLOB;
    for (size_t i = 0; media_type && i < array_count(manifests); i++) {
        if (strcasecmp(media_type, manifests[i]) == 0)
            return THING_MANIFEST;
    }
    for (size_t i = 0; media_type && i < array_count(blobs); i++) {
        if (strncasecmp(media_type, blobs[i], strlen(blobs[i])) == 0)
            return THING_BLOB;
    }
    return THING_UNKNOWN;
}
