/* GET /openapi.json: made of the routes table, so that it cannot leave it; schemas/openapi.yaml
 * says more of bodies and answers and is held against this. */
#include <string.h>

#include "base/version_text.h"
#include "gateway/routes.h"

static void put_roles(struct buf *out, unsigned roles)
{
    static const struct {
        unsigned role;
        const char *name;
    } names[] = {{ROLE_ADMIN, "admin"}, {ROLE_OPERATOR, "operator"}, {ROLE_READER, "reader"},
                 {ROLE_TEAM, "team"},   {ROLE_USAGE, "usage"},       {ROLE_PUBLIC, "public"},
                 {ROLE_EVENT, "event"}};
    size_t count = 0;
    buf_put_text(out, ",\"x-roles\":[");
    for (size_t i = 0; i < array_count(names); i++) {
        if (roles & names[i].role)
            buf_printf(out, "%s\"%s\"", count++ ? "," : "", names[i].name);
    }
    buf_put_byte(out, ']');
}

static void put_parameters(struct buf *out, const char *path)
{
    size_t count = 0;
    buf_put_text(out, ",\"parameters\":[");
    for (const char *at = strchr(path, '{'); at; at = strchr(at + 1, '{'))
        buf_printf(out,
                   "%s{\"name\":\"%.*s\",\"in\":\"path\",\"required\":true,"
                   "\"schema\":{\"type\":\"string\"}}",
                   count++ ? "," : "", (int)strcspn(at + 1, "}"), at + 1);
    buf_put_byte(out, ']');
}

static void put_method(struct buf *out, const struct route *route)
{
    static const struct {
        const char *upper, *lower;
    } methods[] = {{"GET", "get"}, {"POST", "post"}, {"DELETE", "delete"}};
    for (size_t i = 0; i < array_count(methods); i++) {
        if (strcmp(route->method, methods[i].upper) == 0)
            buf_printf(out, "\"%s\":{\"operationId\":\"%s %s\"", methods[i].lower, methods[i].lower,
                       route->path);
    }
    put_parameters(out, route->path);
    put_roles(out, route->roles);
    buf_put_text(out, ",\"responses\":{\"default\":{\"description\":\"JSON, or a problem document "
                      "(RFC 9457)\"}}}");
}

/* Is this the first route of its path? Then all of that path's stand under it. */
static bool is_first(size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(routes[i].path, routes[index].path) == 0)
            return false;
    }
    return true;
}

bool api_openapi(struct call *call, struct error *err)
{
    struct buf out scoped(buf_release) = {0};
    size_t paths = 0;
    (void)err;
    buf_printf(&out,
               "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Resole\",\"version\":\"%s\"},"
               "\"components\":{\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":"
               "\"bearer\"}}},\"security\":[{\"token\":[]}],\"paths\":{",
               RESOLE_VERSION);
    for (size_t i = 0; i < route_count; i++) {
        size_t methods = 0;
        if (!is_first(i))
            continue;
        buf_printf(&out, "%s\"%s\":{", paths++ ? "," : "", routes[i].path);
        for (size_t k = i; k < route_count; k++) {
            if (strcmp(routes[k].path, routes[i].path) != 0)
                continue;
            buf_put_text(&out, methods++ ? "," : "");
            put_method(&out, &routes[k]);
        }
        buf_put_byte(&out, '}');
    }
    buf_put_text(&out, "}}");
    return call_json(call, 200, arena_strdup(call->arena, buf_text(&out)));
}
