/* JFrog Artifactory's docker domain; repositories by the path method: host/REPO_KEY/IMAGE. */
#include <string.h>

#include "gateway/events/event_json.h"

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

bool artifactory_parse(struct arena *arena, const struct event_request *request, struct events *out,
                       struct error *err)
{
    json_t *root = event_json(arena, request->body, err);
    if (!root)
        return false;
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "not an object");
    const char *domain = text_at(root, "domain"), *type = text_at(root, "event_type");
    json_t *data = json_object_get(root, "data");
    struct push_event e = {0};
    if (!domain || strcmp(domain, "docker") != 0) {
        events_ignore(arena, out, domain, "not of the docker domain");
        return true;
    }
    if (type && (strcmp(type, "pushed") == 0 || strcmp(type, "promoted") == 0))
        e.action = "push";
    else if (type && strcmp(type, "deleted") == 0)
        e.action = "delete";
    if (!e.action) {
        events_ignore(arena, out, type, "neither a push nor a delete");
        return true;
    }
    const char *key = text_at(data, "repo_key"), *image = text_at(data, "image_name");
    const char *path = text_at(data, "path"), *sha256 = text_at(data, "sha256");
    e.repository = key && image ? arena_printf(arena, "%s/%s", key, image) : image;
    e.tag = text_at(data, "tag");
    if (sha256 && path && ends_with(path, "manifest.json"))
        e.digest = arena_printf(arena, "sha256:%s", sha256);
    events_add(arena, out, &e);
    return true;
}
