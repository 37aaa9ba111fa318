#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "advisory/bundle.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/inspect.h"
#include "http/client.h"

struct advisory_options {
    const char *source, *dir;
    bool force;
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

static int run_status(const struct advisory_options *options)
{
    struct error err = {0};
    int64_t now = clock_unix_s();
    struct bundle *bundle scoped(bundle_scope_close) = bundle_open(options->dir, now, &err);
    size_t count, loaded = 0;
    if (!bundle)
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
    } left_out[] = {{"withdrawn", c->withdrawn},
                    {"git only", c->git_only},
                    {"no known package", c->no_package},
                    {"unusable", c->unusable},
                    {"informational", c->informational}};
    const char *separator = "; left out: ";
    for (size_t i = 0; i < array_count(left_out); i++)
        if (left_out[i].count > 0) {
            printf("%s%llu %s", separator, (unsigned long long)left_out[i].count, left_out[i].name);
            separator = ", ";
        }
    printf("\n");
}

static int import_one(const struct advisory_options *options, const char *path)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    struct shelf_meta meta;
    int64_t begun = clock_monotonic_ms();
    size_t sources = 0;
    progress("importing %s", path);
    if (!options->source && bundle_is_export(path)) {
        if (!bundle_unpack(options->dir, path, &sources, &err))
            return command_fail(&err);
        progress("%s", "");
        printf("%s: %zu sources\n", path, sources);
        return EXIT_DONE;
    }
    if (!bundle_import(options->dir, path, options->source, clock_unix_s(), options->force, &meta,
                       arena, &err))
        return command_fail(&err);
    progress("%s", "");
    print_import(&meta, clock_monotonic_ms() - begun);
    return EXIT_DONE;
}

static int run_import(const struct advisory_options *options)
{
    if (options->operands.count == 0) {
        fprintf(stderr, "resole: advisory import: which FILE?\n");
        return EXIT_USAGE;
    }
    int worst = EXIT_DONE;
    for (size_t i = 0; i < options->operands.count; i++) {
        int code = import_one(options, options->operands.items[i]);
        worst = code > worst ? code : worst;
    }
    return worst;
}

static int run_export(const struct advisory_options *options)
{
    struct error err = {0};
    if (options->operands.count != 1) {
        fprintf(stderr, "resole: advisory export: one FILE, please\n");
        return EXIT_USAGE;
    }
    if (!bundle_export(options->dir, options->operands.items[0], &err))
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

static int sync_one(const struct advisory_options *options, struct http_client *client,
                    const struct advisory_source *source)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct error err = {0};
    struct shelf_meta meta;
    char path[] = "/tmp/resole-sync-XXXXXX";
    int64_t begun = clock_monotonic_ms();
    int fd = mkstemp(path);
    if (fd < 0)
        return EXIT_BUG;
    close(fd);
    progress("fetching %s", source_address(source));
    bool ok = download(client, source_address(source), source_address(source) != source->url, path,
                       arena, &err) &&
              bundle_import(options->dir, path, source->name, clock_unix_s(), options->force, &meta,
                            arena, &err);
    unlink(path);
    progress("%s", "");
    if (!ok) {
        error_prefix(&err, "%s", source->name);
        return command_fail(&err);
    }
    print_import(&meta, clock_monotonic_ms() - begun);
    return EXIT_DONE;
}

static int run_sync(const struct advisory_options *options)
{
    struct source_settings settings = inspect_source_settings();
    size_t count, asked = 0;
    const struct advisory_source *sources = advisory_sources(&count);
    struct http_client *client scoped(http_client_scope_free) =
        http_client_new(&settings.registry.http);
    int worst = EXIT_DONE;
    for (size_t i = 0; i < count; i++) {
        if (options->source ? strcmp(options->source, sources[i].name) != 0
                            : !*source_address(&sources[i]))
            continue;
        asked++;
        if (!*source_address(&sources[i])) {
            fprintf(stderr, "resole: %s has no address; import its file\n", sources[i].name);
            return EXIT_USAGE;
        }
        int code = sync_one(options, client, &sources[i]);
        worst = code > worst ? code : worst;
    }
    if (asked == 0) {
        fprintf(stderr, "resole: advisory sync: no source %s\n", options->source);
        return EXIT_USAGE;
    }
    return worst;
}

static const struct {
    const char *verb;
    int (*run)(const struct advisory_options *options);
} verbs[] = {
    {"status", run_status},
    {"import", run_import},
    {"export", run_export},
    {"sync", run_sync},
};

int cmd_advisory(int argc, char **argv)
{
    static const char usage[] =
        "advisory status | import [--source NAME] FILE… | export FILE | sync [--source NAME]";
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct advisory_options options = {.dir = bundle_default_dir(arena)};
    const struct option_row rows[] = {
        {"--source", 0, OPTION_TEXT, &options.source, "NAME",
         "a source as `advisory status` lists"},
        {"--dir", 0, OPTION_TEXT, &options.dir, "DIR", "instead of RESOLE_ADVISORY_DIR"},
        {"--force", 0, OPTION_FLAG, &options.force, NULL, "import even if far less than before"},
    };
    if (argc >= 2 && strcmp(argv[1], "--help") != 0)
        for (size_t i = 0; i < array_count(verbs); i++) {
            if (strcmp(argv[1], verbs[i].verb) != 0)
                continue;
            switch (option_parse(usage, rows, array_count(rows), argc - 1, argv + 1, arena,
                                 &options.operands)) {
            case OPTIONS_RUN:
                return verbs[i].run(&options);
            case OPTIONS_LEAVE:
                return EXIT_DONE;
            case OPTIONS_WRONG:
                return EXIT_USAGE;
            }
        }
    bool help = argc >= 2 && strcmp(argv[1], "--help") == 0;
    fprintf(help ? stdout : stderr, "usage: resole %s\n", usage);
    return help ? EXIT_DONE : EXIT_USAGE;
}
