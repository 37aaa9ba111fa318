#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "service/db_internal.h"

struct db_value db_null(void)
{
    return (struct db_value){.kind = DB_NULL};
}

struct db_value db_text(const char *text)
{
    return (struct db_value){.kind = text ? DB_TEXT : DB_NULL, .text = text};
}

struct db_value db_slice(struct slice text)
{
    return (struct db_value){.kind = DB_BYTES, .bytes = text, .number = 1};
}

struct db_value db_bytes(struct slice bytes)
{
    return (struct db_value){.kind = DB_BYTES, .bytes = bytes};
}

struct db_value db_i64(int64_t number)
{
    return (struct db_value){.kind = DB_I64, .number = number};
}

struct db_value db_i64_or_null(int64_t number)
{
    return number ? db_i64(number) : db_null();
}

struct db_value db_f64(double number)
{
    return (struct db_value){.kind = DB_F64, .real = number};
}

struct db_value db_bool(bool value)
{
    return (struct db_value){.kind = DB_BOOL, .number = value};
}

struct db_value db_json(const char *text)
{
    return db_text(text);
}

struct db_value db_text_array(const char *const *items, size_t count)
{
    return (struct db_value){.kind = DB_TEXTS, .texts = items, .count = count};
}

struct db_value db_i64_array(const int64_t *items, size_t count)
{
    return (struct db_value){.kind = DB_I64S, .numbers = items, .count = count};
}

/* The text form of an array (PostgreSQL 15, 8.15.6). */
static void put_array(const struct db_value *value, struct buf *out)
{
    buf_put_byte(out, '{');
    for (size_t i = 0; i < value->count; i++) {
        if (i)
            buf_put_byte(out, ',');
        if (value->kind == DB_I64S) {
            buf_printf(out, "%" PRId64, value->numbers[i]);
            continue;
        }
        if (!value->texts[i]) {
            buf_put_text(out, "NULL");
            continue;
        }
        buf_put_byte(out, '"');
        for (const char *p = value->texts[i]; *p; p++) {
            if (*p == '"' || *p == '\\')
                buf_put_byte(out, '\\');
            buf_put_byte(out, *p);
        }
        buf_put_byte(out, '"');
    }
    buf_put_byte(out, '}');
}

/* The text form of any value but NULL and bytes. */
static void put_value(const struct db_value *value, struct buf *out)
{
    switch (value->kind) {
    case DB_TEXT:
        buf_put_text(out, value->text);
        break;
    case DB_I64:
        buf_printf(out, "%" PRId64, value->number);
        break;
    case DB_F64:
        buf_printf(out, "%.17g", value->real);
        break;
    case DB_BOOL:
        buf_put_text(out, value->number ? "true" : "false");
        break;
    case DB_TEXTS:
    case DB_I64S:
        put_array(value, out);
        break;
    case DB_NULL:
    case DB_BYTES:
        break;
    }
}

struct params {
    const char *values[DB_ARGS_MOST];
    int lengths[DB_ARGS_MOST], formats[DB_ARGS_MOST];
    size_t offsets[DB_ARGS_MOST];
    struct buf text;
};

static void params_release(struct params *params)
{
    buf_release(&params->text);
}

static bool params_fill(struct params *params, struct db_args args, struct error *err)
{
    if (args.count > DB_ARGS_MOST)
        return error_set(err, ERROR_FATAL, "database: %zu values, at most %d", args.count,
                         DB_ARGS_MOST);
    buf_reserve(&params->text, 64);
    for (size_t i = 0; i < args.count; i++) {
        params->offsets[i] = params->text.length;
        put_value(&args.values[i], &params->text);
        buf_put_byte(&params->text, '\0');
    }
    for (size_t i = 0; i < args.count; i++) {
        const struct db_value *value = &args.values[i];
        if (value->kind == DB_BYTES) { /* binary form; text's binary form is its bytes */
            params->values[i] = value->bytes.data ? value->bytes.data : "";
            params->lengths[i] = (int)value->bytes.length;
            params->formats[i] = 1;
        } else if (value->kind != DB_NULL) {
            params->values[i] = params->text.data + params->offsets[i];
        }
    }
    return true;
}

static bool statement(struct db *db, const struct sql *sql, char name[static 24], struct error *err)
{
    size_t i = 0;
    while (i < db->prepared_count && db->prepared[i] != sql)
        i++;
    snprintf(name, 24, "s%zu", i);
    if (i < db->prepared_count)
        return true;
    if (i == DB_STATEMENTS_MOST)
        return error_set(err, ERROR_FATAL, "database: more than %d statements", DB_STATEMENTS_MOST);
    PGresult *result = PQprepare(db->conn, name, sql->text, 0, NULL);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (good)
        db->prepared[db->prepared_count++] = sql;
    else
        db_fail(db, result, sql->name, err);
    PQclear(result);
    return good;
}

static void release_result(void *object)
{
    struct db_result *result = object;
    PQclear(result->pg);
    result->pg = NULL;
}

static void take_result(struct db_tx *tx, PGresult *pg, struct db_rows *rows)
{
    const char *affected = PQcmdTuples(pg);
    int64_t number = 0;
    if (!rows) {
        PQclear(pg);
        return;
    }
    (void)slice_parse_i64(slice_of(affected), &number);
    struct db_result *result = arena_new_object(tx->arena, struct db_result);
    *result = (struct db_result){.pg = pg, .arena = tx->arena};
    arena_defer(tx->arena, release_result, result);
    *rows = (struct db_rows){.result = result, .count = (size_t)PQntuples(pg), .affected = number};
}

void db_rows_release(struct db_rows *rows)
{
    if (rows->result)
        release_result(rows->result);
    *rows = (struct db_rows){0};
}

static bool usable(const struct db_tx *tx, struct error *err)
{
    if (!tx->open || tx->failed)
        return error_set(err, ERROR_INPUT, "database: the transaction has failed before");
    if (tx->copying)
        return error_set(err, ERROR_FATAL, "database: statement inside COPY");
    return true;
}

bool db_run(struct db_tx *tx, const struct sql *sql, struct db_args args, struct db_rows *rows,
            struct error *err)
{
    struct params params scoped(params_release) = {0};
    char name[24];
    if (!usable(tx, err) || !params_fill(&params, args, err) || !statement(tx->db, sql, name, err))
        return false;
    PGresult *pg = PQexecPrepared(tx->db->conn, name, (int)args.count, params.values,
                                  params.lengths, params.formats, 0);
    ExecStatusType status = PQresultStatus(pg);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        db_fail(tx->db, pg, sql->name, err);
        PQclear(pg);
        return false;
    }
    take_result(tx, pg, rows);
    return true;
}

bool db_run_text(struct db_tx *tx, const char *text, struct error *err)
{
    return usable(tx, err) && db_exec(tx->db, text, err);
}

bool db_prepare(struct db_tx *tx, const struct sql *sql, struct error *err)
{
    char name[24];
    return usable(tx, err) && statement(tx->db, sql, name, err);
}

bool db_lock(struct db_tx *tx, int64_t key, struct error *err)
{
    char text[80];
    snprintf(text, sizeof(text), "select pg_advisory_xact_lock(%" PRId64 ")", key);
    return db_run_text(tx, text, err);
}

bool db_copy_begin(struct db_tx *tx, const char *copy_statement, struct error *err)
{
    if (!usable(tx, err))
        return false;
    PGresult *result = PQexec(tx->db->conn, copy_statement);
    if (PQresultStatus(result) == PGRES_COPY_IN)
        tx->copying = true;
    else
        db_fail(tx->db, result, copy_statement, err);
    PQclear(result);
    tx->copied = 0;
    return tx->copying;
}

/* COPY's text format (PostgreSQL 15, COPY, "Text Format"). */
static void put_copied(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '\\' || c == '\t' || c == '\n' || c == '\r') {
            buf_put_byte(out, '\\');
            c = c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c;
        }
        buf_put_byte(out, c);
    }
}

static void put_copied_value(struct buf *out, const struct db_value *value)
{
    struct buf text scoped(buf_release) = {0};
    if (value->kind == DB_NULL) {
        buf_put_text(out, "\\N");
    } else if (value->kind == DB_BYTES && value->number) {
        put_copied(out, value->bytes);
    } else if (value->kind == DB_BYTES) {
        buf_put_text(out, "\\\\x");
        for (size_t i = 0; i < value->bytes.length; i++)
            buf_printf(out, "%02x", (unsigned)(unsigned char)value->bytes.data[i]);
    } else if (value->kind == DB_TEXT) {
        put_copied(out, slice_of(value->text));
    } else {
        put_value(value, &text);
        put_copied(out, buf_slice(&text));
    }
}

static bool copy_flush(struct db_tx *tx, struct error *err)
{
    if (tx->copy.length && PQputCopyData(tx->db->conn, tx->copy.data, (int)tx->copy.length) != 1)
        return db_fail(tx->db, NULL, "copy", err);
    buf_clear(&tx->copy);
    return true;
}

bool db_copy_row(struct db_tx *tx, struct db_args args, struct error *err)
{
    if (!tx->copying)
        return error_set(err, ERROR_FATAL, "database: no COPY was begun");
    for (size_t i = 0; i < args.count; i++) {
        if (i)
            buf_put_byte(&tx->copy, '\t');
        put_copied_value(&tx->copy, &args.values[i]);
    }
    buf_put_byte(&tx->copy, '\n');
    tx->copied++;
    return tx->copy.length < DB_COPY_FLUSH_BYTES || copy_flush(tx, err);
}

bool db_copy_end(struct db_tx *tx, int64_t *rows, struct error *err)
{
    bool good = true;
    if (!tx->copying)
        return error_set(err, ERROR_FATAL, "database: no COPY was begun");
    if (!copy_flush(tx, err))
        return false;
    tx->copying = false;
    if (PQputCopyEnd(tx->db->conn, NULL) != 1)
        return db_fail(tx->db, NULL, "copy", err);
    for (PGresult *result; (result = PQgetResult(tx->db->conn));) {
        if (good && PQresultStatus(result) != PGRES_COMMAND_OK)
            good = db_fail(tx->db, result, "copy", err);
        PQclear(result);
    }
    if (good && rows)
        *rows = tx->copied;
    return good;
}
