#include "gateway/routes.h"

#include <string.h>

const struct route routes[] = {
    {"POST", "/v1/events/{registry}", ROLE_EVENT, api_events},
    {"POST", "/v1/usage", ROLES_MANAGE | ROLE_TEAM | ROLE_USAGE, api_usage_report},
    {"GET", "/v1/usage", ROLES_READ, api_usage_list},
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
