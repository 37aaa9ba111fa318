#include "service/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/db_internal.h"

/* SQLSTATE classes and codes (PostgreSQL 15, appendix A) and what the caller should do. The first
 * prefix that fits wins. */
static const struct {
    const char *prefix;
    enum error_kind kind;
    enum { PLAIN, CONFLICT, STALE } note;
} states[] = {
    {"40001", ERROR_RETRY, CONFLICT}, /* serialization_failure */
    {"40P01", ERROR_RETRY, CONFLICT}, /* deadlock_detected */
    {"55P03", ERROR_RETRY, CONFLICT}, /* lock_not_available */
    {"57014", ERROR_RETRY, PLAIN},    /* query_canceled: a timeout */
    {"57P", ERROR_RETRY, STALE},      /* the server stops or starts */
    {"08", ERROR_RETRY, STALE},       /* connection exception */
    {"53", ERROR_RETRY, PLAIN},       /* disk, memory, connections */
    {"58", ERROR_RETRY, PLAIN},       /* input/output */
    {"26000", ERROR_RETRY, STALE},    /* a prepared statement went away (pooler) */
    {"0A000", ERROR_RETRY, STALE},    /* cached plan must not change result type: a migration ran */
    {"25006", ERROR_RETRY, STALE},    /* read-only: a standby answered */
    {"28", ERROR_FATAL, PLAIN},       /* authorization */
    {"3D000", ERROR_FATAL, PLAIN},    /* no such database */
    {"42501", ERROR_FATAL, PLAIN},    /* rights missing: setup was not run */
    {"", ERROR_INPUT, PLAIN},         /* these values, or this statement, will never be right */
};

static void trimmed(const char *text, char *out, size_t size)
{
    snprintf(out, size, "%s", text ? text : "");
    for (size_t n = strlen(out); n > 0 && (out[n - 1] == '\n' || out[n - 1] == ' '); n--)
        out[n - 1] = '\0';
    for (char *p = out; *p; p++) {
        if (*p == '\n')
            *p = ' ';
    }
}

bool db_fail(struct db *db, const PGresult *result, const char *what, struct error *err)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    char text[400];
    trimmed(result && *PQresultErrorMessage(result) ? PQresultErrorMessage(result)
                                                    : PQerrorMessage(db->conn),
            text, sizeof(text));
    db->tx.failed = true;
    db->conflict = false;
    if (!state || PQstatus(db->conn) != CONNECTION_OK) {
        db->stale = true;
        error_fill(err, ERROR_RETRY, "database: %s: %s", what, text);
        err->outside = true;
        return false;
    }
    for (size_t i = 0; i < array_count(states); i++) {
        if (strncmp(state, states[i].prefix, strlen(states[i].prefix)) != 0)
            continue;
        error_fill(err, states[i].kind, "database: %s: %s (%s)", what, text, state);
        err->outside = states[i].kind == ERROR_RETRY;
        db->conflict = states[i].note == CONFLICT;
        db->stale = db->stale || states[i].note == STALE;
        break;
    }
    return false;
}

bool db_is_lost(const struct db *db)
{
    return db->stale || PQstatus(db->conn) != CONNECTION_OK;
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static bool connect_now(struct db *db, struct error *err)
{
    const char *const keys[] = {
        "dbname",          "application_name",    "client_encoding",  "connect_timeout",
        "keepalives_idle", "keepalives_interval", "tcp_user_timeout", NULL};
    const char *const values[] = {db->url, db->name, "UTF8", "5", "10", "5", "30000", NULL};
    if (db->conn)
        PQfinish(db->conn);
    db->prepared_count = 0;
    db->stale = false;
    db->tx = (struct db_tx){.db = db};
    db->conn = PQconnectdbParams(keys, values, 1);
    if (!db->conn || PQstatus(db->conn) != CONNECTION_OK) {
        char text[400];
        trimmed(PQerrorMessage(db->conn), text, sizeof(text));
        error_fill(err, ERROR_RETRY, "database: connect: %s", text);
        err->outside = true;
        return false;
    }
    PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
    return true;
}

struct db *db_open(const char *url, const char *name, struct error *err)
{
    struct db *db = calloc(1, sizeof(*db));
    if (!db)
        abort();
    db->url = strdup(url);
    snprintf(db->name, sizeof(db->name), "%s", name);
    if (connect_now(db, err))
        return db;
    db_close(db);
    return NULL;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    buf_release(&db->tx.copy);
    if (db->conn)
        PQfinish(db->conn);
    free(db->url);
    free(db);
}

void db_scope_close(struct db **db)
{
    db_close(*db);
    *db = NULL;
}

const char *db_name(const struct db *db)
{
    return db->name;
}

bool db_ensure(struct db *db, struct error *err)
{
    if (!db_is_lost(db))
        return true;
    buf_release(&db->tx.copy);
    return connect_now(db, err);
}

bool db_exec(struct db *db, const char *text, struct error *err)
{
    PGresult *result = PQexec(db->conn, text);
    ExecStatusType status = PQresultStatus(result);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!good) {
        char what[40];
        snprintf(what, sizeof(what), "%.32s", text);
        db_fail(db, result, what, err);
    }
    PQclear(result);
    return good;
}

struct db_tx *db_begin(struct db *db, struct arena *arena, struct error *err)
{
    if (db->tx.open) {
        error_fill(err, ERROR_FATAL, "database: a transaction is already open");
        return NULL;
    }
    if (!db_ensure(db, err) || !db_exec(db, "begin", err))
        return NULL;
    db->conflict = false;
    db->tx = (struct db_tx){.db = db, .arena = arena, .open = true};
    return &db->tx;
}

static void finish(struct db_tx *tx)
{
    buf_release(&tx->copy);
    tx->open = tx->copying = false;
}

bool db_commit(struct db_tx *tx, struct error *err)
{
    struct db *db = tx->db;
    if (!tx->open)
        return error_set(err, ERROR_FATAL, "database: commit without a transaction");
    if (tx->failed || tx->copying) {
        db_rollback(tx);
        return error_set(err, ERROR_INPUT, "database: commit of a failed transaction");
    }
    bool good = db_exec(db, "commit", err);
    finish(tx);
    return good;
}

void db_rollback(struct db_tx *tx)
{
    struct error ignored = {0};
    if (!tx || !tx->open)
        return;
    bool conflict = tx->db->conflict;
    if (tx->copying && PQputCopyEnd(tx->db->conn, "rolled back") == 1) {
        for (PGresult *r; (r = PQgetResult(tx->db->conn));)
            PQclear(r);
    }
    if (!db_is_lost(tx->db) && !db_exec(tx->db, "rollback", &ignored))
        tx->db->stale = true;
    tx->db->conflict = conflict;
    finish(tx);
}

void db_scope_rollback(struct db_tx **tx)
{
    db_rollback(*tx);
    *tx = NULL;
}

struct db *db_of(struct db_tx *tx)
{
    return tx->db;
}

struct arena *db_arena(struct db_tx *tx)
{
    return tx->arena;
}

bool db_try_lock(struct db *db, int64_t key, bool *taken, struct error *err)
{
    char text[80];
    if (!db_ensure(db, err))
        return false;
    snprintf(text, sizeof(text), "select pg_try_advisory_lock(%lld)", (long long)key);
    PGresult *result = PQexec(db->conn, text);
    bool good = PQresultStatus(result) == PGRES_TUPLES_OK;
    if (good)
        *taken = *PQgetvalue(result, 0, 0) == 't';
    else
        db_fail(db, result, "advisory lock", err);
    PQclear(result);
    return good;
}

bool db_is_alive(struct db *db)
{
    struct error ignored = {0};
    return !db_is_lost(db) && db_exec(db, "select 1", &ignored);
}
