/* GitHub's events package and registry_package for ghcr.io. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "gateway/events/event_json.h"

static const char *lower(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);
    for (char *c = copy; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

static bool is_container(json_t *package)
{
    const char *type = text_at(package, "package_type");
    if (!type)
        type = text_at(package, "ecosystem");
    return type && (strcasecmp(type, "container") == 0 || strcasecmp(type, "docker") == 0);
}

static void fill_repository(struct arena *arena, json_t *root, json_t *package,
                            struct push_event *e)
{
    const char *name = text_at(package, "name"), *owner = text_at(package, "namespace");
    const char *url = text_at(package, "package_version.package_url");

    if (url && strchr(url, '/') && event_reference(arena, url, e)) {
        e->repository = lower(arena, e->repository);
        return;
    }
    url = text_at(package, "registry.url");
    if (!url)
        url = text_at(root, "registry.url");
    if (!owner)
        owner = text_at(package, "owner.login");
    if (!name)
        return;
    if (url && event_reference(arena, url, e) && strchr(e->repository, '/'))
        owner = e->repository; /* https://ghcr.io/OWNER/REPOSITORY */
    e->tag = e->digest = NULL;
    e->repository = lower(arena, owner ? arena_printf(arena, "%s/%s", owner, name) : name);
}

bool github_parse(struct arena *arena, const struct event_request *request, struct events *out,
                  struct error *err)
{
    json_t *root = event_json(arena, request->body, err);
    if (!root)
        return false;
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "not an object");
    const char *action = text_at(root, "action");
    json_t *package = json_object_get(root, "package");
    struct push_event e = {.id = event_header(request, "X-GitHub-Delivery"), .action = "push"};
    if (!package)
        package = json_object_get(root, "registry_package");
    if (!package) {
        const char *event = event_header(request, "X-GitHub-Event");
        events_ignore(arena, out, event ? event : action, "not about a package");
        return true;
    }
    if (!is_container(package)) {
        events_ignore(arena, out, text_at(package, "name"), "not a container package");
        return true;
    }
    if (action && strcmp(action, "published") != 0 && strcmp(action, "updated") != 0 &&
        strcmp(action, "create") != 0) {
        events_ignore(arena, out, action, "neither published nor updated");
        return true;
    }
    fill_repository(arena, root, package, &e);
    json_t *version = value_at(package, "package_version");
    const char *tag = text_at(version, "container_metadata.tag.name");
    const char *digest = text_at(version, "container_metadata.tag.digest");
    e.media_type = text_at(version, "container_metadata.manifest.media_type");
    if (!digest)
        digest = text_at(version, "container_metadata.manifest.digest");
    if (!tag && !digest)
        tag = text_at(version, "version");
    e.tag = tag ? tag : e.tag;
    e.digest = digest ? digest : e.digest;
    events_add(arena, out, &e);
    return true;
}
