#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/inspect.h"
#include "cli/print_patch.h"
#include "patch/image_patch.h"

struct patch_options {
    const char *to, *platform;
    struct option_list repositories, formats;
    bool dry_run;
};

static void say(const char *text)
{
    progress("%s", text);
}

static bool repositories(struct arena *arena, const struct patch_options *options,
                         struct repository_set *out, struct error *err)
{
    if (!options->repositories.count)
        return repository_machine(arena, out, err);
    out->origin = "--repository";
    for (size_t i = 0; i < options->repositories.count; i++)
        if (!repository_parse(arena, slice_of(options->repositories.items[i]), out, err))
            return false;
    return true;
}

static bool write_to(struct arena *arena, const struct source_settings *sources,
                     const struct image_name *to, const struct image_draft *draft,
                     struct image_written *written, struct error *err)
{
    struct registry *registry scoped(registry_scope_free) =
        to->transport == IMAGE_REGISTRY ? registry_new_for(&sources->registry, to->reference.host)
                                        : NULL;

    progress("writing %s", to->text);
    return image_write(registry, arena, to, draft, written, err);
}

static bool build(struct arena *arena, const char *text, const struct patch_options *options,
                  struct patch_shown *shown, struct image_patch *patch, struct error *err)
{
    struct source_settings sources = inspect_source_settings();
    struct image_source *source scoped(image_source_scope_close) = NULL;
    struct http_client *http scoped(http_client_scope_free) =
        http_client_new(&sources.registry.http);
    struct image_name name, to;
    struct platform platform;
    struct repository_set set = {0};

    if (!image_name_parse(arena, text, &name, err) ||
        (options->to && !image_name_parse(arena, options->to, &to, err)) ||
        (options->platform && !platform_parse(arena, options->platform, &platform, err)) ||
        !repositories(arena, options, &set, err) ||
        !image_source_open(&name, &sources, &source, err))
        return false;
    if (source->directory)
        return error_set(err, ERROR_INPUT, "%s is no image with layers", text);
    struct patch_settings settings = {.http = http,
                                      .repositories = &set,
                                      .origin_name = name.transport == IMAGE_REGISTRY ? text : "",
                                      .plan_only = options->dry_run,
                                      .say = say};
    if (!image_load(source, arena, options->platform ? &platform : NULL, &shown->image, err) ||
        !image_patch_build(arena, source, &shown->image, &settings, patch, err))
        return false;
    shown->patch = patch;
    if (!patch->built || !options->to)
        return true;
    shown->to = options->to;
    return write_to(arena, &sources, &to, &patch->draft, &shown->written, err);
}

static int print_all(struct arena *arena, const struct patch_options *options,
                     const struct patch_shown *shown)
{
    struct error err = {0};

    progress("%s", "");
    for (size_t i = 0; i < options->formats.count || i == 0; i++) {
        const char *choice = options->formats.count ? options->formats.items[i] : "table";
        const char *equals = strchr(choice, '=');
        const char *format = arena_strndup(arena, choice, strcspn(choice, "="));
        struct buf out scoped(buf_release) = {0};
        if (strcmp(format, "json") == 0)
            print_patch_json(arena, shown, &out);
        else
            print_patch_table(shown, &out);
        if (!output_write(equals ? equals + 1 : NULL, out.data, out.length, &err))
            return command_fail(&err);
    }
    /* Nothing could be done although something should be: the image needs a rebuild. */
    return !shown->patch->plan.count && shown->patch->plan.refusal_count ? EXIT_INPUT : EXIT_DONE;
}

static int run(struct arena *arena, int argc, char **argv)
{
    static const char *const formats[] = {"table", "json"};
    struct patch_options options = {0};
    struct option_list operands = {0};
    const struct option_row rows[] = {
        {"--to", 0, OPTION_TEXT, &options.to, "REF",
         "where the patched image goes: a registry reference, oci:DIR:tag, oci-archive:FILE, "
         "docker-archive:FILE"},
        {"--repository", 0, OPTION_LIST, &options.repositories, "LINE",
         "a package source (one line or deb822) in place of RESOLE_REPOSITORIES_FILE and this "
         "machine's apt configuration; several at once"},
        {"--dry-run", 0, OPTION_FLAG, &options.dry_run, NULL, "show the plan, write nothing"},
        {"--platform", 0, OPTION_TEXT, &options.platform, "OS/ARCH", "of an index of several"},
        {"--output", 'o', OPTION_LIST, &options.formats, "FORMAT[=FILE]", "table or json"},
    };

    switch (option_parse("patch IMAGE --to REF [--repository LINE]… [--dry-run]", rows,
                         array_count(rows), argc, argv, arena, &operands)) {
    case OPTIONS_LEAVE:
        return EXIT_DONE;
    case OPTIONS_WRONG:
        return EXIT_USAGE;
    case OPTIONS_RUN:
        break;
    }
    if (operands.count != 1 || (!options.to && !options.dry_run)) {
        fprintf(stderr, "resole: patch takes one IMAGE, and --to REF or --dry-run; see "
                        "`resole patch --help`\n");
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < options.formats.count; i++)
        if (!output_known("patch", options.formats.items[i], formats, array_count(formats)))
            return EXIT_USAGE;
    struct error err = {0};
    struct patch_shown shown = {.name = operands.items[0]};
    struct image_patch patch scoped(image_patch_release) = {.spool = {.fd = -1},
                                                            .layer_file = {.fd = -1}};
    if (!build(arena, operands.items[0], &options, &shown, &patch, &err))
        return command_fail(&err);
    return print_all(arena, &options, &shown);
}

int cmd_patch(int argc, char **argv)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();

    return run(arena, argc, argv);
}
