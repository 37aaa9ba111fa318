/* rpmdb.sqlite: table Packages (hnum, blob). Opened from memory, read-only, with a budget of steps;
 * frames of a write-ahead log (SQLite file format, 4.1) are put in first. */
#include <sqlite3.h>
#include <string.h>

#include "inventory/readers/rpm_header.h"

enum {
    SQLITE_HEADER_SIZE = 100,
    WAL_HEADER_SIZE = 32,
    WAL_FRAME_SIZE = 24,
    STEPS_PER_CALL = 100000,
    CALLS_MOST = 20000,
};

static uint32_t be32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

/* The bytes with every committed frame in place. */
static void apply_wal(struct buf *database, struct slice wal)
{
    if (wal.length < WAL_HEADER_SIZE || (be32(wal.data) & 0xfffffffe) != 0x377f0682)
        return;
    size_t page = be32(wal.data + 8), frame = WAL_FRAME_SIZE + page, committed = 0;
    if (page < 512 || page > 65536)
        return;
    for (size_t at = WAL_HEADER_SIZE, n = 1; at + frame <= wal.length; at += frame, n++) {
        if (memcmp(wal.data + at + 8, wal.data + 16, 8) != 0) /* salts: an older log's rest */
            break;
        if (be32(wal.data + at + 4) != 0)
            committed = n;
    }
    for (size_t n = 0, at = WAL_HEADER_SIZE; n < committed; n++, at += frame) {
        size_t number = be32(wal.data + at);
        if (number == 0 || number * page > database->length + wal.length)
            continue;
        while (database->length < number * page)
            buf_put_byte(database, 0);
        memcpy(database->data + (number - 1) * page, wal.data + at + WAL_FRAME_SIZE, page);
    }
}

static int count_steps(void *calls)
{
    return ++*(int *)calls > CALLS_MOST;
}

struct rows {
    void (*take)(void *context, struct slice value);
    void *context;
};

static int read_rows(sqlite3 *db, const char *query, const struct rows *rows)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, query, -1, &statement, NULL);
    if (result != SQLITE_OK)
        return result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *blob = sqlite3_column_blob(statement, 0);
        int length = sqlite3_column_bytes(statement, 0);
        rows->take(rows->context, (struct slice){blob, blob ? (size_t)length : 0});
    }
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

/* The first column of every row; a warning where the file is damaged. */
static void query_file(struct slice bytes, struct slice wal, struct reader_sink *sink,
                       const char *query, const struct rows *rows)
{
    struct buf copy scoped(buf_release) = {0};
    sqlite3 *db = NULL;
    int calls = 0;
    buf_put_slice(&copy, bytes);
    apply_wal(&copy, wal);
    if (copy.length < SQLITE_HEADER_SIZE) {
        sink_warning(sink, "rpm-damaged", sink->path, true, "not an SQLite database");
        return;
    }
    copy.data[18] = copy.data[19] = 1; /* a log is no longer needed */
    int result = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE, NULL);
    if (result == SQLITE_OK)
        result =
            sqlite3_deserialize(db, "main", (unsigned char *)copy.data, (sqlite3_int64)copy.length,
                                (sqlite3_int64)copy.length, SQLITE_DESERIALIZE_READONLY);
    if (result == SQLITE_OK) {
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
        sqlite3_progress_handler(db, STEPS_PER_CALL, count_steps, &calls);
        result = read_rows(db, query, rows);
    }
    if (result != SQLITE_OK)
        sink_warning(sink, "rpm-damaged", sink->path, true, "%s",
                     db ? sqlite3_errmsg(db) : "not an SQLite database");
    sqlite3_close(db);
}

struct headers {
    struct reader_sink *sink;
    const char *source;
};

static void take_header(void *context, struct slice value)
{
    const struct headers *headers = context;
    rpm_header_read(value, headers->sink, headers->source);
}

void rpm_sqlite_read(struct slice bytes, struct slice wal, struct reader_sink *sink,
                     const char *source)
{
    struct headers headers = {sink, source};
    query_file(bytes, wal, sink, "select blob from Packages",
               &(struct rows){take_header, &headers});
}

struct texts {
    void (*on_text)(void *context, const char *text);
    void *context;
    struct arena *arena;
};

static void take_text(void *context, struct slice value)
{
    const struct texts *texts = context;
    texts->on_text(texts->context, slice_string(texts->arena, value));
}

void rpm_sqlite_query(struct slice bytes, struct slice wal, const char *query,
                      void (*on_text)(void *context, const char *text), struct reader_sink *sink)
{
    struct texts texts = {on_text, sink, sink->arena};
    query_file(bytes, wal, sink, query, &(struct rows){take_text, &texts});
}
