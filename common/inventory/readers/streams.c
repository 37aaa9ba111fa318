/* Which repositories a system takes its packages from, beyond what os-release says. Facts:
 * "content-set": Red Hat's content manifests (root/buildinfo, usr/share/buildinfo) and, for images
 * that no longer have them, the repositories in dnf's history (dnf 4: var/lib/dnf/history.sqlite,
 * dnf 5: usr/lib/sysimage/libdnf5/transaction_history.sqlite).
 * "stream": Ubuntu Pro (its client's status, its apt sources and credentials); Alpine's edge, where
 * a stable os-release has edge's repositories beside it. */
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/lang.h"
#include "inventory/readers/rpm_header.h"

static bool wants_manifest(const char *path)
{
    return strstr(path, "buildinfo/content_manifests/") && path_has_suffix(path, ".json");
}

static void read_manifest(const struct reader_file *file, struct reader_sink *sink)
{
    json_t *json scoped(lang_json_free) = lang_json(file, sink), *set;
    size_t i;
    json_array_foreach(json_object_get(json, "content_sets"), i, set)
    {
        if (json_is_string(set))
            sink_fact(sink, "content-set", file->path, json_string_value(set),
                      json_string_value(set));
    }
}

static bool wants_history(const char *path)
{
    return path_is_below(path, "var/lib/dnf/history.sqlite") ||
           path_is_below(path, "var/lib/dnf/history.sqlite-wal") ||
           path_is_below(path, "libdnf5/transaction_history.sqlite") ||
           path_is_below(path, "libdnf5/transaction_history.sqlite-wal");
}

static void read_history(const struct reader_file *file, struct reader_sink *sink)
{
    sink_stash(sink, file); /* the log may come after: both are read at the end */
}

static void on_repository(void *context, const char *text)
{
    struct reader_sink *sink = context;
    if (text[0] && text[0] != '@') /* "@System", "@commandline": no repository */
        sink_fact(sink, "content-set", sink->path, text, text);
}

static void finish_history(struct reader_sink *sink)
{
    /* What was put in and not only taken out: actions 1 (install), 3 and 5 … differ between
     * versions, and a repository that served once is a repository of the system. */
    static const char query[] = "select distinct r.repoid from repo r "
                                "join trans_item t on t.repo_id = r.id order by 1";
    for (const struct sink_stash *stash = sink->stashes; stash; stash = stash->next) {
        if (!wants_history(stash->path) || path_has_suffix(stash->path, "-wal"))
            continue;
        const char *log_path = arena_printf(sink->arena, "%s-wal", stash->path);
        const struct sink_stash *log = sink_stash_find(sink, log_path);
        sink->path = stash->path;
        rpm_sqlite_query(buf_slice(&stash->bytes), log ? buf_slice(&log->bytes) : slice_of(NULL),
                         query, on_repository, sink);
    }
}

static bool wants_pro(const char *path)
{
    return strcmp(path, "var/lib/ubuntu-advantage/status.json") == 0 ||
           strncmp(path, "etc/apt/sources.list.d/", 23) == 0 ||
           strcmp(path, "etc/apt/auth.conf.d/90ubuntu-advantage") == 0;
}

static bool names_esm(struct slice text)
{
    struct slice line;
    while (slice_take_line(&text, &line)) {
        line = slice_trim(line);
        if (!slice_has_prefix(line, "#") && slice_find(line, "esm.ubuntu.com") < line.length)
            return true;
    }
    return false;
}

static bool enables_esm(json_t *status)
{
    size_t i;
    json_t *service;
    json_array_foreach(json_object_get(status, "services"), i, service)
    {
        if (slice_has_prefix(lang_text(service, "name"), "esm-") &&
            slice_is(lang_text(service, "status"), "enabled"))
            return true;
    }
    return false;
}

/* Client 28 and later write a disabled source as "Enabled: no" or behind "#". */
static void read_pro(const struct reader_file *file, struct reader_sink *sink)
{
    bool on;
    if (path_has_suffix(file->path, "status.json")) {
        json_t *json scoped(lang_json_free) = lang_json(file, sink);
        on = enables_esm(json);
    } else {
        on = names_esm(file->bytes) && slice_find(file->bytes, "Enabled: no") == file->bytes.length;
    }
    if (on)
        sink_fact(sink, "stream", file->path, "ubuntu", "pro");
}

static bool wants_apk(const char *path)
{
    return strcmp(path, "etc/apk/repositories") == 0 ||
           (strncmp(path, "etc/apk/repositories.d/", 23) == 0 && path_has_suffix(path, ".list"));
}

/* Main or community of edge; "@tag" lines serve single packages, testing brings none of its own
 * up to date. */
static void read_apk(const struct reader_file *file, struct reader_sink *sink)
{
    struct slice text = file->bytes, line;
    while (slice_take_line(&text, &line)) {
        line = slice_trim(line);
        while (slice_has_suffix(line, "/"))
            line.length--;
        bool edge =
            slice_has_suffix(line, "/edge/main") || slice_has_suffix(line, "/edge/community");
        if (!edge || line.data[0] == '#' || line.data[0] == '@')
            continue;
        sink_fact(sink, "stream", file->path, "alpine", "edge");
        return;
    }
}

const struct package_reader reader_apk_repositories = {.name = "apk-repositories",
                                                       .wants = wants_apk,
                                                       .read = read_apk,
                                                       .most_bytes = LIMIT_SMALL_FILE_BYTES,
                                                       .database = true};
const struct package_reader reader_content_manifest = {.name = "content-manifest",
                                                       .wants = wants_manifest,
                                                       .read = read_manifest,
                                                       .most_bytes = LIMIT_SMALL_FILE_BYTES,
                                                       .database = true};
const struct package_reader reader_dnf_history = {.name = "dnf-history",
                                                  .wants = wants_history,
                                                  .read = read_history,
                                                  .finish = finish_history,
                                                  .most_bytes = 4 * LIMIT_SMALL_FILE_BYTES,
                                                  .database = true};
const struct package_reader reader_ubuntu_pro = {.name = "ubuntu-pro",
                                                 .wants = wants_pro,
                                                 .read = read_pro,
                                                 .most_bytes = LIMIT_SMALL_FILE_BYTES,
                                                 .database = true};
