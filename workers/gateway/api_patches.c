/* Patches and the consent to them: the gateway alone takes it (architecture.md 5). A consent binds
 * approver, application, patch, the application's digest at that time, and an expiry. */
#include <string.h>

#include "gateway/routes.h"
#include "sql_worker_gateway.h"

bool api_patch_list(struct call *call, struct error *err)
{
    const struct db_value args[] = {
        db_text(call->caller.team),
        db_text(call_query(call, "state")),
        db_text(call_query(call, "application")),
        db_text(call_query(call, "digest")),
    };
    return call_list(call, &sql_patch_list, args, array_count(args), err);
}

bool api_patch_show(struct call *call, struct error *err)
{
    return call_show(call, &sql_patch_show,
                     DB_ARGS(db_i64(call_number(call, 0)), db_text(call->caller.team)), "patch",
                     err);
}

bool api_patch_preview(struct call *call, struct error *err)
{
    return call_show(call, &sql_patch_preview,
                     DB_ARGS(db_i64(call_number(call, 0)), db_text(call->caller.team)), "patch",
                     err);
}

struct decision_in {
    const char *application, *digest, *reason;
};

static const struct field decision_fields[] = {
    FIELD(
        struct decision_in, application, false,
        "whose image is to be put on the patched base; absent: the patch itself, which the policy "
        "'ask' has proposed"),
    FIELD(struct decision_in, digest, false,
          "the application's image that was looked at; 409 when it has moved on"),
    FIELD(struct decision_in, reason, false, "for the record"),
};

/* What a caller may decide of a patch, and how that is written and refused. */
struct decision {
    const char *name; /* approved, declined */
    const struct sql *of_application, *of_patch;
    const char *conflict;
};

/* The patch as it stands, whether the matter is the caller's, and whether it may be decided. */
static bool may_decide(struct call *call, int64_t patch, const struct decision_in *in, bool *ok,
                       struct error *err)
{
    struct db_rows rows;
    *ok = false;
    if (!db_run(call->tx, &sql_decision_check,
                DB_ARGS(db_i64(patch), db_text(in->application), db_text(call->caller.team)), &rows,
                err))
        return false;
    if (rows.count == 0)
        return call_unknown(call, in->application ? "patch for this application" : "patch");
    const char *state = row_text(&rows, 0, 0);
    if (strcmp(state, in->application ? "announced" : "proposed") != 0)
        return call_refuse(call, 409, "Conflict", "the patch is %s: there is nothing to decide%s",
                           state, in->application ? "" : " of the patch itself");
    if (in->application && strcmp(row_text(&rows, 0, 1), "never") == 0)
        return call_refuse(call, 409, "Conflict",
                           "the policy for applications on this image is never");
    *ok = true;
    return true;
}

static bool write_decision(struct call *call, int64_t patch, const struct decision_in *in,
                           const struct decision *decision, struct db_rows *rows, struct error *err)
{
    if (!in->application)
        return db_run(call->tx, decision->of_patch,
                      DB_ARGS(db_i64(patch), db_text(call->caller.name), db_text(in->reason)), rows,
                      err);
    return db_run(call->tx, decision->of_application,
                  DB_ARGS(db_i64(patch), db_text(in->application), db_text(in->digest),
                          db_text(call->caller.name), db_text(in->reason),
                          db_i64(call->gateway->settings->consent_days)),
                  rows, err);
}

/* The one way in: only here is consent taken, with who took it. */
static bool decide(struct call *call, const struct decision *decision, struct error *err)
{
    struct decision_in in = {0};
    struct db_rows rows;
    int64_t patch = call_number(call, 0);
    bool ok;

    if (!call_decode(call, "decision", decision_fields, &in, err) ||
        !may_decide(call, patch, &in, &ok, err))
        return false;
    if (!ok)
        return true;
    if (!write_decision(call, patch, &in, decision, &rows, err))
        return false;
    if (rows.count == 0)
        return call_refuse(call, 409, "Conflict", "%s", decision->conflict);
    struct patch_decided out = {.patch = patch,
                                .application = in.application,
                                .decision = decision->name,
                                .decided_by = call->caller.name};
    if (!outbox_put_interactive(call->tx, &out, err))
        return false;
    return call_show(call, &sql_consent_show,
                     DB_ARGS(db_i64(patch), db_text(in.application), db_text(decision->name)),
                     "consent", err);
}

bool api_patch_approve(struct call *call, struct error *err)
{
    static const struct decision approve = {
        "approved", &sql_consent_approve, &sql_patch_approve,
        "no image of the application stands on the old base any more, or it is another one than "
        "the one looked at, or the time to consent is over, or it is decided already"};
    return decide(call, &approve, err);
}

bool api_patch_decline(struct call *call, struct error *err)
{
    static const struct decision decline = {
        "declined", &sql_consent_decline, &sql_patch_decline,
        "no image of the application stands on the old base, or it is decided already"};
    return decide(call, &decline, err);
}
