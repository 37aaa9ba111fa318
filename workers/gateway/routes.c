#include "gateway/routes.h"

#include <string.h>

const struct route routes[] = {
    {"POST", "/v1/events/{registry}", ROLE_EVENT, api_events},
    {"POST", "/v1/usage", ROLES_MANAGE | ROLE_TEAM | ROLE_USAGE, api_usage_report},
    {"GET", "/v1/usage", ROLES_READ, api_usage_list},
    {"GET", "/v1/images", ROLES_READ, api_image_list},
    {"POST", "/v1/images/manage", ROLES_MANAGE, api_image_manage},
    {"POST", "/v1/images/import", ROLES_MANAGE, api_image_import},
    {"POST", "/v1/images/rollback", ROLES_MANAGE, api_image_rollback},
    {"GET", "/v1/images/{digest}", ROLES_READ, api_image_show},
    {"GET", "/v1/images/{digest}/packages", ROLES_READ, api_image_packages},
    {"GET", "/v1/images/{digest}/findings", ROLES_READ, api_image_findings},
    {"GET", "/v1/managed", ROLES_READ, api_managed_list},
    {"DELETE", "/v1/managed/{id}", ROLES_MANAGE, api_managed_drop},
    {"GET", "/v1/findings", ROLES_READ, api_finding_list},
    {"GET", "/v1/findings/{id}", ROLES_READ, api_finding_show},
    {"GET", "/v1/vulnerabilities/{id}", ROLES_READ, api_vulnerability_show},
    {"GET", "/v1/patches", ROLES_READ, api_patch_list},
    {"GET", "/v1/patches/{id}", ROLES_READ, api_patch_show},
    {"GET", "/v1/patches/{id}/preview", ROLES_READ, api_patch_preview},
    {"POST", "/v1/patches/{id}/approve", ROLES_MANAGE | ROLE_TEAM, api_patch_approve},
    {"POST", "/v1/patches/{id}/decline", ROLES_MANAGE | ROLE_TEAM, api_patch_decline},
    {"GET", "/v1/applications", ROLES_READ, api_application_list},
    {"POST", "/v1/applications", ROLES_MANAGE, api_application_put},
    {"GET", "/v1/applications/{application}", ROLES_READ, api_application_show},
    {"GET", "/v1/teams", ROLES_READ, api_team_list},
    {"POST", "/v1/teams", ROLES_MANAGE, api_team_put},
    {"GET", "/v1/subscriptions", ROLES_READ, api_subscription_list},
    {"POST", "/v1/subscriptions", ROLES_MANAGE | ROLE_TEAM, api_subscription_put},
    {"GET", "/v1/subscriptions/{id}", ROLES_READ, api_subscription_show},
    {"DELETE", "/v1/subscriptions/{id}", ROLES_MANAGE | ROLE_TEAM, api_subscription_drop},
    {"GET", "/v1/alerts", ROLES_READ, api_alert_list},
    {"GET", "/v1/parked", ROLES_MANAGE | ROLE_READER, api_parked_list},
    {"GET", "/v1/parked/{id}", ROLES_MANAGE | ROLE_READER, api_parked_show},
    {"POST", "/v1/parked/{id}/replay", ROLES_MANAGE, api_parked_replay},
    {"GET", "/v1/tokens", ROLE_ADMIN, api_token_list},
    {"POST", "/v1/tokens", ROLE_ADMIN, api_token_put},
    {"DELETE", "/v1/tokens/{id}", ROLE_ADMIN, api_token_drop},
    {"GET", "/v1/registries", ROLES_MANAGE, api_registry_list},
    {"POST", "/v1/registries", ROLES_MANAGE, api_registry_put},
    {"GET", "/v1/runs", ROLES_MANAGE | ROLE_READER, api_run_list},
    {"GET", "/v1/runs/{id}", ROLES_MANAGE | ROLE_READER, api_run_show},
    {"GET", "/v1/sources", ROLES_READ, api_source_list},
    {"POST", "/v1/sources/{source}/sync", ROLES_MANAGE, api_source_sync},
    {"GET", "/v1/status", ROLES_READ, api_status},
    {"GET", "/openapi.json", ROLE_PUBLIC, api_openapi},
    {"GET", "/", ROLES_READ, ui_dashboard},
};
const size_t route_count = array_count(routes);

static bool path_matches(struct arena *arena, const char *pattern, const char *path,
                         const char *arguments[CALL_ARGUMENTS_MOST])
{
    struct slice want = slice_of(pattern), have = slice_of(path), a, b;
    size_t count = 0;
    for (;;) {
        bool more_a = slice_take_until(&want, '/', &a), more_b = slice_take_until(&have, '/', &b);
        if (more_a != more_b)
            return false;
        if (!more_a)
            return true;
        if (slice_has_prefix(a, "{") && b.length > 0 && count < CALL_ARGUMENTS_MOST)
            arguments[count++] = slice_string(arena, b);
        else if (!slice_equal(a, b))
            return false;
    }
}

enum route_match route_find(struct arena *arena, const char *method, const char *path,
                            const struct route **out, const char *arguments[CALL_ARGUMENTS_MOST])
{
    enum route_match match = ROUTE_NONE;
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    for (size_t i = 0; i < route_count; i++) {
        if (!path_matches(arena, routes[i].path, path, arguments))
            continue;
        if (strcmp(routes[i].method, method) == 0) {
            *out = &routes[i];
            return ROUTE_FOUND;
        }
        match = ROUTE_OTHER_METHOD;
    }
    return match;
}
