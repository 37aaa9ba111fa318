/* Which application runs which image. A token bound to a team reports for that team's applications
 * only, and learns nothing by it. */
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "gateway/routes.h"
#include "sql_worker_gateway.h"

struct usage_in {
    const char *application, *team, *environment, *digest, *place, *seen_at;
};

static const struct field usage_fields[] = {
    FIELD(struct usage_in, application, true, "a registered application"),
    FIELD(struct usage_in, team, false, "must be the application's team, when given"),
    FIELD(struct usage_in, environment, false, "production, staging …"),
    FIELD(struct usage_in, digest, true, "index, manifest or config digest, or NAME@DIGEST"),
    FIELD(struct usage_in, place, false, "cluster and namespace, host …"),
    FIELD(struct usage_in, seen_at, false, "RFC 3339; now when absent, clamped to the last week"),
};

bool api_usage_report(struct call *call, struct error *err)
{
    struct usage_in in = {0};
    struct db_rows rows;
    int64_t seen_s = clock_unix_s();

    if (!call_decode(call, "usage", usage_fields, &in, err))
        return false;
    const char *at = strrchr(in.digest, '@');
    in.digest = at ? at + 1 : in.digest;
    if (!digest_is_valid(in.digest))
        return call_refuse(call, 400, "Bad request", "usage: digest: not sha256:<64 hex digits>");
    if (in.seen_at && !clock_parse(slice_of(in.seen_at), &seen_s))
        return call_refuse(call, 400, "Bad request", "usage: seen_at: not an RFC 3339 time");
    if (!db_run(call->tx, &sql_application_team, DB_ARGS(db_text(in.application)), &rows, err))
        return false;
    const char *team = rows.count ? arena_strdup(call->arena, row_text(&rows, 0, 0)) : NULL;
    if (!team || (call->caller.team && strcmp(call->caller.team, team) != 0))
        return call_unknown(call, "application");
    if (in.team && strcmp(in.team, team) != 0)
        return call_refuse(call, 409, "Conflict", "the application belongs to another team");
    char seen[32];
    clock_format(seen_s, seen);
    in.environment = in.environment ? in.environment : "";
    in.place = in.place ? in.place : "";
    if (!db_run(call->tx, &sql_usage_put,
                DB_ARGS(db_text(in.application), db_text(in.environment), db_text(in.place),
                        db_text(in.digest), db_text(seen), db_text(call->caller.name)),
                &rows, err))
        return false;
    bool is_new = rows.count > 0 && row_bool(&rows, 0, 0);
    if (is_new) {
        struct usage_reported out = {.application = in.application,
                                     .team = team,
                                     .environment = in.environment,
                                     .digest = in.digest,
                                     .place = in.place,
                                     .seen_at = seen};
        if (!outbox_put_interactive(call->tx, &out, err))
            return false;
    }
    return call_json(call, 202, is_new ? "{\"new\":true}" : "{\"new\":false}");
}

bool api_usage_list(struct call *call, struct error *err)
{
    const struct db_value args[] = {
        db_text(call->caller.team),
        db_text(call_query(call, "application")),
        db_text(call_query(call, "digest")),
        db_text(call_query(call, "environment")),
    };
    return call_list(call, &sql_usage_list, args, array_count(args), err);
}
