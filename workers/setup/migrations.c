#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "setup/setup.h"
#include "sql_migrations.h"
#include "sql_worker_setup.h"

enum { SETUP_LOCK = 7411001 };

static int64_t least_of(const char *text)
{
    static const char mark[] = "-- least: ";
    struct slice line, rest = slice_of(text);
    int64_t least = 0;
    while (slice_take_line(&rest, &line) && slice_has_prefix(line, "--")) {
        if (slice_has_prefix(line, mark))
            slice_parse_i64(slice_trim(slice_sub(line, sizeof(mark) - 1, line.length)), &least);
    }
    return least;
}

static bool add(struct arena *arena, struct migrations *list, size_t *capacity, const char *name,
                const char *text, struct error *err)
{
    int64_t version = 0;
    struct slice s = slice_of(name);
    if (s.length < 6 || name[4] != '_' || !slice_parse_i64(slice_sub(s, 0, 4), &version) ||
        version != (int64_t)list->count + 1)
        return error_set(err, ERROR_INPUT, "migration '%s': expected %04zu_*", name,
                         list->count + 1);
    arena_push(arena, list->items, list->count, *capacity);
    struct migration *item = &list->items[list->count++];
    *item =
        (struct migration){.version = version, .name = name, .text = text, .least = least_of(text)};
    digest_of(text, strlen(text), item->checksum);
    return true;
}

static int wants_sql(const struct dirent *entry)
{
    return slice_has_suffix(slice_of(entry->d_name), ".sql");
}

static char *read_file(struct arena *arena, const char *path)
{
    struct buf text scoped(buf_release) = {0};
    char block[8192];
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    for (size_t n; (n = fread(block, 1, sizeof(block), file)) > 0;)
        buf_put(&text, block, n);
    fclose(file);
    return arena_strdup(arena, buf_text(&text));
}

static bool load_dir(struct arena *arena, const char *dir, struct migrations *out,
                     struct error *err)
{
    struct dirent **names = NULL;
    size_t capacity = 0;
    bool good = true;
    const char *path = arena_printf(arena, "%s/migrations", dir);
    int count = scandir(path, &names, wants_sql, alphasort);
    if (count < 0)
        return error_set(err, ERROR_INPUT, "RESOLE_SCHEMAS_DIR: cannot read %s", path);
    for (int i = 0; i < count; i++) {
        const char *file = names[i]->d_name;
        char *text = good ? read_file(arena, arena_printf(arena, "%s/%s", path, file)) : NULL;
        if (good && !text)
            good = error_set(err, ERROR_INPUT, "cannot read %s/%s", path, file);
        good = good &&
               add(arena, out, &capacity, arena_strndup(arena, file, strlen(file) - 4), text, err);
        free(names[i]);
    }
    free(names);
    return good;
}

bool migrations_load(struct arena *arena, const char *dir, struct migrations *out,
                     struct error *err)
{
    size_t capacity = 0;
    *out = (struct migrations){0};
    if (dir && *dir)
        return load_dir(arena, dir, out, err);
    for (const struct sql *const *sql = all_migrations; *sql; sql++) {
        if (!add(arena, out, &capacity, (*sql)->name, (*sql)->text, err))
            return false;
    }
    return true;
}

/* *known: it was applied before, with the same text. */
static bool find(struct db_tx *tx, const struct migration *migration, bool *known,
                 struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_migration_find, DB_ARGS(db_i64(migration->version)), &rows, err))
        return false;
    *known = rows.count == 1;
    if (*known && strcmp(row_text(&rows, 0, 0), migration->checksum) != 0)
        return error_set(err, ERROR_INPUT,
                         "migration %s is not the text that was applied to this database: "
                         "migrations are never edited, add a new one",
                         migration->name);
    return true;
}

static bool apply_one(struct db *db, const struct migration *migration, bool check_only,
                      size_t *applied, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(db, arena, err);
    bool known = false;
    if (!tx || !db_lock(tx, SETUP_LOCK, err) || !find(tx, migration, &known, err))
        return false;
    if (known)
        return true;
    if (check_only)
        return error_set(err, ERROR_INPUT, "migration %s is not applied", migration->name);
    if (!db_run_text(tx, migration->text, err))
        return error_wrap(err, "migration %s", migration->name);
    ++*applied;
    return db_run(tx, &sql_migration_put,
                  DB_ARGS(db_i64(migration->version), db_text(migration->name),
                          db_text(migration->checksum), db_i64(migration->least)),
                  NULL, err) &&
           db_commit(tx, err);
}

/* The table that remembers, itself made under the lock. */
static bool ensure_table(struct db *db, struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(db, arena, err);
    return tx && db_lock(tx, SETUP_LOCK, err) &&
           db_run_text(tx,
                       "create table if not exists schema_migration (version integer primary key, "
                       "name text not null, checksum text not null, least integer not null, "
                       "applied_at timestamptz not null default now())",
                       err) &&
           db_commit(tx, err);
}

bool migrations_apply(struct db *db, const struct migrations *migrations, bool check_only,
                      size_t *applied, struct error *err)
{
    *applied = 0;
    if (!check_only && !ensure_table(db, err))
        return false;
    for (size_t i = 0; i < migrations->count; i++) {
        if (!apply_one(db, &migrations->items[i], check_only, applied, err))
            return false;
    }
    return true;
}
