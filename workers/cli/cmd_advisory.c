#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/bundle.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/inspect.h"
#include "http/client.h"

enum { SYNC_FILES_MOST = 64 };

struct advisory_options {
    const char *source, *dir;
    bool force, verify;
    struct bundle_options bundle;
    struct option_list operands;
};

static void print_age(int64_t as_of, int64_t now)
{
    char text[32];
    clock_format(as_of, text);
    int64_t hours = now > as_of ? (now - as_of) / 3600 : 0;
    if (hours < 48)
        printf("  %s  %3lldh", text, (long long)hours);
    else
        printf("  %s  %3lldd", text, (long long)(hours / 24));
}

static bool verify(const struct bundle *bundle, struct error *err)
{
    size_t count;
    const struct source_status *sources = bundle_sources(bundle, &count);
    for (size_t i = 0; i < count; i++) {
        const struct shelf *shelf = bundle_shelf(bundle, sources[i].source->name);
        if (shelf && !shelf_verify(shelf, err))
            return false;
    }
    return true;
}

static int run_status(const struct advisory_options *options)
{
    struct error err = {0};
    int64_t now = clock_unix_s();
    struct bundle *bundle scoped(bundle_scope_close) = bundle_open(options->dir, now, &err);
    size_t count, loaded = 0;
    if (!bundle)
        return command_fail(&err);
    if (options->verify && !verify(bundle, &err))
        return command_fail(&err);
    const struct source_status *sources = bundle_sources(bundle, &count);
    printf("%-20s %-7s  %-20s  %4s  %10s  %s\n", "SOURCE", "STATE", "AS OF", "AGE", "ASSERTIONS",
           "WHAT IT COVERS");
    for (size_t i = 0; i < count; i++) {
        const struct advisory_source *source = sources[i].source;
        const struct shelf *shelf = bundle_shelf(bundle, source->name);
        printf("%-20s %-7s", source->name, source_state_name(sources[i].state));
        if (shelf) {
            print_age(sources[i].as_of, now);
            printf("  %10llu", (unsigned long long)shelf_meta(shelf)->counts.assertions);
            loaded++;
        } else {
            printf("  %-20s  %4s  %10s", "-", "-", "-");
        }
        printf("  %s\n", source->about);
        if (sources[i].refused)
            printf("%-20s refused %s\n", "", sources[i].refused);
    }
    printf("%zu of %zu sources loaded in %s\n", loaded, count, options->dir);
    return EXIT_DONE;
}

static void print_import(const struct shelf_meta *meta, int64_t ms)
{
    const struct feed_counts *c = &meta->counts;
    char text[32];
    clock_format(meta->as_of, text);
    printf("%s: %llu records, %llu assertions, as of %s, %lld.%llds", meta->source,
           (unsigned long long)c->records, (unsigned long long)c->assertions, text,
           (long long)(ms / 1000), (long long)(ms % 1000 / 100));
    const struct {
        const char *name;
        uint64_t count;
    } left_out[] = {{"withdrawn", c->withdrawn},         {"git only", c->git_only},
                    {"no known package", c->no_package}, {"unusable", c->unusable},
                    {"informational", c->informational}, {"repeated", c->repeated}};
    const char *separator = "; left out: ";
    for (size_t i = 0; i < array_count(left_out); i++)
        if (left_out[i].count > 0) {
            printf("%s%llu %s", separator, (unsigned long long)left_out[i].count, left_out[i].name);
            separator = ", ";
        }
    printf("\n");
}

/* A bundle of ours, or nothing done. */
static bool unpack_if_bundle(const struct advisory_options *options, const char *path, int *code)
{
    struct error err = {0};
    size_t sources = 0;
    if (options->source || !bundle_is_export(path))
        return false;
    progress("importing %s", path);
    *code = EXIT_DONE;
    if (!bundle_unpack(options->dir, path, &options->bundle, &sources, &err)) {
        *code = command_fail(&err);
        return true;
    }
    progress("%s", "");
    printf("%s: %zu sources\n", path, sources);
    return true;
}

static int import_files(const struct advisory_options *options, const struct bundle_files *files)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    struct bundle_imports done;
    int64_t begun = clock_monotonic_ms();
    progress("importing %s", files->paths[0]);
    bool ok = bundle_import(options->dir, files, clock_unix_s(), &done, arena, &err);
    progress("%s", "");
    for (size_t i = 0; i < done.count; i++)
        print_import(&done.metas[i], clock_monotonic_ms() - begun);
    return ok ? EXIT_DONE : command_fail(&err);
}

static int run_import(const struct advisory_options *options)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    size_t count = options->operands.count;
    const char **paths = arena_new_array(arena, const char *, count);
    struct bundle_files files = {paths, 0, options->source, options->force};
    int worst = EXIT_DONE, code;
    if (count == 0) {
        fprintf(stderr, "resole: advisory import: which FILE? see `resole advisory --help`\n");
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < count; i++) {
        code = EXIT_DONE;
        if (!unpack_if_bundle(options, options->operands.items[i], &code))
            paths[files.count++] = options->operands.items[i];
        worst = code > worst ? code : worst;
    }
    code = files.count > 0 ? import_files(options, &files) : EXIT_DONE;
    return code > worst ? code : worst;
}

static int run_export(const struct advisory_options *options)
{
    struct error err = {0};
    if (options->operands.count != 1) {
        fprintf(stderr, "resole: advisory export takes one FILE; see `resole advisory --help`\n");
        return EXIT_USAGE;
    }
    if (!bundle_export(options->dir, options->operands.items[0], &options->bundle, &err))
        return command_fail(&err);
    return EXIT_DONE;
}

/* Where it is fetched: the mirror setting, else the table's address. */
static const char *source_address(const struct advisory_source *source)
{
    const char *mirror = *source->setting ? getenv(source->setting) : NULL;
    return mirror && *mirror ? mirror : source->url;
}

static bool download(struct http_client *client, const char *url, bool ours, const char *path,
                     struct arena *arena, struct error *err)
{
    struct http_request request = {.url = url, .allow_private = ours};
    struct http_response response;
    struct stream *body scoped(stream_scope_close) = NULL;
    int64_t bytes;
    if (!http_open(client, arena, &request, &response, &body, err))
        return false;
    if (response.status != 200)
        return http_status_error(&response, url, err);
    FILE *file = fopen(path, "we");
    if (!file)
        return error_set(err, ERROR_FATAL, "%s: cannot be written", path);
    struct fd_sink sink = fd_sink_of(fileno(file));
    bool ok = stream_copy(body, &sink.sink, &bytes, err);
    fclose(file);
    return ok;
}

/* Where its files are: the mirror setting, else the table's address or those of its parts. */
static size_t addresses(const struct advisory_source *source, const char **out, size_t most)
{
    size_t count, found = 0;
    const struct advisory_source_part *parts = advisory_source_parts(&count);
    if (*source_address(source)) {
        out[0] = source_address(source);
        return 1;
    }
    for (size_t i = 0; i < count && found < most; i++)
        if (strcmp(parts[i].source, source->name) == 0)
            out[found++] = parts[i].url;
    return found;
}

/* Some formats read the release from the file's name: it keeps the address's. */
static const char *local_path(const char *dir, const char *url, struct arena *arena)
{
    const char *slash = strrchr(url, '/'), *base = slash ? slash + 1 : url;
    return arena_printf(arena, "%s/%.*s", dir, (int)strcspn(base, "?#"), base);
}

static bool fetch_all(struct http_client *client, const struct advisory_source *source,
                      const char *dir, const char **paths, size_t *count, struct arena *arena,
                      struct error *err)
{
    const char *urls[SYNC_FILES_MOST];
    size_t total = addresses(source, urls, SYNC_FILES_MOST);
    for (*count = 0; *count < total;) {
        const char *url = urls[*count];
        /* Parts may be called alike (v3.20/main.json): a directory each. */
        const char *own = arena_printf(arena, "%s/%zu", dir, *count);
        progress("fetching %s", url);
        if (mkdir(own, 0700) != 0)
            return error_set(err, ERROR_FATAL, "%s: cannot be made", own);
        paths[*count] = local_path(own, url, arena);
        (*count)++;
        if (!download(client, url, url != source->url, paths[*count - 1], arena, err))
            return false;
    }
    return true;
}

static int sync_one(const struct advisory_options *options, struct http_client *client,
                    const struct advisory_source *source)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    const char *paths[SYNC_FILES_MOST];
    char dir[] = "/tmp/resole-sync-XXXXXX";
    size_t count = 0;
    if (!mkdtemp(dir))
        return EXIT_BUG;
    int code = EXIT_DONE;
    if (fetch_all(client, source, dir, paths, &count, arena, &err)) {
        struct bundle_files files = {paths, count, source->name, options->force};
        code = import_files(options, &files);
    } else {
        progress("%s", "");
        error_prefix(&err, "%s", source->name);
        code = command_fail(&err);
    }
    for (size_t i = 0; i < count; i++) {
        unlink(paths[i]);
        rmdir(arena_printf(arena, "%s/%zu", dir, i));
    }
    rmdir(dir);
    return code;
}

/* A mirror's bundle instead of every source: RESOLE_ADVISORY_BUNDLE_URL. */
static int sync_bundle(const struct advisory_options *options, const char *url)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct source_settings settings = inspect_source_settings();
    struct http_client *client scoped(http_client_scope_free) =
        http_client_new(&settings.registry.http);
    struct error err = {0};
    char path[] = "/tmp/resole-sync-XXXXXX";
    size_t sources = 0;
    int fd = mkstemp(path);
    if (fd < 0)
        return EXIT_BUG;
    close(fd);
    progress("fetching %s", url);
    bool ok = download(client, url, true, path, arena, &err) &&
              bundle_unpack(options->dir, path, &options->bundle, &sources, &err);
    unlink(path);
    progress("%s", "");
    if (!ok)
        return command_fail(&err);
    printf("%s: %zu sources\n", url, sources);
    return EXIT_DONE;
}

static int run_sync(const struct advisory_options *options)
{
    const char *mirror = getenv("RESOLE_ADVISORY_BUNDLE_URL");
    if (!options->source && mirror && *mirror)
        return sync_bundle(options, mirror);
    struct source_settings settings = inspect_source_settings();
    size_t count, asked = 0;
    const char *urls[SYNC_FILES_MOST];
    const struct advisory_source *sources = advisory_sources(&count);
    struct http_client *client scoped(http_client_scope_free) =
        http_client_new(&settings.registry.http);
    int worst = EXIT_DONE;
    for (size_t i = 0; i < count; i++) {
        if (options->source ? strcmp(options->source, sources[i].name) != 0
                            : addresses(&sources[i], urls, SYNC_FILES_MOST) == 0)
            continue;
        asked++;
        if (addresses(&sources[i], urls, SYNC_FILES_MOST) == 0) {
            fprintf(stderr, "resole: %s has no address; import its file\n", sources[i].name);
            return EXIT_USAGE;
        }
        int code = sync_one(options, client, &sources[i]);
        worst = code > worst ? code : worst;
    }
    if (asked == 0) {
        fprintf(stderr,
                "resole: advisory sync: no source %s; `resole advisory status` names them\n",
                options->source);
        return EXIT_USAGE;
    }
    return worst;
}

static const struct {
    const char *verb;
    int (*run)(const struct advisory_options *options);
    bool files; /* it takes FILE operands, and says itself how many */
} verbs[] = {
    {"status", run_status, false},
    {"import", run_import, true},
    {"export", run_export, true},
    {"sync", run_sync, false},
};

static int run_verb(const char *name, const struct advisory_options *options)
{
    for (size_t i = 0; name && i < array_count(verbs); i++) {
        if (strcmp(name, verbs[i].verb) != 0)
            continue;
        if (verbs[i].files || options->operands.count == 0)
            return verbs[i].run(options);
        fprintf(stderr, "resole: advisory %s takes no %s (a source is named by --source)\n", name,
                options->operands.items[0]);
        return EXIT_USAGE;
    }
    if (name)
        fprintf(stderr, "resole: advisory has no verb %s; see `resole advisory --help`\n", name);
    else
        fprintf(stderr, "resole: advisory: which of status, import, export, sync? see `resole "
                        "advisory --help`\n");
    return EXIT_USAGE;
}

int cmd_advisory(int argc, char **argv)
{
    static const char usage[] =
        "advisory status [--verify] | import [--source NAME] [--trust KEY] FILE… | "
        "export [--sign KEY] [--since BUNDLE] FILE | sync [--source NAME]";
    struct arena *arena scoped(arena_scope_free) = arena_new();
    const char *trust = getenv("RESOLE_ADVISORY_TRUST_FILE");
    struct advisory_options options = {.dir = bundle_default_dir(arena),
                                       .bundle.trust = trust && *trust ? trust : NULL};
    const struct option_row rows[] = {
        {"--source", 0, OPTION_TEXT, &options.source, "NAME",
         "a source as `advisory status` lists"},
        {"--dir", 0, OPTION_TEXT, &options.dir, "DIR", "instead of RESOLE_ADVISORY_DIR"},
        {"--force", 0, OPTION_FLAG, &options.force, NULL, "import even if far less than before"},
        {"--verify", 0, OPTION_FLAG, &options.verify, NULL,
         "status: every byte against its checksum"},
        {"--sign", 0, OPTION_TEXT, &options.bundle.key, "KEY",
         "export: an Ed25519 private key (PEM)"},
        {"--since", 0, OPTION_TEXT, &options.bundle.since, "BUNDLE",
         "export: only what this older one has not"},
        {"--trust", 0, OPTION_TEXT, &options.bundle.trust, "KEY",
         "take bundles signed by this public key alone (or RESOLE_ADVISORY_TRUST_FILE)"},
    };
    /* `advisory --help` is answered as `advisory VERB --help` is. */
    bool named = argc >= 2 && !is_help(argv[1]);
    switch (option_parse(usage, rows, array_count(rows), named ? argc - 1 : argc,
                         named ? argv + 1 : argv, arena, &options.operands)) {
    case OPTIONS_LEAVE:
        return EXIT_DONE;
    case OPTIONS_WRONG:
        return EXIT_USAGE;
    case OPTIONS_RUN:
        break;
    }
    return run_verb(named ? argv[1] : NULL, &options);
}
