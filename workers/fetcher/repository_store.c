#include "fetcher/repository_store.h"

#include "sql_worker_fetcher.h"

bool store_source_find(struct db_tx *tx, const char *source, struct feed_source *out, bool *found,
                       struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_source_find, DB_ARGS(db_text(source)), &rows, err))
        return false;
    *found = rows.count == 1;
    if (*found)
        *out = (struct feed_source){.format = row_text(&rows, 0, 0),
                                    .address = row_text(&rows, 0, 1),
                                    .etag = row_text(&rows, 0, 2),
                                    .digest = row_text(&rows, 0, 3),
                                    .enabled = row_bool(&rows, 0, 4)};
    return true;
}

bool store_source_fetched(struct db_tx *tx, const char *source, const char *etag,
                          const char *digest, struct error *err)
{
    return db_run(tx, &sql_source_fetched, DB_ARGS(db_text(source), db_text(etag), db_text(digest)),
                  NULL, err);
}

bool store_source_failed(struct db_tx *tx, const char *source, const char *reason,
                         struct error *err)
{
    return db_run(tx, &sql_source_failed, DB_ARGS(db_text(source), db_text(reason)), NULL, err);
}

bool store_repositories(struct db_tx *tx, struct arena *arena, const char *source,
                        struct feed_repository **out, size_t *count, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_repositories, DB_ARGS(db_text(source)), &rows, err))
        return false;
    *count = rows.count;
    *out = arena_new_array(arena, struct feed_repository, rows.count);
    for (size_t i = 0; i < rows.count; i++)
        (*out)[i] = (struct feed_repository){.id = row_i64(&rows, i, 0),
                                             .suite = row_text(&rows, i, 1),
                                             .component = row_text(&rows, i, 2),
                                             .architecture = row_text(&rows, i, 3),
                                             .address = row_text(&rows, i, 4),
                                             .keyrings = row_text(&rows, i, 5),
                                             .in_release_digest = row_text(&rows, i, 6),
                                             .packages_digest = row_text(&rows, i, 7),
                                             .in_release_date = row_i64(&rows, i, 8)};
    return true;
}

bool store_repository_loaded(struct db_tx *tx, const struct repository_load *load,
                             struct error *err)
{
    return db_run(tx, &sql_repository_loaded,
                  DB_ARGS(db_i64(load->id), db_text(load->distro), db_text(load->in_release_digest),
                          db_i64(load->date), db_i64_or_null(load->valid_until),
                          db_text(load->packages_digest)),
                  NULL, err);
}

bool store_repository_add(struct db_tx *tx, const struct repository_entry *entry, struct error *err)
{
    return db_run(tx, &sql_repository_source, DB_ARGS(db_text(entry->source)), NULL, err) &&
           db_run(tx, &sql_repository_add,
                  DB_ARGS(db_text(entry->source), db_text(entry->codename), db_text(entry->suite),
                          db_text(entry->component), db_text(entry->architecture),
                          db_text(entry->address), db_text(entry->keyrings)),
                  NULL, err);
}

bool store_changelogs_wanted(struct db_tx *tx, struct arena *arena, const char *source,
                             struct wanted_changelog **out, size_t *count, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_changelogs_wanted, DB_ARGS(db_text(source)), &rows, err))
        return false;
    *count = rows.count;
    *out = arena_new_array(arena, struct wanted_changelog, rows.count);
    for (size_t i = 0; i < rows.count; i++)
        (*out)[i] = (struct wanted_changelog){.name = row_text(&rows, i, 0),
                                              .version = row_text(&rows, i, 1),
                                              .address = row_text(&rows, i, 2),
                                              .path = row_text(&rows, i, 3),
                                              .sha256 = row_text(&rows, i, 4),
                                              .bytes = row_i64(&rows, i, 5)};
    return true;
}

bool store_changelog_fetched(struct db_tx *tx, const struct wanted_changelog *what,
                             const char *blob, const char *reason, struct error *err)
{
    return db_run(
        tx, &sql_changelog_fetched,
        DB_ARGS(db_text(what->name), db_text(what->version), db_text(blob), db_text(reason)), NULL,
        err);
}
