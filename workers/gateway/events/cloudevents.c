/* CloudEvents 1.0 over HTTP: structured, batched and binary mode. Types known: ours
 * (image.pushed), Harbor's, Azure's, and CDEvents' artifact events with an OCI package URL. Data of
 * other types passes if it names a repository. */
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "gateway/events/event_json.h"

static const char *unescaped(struct arena *arena, const char *text, size_t length)
{
    char *out = arena_strndup(arena, text, length), *to = out;
    for (const char *from = out; *from; from++) {
        char byte;
        if (*from == '%' && hex_decode((struct slice){from + 1, strnlen(from + 1, 2)}, &byte, 1) &&
            byte) {
            *to++ = byte;
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return out;
}

/* pkg:oci/NAME@sha256%3A…?repository_url=HOST/PATH&tag=TAG (purl types, oci). */
static bool from_purl(struct arena *arena, const char *purl, struct push_event *e)
{
    if (!purl || strncmp(purl, "pkg:oci/", 8) != 0)
        return false;
    size_t end = strcspn(purl, "?#"), at = strcspn(purl, "@");
    const char *query = purl[end] == '?' ? purl + end + 1 : "";
    if (at < end)
        e->digest = unescaped(arena, purl + at + 1, end - at - 1);
    while (*query && *query != '#') {
        size_t length = strcspn(query, "&#"), equals = strcspn(query, "=");
        if (equals < length) {
            const char *value = unescaped(arena, query + equals + 1, length - equals - 1);
            if (equals == 14 && strncmp(query, "repository_url", 14) == 0) {
                struct push_event place = {0};
                if (event_reference(arena, value, &place)) {
                    e->host = place.host;
                    e->repository = place.repository;
                }
            } else if (equals == 3 && strncmp(query, "tag", 3) == 0) {
                e->tag = value;
            }
        }
        query += length + (query[length] == '&');
    }
    return e->repository != NULL;
}

static const char *action_of(const char *type, json_t *data)
{
    const char *action = text_at(data, "action");
    if (action)
        return strcasecmp(action, "push") == 0     ? "push"
               : strcasecmp(action, "delete") == 0 ? "delete"
                                                   : NULL;
    if (strstr(type, "deleted") || strstr(type, "Deleted"))
        return "delete";
    if (strstr(type, "pushed") || strstr(type, "Pushed") || strstr(type, "published") ||
        strstr(type, "packaged"))
        return "push";
    return NULL;
}

static void one_event(struct arena *arena, const char *type, const char *id, json_t *data,
                      struct events *out)
{
    if (!type) {
        events_ignore(arena, out, id, "an event without a type");
        return;
    }
    if (strncmp(type, "Microsoft.ContainerRegistry.Image", 33) == 0) {
        distribution_event(arena, data, id, out);
        return;
    }
    struct push_event e = {
        .host = text_at(data, "host"),
        .repository = text_at(data, "repository"),
        .tag = text_at(data, "tag"),
        .digest = text_at(data, "digest"),
        .media_type = text_at(data, "media_type"),
        .action = action_of(type, data),
        .id = id,
    };
    if (!e.repository && !from_purl(arena, text_at(data, "subject.id"), &e)) {
        events_ignore(arena, out, type, "it names no repository");
        return;
    }
    if (!e.action) {
        events_ignore(arena, out, type, "neither a push nor a delete");
        return;
    }
    events_add(arena, out, &e);
}

static void structured(struct arena *arena, json_t *event, struct events *out)
{
    const char *type = text_at(event, "type");
    if (type && strncmp(type, "harbor.", 7) == 0)
        harbor_event(arena, event, out);
    else
        one_event(arena, type, text_at(event, "id"), json_object_get(event, "data"), out);
}

bool cloudevents_parse(struct arena *arena, const struct event_request *request, struct events *out,
                       struct error *err)
{
    json_t *root = event_json(arena, request->body, err), *event;
    const char *type = event_header(request, "ce-type");
    size_t i;
    if (!root)
        return false;
    if (json_is_array(root)) {
        json_array_foreach(root, i, event) structured(arena, event, out);
        return true;
    }
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "neither an event nor a list of them");
    if (type)
        one_event(arena, type, event_header(request, "ce-id"), root, out);
    else
        structured(arena, root, out);
    return true;
}
