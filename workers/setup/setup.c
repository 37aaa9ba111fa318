#include "setup/setup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "sql_roles.h"
#include "sql_worker_setup.h"

struct setup_settings {
    const char *database_url, *schemas_dir, *role_password;
    int64_t partitions, replication, retention_s, wait_s;
    bool roles;
};

#define ROW(setting, member, fallback_text, low, high, about)                                      \
    {                                                                                              \
        .name = (setting), .kind = setting_kind_of(struct setup_settings, member),                 \
        .offset = offsetof(struct setup_settings, member), .fallback = (fallback_text),            \
        .least = (low), .most = (high), .help = (about)                                            \
    }

static const struct setting rows[] = {
    {.name = "RESOLE_DATABASE_URL",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct setup_settings, database_url),
     .required = true,
     .secret = true,
     .help = "PostgreSQL, with a role that may create tables and roles"},
    ROW("RESOLE_SCHEMAS_DIR", schemas_dir, NULL, 0, 0,
        "read migrations from here instead of the ones built in"),
    ROW("RESOLE_ROLES_MANAGED", roles, "true", 0, 0,
        "create one role per worker and set its rights"),
    {.name = "RESOLE_ROLE_PASSWORD",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct setup_settings, role_password),
     .secret = true,
     .help = "password of the workers' roles; none: left as it is"},
    ROW("RESOLE_TOPIC_PARTITIONS", partitions, "24", 1, 10000, "partitions of each topic"),
    ROW("RESOLE_TOPIC_REPLICATION", replication, "1", 1, 100, "copies of each partition"),
    ROW("RESOLE_TOPIC_RETENTION_S", retention_s, "604800", 3600, 315360000,
        "how long topics keep messages"),
    ROW("RESOLE_SETUP_WAIT_S", wait_s, "60", 0, 3600,
        "how long to wait for a database or broker that does not answer yet"),
};

bool roles_apply(struct db *db, const char *password, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(db, arena, err);
    return tx && db_lock(tx, 7411002, err) &&
           db_run(tx, &sql_role_password, DB_ARGS(db_text(password)), NULL, err) &&
           db_run_text(tx, sql_roles.text, err) && db_commit(tx, err);
}

bool topics_apply(struct bus *bus, int64_t partitions, int64_t replication, int64_t retention_s,
                  bool check_only, size_t *changed, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct bus_topic_plan *plans = arena_new_array(arena, struct bus_topic_plan, 2 * topic_count);
    char *retention_ms = arena_printf(arena, "%" PRId64, retention_s * 1000);
    size_t count = 0;
    for (size_t i = 0; i < topic_count; i++) {
        for (int bulk = 0; bulk <= (topics[i]->has_bulk ? 1 : 0); bulk++) {
            plans[count++] = (struct bus_topic_plan){
                .full_name = bus_topic_name(arena, bus_prefix(bus), topics[i]->name, bulk),
                .partitions = (int)partitions,
                .replication = (int)replication,
                .retention_ms = retention_ms,
            };
        }
    }
    return bus_topics_ensure(bus, plans, count, check_only, changed, err);
}

static bool setup_database(const struct setup_settings *settings, bool check, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct migrations migrations;
    size_t applied = 0;
    if (!migrations_load(arena, settings->schemas_dir, &migrations, err))
        return false;
    struct db *db scoped(db_scope_close) = db_open(settings->database_url, "setup", err);
    if (!db || !migrations_apply(db, &migrations, check, &applied, err))
        return false;
    printf("schema: version %zu, %zu migrations applied now\n", migrations.count, applied);
    if (check || !settings->roles)
        return true;
    if (!roles_apply(db, settings->role_password, err))
        return error_wrap(err, "roles");
    printf("roles: rights set\n");
    return true;
}

static bool setup_bus(const struct setup_settings *settings,
                      const struct bus_settings *bus_settings, bool check, struct error *err)
{
    size_t changed = 0;
    struct bus *bus = bus_open(bus_settings, "setup", err);
    bool good = bus && topics_apply(bus, settings->partitions, settings->replication,
                                    settings->retention_s, check, &changed, err);
    bus_close(bus);
    if (good)
        printf("topics: %zu created or grown\n", changed);
    return good;
}

static int exit_code(const struct error *err, bool check)
{
    if (err->kind == ERROR_INPUT)
        return check ? 1 : 3;
    return err->kind == ERROR_RETRY ? 4 : 70;
}

/* Takes --check out of argv. */
static bool take_check(int *argc, char **argv)
{
    bool found = false;
    int kept = 0;
    for (int i = 0; i < *argc; i++) {
        if (i > 0 && strcmp(argv[i], "--check") == 0)
            found = true;
        else
            argv[kept++] = argv[i];
    }
    *argc = kept;
    return found;
}

int setup_main(int argc, char **argv)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct setup_settings settings = {0};
    struct bus_settings bus_settings = {0};
    struct error err = {0};
    bool check = take_check(&argc, argv), database = false, done = false;
    const struct config_table tables[] = {{rows, array_count(rows), &settings},
                                          {bus_setting_rows, bus_setting_count, &bus_settings}};
    enum config_verdict verdict =
        config_load("resole-setup",
                    "Brings the database schema, the workers' roles and the topics to what this "
                    "version needs; again and again is fine. --check changes nothing and says what "
                    "is missing (exit 1).",
                    tables, array_count(tables), argc, argv, arena, &err);
    if (verdict == CONFIG_WRONG)
        fprintf(stderr, "resole-setup: %s\n", err.text);
    if (verdict != CONFIG_RUN)
        return verdict == CONFIG_LEAVE ? 0 : 2;
    log_open("resole-setup", LOG_ERROR, false);
    int64_t until = clock_monotonic_ms() + settings.wait_s * 1000;
    for (;;) {
        err = (struct error){0};
        database = database || setup_database(&settings, check, &err);
        done = database && setup_bus(&settings, &bus_settings, check, &err);
        if (done || err.kind != ERROR_RETRY || clock_monotonic_ms() >= until)
            break;
        usleep(500000);
    }
    if (!done)
        fprintf(stderr, "resole-setup: %s\n", err.text);
    return done ? 0 : exit_code(&err, check);
}
