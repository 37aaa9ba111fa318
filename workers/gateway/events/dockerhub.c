/* Docker Hub's webhook. It has no id, but the second of the push. callback_url is never called. */
#include "gateway/events/event_json.h"

bool dockerhub_parse(struct arena *arena, const struct event_request *request, struct events *out,
                     struct error *err)
{
    json_t *root = event_json(arena, request->body, err);
    if (!root)
        return false;
    json_t *push = value_at(root, "push_data");
    if (!push)
        return error_set(err, ERROR_INPUT, "no push_data");
    struct push_event e = {
        .host = "docker.io",
        .repository = text_at(root, "repository.repo_name"),
        .tag = text_at(push, "tag"),
        .action = "push",
    };
    json_int_t at = json_integer_value(value_at(push, "pushed_at"));
    if (at > 0)
        e.id = arena_printf(arena, "%s:%s %lld", e.repository ? e.repository : "",
                            e.tag ? e.tag : "", (long long)at);
    events_add(arena, out, &e);
    return true;
}
