/* Teams, applications, registries: what an operator registers. */
#include <string.h>

#include "base/digest.h"
#include "gateway/events/events.h"
#include "gateway/routes.h"
#include "service/secret.h"
#include "sql_worker_gateway.h"

enum { NAME_MOST = 100, LIST_MOST = 200 };

/* Names stand in paths and keys: letters, digits and ._- only. */
static bool is_name(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(text);
    return length > 0 && length <= NAME_MOST && strspn(text, allowed) == length;
}

struct team_in {
    const char *team;
};

static const struct field team_fields[] = {
    FIELD(struct team_in, team, true, "letters, digits and ._-"),
};

bool api_team_put(struct call *call, struct error *err)
{
    struct team_in in = {0};
    if (!call_decode(call, "team", team_fields, &in, err))
        return false;
    if (!is_name(in.team))
        return call_refuse(call, 400, "Bad request", "team: team: letters, digits and ._- only");
    if (!db_run(call->tx, &sql_team_put, DB_ARGS(db_text(in.team)), NULL, err) ||
        !call_show(call, &sql_team_show, DB_ARGS(db_text(in.team)), "team", err))
        return false;
    call->answer->status = 201;
    return true;
}

bool api_team_list(struct call *call, struct error *err)
{
    const struct db_value args[] = {db_text(call->caller.team)};
    return call_list(call, &sql_team_list, args, array_count(args), err);
}

struct application_in {
    const char *application, *team;
    struct text_list repositories;
};

static const struct field application_fields[] = {
    FIELD(struct application_in, application, true, "letters, digits and ._-"),
    FIELD(struct application_in, team, true, "a registered team"),
    FIELD(struct application_in, repositories, false,
          "REGISTRY/REPOSITORY where its images are pushed, REGISTRY being a registry's name here"),
};

static bool put_repository(struct call *call, const char *application, const char *place,
                           bool *found, struct error *err)
{
    struct db_rows rows;
    const char *slash = strchr(place, '/');
    *found = false;
    if (!slash)
        return true;
    const char *registry = arena_strndup(call->arena, place, (size_t)(slash - place));
    if (!db_run(call->tx, &sql_application_repository_put,
                DB_ARGS(db_text(application), db_text(registry), db_text(slash + 1)), &rows, err))
        return false;
    *found = rows.count > 0;
    return true;
}

bool api_application_put(struct call *call, struct error *err)
{
    struct application_in in = {0};
    struct db_rows rows;
    bool found;

    if (!call_decode(call, "application", application_fields, &in, err))
        return false;
    if (!is_name(in.application))
        return call_refuse(call, 400, "Bad request",
                           "application: application: letters, digits and ._- only");
    if (in.repositories.count > LIST_MOST)
        return call_refuse(call, 400, "Bad request", "application: over %d repositories",
                           LIST_MOST);
    if (!db_run(call->tx, &sql_application_put, DB_ARGS(db_text(in.application), db_text(in.team)),
                &rows, err))
        return false;
    if (rows.count == 0)
        return call_unknown(call, "team");
    if (!db_run(call->tx, &sql_application_repository_drop, DB_ARGS(db_text(in.application)), NULL,
                err))
        return false;
    for (size_t i = 0; i < in.repositories.count; i++) {
        if (!put_repository(call, in.application, in.repositories.items[i], &found, err))
            return false;
        if (!found)
            return call_refuse(call, 400, "Bad request",
                               "application: repositories: %s: not REGISTRY/REPOSITORY with a "
                               "registered registry",
                               in.repositories.items[i]);
    }
    if (!call_show(call, &sql_application_show, DB_ARGS(db_text(in.application), db_null()),
                   "application", err))
        return false;
    call->answer->status = 201;
    return true;
}

bool api_application_list(struct call *call, struct error *err)
{
    const struct db_value args[] = {db_text(call->caller.team), db_text(call_query(call, "team"))};
    return call_list(call, &sql_application_list, args, array_count(args), err);
}

bool api_application_show(struct call *call, struct error *err)
{
    return call_show(call, &sql_application_show,
                     DB_ARGS(db_text(call->arguments[0]), db_text(call->caller.team)),
                     "application", err);
}

struct registry_in {
    const char *name, *kind, *address, *username, *secret, *event_secret;
    bool plain_http, private_ok;
    struct text_list realm_hosts;
};

static const struct field registry_fields[] = {
    FIELD(struct registry_in, name, true, "as in /v1/events/NAME"),
    FIELD(struct registry_in, kind, false, "distribution (default), harbor, quay, github …"),
    FIELD(struct registry_in, address, true, "host or host:port"),
    FIELD(struct registry_in, plain_http, false, "no TLS"),
    FIELD(struct registry_in, private_ok, false, "its address may be private"),
    FIELD(struct registry_in, realm_hosts, false, "where credentials may go besides"),
    FIELD(struct registry_in, username, false, "to pull and push with"),
    FIELD(struct registry_in, secret, false, "password or token; or file:/PATH"),
    FIELD(struct registry_in, event_secret, false, "of its push events; or file:/PATH"),
};

bool api_registry_put(struct call *call, struct error *err)
{
    struct registry_in in = {0};
    const char *secret = NULL, *event_secret = NULL;
    const char *key_file = call->gateway->settings->seal_key_file;

    if (!call_decode(call, "registry", registry_fields, &in, err))
        return false;
    in.kind = in.kind ? in.kind : "distribution";
    if (!is_name(in.name))
        return call_refuse(call, 400, "Bad request", "registry: name: letters, digits and ._-");
    if (!registry_kind_find(in.kind))
        return call_refuse(call, 400, "Bad request", "registry: kind: %.40s is not one we know",
                           in.kind);
    if (strpbrk(in.address, "/@ "))
        return call_refuse(call, 400, "Bad request", "registry: address: only host or host:port");
    if ((in.secret && !secret_seal(call->arena, in.secret, key_file, &secret, err)) ||
        (in.event_secret &&
         !secret_seal(call->arena, in.event_secret, key_file, &event_secret, err)))
        return false;
    if (!db_run(call->tx, &sql_registry_put,
                DB_ARGS(db_text(in.name), db_text(in.kind), db_text(in.address),
                        db_bool(in.plain_http), db_bool(in.private_ok),
                        db_text_array(in.realm_hosts.items, in.realm_hosts.count),
                        db_text(in.username), db_text(secret), db_text(event_secret)),
                NULL, err))
        return false;
    if (!call_show(call, &sql_registry_show, DB_ARGS(db_text(in.name)), "registry", err))
        return false;
    call->answer->status = 201;
    return true;
}

bool api_registry_list(struct call *call, struct error *err)
{
    return call_list(call, &sql_registry_list, NULL, 0, err);
}
