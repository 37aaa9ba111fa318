#include "cli/scan_repository.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "advisory/changelog.h"
#include "advisory/release.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/inspect.h"
#include "patch/repository.h"

enum { CARRIERS_MOST = 8 };

struct reading {
    struct arena *arena;
    struct http_client *http;
    struct scan_repository *out;
    const struct match_package *packages;
    size_t count;
    struct package_context context;
    struct candidate *candidates;
    size_t candidate_count;
    struct spool spool;
};

static void add(struct reading *r, struct assertion a)
{
    struct assertion_list *list = &r->out->assertions;
    arena_push(r->arena, list->items, list->count, list->capacity);
    list->items[list->count++] = a;
}

static void add_candidates(struct reading *r)
{
    for (size_t i = 0; i < r->candidate_count; i++) {
        const struct candidate *c = &r->candidates[i];
        const char **versions = arena_new_array(r->arena, const char *, 3);
        struct condition *arch = arena_new_object(r->arena, struct condition);
        versions[0] = c->package.version;
        versions[1] = c->package.source_version;
        versions[2] = c->package.source;
        *arch = (struct condition){CONDITION_ARCH, c->package.arch ? c->package.arch : "*"};
        add(r, (struct assertion){.kind = ASSERTION_CANDIDATE,
                                  .source = "apt",
                                  .record = c->suite,
                                  .vulnerability = "-",
                                  .type = "deb",
                                  .name = c->package.name,
                                  .name_kind = NAME_BINARY,
                                  .context = r->context,
                                  .state = STATE_FIXED,
                                  .versions = versions,
                                  .version_count = 3,
                                  .conditions = arch,
                                  .condition_count = 1,
                                  .epss = -1,
                                  .epss_percentile = -1});
    }
}

static bool is_of(const struct candidate *c, const struct match_package *p)
{
    return strcmp(c->package.name, p->name) == 0 &&
           (!p->arch || !*p->arch || strcmp(p->arch, "all") == 0 || !c->package.arch ||
            strcmp(c->package.arch, p->arch) == 0 || strcmp(c->package.arch, "all") == 0);
}

/* What apt would offer: the newest over the release's suites. */
static void add_updates(struct reading *r)
{
    struct scan_repository *out = r->out;
    for (size_t i = 0; i < r->count; i++) {
        const struct match_package *p = &r->packages[i];
        const struct candidate *best = NULL;
        if (strcmp(p->type, "deb") != 0 || !p->version)
            continue;
        for (size_t k = 0; k < r->candidate_count; k++) {
            const struct candidate *c = &r->candidates[k];
            if (is_of(c, p) && deb_version_compare(c->package.version,
                                                   best ? best->package.version : p->version) > 0)
                best = c;
        }
        if (!best)
            continue;
        const char *source =
            p->source_version && *p->source_version ? p->source_version : p->version;
        arena_push(r->arena, out->updates, out->update_count, out->update_capacity);
        out->updates[out->update_count++] = (struct repository_update){
            i, best->package.version, best->suite,
            deb_version_compare(best->package.source_version, source) == 0};
    }
}

/* The newest version of the source that the repositories have; NULL: none. */
static const char *newest_of_source(const struct reading *r, const char *source)
{
    const char *best = NULL;
    for (size_t i = 0; i < r->candidate_count; i++) {
        const struct candidate *c = &r->candidates[i];
        if (strcmp(c->package.source, source) == 0 &&
            (!best || deb_version_compare(c->package.source_version, best) > 0))
            best = c->package.source_version;
    }
    return best;
}

/* Binary packages built of it, the smallest first. */
static size_t packages_of_source(const struct reading *r, const char *source, const char *version,
                                 const struct candidate **out, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < r->candidate_count; i++) {
        const struct candidate *c = &r->candidates[i];
        if (strcmp(c->package.source, source) != 0 ||
            strcmp(c->package.source_version, version) != 0)
            continue;
        size_t at = count < most ? count++ : most - 1;
        if (at == most - 1 && out[at] && out[at]->package.bytes <= c->package.bytes)
            continue;
        for (; at > 0 && out[at - 1]->package.bytes > c->package.bytes; at--)
            out[at] = out[at - 1];
        out[at] = c;
    }
    return count;
}

static bool read_changelog(struct reading *r, const struct candidate *c, struct changelog *log,
                           struct error *err)
{
    int64_t offset, length;
    struct slice text;
    if (!repository_fetch_package(r->http, r->arena, c, &r->spool, &offset, &length, err))
        return false;
    int fd = memfd_create("resole-deb", MFD_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_FATAL, "no memory file");
    struct fd_sink sink = fd_sink_of(fd);
    struct stream *stream = stream_of_file_range(r->spool.fd, false, offset, length);
    int64_t bytes;
    bool ok = stream_copy(stream, &sink.sink, &bytes, err) && lseek(fd, 0, SEEK_SET) == 0 &&
              changelog_of_deb(fd, r->arena, &text, err);
    stream_close(stream);
    close(fd);
    if (ok)
        changelog_parse(text, r->arena, log);
    return ok;
}

/* Not every binary package carries the changelog (its documents may be a link into another one's):
 * the next larger one is asked. False: the network failed; an unread one is noted. */
static bool find_changelog(struct reading *r, const char *source, const char *version,
                           struct changelog *log, bool *found, struct error *err)
{
    const struct candidate *packages[CARRIERS_MOST] = {NULL};
    size_t count = packages_of_source(r, source, version, packages, CARRIERS_MOST);
    *found = false;
    for (size_t i = 0; i < count && !*found; i++) {
        *err = (struct error){0};
        *found = read_changelog(r, packages[i], log, err);
        if (!*found && err->kind != ERROR_INPUT)
            return error_wrap(err, "changelog of %s", source);
    }
    if (*found)
        return true;
    struct scan_repository *out = r->out;
    arena_push(r->arena, out->unread, out->unread_count, out->unread_capacity);
    out->unread[out->unread_count++] =
        arena_printf(r->arena, "%s %s: %s", source, version, err->text);
    *err = (struct error){0};
    return true;
}

static bool seen_before(const struct reading *r, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(r->packages[k].type, "deb") == 0 &&
            strcmp(r->packages[k].source_name, r->packages[i].source_name) == 0 &&
            strcmp(r->packages[k].source_version, r->packages[i].source_version) == 0)
            return true;
    return false;
}

static bool add_claims(struct reading *r, struct error *err)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct match_package *p = &r->packages[i];
        struct changelog_claims claims;
        struct changelog log = {0};
        if (strcmp(p->type, "deb") != 0 || !p->source_name || !*p->source_name || seen_before(r, i))
            continue;
        bool found;
        const char *newest = newest_of_source(r, p->source_name);
        if (!newest || deb_version_compare(newest, p->source_version) <= 0)
            continue;
        r->out->newer++;
        progress("reading the changelog of %s", p->source_name);
        if (!find_changelog(r, p->source_name, newest, &log, &found, err))
            return false;
        if (!found)
            continue;
        changelog_claims(&log, NULL, p->source_version, r->arena, &claims);
        changelog_assertions(&claims, "apt", &r->context, p->source_name, p->source_version, newest,
                             r->arena, &r->out->assertions);
    }
    return true;
}

static bool read_indices(struct reading *r, const struct repository_set *set, struct error *err)
{
    struct dpkg_db installed = {0};
    struct repository_wish wish = {
        .codename = release_codename(r->context.distro, r->context.release),
        .arch = "",
        .installed = &installed,
    };
    installed.packages = arena_new_array(r->arena, struct dpkg_package, r->count);
    for (size_t i = 0; i < r->count; i++) {
        const struct match_package *p = &r->packages[i];
        if (strcmp(p->type, "deb") != 0)
            continue;
        if (!*wish.arch && p->arch && *p->arch && strcmp(p->arch, "all") != 0)
            wish.arch = p->arch;
        installed.packages[installed.count++] = (struct dpkg_package){
            .name = p->name, .arch = p->arch, .version = p->version, .installed = true};
    }
    static const char *components[] = {"main"};
    wish.components = (struct text_items){components, array_count(components), 1};
    if (!wish.codename)
        return error_set(err, ERROR_INPUT, "%s %s has no codename", r->context.distro,
                         r->context.release);
    progress("reading the package indices of %s", wish.codename);
    return repository_candidates(r->http, r->arena, set, &wish, &r->candidates, &r->candidate_count,
                                 err);
}

static bool is_debian_image(const struct match_package *packages, size_t count,
                            struct package_context *context)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(packages[i].type, "deb") == 0 && packages[i].context.distro &&
            (strcmp(packages[i].context.distro, "debian") == 0 ||
             strcmp(packages[i].context.distro, "ubuntu") == 0)) {
            *context = packages[i].context;
            return true;
        }
    return false;
}

void scan_repository_read(const struct match_package *packages, size_t count, struct arena *arena,
                          struct scan_repository *out)
{
    struct source_settings sources = inspect_source_settings();
    struct reading r = {
        .arena = arena, .out = out, .packages = packages, .count = count, .spool = {.fd = -1}};
    struct repository_set set = {0};
    struct error err = {0};
    if (!is_debian_image(packages, count, &r.context))
        return;
    if (!repository_machine(arena, &set, &err) || set.count == 0) {
        out->why_not = err.text[0]
                           ? arena_strdup(arena, err.text)
                           : "no package repositories known; RESOLE_REPOSITORIES_FILE names them";
        return;
    }
    r.http = http_client_new(&sources.registry.http);
    bool ok = spool_open(NULL, &r.spool, &err) && read_indices(&r, &set, &err);
    if (ok) {
        add_candidates(&r);
        add_updates(&r);
        ok = add_claims(&r, &err);
    }
    progress("%s", "");
    spool_close(&r.spool);
    http_client_free(r.http);
    out->asked = ok;
    out->why_not = ok ? NULL : arena_strdup(arena, err.text);
    out->context = (struct source_context){"deb", r.context.distro, r.context.release};
    out->status = (struct source_status){.source = advisory_source_find("apt"),
                                         .state = ok ? SOURCE_FRESH : SOURCE_ABSENT,
                                         .as_of = clock_unix_s(),
                                         .contexts = &out->context,
                                         .context_count = 1};
}

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool find(void *context, const char *type, const char *distro, const char *release,
                 const char *name, struct arena *arena, struct assertion_list *out,
                 struct error *err)
{
    const struct scan_repository *repository = context;
    const struct assertion_list *list = &repository->assertions;
    if (!repository->inner.find(repository->inner.context, type, distro, release, name, arena, out,
                                err))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        const struct assertion *a = &list->items[i];
        if (!same(a->name, name) || !same(a->type, type) || !same(a->context.distro, distro) ||
            !same(a->context.release, release))
            continue;
        arena_push(arena, out->items, out->count, out->capacity);
        out->items[out->count++] = *a;
    }
    return true;
}

struct assertion_lookup scan_repository_lookup(struct scan_repository *repository)
{
    return (struct assertion_lookup){find, repository};
}
