#include "matcher/rematch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "advisory/match_parts.h"
#include "advisory/release.h"
#include "matcher/claims.h"

enum { FINDINGS_IN_MESSAGE = 2000 };

static void add_name(struct name_facts *facts, const char *type, const char *name,
                     struct arena *arena)
{
    if (!name || !*name)
        return;
    arena_push(arena, facts->names, facts->count, facts->capacity);
    facts->names[facts->count++] = (struct name_revision){type, name, -1};
}

static int name_compare(const void *a, const void *b)
{
    const struct name_revision *x = a, *y = b;
    int order = strcmp(x->type, y->type);
    return order != 0 ? order : strcmp(x->name, y->name);
}

/* The names that judge these components, sorted, once each. */
static void collect_names(const struct judged_list *judged, struct name_facts *facts,
                          struct arena *arena)
{
    for (size_t i = 0; i < judged->count; i++) {
        const struct match_package *p = &judged->items[i].package;
        add_name(facts, p->type, package_name_normal(p->type, p->name, arena), arena);
        add_name(facts, p->type, p->source_name, arena);
        add_name(facts, "generic", match_upstream(p), arena);
    }
    if (facts->count == 0)
        return;
    qsort(facts->names, facts->count, sizeof(*facts->names), name_compare);
    size_t kept = 1;
    for (size_t i = 1; i < facts->count; i++)
        if (name_compare(&facts->names[i], &facts->names[kept - 1]) != 0)
            facts->names[kept++] = facts->names[i];
    facts->count = kept;
}

static int assertion_name_compare(const struct assertion *a, const char *type, const char *name)
{
    int order = strcmp(a->type, type);
    return order != 0 ? order : strcmp(a->name, name);
}

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool find(void *context, const char *type, const char *distro, const char *release,
                 const char *name, struct arena *arena, struct assertion_list *out,
                 struct error *err)
{
    (void)err;
    const struct name_facts *facts = context;
    size_t low = 0, high = facts->assertions.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (assertion_name_compare(&facts->assertions.items[middle], type, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < facts->assertions.count; low++) {
        const struct assertion *a = &facts->assertions.items[low];
        if (assertion_name_compare(a, type, name) != 0)
            break;
        if (!same(a->context.distro, distro) || !same(a->context.release, release))
            continue;
        arena_push(arena, out->items, out->count, out->capacity);
        out->items[out->count++] = *a;
    }
    return true;
}

static bool match_all(const struct judged_list *judged, const struct name_facts *facts,
                      struct arena *arena, struct match_result *out, struct error *err)
{
    struct match_package *packages = arena_new_array(arena, struct match_package, judged->count);
    for (size_t i = 0; i < judged->count; i++)
        packages[i] = judged->items[i].package;
    struct assertion_lookup lookup = {find, (void *)(uintptr_t)facts};
    struct match_options options = {
        .sources = facts->sources, .source_count = facts->source_count, .without_scope = true};
    return match_packages(packages, judged->count, &lookup, &options, arena, out, err);
}

static bool read_and_match(struct db_tx *tx, const struct judged_list *judged,
                           struct name_facts *facts, struct arena *arena,
                           struct match_result *result, struct error *err)
{
    *facts = (struct name_facts){0};
    collect_names(judged, facts, arena);
    return store_read_facts(tx, facts, err) && claims_add(tx, judged, facts, err) &&
           match_all(judged, facts, arena, result, err);
}

/* Test hook, for forcing the race: while the file that RESOLE_MATCHER_PAUSE_FILE names exists, work
 * stands still here, and FILE.reached says so. */
static void pause_for_test(void)
{
    const char *path = getenv("RESOLE_MATCHER_PAUSE_FILE");
    char reached[4096];
    if (!path || !*path || access(path, F_OK) != 0)
        return;
    snprintf(reached, sizeof(reached), "%s.reached", path);
    int fd = open(reached, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0)
        close(fd);
    while (access(path, F_OK) == 0)
        usleep(10000);
}

static bool read_before(struct job *job, const struct judged_list *judged, struct name_facts *facts,
                        struct match_result *result, struct error *err)
{
    struct db_tx *tx scoped(db_scope_rollback) = db_begin(job_db(job), job->arena, err);
    if (!tx || !read_and_match(tx, judged, facts, job->arena, result, err))
        return false;
    bool ok = db_commit(tx, err);
    tx = NULL;
    return ok;
}

bool rematch(struct job *job, const struct judged_list *judged, struct id_list *changed,
             int64_t *revision, struct error *err)
{
    struct name_facts facts;
    struct match_result result;
    bool moved = false;
    *revision = 0;
    if (judged->count == 0)
        return job_tx(job, err) != NULL;
    if (!read_before(job, judged, &facts, &result, err))
        return false;
    crash_point("matched");
    pause_for_test();
    struct db_tx *tx = job_tx(job, err);
    if (!tx || !store_lock_names(tx, &facts, &moved, err))
        return false;
    if (moved && !read_and_match(tx, judged, &facts, job->arena, &result, err))
        return false;
    *revision = facts.revision;
    return store_save_findings(tx, judged, &facts, &result, changed, err);
}

bool rematch_announce(struct db_tx *tx, const struct id_list *changed, const char *cause,
                      const char *source, const char *image, bool first_load, struct error *err)
{
    for (size_t from = 0; from < changed->count; from += FINDINGS_IN_MESSAGE) {
        size_t left = changed->count - from;
        struct finding_changed out = {
            .cause = cause,
            .source = source,
            .findings = {changed->items + from,
                         left < FINDINGS_IN_MESSAGE ? left : FINDINGS_IN_MESSAGE},
            .image = image,
            .first_load = first_load,
        };
        if (!outbox_put(tx, &out, err))
            return false;
    }
    return true;
}
