#include "matcher/store.h"

#include <stdlib.h>

#include "advisory/release.h"
#include "advisory/upstream.h"
#include "matcher/rows.h"
#include "sql_worker_matcher.h"

static bool query(struct job *job, const struct sql *sql, struct db_args args, struct db_rows *rows,
                  struct error *err)
{
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !db_run(tx, sql, args, rows, err))
        return false;
    bool ok = db_commit(tx, err);
    tx = NULL;
    return ok;
}

bool store_find_image(struct job *job, const char *digest, int64_t *image, bool *has_layers,
                      struct error *err)
{
    struct db_rows rows;
    if (!query(job, &sql_find_image, DB_ARGS(db_text(digest)), &rows, err))
        return false;
    *image = rows.count > 0 ? row_i64(&rows, 0, 0) : 0;
    *has_layers = rows.count > 0 && row_bool(&rows, 0, 1);
    return true;
}

bool store_image_digest(struct db_tx *tx, int64_t image, const char **digest, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_image_digest, DB_ARGS(db_i64(image)), &rows, err))
        return false;
    if (rows.count == 0)
        return error_set(err, ERROR_RETRY, "image %lld is gone", (long long)image);
    *digest = row_text(&rows, 0, 0);
    return true;
}

static void read_judged(const struct db_rows *rows, struct arena *arena, struct judged_list *out)
{
    *out = (struct judged_list){0};
    for (size_t i = 0; i < rows->count; i++) {
        arena_push(arena, out->items, out->count, out->capacity);
        out->items[out->count++] = (struct judged){
            .id = row_i64(rows, i, 0),
            .package =
                {
                    .type = row_text(rows, i, 1),
                    .name = row_text(rows, i, 2),
                    .version = row_text(rows, i, 3),
                    .arch = row_text(rows, i, 4),
                    .source_name = row_text(rows, i, 5),
                    .source_version = row_text(rows, i, 6),
                    .module = row_text(rows, i, 7),
                    .vendor = row_text(rows, i, 8),
                    .context = context_canonical(row_text(rows, i, 9), row_text(rows, i, 10),
                                                 row_text(rows, i, 11), arena),
                },
        };
    }
}

bool store_list_unmatched(struct job *job, int64_t image, struct judged_list *out,
                          struct error *err)
{
    struct db_rows rows;
    if (!query(job, &sql_unmatched, DB_ARGS(db_i64(image)), &rows, err))
        return false;
    read_judged(&rows, job->arena, out);
    return true;
}

static bool list_named(struct job *job, const char *type, const char *const *names, size_t count,
                       struct judged_list *out, struct error *err)
{
    struct db_rows rows;
    if (count == 0)
        return true;
    if (!query(job, &sql_named, DB_ARGS(db_text(type), db_text_array(names, count)), &rows, err))
        return false;
    read_judged(&rows, job->arena, out);
    return true;
}

/* A product's records are asked for the packages made of it too. */
static bool list_made_of(struct job *job, const struct text_list *products, struct judged_list *out,
                         struct error *err)
{
    const char **names = NULL;
    size_t count = 0, capacity = 0;
    for (size_t i = 0; i < products->count; i++) {
        struct slice rest = slice_of(upstream_packages(products->items[i])), name;
        while (slice_take_word(&rest, &name)) {
            arena_push(job->arena, names, count, capacity);
            names[count++] = slice_string(job->arena, name);
        }
    }
    return list_named(job, "apk", names, count, out, err);
}

bool store_list_named(struct job *job, const char *type, const struct text_list *names,
                      struct judged_list *out, struct error *err)
{
    return list_named(job, type, names->items, names->count, out, err) &&
           (strcmp(type, "generic") != 0 || list_made_of(job, names, out, err));
}

struct name_arrays {
    const char **types, **names;
};

static struct db_args name_args(const struct name_facts *facts, struct arena *arena)
{
    const char **types = arena_new_array(arena, const char *, facts->count);
    const char **names = arena_new_array(arena, const char *, facts->count);
    struct db_value *values = arena_new_array(arena, struct db_value, 2);
    for (size_t i = 0; i < facts->count; i++) {
        types[i] = facts->names[i].type;
        names[i] = facts->names[i].name;
    }
    values[0] = db_text_array(types, facts->count);
    values[1] = db_text_array(names, facts->count);
    return (struct db_args){values, 2};
}

/* Rows come in the order of facts->names; names without a row keep -1. */
static void merge_revisions(const struct db_rows *rows, struct name_facts *facts, bool *moved)
{
    size_t at = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const char *type = row_text(rows, i, 0), *name = row_text(rows, i, 1);
        while (at < facts->count && (strcmp(facts->names[at].type, type) != 0 ||
                                     strcmp(facts->names[at].name, name) != 0))
            at++;
        if (at == facts->count)
            return;
        int64_t revision = row_i64(rows, i, 2);
        int64_t known = facts->names[at].revision;
        if (moved && revision != (known < 0 ? 0 : known))
            *moved = true;
        if (!moved) {
            facts->names[at].revision = revision;
            if (revision > facts->revision)
                facts->revision = revision;
        }
    }
}

static bool read_sources(struct db_tx *tx, struct name_facts *facts, struct error *err)
{
    struct arena *arena = db_arena(tx);
    struct db_rows rows, contexts;
    size_t at = 0;
    if (!db_run(tx, &sql_read_sources, DB_NO_ARGS, &rows, err) ||
        !db_run(tx, &sql_read_contexts, DB_NO_ARGS, &contexts, err))
        return false;
    facts->sources = arena_new_array(arena, struct source_status, rows.count);
    for (size_t i = 0; i < rows.count; i++) {
        const char *name = row_text(&rows, i, 0), *state = row_text(&rows, i, 1);
        const struct advisory_source *row = source_row(name);
        if (!row)
            continue;
        struct source_status *status = &facts->sources[facts->source_count++];
        status->source = row;
        status->as_of = row_i64(&rows, i, 2);
        bool late = row_bool(&rows, i, 3) || strcmp(state, "stale") == 0;
        status->state = strcmp(state, "never-loaded") == 0     ? SOURCE_LOADING
                        : late || strcmp(state, "failed") == 0 ? SOURCE_STALE
                                                               : SOURCE_FRESH;
        if (status->state == SOURCE_LOADING || status->state == SOURCE_ABSENT)
            continue;
        while (at < contexts.count && strcmp(row_text(&contexts, at, 0), name) < 0)
            at++;
        size_t first = at;
        while (at < contexts.count && strcmp(row_text(&contexts, at, 0), name) == 0)
            at++;
        struct source_context *list = arena_new_array(arena, struct source_context, at - first);
        for (size_t k = first; k < at; k++)
            list[k - first] = (struct source_context){
                row_text(&contexts, k, 1), row_text(&contexts, k, 2), row_text(&contexts, k, 3)};
        status->contexts = list;
        status->context_count = at - first;
    }
    return true;
}

bool store_read_facts(struct db_tx *tx, struct name_facts *facts, struct error *err)
{
    struct arena *arena = db_arena(tx);
    struct db_args names = name_args(facts, arena);
    struct db_rows revisions, rows;
    if (!db_run(tx, &sql_read_revisions, names, &revisions, err) ||
        !db_run(tx, &sql_read_assertions, names, &rows, err) || !read_sources(tx, facts, err))
        return false;
    merge_revisions(&revisions, facts, NULL);
    facts->assertions.items = arena_new_array(arena, struct assertion, rows.count);
    facts->assertion_ids = arena_new_array(arena, int64_t, rows.count);
    facts->assertions.count = rows.count;
    for (size_t i = 0; i < rows.count; i++) {
        facts->assertion_ids[i] = row_i64(&rows, i, 0);
        if (!assertion_of_row(&rows, i, arena, &facts->assertions.items[i], err))
            return false;
    }
    return true;
}

bool store_lock_names(struct db_tx *tx, const struct name_facts *facts, bool *moved,
                      struct error *err)
{
    struct db_args names = name_args(facts, db_arena(tx));
    struct db_rows rows;
    *moved = false;
    if (!db_run(tx, &sql_add_names, names, NULL, err) ||
        !db_run(tx, &sql_lock_names, names, &rows, err))
        return false;
    struct name_facts copy = *facts;
    merge_revisions(&rows, &copy, moved);
    return true;
}

struct columns {
    int64_t *judged;
    const char **text[8]; /* vulnerability state fixed severity sources assertions aliases rule */
};

static int64_t id_of(const struct name_facts *facts, const struct assertion *a)
{
    /* The matcher's copies keep the members' addresses: `record` is unique to the row. */
    for (size_t i = 0; i < facts->assertions.count; i++)
        if (facts->assertions.items[i].urls == a->urls &&
            facts->assertions.items[i].record == a->record &&
            facts->assertions.items[i].ranges == a->ranges)
            return facts->assertion_ids[i];
    return 0;
}

static const char *array_text(struct buf *text, struct arena *arena)
{
    buf_put_byte(text, '}');
    const char *copy = arena_strndup(arena, text->data, text->length);
    buf_clear(text);
    return copy;
}

static void array_put(struct buf *text, const char *item)
{
    buf_put_text(text, text->length > 1 ? ",\"" : "\"");
    for (; *item; item++) {
        if (*item == '"' || *item == '\\')
            buf_put_byte(text, '\\');
        buf_put_byte(text, *item);
    }
    buf_put_byte(text, '"');
}

static void put_finding(const struct finding *f, const struct name_facts *facts, size_t i,
                        struct columns *c, struct arena *arena)
{
    struct buf text scoped(buf_release) = {0};
    const char *rule = "";
    c->text[0][i] = f->vulnerability;
    c->text[1][i] = advisory_state_name(f->state);
    c->text[2][i] = f->fixed_version ? f->fixed_version : "";
    c->text[3][i] = f->severity;
    buf_put_byte(&text, '{');
    for (size_t k = 0; k < f->evidence_count; k++) {
        const char *source = f->evidence[k].assertion->source;
        if (k == 0 || strcmp(source, f->evidence[k - 1].assertion->source) != 0)
            array_put(&text, source);
        if (!*rule && f->evidence[k].rule)
            rule = f->evidence[k].rule;
    }
    c->text[4][i] = array_text(&text, arena);
    buf_put_byte(&text, '{');
    for (size_t k = 0; k < f->evidence_count; k++) {
        int64_t id = id_of(facts, f->evidence[k].assertion);
        if (id > 0) /* claims of changelogs have no row */
            buf_printf(&text, "%s%lld", text.length > 1 ? "," : "", (long long)id);
    }
    c->text[5][i] = array_text(&text, arena);
    buf_put_byte(&text, '{');
    for (size_t k = 0; k < f->alias_count; k++)
        array_put(&text, f->aliases[k]);
    c->text[6][i] = array_text(&text, arena);
    c->text[7][i] = rule;
}

static bool save_rows(struct db_tx *tx, const struct judged_list *judged,
                      const struct name_facts *facts, const struct match_result *result,
                      struct db_rows *rows, struct error *err)
{
    struct arena *arena = db_arena(tx);
    struct columns c = {.judged = arena_new_array(arena, int64_t, result->count)};
    int64_t *all = arena_new_array(arena, int64_t, judged->count);
    for (size_t k = 0; k < array_count(c.text); k++)
        c.text[k] = arena_new_array(arena, const char *, result->count);
    for (size_t i = 0; i < judged->count; i++)
        all[i] = judged->items[i].id;
    for (size_t i = 0; i < result->count; i++) {
        c.judged[i] = judged->items[result->findings[i].package].id;
        put_finding(&result->findings[i], facts, i, &c, arena);
    }
    size_t n = result->count;
    return db_run(tx, &sql_save_findings,
                  DB_ARGS(db_i64_array(all, judged->count), db_i64_array(c.judged, n),
                          db_text_array(c.text[0], n), db_text_array(c.text[1], n),
                          db_text_array(c.text[2], n), db_text_array(c.text[3], n),
                          db_text_array(c.text[4], n), db_text_array(c.text[5], n),
                          db_text_array(c.text[6], n), db_text_array(c.text[7], n),
                          db_i64(facts->revision)),
                  rows, err);
}

bool store_save_findings(struct db_tx *tx, const struct judged_list *judged,
                         const struct name_facts *facts, const struct match_result *result,
                         struct id_list *changed, struct error *err)
{
    struct arena *arena = db_arena(tx);
    struct db_rows rows;
    int64_t *ids = arena_new_array(arena, int64_t, judged->count);
    const char **coverage = arena_new_array(arena, const char *, judged->count);
    for (size_t i = 0; i < judged->count; i++) {
        ids[i] = judged->items[i].id;
        coverage[i] = coverage_name(result->coverage[i]);
    }
    if (!save_rows(tx, judged, facts, result, &rows, err) ||
        !db_run(tx, &sql_save_judged,
                DB_ARGS(db_i64_array(ids, judged->count), db_text_array(coverage, judged->count),
                        db_i64(facts->revision)),
                NULL, err))
        return false;
    for (size_t i = 0; i < rows.count; i++)
        id_list_add(changed, row_i64(&rows, i, 0), arena);
    return true;
}

bool store_count_image(struct db_tx *tx, int64_t image, int64_t *revision, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_except_owned, DB_ARGS(db_i64(image)), NULL, err) ||
        !db_run(tx, &sql_count_image, DB_ARGS(db_i64(image)), &rows, err))
        return false;
    *revision = rows.count > 0 ? row_i64(&rows, 0, 0) : 0;
    return true;
}

bool store_note_runs(struct db_tx *tx, const char *digest, struct error *err)
{
    return db_run(tx, &sql_note_runs, DB_ARGS(db_text(digest)), NULL, err);
}

bool store_list_images_of(struct db_tx *tx, const struct id_list *findings, struct id_list *images,
                          struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_images_of, DB_ARGS(db_i64_array(findings->items, findings->count)), &rows,
                err))
        return false;
    for (size_t i = 0; i < rows.count; i++)
        id_list_add(images, row_i64(&rows, i, 0), db_arena(tx));
    return true;
}

void id_list_add(struct id_list *list, int64_t id, struct arena *arena)
{
    arena_push(arena, list->items, list->count, list->capacity);
    list->items[list->count++] = id;
}

static bool is_named(const char *list, const char *name)
{
    struct slice rest = slice_of(list), word;
    while (slice_take_word(&rest, &word))
        if (slice_is(word, name) || slice_is(word, "*"))
            return true;
    return false;
}

static bool seed_source(struct db_tx *tx, const struct advisory_source *source, const char *name,
                        const char *address, const char *enabled, struct error *err)
{
    return db_run(tx, &sql_seed_source,
                  DB_ARGS(db_text(name), db_text(source->format), db_text(address),
                          db_bool(is_named(enabled, source->name)),
                          db_text(source_covers_name(source->covers)), db_i64(source->max_age_s)),
                  NULL, err);
}

/* Those with an address, and each part of those of several files as "NAME:PART". The rest is made
 * by whoever names an address: repositories, local files. */
bool store_seed_sources(struct db_tx *tx, const char *enabled, struct error *err)
{
    size_t count, part_count;
    const struct advisory_source *sources = advisory_sources(&count);
    const struct advisory_source_part *parts = advisory_source_parts(&part_count);
    for (size_t i = 0; i < count; i++)
        if (*sources[i].url &&
            !seed_source(tx, &sources[i], sources[i].name, sources[i].url, enabled, err))
            return false;
    for (size_t i = 0; i < part_count; i++)
        if (!seed_source(tx, advisory_source_find(parts[i].source),
                         arena_printf(db_arena(tx), "%s:%s", parts[i].source, parts[i].part),
                         parts[i].url, enabled, err))
            return false;
    return true;
}
