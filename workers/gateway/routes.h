/* Every route, once: the OpenAPI document is held against this table by a test. */
#pragma once

#include "gateway/gateway.h"

struct route {
    const char *method, *path; /* {name} stands for one segment */
    unsigned roles;
    bool (*run)(struct call *call, struct error *err);
};

extern const struct route routes[];
extern const size_t route_count;

enum route_match { ROUTE_NONE, ROUTE_OTHER_METHOD, ROUTE_FOUND };
/* The path is percent-decoded already (libmicrohttpd does). Arguments land in the arena. */
enum route_match route_find(struct arena *arena, const char *method, const char *path,
                            const struct route **out, const char *arguments[CALL_ARGUMENTS_MOST]);

#define ROUTE_FUNCTIONS(X)                                                                         \
    X(api_events)                                                                                  \
    X(api_usage_report)                                                                            \
    X(api_usage_list)                                                                              \
    X(api_image_list)                                                                              \
    X(api_image_show)                                                                              \
    X(api_image_packages)                                                                          \
    X(api_image_findings)                                                                          \
    X(api_image_manage)                                                                            \
    X(api_image_import)                                                                            \
    X(api_image_rollback)                                                                          \
    X(api_managed_list)                                                                            \
    X(api_managed_drop)                                                                            \
    X(api_finding_list)                                                                            \
    X(api_finding_show)                                                                            \
    X(api_vulnerability_show)                                                                      \
    X(api_patch_list)                                                                              \
    X(api_patch_show)                                                                              \
    X(api_patch_preview)                                                                           \
    X(api_patch_approve)                                                                           \
    X(api_patch_decline)                                                                           \
    X(api_application_list)                                                                        \
    X(api_application_show)                                                                        \
    X(api_application_put)                                                                         \
    X(api_team_list)                                                                               \
    X(api_team_put)                                                                                \
    X(api_subscription_list)                                                                       \
    X(api_subscription_show)                                                                       \
    X(api_subscription_put)                                                                        \
    X(api_subscription_drop)                                                                       \
    X(api_parked_list)                                                                             \
    X(api_parked_show)                                                                             \
    X(api_parked_replay)                                                                           \
    X(api_token_list)                                                                              \
    X(api_token_put)                                                                               \
    X(api_token_drop)                                                                              \
    X(api_registry_list)                                                                           \
    X(api_registry_put)                                                                            \
    X(api_run_list)                                                                                \
    X(api_run_show)                                                                                \
    X(api_source_list)                                                                             \
    X(api_source_sync)                                                                             \
    X(api_alert_list)                                                                              \
    X(api_status)                                                                                  \
    X(api_openapi)                                                                                 \
    X(ui_dashboard)

#define ROUTE_DECLARE(name) bool name(struct call *call, struct error *err);
ROUTE_FUNCTIONS(ROUTE_DECLARE)
#undef ROUTE_DECLARE
