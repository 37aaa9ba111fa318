#include "fetcher/feeds.h"

#include <string.h>

#include "advisory/apt_sources.h"
#include "base/clock.h"
#include "base/log.h"
#include "fetcher/download.h"
#include "fetcher/handler.h"
#include "fetcher/named_sources.h"
#include "fetcher/repositories.h"
#include "image/platform.h"
#include "sql_worker_fetcher.h"

#define FEED_BYTES_MOST (4LL * 1024 * 1024 * 1024) /* the largest real feed has 1.1 GB */

static struct http_client *new_client(struct job *job)
{
    const struct fetcher_settings *settings = job->settings;
    return http_client_new(
        &(const struct http_settings){.ca_file = settings->ca_file, .allow_private = true});
}

static bool tell(struct db_tx *tx, const char *source, const char *blob, int64_t as_of,
                 struct error *err)
{
    char when[32] = "";
    if (as_of > 0)
        clock_format(as_of, when);
    struct feed_fetched out = {.source = source, .blob = blob, .as_of = as_of > 0 ? when : NULL};
    return outbox_put(tx, &out, err);
}

static bool refresh_repositories(struct job *job, const char *source, struct error *err)
{
    struct fetcher_state *state = job->state;
    struct http_client *client scoped(http_client_scope_free) = new_client(job);
    struct repositories all = {
        .client = client, .store = state->store, .arena = job->arena, .now = clock_unix_s()};
    struct feed_repository *rows = NULL;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !store_repositories(tx, job->arena, source, &rows, &all.count, err))
        return false;
    db_rollback(tx);
    tx = NULL;
    all.rows = rows;
    if (!repositories_refresh(&all, err))
        return false;
    struct db_tx *out = job_tx(job, err);
    if (!out)
        return false;
    for (size_t i = 0; i < all.load_count; i++) {
        if (!store_repository_loaded(out, &all.loads[i], err))
            return false;
    }
    log_info("package repositories looked at", LOG_TEXT("source", source),
             LOG_I64("indices", all.load_count), LOG_TEXT("changed", all.changed));
    return store_source_fetched(out, source, NULL, NULL, err) &&
           (!all.changed || tell(out, source, all.changed, all.newest, err));
}

static bool fetch_changelog(struct job *job, struct http_client *client,
                            const struct wanted_changelog *what, const char **blob,
                            struct error *why)
{
    struct fetcher_state *state = job->state;
    struct download file = {.url = arena_printf(job->arena, "%s%s", what->address, what->path),
                            .digest = arena_printf(job->arena, "sha256:%s", what->sha256),
                            .bytes = what->bytes,
                            .most = FEED_BYTES_MOST};
    if (!download_blob(client, job->arena, state->store, &file, why))
        return false;
    *blob = file.digest;
    return true;
}

/* A package that cannot be had leaves its update without ids: said in its row, not parked. */
static bool fetch_changelogs(struct job *job, const char *source, struct error *err)
{
    struct http_client *client scoped(http_client_scope_free) = new_client(job);
    struct wanted_changelog *wanted = NULL;
    size_t count = 0;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !store_changelogs_wanted(tx, job->arena, source, &wanted, &count, err))
        return false;
    db_rollback(tx);
    tx = NULL;
    const char **blobs = arena_new_array(job->arena, const char *, count);
    struct error *whys = arena_new_array(job->arena, struct error, count);
    const char *last = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!fetch_changelog(job, client, &wanted[i], &blobs[i], &whys[i]) &&
            whys[i].kind != ERROR_INPUT) {
            *err = whys[i];
            return false;
        }
        last = blobs[i] ? blobs[i] : last;
    }
    struct db_tx *out = job_tx(job, err);
    if (!out)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!store_changelog_fetched(out, &wanted[i], blobs[i], blobs[i] ? NULL : whys[i].text,
                                     err))
            return false;
    }
    struct feed_due more = {.source = source, .cause = "changelog"};
    return (!last || tell(out, arena_printf(job->arena, "changelog:%s", source), last, 0, err)) &&
           (count < 64 || outbox_put(out, &more, err));
}

static bool fetch_feed(struct job *job, const char *source, const struct feed_source *row,
                       struct error *err)
{
    struct fetcher_state *state = job->state;
    struct http_client *client scoped(http_client_scope_free) = new_client(job);
    struct download file = {
        .url = row->address, .etag = row->etag, .bytes = -1, .most = FEED_BYTES_MOST};
    int64_t as_of = 0;
    if (!row->address[0])
        return error_set(err, ERROR_INPUT,
                         "source %s has no address; import it with `resole advisory import`",
                         source);
    if (!download_blob(client, job->arena, state->store, &file, err))
        return error_wrap(err, "source %s", source);
    struct db_tx *tx = job_tx(job, err);
    if (!tx)
        return false;
    if (file.unchanged)
        return store_source_fetched(tx, source, row->etag, NULL, err);
    clock_parse_http(slice_of(file.modified), &as_of);
    bool same = strcmp(file.stored, row->digest) == 0;
    return store_source_fetched(tx, source, file.new_etag, file.stored, err) &&
           (same || tell(tx, source, arena_strdup(job->arena, file.stored), as_of, err));
}

bool on_feed_due(struct job *job, struct error *err)
{
    struct feed_due in = {0};
    struct feed_source row;
    bool found = false;
    if (!job_decode(job, &in, err))
        return false;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !store_source_find(tx, in.source, &row, &found, err))
        return false;
    db_rollback(tx);
    tx = NULL;
    if (!found)
        return error_set(err, ERROR_INPUT, "feed.due: no source is called '%s'", in.source);
    if (!row.enabled)
        return true;
    if (strcmp(row.format, "apt-index") != 0)
        return fetch_feed(job, in.source, &row, err);
    if (strcmp(in.cause, "changelog") == 0)
        return fetch_changelogs(job, in.source, err);
    return refresh_repositories(job, in.source, err);
}

bool feeds_parked(struct db_tx *tx, struct arena *arena, const struct parked_message *what,
                  struct error *err)
{
    struct feed_due in = {0};
    struct error ignored = {0};
    if (!message_decode(arena, what->topic, what->value, &in, &ignored))
        return true;
    return store_source_failed(tx, in.source, what->why->text, err);
}

/* Debian's names of architectures. */
static const char *debian_architecture(const struct platform *platform)
{
    static const char *const names[][2] = {
        {"386", "i386"}, {"arm", "armhf"}, {"ppc64le", "ppc64el"}, {"mips64le", "mips64el"}};
    for (size_t i = 0; i < array_count(names); i++) {
        if (strcmp(platform->architecture, names[i][0]) == 0)
            return names[i][1];
    }
    return platform->architecture;
}

static bool add_entry(struct db_tx *tx, struct arena *arena, const struct apt_source *source,
                      const char *architecture, struct error *err)
{
    struct buf keyrings scoped(buf_release) = {0};
    for (size_t i = 0; i < source->keyring_count; i++)
        buf_printf(&keyrings, "%s%s", i ? " " : "", source->keyrings[i]);
    const char *codename = apt_suite_release(arena, source->suite);
    for (size_t c = 0; c < source->component_count; c++) {
        struct repository_entry entry = {.source = arena_printf(arena, "apt:%s", codename),
                                         .codename = codename,
                                         .suite = source->suite,
                                         .component = source->components[c],
                                         .architecture = architecture,
                                         .address = source->uri,
                                         .keyrings = buf_text(&keyrings)};
        if (!store_repository_add(tx, &entry, err))
            return false;
    }
    return true;
}

/* A release that was just named is read now, not at the next turn of the schedule. */
static bool ask_for_unloaded(struct db_tx *tx, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_source_unloaded, DB_NO_ARGS, &rows, err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        struct feed_due out = {.source = row_text(&rows, i, 0), .cause = "operator"};
        if (!outbox_put(tx, &out, err))
            return false;
    }
    return true;
}

static bool configure_repositories(struct db_tx *tx, struct arena *arena, const char *path,
                                   struct error *err)
{
    struct apt_source_list list = {0};
    struct platform here = platform_here();
    if (!apt_sources_load(arena, path, &list, err)) {
        err->kind = ERROR_FATAL;
        return error_wrap(err, "RESOLE_REPOSITORIES_FILE");
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct apt_source *source = &list.items[i];
        if (source->architecture_count == 0 &&
            !add_entry(tx, arena, source, debian_architecture(&here), err))
            return false;
        for (size_t a = 0; a < source->architecture_count; a++) {
            if (!add_entry(tx, arena, source, source->architectures[a], err))
                return false;
        }
    }
    return ask_for_unloaded(tx, err);
}

bool feeds_configure(struct job *job, struct error *err)
{
    const struct fetcher_settings *settings = job->settings;
    if (!settings->repositories_file[0] && !settings->sources_file[0])
        return true;
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx)
        return false;
    if (settings->repositories_file[0] &&
        !configure_repositories(tx, job->arena, settings->repositories_file, err))
        return false;
    if (settings->sources_file[0] &&
        !named_sources_configure(tx, job->arena, settings->sources_file, err))
        return false;
    struct db_tx *mine = tx;
    tx = NULL;
    return db_commit(mine, err);
}
