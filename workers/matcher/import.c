#include "matcher/import.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "advisory/feed_confined.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "matcher/claims.h"
#include "matcher/import_store.h"
#include "matcher/rows.h"
#include "matcher/settings.h"

enum { NAMES_IN_MESSAGE = 400, NAME_BYTES_IN_MESSAGE = 40000, READ_DEADLINE_S = 1200 };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void close_shelf(struct shelf **shelf)
{
    shelf_close(*shelf);
}

struct copying {
    struct db_tx *tx;
    uint64_t rows;
};

static bool copy_row(void *context, const struct assertion *a, struct error *err)
{
    struct copying *copying = context;
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct db_value values[ASSERTION_COLUMNS];
    assertion_to_row(a, arena, values);
    copying->rows++;
    return db_copy_row(copying->tx, (struct db_args){values, ASSERTION_COLUMNS}, err);
}

/* One message per chunk of names of one type. */
static bool announce(struct db_tx *tx, const struct import_outcome *outcome, const char *source,
                     struct error *err)
{
    for (size_t from = 0; from < outcome->name_count;) {
        size_t to = from, bytes = 0;
        const char *type = outcome->types[from];
        while (to < outcome->name_count && to - from < NAMES_IN_MESSAGE &&
               bytes < NAME_BYTES_IN_MESSAGE && strcmp(outcome->types[to], type) == 0)
            bytes += strlen(outcome->names[to++]) + 4;
        struct advisory_changed out = {
            .source = source,
            .type = type,
            .names = {outcome->names + from, to - from},
            .revision = outcome->revision,
            .first_load = outcome->first_load,
        };
        if (!outbox_put_bulk(tx, &out, err))
            return false;
        from = to;
    }
    return true;
}

static bool merge_shelves(struct job *job, const char *source, struct shelf *const *shelves,
                          size_t count, int64_t as_of, struct error *err)
{
    struct db_tx *tx = job_tx(job, err);
    struct copying copying = {.tx = tx};
    struct import_outcome outcome = {0};
    if (!tx || !import_lock(tx, source, err) || !import_begin(tx, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!shelf_each(shelves[i], copy_row, &copying, err))
            return false;
    if (!db_copy_end(tx, NULL, err) || !import_merge(tx, source, &outcome, err))
        return false;
    uint64_t records = 0;
    for (size_t i = 0; i < count; i++)
        records += shelf_meta(shelves[i])->counts.records;
    if (!import_finish(tx, source, as_of, records, copying.rows, &outcome, err) ||
        !announce(tx, &outcome, source, err))
        return false;
    log_info("source imported", LOG_TEXT("source", source),
             LOG_I64("assertions", (int64_t)copying.rows), LOG_I64("added", outcome.added),
             LOG_I64("retracted", outcome.retracted),
             LOG_I64("names", (int64_t)outcome.name_count));
    return true;
}

static bool read_blob(struct job *job, const char *store, const char *blob, const char *name,
                      const char *source, struct shelf **shelf, int *shelf_fd, struct error *err)
{
    int fd scoped(close_fd) = -1;
    if (!digest_is_valid(blob))
        return error_set(err, ERROR_INPUT, "no blob named");
    const char *hex = blob + strlen("sha256:");
    const char *path = arena_printf(job->arena, "%s/sha256/%.2s/%s", store, hex, hex);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_RETRY, "blob %s: %s", blob, strerror(errno));
    struct feed_request request = {.fd = fd,
                                   .name = name,
                                   .source = source_row(source),
                                   .source_name = source,
                                   .now = clock_unix_s(),
                                   .deadline_s = READ_DEADLINE_S};
    return feed_confined_import(&request, shelf_fd, shelf, err);
}

/* Every index of the release: what the repositories offer is known only from all of them. */
static bool import_repository(struct job *job, const char *store, const struct feed_fetched *in,
                              struct error *err)
{
    struct repository_list list = {0};
    if (!import_list_repositories(job, in->source, &list, err))
        return false;
    struct shelf **shelves = arena_new_array(job->arena, struct shelf *, list.count);
    int *fds = arena_new_array(job->arena, int, list.count);
    size_t count = 0;
    bool ok = true;
    for (; ok && count < list.count; count += ok)
        ok = read_blob(job, store, list.items[count].blob, list.items[count].name, in->source,
                       &shelves[count], &fds[count], err);
    int64_t as_of = 0;
    clock_parse(slice_of(in->as_of), &as_of);
    if (ok)
        ok = merge_shelves(job, in->source, shelves, count, as_of, err) &&
             claims_want(job_tx(job, err), in->source, 0, err);
    for (size_t i = 0; i < count; i++) {
        shelf_close(shelves[i]);
        close(fds[i]);
    }
    return ok;
}

bool import_feed(struct job *job, const struct feed_fetched *in, struct error *err)
{
    const struct matcher_settings *settings = job->settings;
    const char *store = settings->blob_dir;
    struct shelf *shelf scoped(close_shelf) = NULL;
    int shelf_fd scoped(close_fd) = -1;
    static const char changelog[] = "changelog:";
    const struct advisory_source *row = source_row(in->source);
    int64_t as_of = 0;
    if (strncmp(in->source, changelog, sizeof(changelog) - 1) == 0)
        return claims_read(job, in->source + sizeof(changelog) - 1, store, err);
    if (!row)
        return error_set(err, ERROR_INPUT, "no such source");
    if (strcmp(row->format, "apt-index") == 0)
        return import_repository(job, store, in, err);
    if (!read_blob(job, store, in->blob, advisory_source_file(in->source), in->source, &shelf,
                   &shelf_fd, err))
        return false;
    clock_parse(slice_of(in->as_of), &as_of);
    if (shelf_meta(shelf)->as_of > 0)
        as_of = shelf_meta(shelf)->as_of;
    return merge_shelves(job, in->source, &shelf, 1, as_of, err);
}

bool import_parked(struct db_tx *tx, struct arena *arena, const struct parked_message *what,
                   struct error *err)
{
    struct feed_fetched in = {0};
    struct error ignored = {0};
    if (what->topic != &topic_feed_fetched ||
        !message_decode(arena, what->topic, what->value, &in, &ignored))
        return true;
    return import_failed(tx, in.source, what->why->text, err);
}
