/* API tokens (shown once, kept as hashes) and subscriptions (where a team's alerts go). */
#include <openssl/evp.h>
#include <string.h>

#include "base/digest.h"
#include "gateway/routes.h"
#include "service/secret.h"
#include "sql_worker_gateway.h"

struct token_in {
    const char *name, *role, *team;
};

static const struct field token_fields[] = {
    FIELD(struct token_in, name, true, "what the token is for"),
    FIELD(struct token_in, role, true, "admin, operator, reader, team or usage"),
    FIELD(struct token_in, team, false, "needed for roles team and usage"),
};

/* "rsl_" and 256 random bits: a hash without salt is enough to keep. */
static const char *token_new(struct arena *arena)
{
    unsigned char bytes[32];
    char hex[sizeof(bytes) * 2 + 1];
    random_bytes(bytes, sizeof(bytes));
    hex_encode(bytes, sizeof(bytes), hex);
    return arena_printf(arena, "rsl_%s", hex);
}

/* A signing secret as Standard Webhooks writes it. */
static const char *signing_secret_new(struct arena *arena)
{
    unsigned char bytes[32];
    char text[64];
    random_bytes(bytes, sizeof(bytes));
    EVP_EncodeBlock((unsigned char *)text, bytes, sizeof(bytes));
    return arena_printf(arena, "whsec_%s", text);
}

bool api_token_put(struct call *call, struct error *err)
{
    struct token_in in = {0};
    struct db_rows rows;
    char hash[DIGEST_TEXT_SIZE];

    if (!call_decode(call, "token", token_fields, &in, err))
        return false;
    unsigned role = role_parse(in.role);
    if (!role)
        return call_refuse(call, 400, "Bad request",
                           "token: role: admin, operator, reader, team or usage");
    bool of_team = (role & (ROLE_TEAM | ROLE_USAGE)) != 0;
    if (of_team != (in.team != NULL))
        return call_refuse(call, 400, "Bad request",
                           "token: team: needed for roles team and usage, and only for them");
    const char *token = token_new(call->arena);
    digest_of(token, strlen(token), hash);
    if (!db_run(call->tx, &sql_token_put,
                DB_ARGS(db_text(in.name), db_text(hash + 7), db_text(in.role), db_text(in.team)),
                &rows, err))
        return false;
    if (rows.count == 0)
        return call_refuse(call, 409, "Conflict", "a token of this name exists, or no such team");
    struct buf out scoped(buf_release) = {0};
    buf_printf(&out, "{\"id\":%lld,\"name\":", (long long)row_i64(&rows, 0, 0));
    buf_put_json(&out, slice_of(in.name));
    buf_printf(&out, ",\"role\":\"%s\",\"token\":\"%s\"}", in.role, token);
    return call_json(call, 201, arena_strdup(call->arena, buf_text(&out)));
}

bool api_token_list(struct call *call, struct error *err)
{
    return call_list(call, &sql_token_list, NULL, 0, err);
}

bool api_token_drop(struct call *call, struct error *err)
{
    struct db_rows rows;
    if (!db_run(call->tx, &sql_token_drop, DB_ARGS(db_i64(call_number(call, 0))), &rows, err))
        return false;
    return rows.affected ? call_json(call, 200, "{\"revoked\":true}") : call_unknown(call, "token");
}

struct subscription_in {
    const char *team, *channel, *address, *secret, *least_severity;
    struct text_list kinds;
};

static const struct field subscription_fields[] = {
    FIELD(struct subscription_in, team, false, "the caller's own by default"),
    FIELD(struct subscription_in, channel, true, "kafka, webhook, mail or chat"),
    FIELD(struct subscription_in, address, false, "URL, or mail address; none for kafka"),
    FIELD(struct subscription_in, secret, false, "signs webhooks; made and shown when absent"),
    FIELD(struct subscription_in, kinds, false, "vulnerability, patch, lifecycle; all when absent"),
    FIELD(struct subscription_in, least_severity, false,
          "critical, high, medium, low (default) or unknown"),
};

static bool one_of(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (strcmp(*words, text) == 0)
            return true;
    }
    return false;
}

static bool subscription_is_wrong(struct call *call, const struct subscription_in *in)
{
    static const char *const channels[] = {"kafka", "webhook", "mail", "chat", NULL};
    static const char *const kinds[] = {"vulnerability", "patch", "lifecycle", NULL};
    static const char *const severities[] = {"critical", "high",       "medium", "low",
                                             "unknown",  "negligible", NULL};
    const char *address = in->address ? in->address : "";
    bool url = strncmp(address, "https://", 8) == 0 || strncmp(address, "http://", 7) == 0;

    if (!one_of(in->channel, channels))
        return call_refuse(call, 400, "Bad request",
                           "subscription: channel: kafka, webhook, mail or chat");
    if (in->least_severity && !one_of(in->least_severity, severities))
        return call_refuse(call, 400, "Bad request", "subscription: least_severity: no severity");
    for (size_t i = 0; i < in->kinds.count; i++) {
        if (!one_of(in->kinds.items[i], kinds))
            return call_refuse(call, 400, "Bad request",
                               "subscription: kinds: vulnerability, patch, lifecycle");
    }
    if ((strcmp(in->channel, "webhook") == 0 || strcmp(in->channel, "chat") == 0) && !url)
        return call_refuse(call, 400, "Bad request", "subscription: address: not an http(s) URL");
    if (strcmp(in->channel, "mail") == 0 &&
        (!strchr(address, '@') || strpbrk(address, "\r\n<> ,;\"")))
        return call_refuse(call, 400, "Bad request", "subscription: address: not a mail address");
    return false;
}

bool api_subscription_put(struct call *call, struct error *err)
{
    struct subscription_in in = {0};
    const char *secret = NULL, *stored = NULL;
    struct db_rows rows;

    if (!call_decode(call, "subscription", subscription_fields, &in, err))
        return false;
    in.team = in.team ? in.team : call->caller.team;
    if (!in.team)
        return call_refuse(call, 400, "Bad request", "subscription: team: missing");
    if (call->caller.team && strcmp(in.team, call->caller.team) != 0)
        return call_unknown(call, "team");
    if (subscription_is_wrong(call, &in))
        return true;
    if (strcmp(in.channel, "webhook") == 0) {
        secret = in.secret ? in.secret : signing_secret_new(call->arena);
        if (!secret_seal(call->arena, secret, call->gateway->settings->seal_key_file, &stored, err))
            return false;
    }
    if (!db_run(call->tx, &sql_subscription_put,
                DB_ARGS(db_text(in.team), db_text(in.channel),
                        db_text(in.address ? in.address : ""), db_text(stored),
                        in.kinds.count ? db_text_array(in.kinds.items, in.kinds.count) : db_null(),
                        db_text(in.least_severity)),
                &rows, err))
        return false;
    if (rows.count == 0)
        return call_unknown(call, "team");
    struct buf out scoped(buf_release) = {0};
    buf_printf(&out, "{\"id\":%lld", (long long)row_i64(&rows, 0, 0));
    if (secret && !in.secret) {
        buf_put_text(&out, ",\"secret\":");
        buf_put_json(&out, slice_of(secret));
    }
    buf_put_text(&out, "}");
    return call_json(call, 201, arena_strdup(call->arena, buf_text(&out)));
}

bool api_subscription_list(struct call *call, struct error *err)
{
    const struct db_value args[] = {db_text(call->caller.team), db_text(call_query(call, "team"))};
    return call_list(call, &sql_subscription_list, args, array_count(args), err);
}

bool api_subscription_show(struct call *call, struct error *err)
{
    return call_show(call, &sql_subscription_show,
                     DB_ARGS(db_i64(call_number(call, 0)), db_text(call->caller.team)),
                     "subscription", err);
}

bool api_subscription_drop(struct call *call, struct error *err)
{
    struct db_rows rows;
    if (!db_run(call->tx, &sql_subscription_drop,
                DB_ARGS(db_i64(call_number(call, 0)), db_text(call->caller.team)), &rows, err))
        return false;
    return rows.affected ? call_json(call, 200, "{\"ended\":true}")
                         : call_unknown(call, "subscription");
}
