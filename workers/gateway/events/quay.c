/* Quay's repo_push: a list of tags (older servers: an object of tag to image id). It has neither an
 * id nor a time. */
#include "gateway/events/event_json.h"

bool quay_parse(struct arena *arena, const struct event_request *request, struct events *out,
                struct error *err)
{
    json_t *root = event_json(arena, request->body, err);
    if (!root)
        return false;
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "not an object");
    json_t *tags = json_object_get(root, "updated_tags"), *tag;
    struct push_event e = {0};
    event_reference(arena, text_at(root, "docker_url"), &e);
    const char *repository = text_at(root, "repository"), *name;
    e.repository = repository ? repository : e.repository;
    e.action = "push";
    e.tag = e.digest = NULL;
    if (json_is_array(tags)) {
        size_t i;
        json_array_foreach(tags, i, tag)
        {
            e.tag = json_string_value(tag);
            events_add(arena, out, &e);
        }
    } else if (json_is_object(tags)) {
        json_object_foreach(tags, name, tag)
        {
            e.tag = name;
            events_add(arena, out, &e);
        }
    } else {
        events_ignore(arena, out, e.repository, "not a push: it names no updated tags");
    }
    return true;
}
