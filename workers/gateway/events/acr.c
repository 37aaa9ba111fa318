/* Azure Container Registry: its own webhooks, Event Grid's schema (an array) and Event Grid with
 * the CloudEvents schema. The subscription handshake is answered with its code. */
#include <string.h>

#include "base/buf.h"
#include "gateway/events/event_json.h"

static void grid_event(struct arena *arena, json_t *event, struct events *out)
{
    const char *type = text_at(event, "eventType"), *code;
    if (!type)
        type = text_at(event, "type");
    if (!type) {
        distribution_event(arena, event, NULL, out);
        return;
    }
    if (strcmp(type, "Microsoft.EventGrid.SubscriptionValidationEvent") == 0) {
        code = text_at(event, "data.validationCode");
        if (code) {
            struct buf reply scoped(buf_release) = {0};
            buf_put_text(&reply, "{\"validationResponse\":");
            buf_put_json(&reply, slice_of(code));
            buf_put_text(&reply, "}");
            out->reply = arena_strdup(arena, buf_text(&reply));
        }
        events_ignore(arena, out, type, "the handshake of a subscription");
    } else if (strcmp(type, "Microsoft.ContainerRegistry.ImagePushed") == 0 ||
               strcmp(type, "Microsoft.ContainerRegistry.ImageDeleted") == 0) {
        distribution_event(arena, json_object_get(event, "data"), text_at(event, "id"), out);
    } else {
        events_ignore(arena, out, type, "neither a push nor a delete of an image");
    }
}

bool acr_parse(struct arena *arena, const struct event_request *request, struct events *out,
               struct error *err)
{
    json_t *root = event_json(arena, request->body, err), *event;
    size_t i;
    if (!root)
        return false;
    if (json_is_object(root)) {
        grid_event(arena, root, out);
        return true;
    }
    if (!json_is_array(root))
        return error_set(err, ERROR_INPUT, "neither an event nor a list of them");
    json_array_foreach(root, i, event) grid_event(arena, event, out);
    return true;
}
