/* PostgreSQL. One connection, one transaction at a time, one thread at a time. Statements are
 * prepared on first use; values are bound, never pasted. Rows live in the transaction's arena.
 * Errors: a lost connection, a server that is stopping or full, a serialization failure or deadlock
 * are ERROR_RETRY with `outside` set (run the whole transaction again); values that the server
 * refuses (data exceptions, broken constraints) and statements that do not fit are ERROR_INPUT; a
 * wrong password or missing rights ERROR_FATAL. After any error only db_rollback makes sense. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/slice.h"

struct db;
struct db_tx;

/* One statement of a sql/NAME.sql, embedded by CMake as sql_NAME ("sql_<target>.h"). */
struct sql {
    const char *name, *text;
};

enum db_kind { DB_NULL, DB_TEXT, DB_I64, DB_F64, DB_BOOL, DB_BYTES, DB_TEXTS, DB_I64S };

struct db_value {
    enum db_kind kind;
    const char *text;
    int64_t number;
    double real;
    struct slice bytes;
    const char *const *texts;
    const int64_t *numbers;
    size_t count;
};

struct db_args {
    const struct db_value *values;
    size_t count;
};

/* DB_ARGS(db_text(name), db_i64(7)); with no value DB_NO_ARGS. */
#define DB_ARGS(...)                                                                               \
    ((struct db_args){(const struct db_value[]){__VA_ARGS__},                                      \
                      sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)})
#define DB_NO_ARGS ((struct db_args){0})

struct db_value db_null(void);
struct db_value db_text(const char *text);    /* NULL gives NULL; also for json, numeric, … */
struct db_value db_slice(struct slice text);  /* text columns only; no NUL inside */
struct db_value db_bytes(struct slice bytes); /* bytea */
struct db_value db_i64(int64_t number);
struct db_value db_i64_or_null(int64_t number); /* 0 gives NULL */
struct db_value db_f64(double number);
struct db_value db_bool(bool value);
struct db_value db_json(const char *text); /* json or jsonb; NULL gives NULL */
struct db_value db_text_array(const char *const *items, size_t count); /* a NULL item gives NULL */
struct db_value db_i64_array(const int64_t *items, size_t count);

/* Rows of one statement: read with row_… by row and column number, both from 0. */
struct db_rows {
    struct db_result *result;
    size_t count;     /* rows returned */
    int64_t affected; /* rows inserted, updated, deleted */
};

bool row_is_null(const struct db_rows *rows, size_t row, int column);
/* NULL where the value is NULL; valid as long as the rows. */
const char *row_text(const struct db_rows *rows, size_t row, int column);
int64_t row_i64(const struct db_rows *rows, size_t row, int column); /* NULL gives 0 */
double row_f64(const struct db_rows *rows, size_t row, int column);
bool row_bool(const struct db_rows *rows, size_t row, int column);          /* NULL gives false */
struct slice row_bytes(const struct db_rows *rows, size_t row, int column); /* bytea */
struct text_list row_texts(const struct db_rows *rows, size_t row, int column);
struct i64_list row_i64s(const struct db_rows *rows, size_t row, int column);
/* Early, for long loops; else they go with the arena. */
void db_rows_release(struct db_rows *rows);

/* Connects. `name`: the program, as application_name and as the owner of outbox rows. The URL is
 * libpq's. */
struct db *db_open(const char *url, const char *name, struct error *err);
void db_close(struct db *db); /* NULL is fine */
void db_scope_close(struct db **db);
const char *db_name(const struct db *db);
/* Reconnects when the connection is down, once. */
bool db_ensure(struct db *db, struct error *err) must_check;

/* Rows land in `arena`. ERROR_FATAL when a transaction is already open. */
struct db_tx *db_begin(struct db *db, struct arena *arena, struct error *err);
/* After an ERROR_RETRY of db_commit the outcome is unknown. The transaction is over either way. */
bool db_commit(struct db_tx *tx, struct error *err) must_check;
void db_rollback(struct db_tx *tx); /* NULL is fine; also after an error */
/* scoped(db_scope_rollback): rolls back what was not committed (set the variable NULL after
 * db_commit). */
void db_scope_rollback(struct db_tx **tx);
struct db *db_of(struct db_tx *tx);
struct arena *db_arena(struct db_tx *tx);

/* rows may be NULL when only success matters. */
bool db_run(struct db_tx *tx, const struct sql *sql, struct db_args args, struct db_rows *rows,
            struct error *err) must_check;
/* Several statements without values (DDL, temporary tables). */
bool db_run_text(struct db_tx *tx, const char *text, struct error *err) must_check;
/* Prepares without running: the test that holds every statement against the schema. */
bool db_prepare(struct db_tx *tx, const struct sql *sql, struct error *err) must_check;

/* COPY … FROM STDIN in text format: begin, a row at a time, end. */
bool db_copy_begin(struct db_tx *tx, const char *copy_statement, struct error *err) must_check;
bool db_copy_row(struct db_tx *tx, struct db_args args, struct error *err) must_check;
bool db_copy_end(struct db_tx *tx, int64_t *rows, struct error *err) must_check;

/* Session lock: held until db_close or a lost connection. `taken` false: someone else has it. */
bool db_try_lock(struct db *db, int64_t key, bool *taken, struct error *err) must_check;
/* Still connected, and on the connection that took the session locks? One round trip. */
bool db_is_alive(struct db *db);
/* Transaction lock: waits, ends with the transaction. */
bool db_lock(struct db_tx *tx, int64_t key, struct error *err) must_check;

/* Connections for a program with threads of its own (gateway). take waits for a free one and
 * connects or reconnects as needed. */
struct db_pool;
struct db_pool *db_pool_new(const char *url, const char *name, size_t size);
void db_pool_free(struct db_pool *pool);
struct db *db_pool_take(struct db_pool *pool, struct error *err);
void db_pool_give(struct db_pool *pool, struct db *db);
