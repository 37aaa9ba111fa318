#include "matcher/import_store.h"

#include "sql_worker_matcher.h"

static const char staging[] =
    "create temporary table import_staging (key text, vulnerability text, aliases text[], "
    "type text, name text, by_source boolean, distro text, release text, stream text, state text, "
    "fixed text, ranges jsonb, conditions jsonb, severity text, cvss text, title text, url text, "
    "published_at timestamptz, modified_at timestamptz, record jsonb) on commit drop";

enum { SHRINK_ROWS_LEAST = 1000, SHRINK_FACTOR = 10, GROWTH_ROWS_LEAST = 100, GROWTH_FACTOR = 100 };

bool import_lock(struct db_tx *tx, const char *source, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_import_lock, DB_ARGS(db_text(source)), &rows, err))
        return false;
    return rows.count > 0 || error_set(err, ERROR_INPUT, "no such source");
}

bool import_begin(struct db_tx *tx, struct error *err)
{
    return db_run_text(tx, "drop table if exists import_staging", err) &&
           db_run_text(tx, staging, err) &&
           db_copy_begin(tx, "copy import_staging from stdin", err);
}

bool import_merge(struct db_tx *tx, const char *source, struct import_outcome *out,
                  struct error *err)
{
    struct db_rows sizes, rows;
    if (!db_run_text(tx, "analyze import_staging", err) ||
        !db_run(tx, &sql_import_sizes, DB_ARGS(db_text(source)), &sizes, err))
        return false;
    int64_t had = row_i64(&sizes, 0, 0), comes = row_i64(&sizes, 0, 1);
    bool shrunk = had >= SHRINK_ROWS_LEAST && comes < had / SHRINK_FACTOR;
    if (shrunk || (had >= GROWTH_ROWS_LEAST && comes / GROWTH_FACTOR >= had))
        return error_set(err, ERROR_INPUT, "%s%lld assertions where there were %lld: refused",
                         shrunk ? "only " : "", (long long)comes, (long long)had);
    out->first_load = row_i64(&sizes, 0, 2) == 0;
    out->revision = row_i64(&sizes, 0, 3);
    /* Of a source that is new the planner does not know yet how many rows it has: a nested loop
       over what it takes for one row would compare each with each. */
    if (!db_run_text(tx, "set local enable_nestloop = off", err) ||
        !db_run(tx, &sql_import_facts, DB_ARGS(db_text(source)), NULL, err) ||
        !db_run(tx, &sql_import_merge, DB_ARGS(db_text(source), db_i64(out->revision)), &rows,
                err) ||
        !db_run_text(tx, "set local enable_nestloop = on", err))
        return false;
    struct arena *arena = db_arena(tx);
    out->types = arena_new_array(arena, const char *, rows.count);
    out->names = arena_new_array(arena, const char *, rows.count);
    out->name_count = rows.count;
    for (size_t i = 0; i < rows.count; i++) {
        out->types[i] = row_text(&rows, i, 0);
        out->names[i] = row_text(&rows, i, 1);
        out->added += row_i64(&rows, i, 2);
        out->retracted += row_i64(&rows, i, 3);
    }
    return db_run(tx, &sql_import_names,
                  DB_ARGS(db_text_array(out->types, rows.count),
                          db_text_array(out->names, rows.count), db_i64(out->revision)),
                  NULL, err);
}

bool import_finish(struct db_tx *tx, const char *source, int64_t as_of, uint64_t records,
                   uint64_t assertions, const struct import_outcome *outcome, struct error *err)
{
    return db_run(tx, &sql_import_contexts, DB_ARGS(db_text(source)), NULL, err) &&
           db_run(tx, &sql_import_finish,
                  DB_ARGS(db_text(source), db_i64_or_null(as_of), db_i64((int64_t)records),
                          db_i64((int64_t)assertions),
                          db_i64(outcome->name_count > 0 || outcome->first_load ? outcome->revision
                                                                                : 0)),
                  NULL, err);
}

bool import_failed(struct db_tx *tx, const char *source, const char *why, struct error *err)
{
    return db_run(tx, &sql_source_failed, DB_ARGS(db_text(source), db_text(why)), NULL, err);
}

bool import_list_repositories(struct job *job, const char *source, struct repository_list *out,
                              struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !db_run(tx, &sql_import_repositories, DB_ARGS(db_text(source)), &rows, err))
        return false;
    out->items = arena_new_array(job->arena, struct repository_index, rows.count);
    out->count = rows.count;
    for (size_t i = 0; i < rows.count; i++)
        out->items[i] = (struct repository_index){row_text(&rows, i, 0), row_text(&rows, i, 1)};
    bool ok = db_commit(tx, err);
    tx = NULL;
    return ok;
}
