/* Harbor 1.8 to 2.x: its own format and its CloudEvents format; "resources" was "tags" at first. */
#include <string.h>

#include "gateway/events/event_json.h"

static const struct {
    const char *type, *action;
} types[] = {
    {"PUSH_ARTIFACT", "push"},     {"pushImage", "push"},     {"harbor.artifact.pushed", "push"},
    {"DELETE_ARTIFACT", "delete"}, {"deleteImage", "delete"}, {"harbor.artifact.deleted", "delete"},
};

void harbor_event(struct arena *arena, json_t *event, struct events *out)
{
    const char *type = text_at(event, "type"), *action = NULL;
    for (size_t i = 0; type && i < array_count(types); i++) {
        if (strcmp(types[i].type, type) == 0)
            action = types[i].action;
    }
    if (!action) {
        events_ignore(arena, out, type, "neither a push nor a delete of an artifact");
        return;
    }
    json_t *data = value_at(event, text_at(event, "specversion") ? "data" : "event_data");
    json_t *resources = value_at(data, "resources"), *resource;
    size_t i;
    if (!resources)
        resources = value_at(data, "tags");
    if (json_array_size(resources) == 0)
        events_ignore(arena, out, type, "it names no artifact");
    const char *id = text_at(event, "id");
    json_int_t at = json_integer_value(value_at(event, "occur_at"));
    json_array_foreach(resources, i, resource)
    {
        struct push_event e = {.action = action};
        event_reference(arena, text_at(resource, "resource_url"), &e);
        const char *full = text_at(data, "repository.repo_full_name");
        e.repository = full ? full : e.repository;
        e.tag = text_at(resource, "tag");
        e.digest = text_at(resource, "digest");
        if (id)
            e.id = arena_printf(arena, "%s/%zu", id, i);
        else if (at)
            e.id = arena_printf(arena, "%s %lld %s %s %s", action, (long long)at,
                                e.repository ? e.repository : "", e.tag ? e.tag : "",
                                e.digest ? e.digest : "");
        events_add(arena, out, &e);
    }
}

bool harbor_parse(struct arena *arena, const struct event_request *request, struct events *out,
                  struct error *err)
{
    json_t *root = event_json(arena, request->body, err);
    if (!root)
        return false;
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "not an object");
    harbor_event(arena, root, out);
    return true;
}
