/* Images: what is known of them, and which ones Resole looks after. */
#include <string.h>

#include "base/digest.h"
#include "gateway/routes.h"
#include "sql_worker_gateway.h"

bool api_image_list(struct call *call, struct error *err)
{
    const struct db_value args[] = {
        db_text(call->caller.team),
        db_text(call_query(call, "registry")),
        db_text(call_query(call, "repository")),
        db_text(call_query(call, "tag")),
        db_text(call_query(call, "state")),
        db_text(call_query(call, "kind")),
    };
    return call_list(call, &sql_image_list, args, array_count(args), err);
}

bool api_image_show(struct call *call, struct error *err)
{
    return call_show(call, &sql_image_show,
                     DB_ARGS(db_text(call->arguments[0]), db_text(call->caller.team)), "image",
                     err);
}

static bool may_see(struct call *call, bool *yes, struct error *err)
{
    struct db_rows rows;
    if (!db_run(call->tx, &sql_image_seen,
                DB_ARGS(db_text(call->arguments[0]), db_text(call->caller.team)), &rows, err))
        return false;
    *yes = rows.count > 0;
    return *yes || call_unknown(call, "image");
}

bool api_image_packages(struct call *call, struct error *err)
{
    const struct db_value args[] = {db_text(call->arguments[0]), db_text(call_query(call, "tier"))};
    bool yes;
    if (!may_see(call, &yes, err))
        return false;
    return !yes || call_list(call, &sql_image_packages, args, array_count(args), err);
}

bool api_image_findings(struct call *call, struct error *err)
{
    const struct db_value args[] = {
        db_text(call->caller.team),
        db_text(call->arguments[0]),
        db_null(),
        db_text(call_query(call, "severity")),
        db_text(call_query(call, "state")),
        db_text(call_query(call, "vulnerability")),
        db_text(call_query(call, "tier")),
    };
    bool yes;
    if (!may_see(call, &yes, err))
        return false;
    return !yes || call_list(call, &sql_finding_list, args, array_count(args), err);
}

bool api_finding_list(struct call *call, struct error *err)
{
    const struct db_value args[] = {
        db_text(call->caller.team),
        db_text(call_query(call, "image")),
        db_text(call_query(call, "application")),
        db_text(call_query(call, "severity")),
        db_text(call_query(call, "state")),
        db_text(call_query(call, "vulnerability")),
        db_text(call_query(call, "tier")),
    };
    return call_list(call, &sql_finding_list, args, array_count(args), err);
}

bool api_finding_show(struct call *call, struct error *err)
{
    return call_show(call, &sql_finding_show,
                     DB_ARGS(db_i64(call_number(call, 0)), db_text(call->caller.team)), "finding",
                     err);
}

bool api_vulnerability_show(struct call *call, struct error *err)
{
    return call_show(call, &sql_vulnerability_show,
                     DB_ARGS(db_text(call->arguments[0]), db_text(call->caller.team)),
                     "vulnerability", err);
}

struct manage_in {
    const char *registry, *repository, *tag, *kind, *policy, *rebase_policy, *team, *lifecycle,
        *end_of_life;
};

static const struct field manage_fields[] = {
    FIELD(struct manage_in, registry, true, "a registry's name here"),
    FIELD(struct manage_in, repository, true, "demo/tomcat"),
    FIELD(struct manage_in, tag, true, "the tag that is looked after"),
    FIELD(struct manage_in, kind, false, "os or stack (default)"),
    FIELD(struct manage_in, policy, false, "patch it: auto, ask (default) or never"),
    FIELD(struct manage_in, rebase_policy, false, "applications on it: auto, ask (default), never"),
    FIELD(struct manage_in, team, false, "who looks after it"),
    FIELD(struct manage_in, lifecycle, false, "supported, aged, deprecated or end-of-life"),
    FIELD(struct manage_in, end_of_life, false, "a date"),
};

/* A run row and image.pushed, so that the chain looks at this name now. */
static bool look_now(struct call *call, const char *registry, const char *repository,
                     const char *tag, const char *cause, enum outbox_lane lane, int64_t *run,
                     struct error *err)
{
    struct db_rows rows;
    char id[37];
    uuid_new(id);
    const char *source = "resole/gateway";
    if (!db_run(call->tx, &sql_run_open,
                DB_ARGS(db_text(registry), db_text(repository), db_text(tag), db_null(),
                        db_text(source), db_text(id), db_text(cause)),
                &rows, err))
        return false;
    *run = row_i64(&rows, 0, 0);
    struct image_pushed out = {.registry = registry,
                               .repository = repository,
                               .tag = tag,
                               .action = "push",
                               .cause = cause,
                               .run = *run};
    const struct outbox_how how = {.id = arena_strdup(call->arena, id), .lane = lane};
    return outbox_put_how(call->tx, &out, &how, err);
}

bool api_image_manage(struct call *call, struct error *err)
{
    struct manage_in in = {0};
    struct db_rows rows;
    int64_t run;

    if (!call_decode(call, "managed image", manage_fields, &in, err))
        return false;
    if (!db_run(call->tx, &sql_managed_put,
                DB_ARGS(db_text(in.registry), db_text(in.repository), db_text(in.tag),
                        db_text(in.kind), db_text(in.policy), db_text(in.rebase_policy),
                        db_text(in.team), db_text(in.lifecycle), db_text(in.end_of_life)),
                &rows, err))
        return false;
    if (rows.count == 0)
        return call_unknown(call, "registry");
    int64_t managed = row_i64(&rows, 0, 0);
    if (!look_now(call, in.registry, in.repository, in.tag, "import", LANE_INTERACTIVE, &run, err))
        return false;
    return call_json(call, 201,
                     arena_printf(call->arena, "{\"id\":%lld,\"run\":%lld}", (long long)managed,
                                  (long long)run));
}

bool api_managed_list(struct call *call, struct error *err)
{
    return call_list(call, &sql_managed_list, NULL, 0, err);
}

bool api_managed_drop(struct call *call, struct error *err)
{
    struct db_rows rows;
    if (!db_run(call->tx, &sql_managed_drop, DB_ARGS(db_i64(call_number(call, 0))), &rows, err))
        return false;
    return rows.affected ? call_json(call, 200, "{\"policy\":\"never\"}")
                         : call_unknown(call, "managed image");
}

struct import_in {
    const char *registry, *repository;
    struct text_list tags;
};

static const struct field import_fields[] = {
    FIELD(struct import_in, registry, true, "a registry's name here"),
    FIELD(struct import_in, repository, true, "demo/tomcat"),
    FIELD(struct import_in, tags, true, "tags to read now, with the bulk"),
};

bool api_image_import(struct call *call, struct error *err)
{
    struct import_in in = {0};
    struct db_rows rows;
    int64_t run;

    if (!call_decode(call, "import", import_fields, &in, err))
        return false;
    if (!db_run(call->tx, &sql_registry_find, DB_ARGS(db_text(in.registry)), &rows, err))
        return false;
    if (rows.count == 0)
        return call_unknown(call, "registry");
    struct buf out scoped(buf_release) = {0};
    buf_put_text(&out, "{\"runs\":[");
    for (size_t i = 0; i < in.tags.count; i++) {
        if (!look_now(call, in.registry, in.repository, in.tags.items[i], "import", LANE_BULK, &run,
                      err))
            return false;
        buf_printf(&out, "%s%lld", i ? "," : "", (long long)run);
    }
    buf_put_text(&out, "]}");
    return call_json(call, 202, arena_strdup(call->arena, buf_text(&out)));
}

struct rollback_in {
    int64_t patch;
    const char *reason;
};

static const struct field rollback_fields[] = {
    FIELD(struct rollback_in, patch, true, "the patch to withdraw"),
    FIELD(struct rollback_in, reason, false, "for the record"),
};

/* The row says withdrawn at once, so that nobody consents any more; the patch builder moves
 * TAG-resole back, the notifier tells who knew of it. */
bool api_image_rollback(struct call *call, struct error *err)
{
    struct rollback_in in = {0};
    struct db_rows rows;
    if (!call_decode(call, "rollback", rollback_fields, &in, err))
        return false;
    if (!db_run(call->tx, &sql_patch_withdraw, DB_ARGS(db_i64(in.patch), db_text(in.reason)), &rows,
                err))
        return false;
    if (rows.count == 0)
        return call_unknown(call, "patch that could be withdrawn");
    struct patch_decided out = {
        .patch = in.patch, .decision = "withdrawn", .decided_by = call->caller.name};
    if (!outbox_put_interactive(call->tx, &out, err))
        return false;
    return call_json(call, 202, "{\"state\":\"withdrawn\"}");
}
