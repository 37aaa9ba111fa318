/* Sonatype Nexus Repository: asset and component webhooks of docker repositories. */
#include <string.h>
#include <strings.h>

#include "gateway/events/event_json.h"

static const char *action_of(const char *action)
{
    if (!action)
        return NULL;
    if (strcasecmp(action, "CREATED") == 0 || strcasecmp(action, "UPDATED") == 0)
        return "push";
    if (strcasecmp(action, "DELETED") == 0 || strcasecmp(action, "PURGED") == 0)
        return "delete";
    return NULL;
}

/* [/]v2/NAME/manifests/REFERENCE */
static bool asset_path(struct arena *arena, const char *path, struct push_event *e)
{
    if (!path)
        return false;
    path += *path == '/';
    if (strncmp(path, "v2/", 3) != 0)
        return false;
    path += 3;
    const char *manifests = strstr(path, "/manifests/");
    if (!manifests)
        return false;
    e->repository = arena_strndup(arena, path, (size_t)(manifests - path));
    e->tag = manifests + strlen("/manifests/");
    return true;
}

bool nexus_parse(struct arena *arena, const struct event_request *request, struct events *out,
                 struct error *err)
{
    json_t *root = event_json(arena, request->body, err);
    if (!root)
        return false;
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "not an object");
    json_t *asset = json_object_get(root, "asset"), *component = json_object_get(root, "component");
    const char *format = text_at(asset ? asset : component, "format");
    struct push_event e = {
        .id = event_header(request, "X-Nexus-Webhook-Delivery"),
        .action = action_of(text_at(root, "action")),
    };
    if (!asset && !component) {
        events_ignore(arena, out, event_header(request, "X-Nexus-Webhook-Id"),
                      "neither an asset nor a component");
    } else if (!format || strcmp(format, "docker") != 0) {
        events_ignore(arena, out, format, "not a docker repository");
    } else if (!e.action) {
        events_ignore(arena, out, text_at(root, "action"), "neither a push nor a delete");
    } else if (asset) {
        const char *name = text_at(asset, "name");
        if (asset_path(arena, name, &e))
            events_add(arena, out, &e);
        else
            events_ignore(arena, out, name, "a blob, not a manifest");
    } else {
        e.repository = text_at(component, "name");
        e.tag = text_at(component, "version");
        events_add(arena, out, &e);
    }
    return true;
}
