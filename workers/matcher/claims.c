#include "matcher/claims.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "advisory/changelog.h"
#include "advisory/json_split.h"
#include "advisory/release.h"
#include "base/confined.h"
#include "base/digest.h"
#include "sql_worker_matcher.h"
#include "version/version.h"

enum { ENTRIES_KEPT = 200, CHANGELOG_BYTES = 16 * 1024 * 1024, READ_DEADLINE_S = 60 };

bool claims_want(struct db_tx *tx, const char *source, int64_t image, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_changelogs_want, DB_ARGS(db_text(source), db_i64(image)), &rows, err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        struct feed_due out = {.source = row_text(&rows, i, 0), .cause = "changelog"};
        if (!outbox_put(tx, &out, err))
            return false;
    }
    return true;
}

static bool read_deb(const char *blob_dir, const char *blob, struct arena *arena,
                     struct changelog *out, struct error *err)
{
    static const char *const arguments[] = {"changelog", NULL};
    struct buf text scoped(buf_release) = {0};
    if (!digest_is_valid(blob))
        return error_set(err, ERROR_INPUT, "no blob named");
    const char *hex = blob + strlen("sha256:");
    int fd =
        open(arena_printf(arena, "%s/sha256/%.2s/%s", blob_dir, hex, hex), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_INPUT, "blob %s: %s", blob, strerror(errno));
    struct confined_job job = {.program = "resole-reader",
                               .arguments = arguments,
                               .input_fd = fd,
                               .output_fd = -1,
                               .deadline_s = READ_DEADLINE_S,
                               .most_output_bytes = CHANGELOG_BYTES,
                               .output = &text};
    bool ok = confined_run(&job, err);
    close(fd);
    if (ok)
        changelog_parse(
            (struct slice){arena_memdup(arena, buf_text(&text), text.length), text.length}, arena,
            out);
    return ok;
}

static const char *claims_text(const struct changelog *log, struct arena *arena)
{
    struct buf out scoped(buf_release) = {0};
    buf_put_byte(&out, '[');
    for (size_t i = 0; i < log->count && i < ENTRIES_KEPT; i++) {
        const struct changelog_entry *e = &log->entries[i];
        buf_put_text(&out, i > 0 ? ",[" : "[");
        buf_put_json(&out, slice_of(e->version));
        buf_put_text(&out, e->security ? ",true,[" : ",false,[");
        for (size_t k = 0; k < e->id_count; k++) {
            buf_put_text(&out, k > 0 ? "," : "");
            buf_put_json(&out, slice_of(e->ids[k]));
        }
        buf_put_text(&out, "]]");
    }
    buf_put_byte(&out, ']');
    return arena_strndup(arena, out.data, out.length);
}

bool claims_read(struct job *job, const char *source, const char *blob_dir, struct error *err)
{
    struct db_rows rows;
    struct db_tx *tx = job_tx(job, err);
    if (!tx || !db_run(tx, &sql_changelogs_fetched, DB_ARGS(db_text(source)), &rows, err))
        return false;
    const char **types = arena_new_array(job->arena, const char *, rows.count);
    const char **names = arena_new_array(job->arena, const char *, rows.count);
    size_t count = 0;
    bool again = false;
    for (size_t i = 0; i < rows.count; i++) {
        struct changelog log = {0};
        struct error why = {0};
        struct db_rows told;
        bool ok = read_deb(blob_dir, row_text(&rows, i, 2) ? row_text(&rows, i, 2) : "", job->arena,
                           &log, &why);
        if (!db_run(tx, &sql_changelog_read,
                    DB_ARGS(db_text(row_text(&rows, i, 0)), db_text(row_text(&rows, i, 1)),
                            db_json(ok ? claims_text(&log, job->arena) : NULL),
                            db_text(ok ? NULL : why.text)),
                    &told, err))
            return false;
        if (told.count > 0 && row_bool(&told, 0, 0)) {
            again = true; /* the next larger package is asked */
            continue;
        }
        if (count > 0 && strcmp(names[count - 1], row_text(&rows, i, 0)) == 0)
            continue;
        types[count] = "deb";
        names[count++] = row_text(&rows, i, 0);
    }
    struct feed_due more = {.source = source, .cause = "changelog"};
    if (again && !outbox_put(tx, &more, err))
        return false;
    if (count == 0)
        return true;
    struct db_rows revision;
    if (!db_run(tx, &sql_next_revision, DB_NO_ARGS, &revision, err) ||
        !db_run(tx, &sql_import_names,
                DB_ARGS(db_text_array(types, count), db_text_array(names, count),
                        db_i64(row_i64(&revision, 0, 0))),
                NULL, err))
        return false;
    struct advisory_changed out = {.source = source,
                                   .type = "deb",
                                   .names = {names, count},
                                   .revision = row_i64(&revision, 0, 0)};
    return outbox_put(tx, &out, err);
}

static void parse_claims(const json_t *list, struct arena *arena, struct changelog *out)
{
    size_t count = json_array_size(list);
    *out = (struct changelog){.entries = arena_new_array(arena, struct changelog_entry, count)};
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i), *ids = json_array_get(item, 2);
        const char *version = json_string_value(json_array_get(item, 0));
        struct changelog_entry *e = &out->entries[out->count];
        if (!version)
            continue;
        e->version = version;
        e->security = json_is_true(json_array_get(item, 1));
        e->ids = arena_new_array(arena, const char *, json_array_size(ids));
        for (size_t k = 0; k < json_array_size(ids); k++)
            if (json_is_string(json_array_get(ids, k)))
                e->ids[e->id_count++] = json_string_value(json_array_get(ids, k));
        out->count++;
    }
}

/* "apt:bookworm" and an installed package of that release. */
static bool of_release(const char *source, const struct package_context *context)
{
    const char *codename = release_codename(context->distro, context->release);
    return codename && strncmp(source, "apt:", 4) == 0 && strcmp(source + 4, codename) == 0;
}

static bool add_of_package(const struct match_package *p, const struct db_rows *rows,
                           struct arena *arena, struct assertion_list *out, struct error *err)
{
    const struct ecosystem *deb = ecosystem_find(slice_of("deb"));
    int best = -1;
    for (size_t i = 0; i < rows->count; i++) {
        int order = 0;
        const char *version = row_text(rows, i, 1);
        if (strcmp(row_text(rows, i, 0), p->source_name) != 0 ||
            !of_release(row_text(rows, i, 2), &p->context) ||
            !version_compare(deb, slice_of(version), slice_of(p->source_version), &order, err) ||
            order <= 0)
            continue;
        if (best >= 0 &&
            (!version_compare(deb, slice_of(version), slice_of(row_text(rows, (size_t)best, 1)),
                              &order, err) ||
             order <= 0))
            continue;
        best = (int)i;
    }
    if (best < 0)
        return true;
    struct changelog log;
    struct changelog_claims claims;
    const json_t *list = json_document(slice_of(row_text(rows, (size_t)best, 3)), arena, err);
    if (!list)
        return false;
    parse_claims(list, arena, &log);
    changelog_claims(&log, NULL, p->source_version, arena, &claims);
    changelog_assertions(&claims, row_text(rows, (size_t)best, 2), &p->context, p->source_name,
                         p->source_version, row_text(rows, (size_t)best, 1), arena, out);
    return true;
}

struct numbered {
    struct assertion assertion;
    int64_t id;
};

static int numbered_compare(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;
    int order = strcmp(x->assertion.type, y->assertion.type);
    if (order == 0)
        order = strcmp(x->assertion.name, y->assertion.name);
    return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

/* The facts and the claims together, sorted again. Claims have no row: id 0. */
static void merge(struct name_facts *facts, const struct assertion_list *claims,
                  struct arena *arena)
{
    size_t count = facts->assertions.count + claims->count;
    struct numbered *all = arena_new_array(arena, struct numbered, count);
    for (size_t i = 0; i < count; i++)
        all[i] = i < facts->assertions.count
                     ? (struct numbered){facts->assertions.items[i], facts->assertion_ids[i]}
                     : (struct numbered){claims->items[i - facts->assertions.count], 0};
    qsort(all, count, sizeof(*all), numbered_compare);
    facts->assertions.items = arena_new_array(arena, struct assertion, count);
    facts->assertion_ids = arena_new_array(arena, int64_t, count);
    facts->assertions.count = facts->assertions.capacity = count;
    for (size_t i = 0; i < count; i++) {
        facts->assertions.items[i] = all[i].assertion;
        facts->assertion_ids[i] = all[i].id;
    }
}

bool claims_add(struct db_tx *tx, const struct judged_list *judged, struct name_facts *facts,
                struct error *err)
{
    struct arena *arena = db_arena(tx);
    const char **names = arena_new_array(arena, const char *, judged->count);
    struct assertion_list claims = {0};
    struct db_rows rows;
    size_t count = 0;
    for (size_t i = 0; i < judged->count; i++)
        if (strcmp(judged->items[i].package.type, "deb") == 0)
            names[count++] = judged->items[i].package.source_name;
    if (count == 0)
        return true;
    if (!db_run(tx, &sql_changelogs_of, DB_ARGS(db_text_array(names, count)), &rows, err))
        return false;
    for (size_t i = 0; i < judged->count; i++)
        if (strcmp(judged->items[i].package.type, "deb") == 0 &&
            !add_of_package(&judged->items[i].package, &rows, arena, &claims, err))
            return false;
    if (claims.count > 0)
        merge(facts, &claims, arena);
    return true;
}
