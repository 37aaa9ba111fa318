/* Nothing silent: runs, parked work, sources, alerts, and the figures of the whole. */
#include "gateway/routes.h"
#include "service/task.h"
#include "sql_worker_gateway.h"

bool api_run_list(struct call *call, struct error *err)
{
    const struct db_value args[] = {
        db_text(call_query(call, "state")),
        db_text(call_query(call, "repository")),
        db_text(call_query(call, "digest")),
    };
    return call_list(call, &sql_run_list, args, array_count(args), err);
}

bool api_run_show(struct call *call, struct error *err)
{
    return call_show(call, &sql_run_show, DB_ARGS(db_i64(call_number(call, 0))), "run", err);
}

bool api_parked_list(struct call *call, struct error *err)
{
    const struct db_value args[] = {db_text(call_query(call, "consumer"))};
    return call_list(call, &sql_parked_list, args, array_count(args), err);
}

bool api_parked_show(struct call *call, struct error *err)
{
    return call_show(call, &sql_parked_show, DB_ARGS(db_i64(call_number(call, 0))),
                     "parked message", err);
}

bool api_parked_replay(struct call *call, struct error *err)
{
    bool found = false;
    if (!task_replay(call->tx, call_number(call, 0), &found, err))
        return false;
    return found ? call_json(call, 202, "{\"replayed\":true}")
                 : call_unknown(call, "parked message");
}

bool api_source_list(struct call *call, struct error *err)
{
    return call_list(call, &sql_source_list, NULL, 0, err);
}

bool api_source_sync(struct call *call, struct error *err)
{
    struct db_rows rows;
    struct feed_due out = {.source = call->arguments[0], .cause = "operator"};
    if (!db_run(call->tx, &sql_source_find, DB_ARGS(db_text(out.source)), &rows, err))
        return false;
    if (rows.count == 0)
        return call_unknown(call, "source");
    if (!outbox_put_interactive(call->tx, &out, err))
        return false;
    return call_json(call, 202, "{\"due\":true}");
}

bool api_alert_list(struct call *call, struct error *err)
{
    const struct db_value args[] = {
        db_text(call->caller.team),
        db_text(call_query(call, "application")),
        db_text(call_query(call, "kind")),
        db_text(call_query(call, "state")),
    };
    return call_list(call, &sql_alert_list, args, array_count(args), err);
}

bool api_status(struct call *call, struct error *err)
{
    return call_show(call, &sql_status, DB_ARGS(db_text(call->caller.team)), "status", err);
}
