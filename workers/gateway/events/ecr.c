/* Amazon ECR through EventBridge (API destination), alone or in a list, or wrapped by SNS. The
 * confirmation of an SNS subscription is left to a person: we fetch no address from outside. */
#include <string.h>

#include "gateway/events/event_json.h"

static void bridge_event(struct arena *arena, json_t *event, struct events *out)
{
    const char *type = text_at(event, "detail-type"), *result = text_at(event, "detail.result");
    const char *action = text_at(event, "detail.action-type");
    const char *account = text_at(event, "account"), *region = text_at(event, "region");
    struct push_event e = {
        .repository = text_at(event, "detail.repository-name"),
        .tag = text_at(event, "detail.image-tag"),
        .digest = text_at(event, "detail.image-digest"),
        .media_type = text_at(event, "detail.manifest-media-type"),
        .id = text_at(event, "id"),
    };

    if (!type || strcmp(type, "ECR Image Action") != 0) {
        events_ignore(arena, out, type, "not an image action");
        return;
    }
    if (result && strcmp(result, "SUCCESS") != 0) {
        events_ignore(arena, out, result, "the action did not succeed");
        return;
    }
    if (action && strcmp(action, "PUSH") == 0)
        e.action = "push";
    else if (action && strcmp(action, "DELETE") == 0)
        e.action = "delete";
    if (!e.action) {
        events_ignore(arena, out, action, "neither a push nor a delete");
        return;
    }
    if (account && region)
        e.host = arena_printf(arena, "%s.dkr.ecr.%s.amazonaws.com", account, region);
    events_add(arena, out, &e);
}

bool ecr_parse(struct arena *arena, const struct event_request *request, struct events *out,
               struct error *err)
{
    json_t *root = event_json(arena, request->body, err), *event;
    const char *sns, *inner;
    size_t i;
    if (!root)
        return false;
    if (json_is_array(root)) {
        json_array_foreach(root, i, event) bridge_event(arena, event, out);
        return true;
    }
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "neither an event nor a list of them");
    sns = text_at(root, "Type");
    inner = text_at(root, "Message");
    if (sns && strcmp(sns, "Notification") != 0) {
        events_ignore(arena, out, sns, "an SNS subscription: confirm it in the AWS console");
        return true;
    }
    if (sns && inner) {
        root = event_json(arena, slice_of(inner), err);
        if (!root)
            return error_wrap(err, "Message");
    }
    bridge_event(arena, root, out);
    return true;
}
