/* What the database files share among themselves and with the skeleton. */
#pragma once

#include <libpq-fe.h>

#include "base/buf.h"
#include "service/db.h"

enum { DB_ARGS_MOST = 64, DB_STATEMENTS_MOST = 512, DB_COPY_FLUSH_BYTES = 64 * 1024 };

struct db_result {
    PGresult *pg;
    struct arena *arena;
};

struct db_tx {
    struct db *db;
    struct arena *arena;
    bool open, failed, copying;
    struct buf copy;
    int64_t copied;
    /* What outbox_put inherits from the message in hand. */
    bool bulk;
    const char *traceparent;
};

struct db {
    PGconn *conn;
    char *url;
    char name[64];
    bool stale;    /* the session must be replaced although the connection stands */
    int64_t puts;  /* outbox rows put so far */
    bool conflict; /* the last error was a serialization failure or a deadlock */
    const struct sql *prepared[DB_STATEMENTS_MOST];
    size_t prepared_count;
    struct db_tx tx;
};

/* Fills err from a failed result (which may be NULL); false. */
bool db_fail(struct db *db, const PGresult *result, const char *what, struct error *err);
bool db_exec(struct db *db, const char *text, struct error *err);
/* The connection is gone or must be replaced: run the transaction again after db_ensure. */
bool db_is_lost(const struct db *db);
