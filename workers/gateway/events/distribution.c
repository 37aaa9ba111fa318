/* Docker Registry 2 and 3 (distribution): an envelope {"events": […]}; GitLab's registry sends the
 * same. Deletes carry no media type; a blob's and a manifest's delete look alike, so both pass and
 * the receiver looks at its rows. */
#include <string.h>

#include "gateway/events/event_json.h"

static const char *host_of(struct arena *arena, json_t *event)
{
    const char *url = text_at(event, "target.url");
    const char *start = url ? strstr(url, "://") : NULL;
    if (start) {
        start += 3;
        return arena_strndup(arena, start, strcspn(start, "/"));
    }
    return text_at(event, "request.host");
}

void distribution_event(struct arena *arena, json_t *event, const char *id, struct events *out)
{
    const char *action = text_at(event, "action");
    struct push_event e = {
        .host = host_of(arena, event),
        .repository = text_at(event, "target.repository"),
        .tag = text_at(event, "target.tag"),
        .digest = text_at(event, "target.digest"),
        .media_type = text_at(event, "target.mediaType"),
        .id = id ? id : text_at(event, "id"),
    };

    if (!action) {
        events_ignore(arena, out, e.repository, "an event without an action");
        return;
    }
    if (strcmp(action, "push") == 0)
        e.action = "push";
    else if (strcmp(action, "delete") == 0)
        e.action = "delete";
    else {
        events_ignore(arena, out, action, "neither a push nor a delete");
        return;
    }
    if (e.action[0] == 'p' && !e.tag &&
        event_thing(text_at(event, "target.url"), e.media_type) == THING_BLOB) {
        events_ignore(arena, out, e.digest, "a blob, not a manifest");
        return;
    }
    events_add(arena, out, &e);
}

bool distribution_parse(struct arena *arena, const struct event_request *request,
                        struct events *out, struct error *err)
{
    json_t *root = event_json(arena, request->body, err);
    if (!root)
        return false;
    json_t *events = json_object_get(root, "events"), *event;
    size_t i;
    if (!events && json_is_object(root)) {
        distribution_event(arena, root, NULL, out);
        return true;
    }
    if (!json_is_array(events))
        return error_set(err, ERROR_INPUT, "no list of events");
    json_array_foreach(events, i, event) distribution_event(arena, event, NULL, out);
    return true;
}
