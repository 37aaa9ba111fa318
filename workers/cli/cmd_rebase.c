#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/inspect.h"
#include "patch/image_rebase.h"

struct rebase_options {
    const char *onto, *from, *to, *platform;
    struct option_list formats;
    bool dry_run;
};

struct opened {
    struct image_name name;
    struct image_source *source;
    struct image image;
};

static void opened_release(struct opened *opened)
{
    image_source_close(opened->source);
}

static void say(const char *text)
{
    progress("%s", text);
}

static bool open_image(struct arena *arena, const char *text, const char *platform_text,
                       struct opened *out, struct error *err)
{
    struct source_settings sources = inspect_source_settings();
    struct platform platform;

    if (!image_name_parse(arena, text, &out->name, err) ||
        (platform_text && !platform_parse(arena, platform_text, &platform, err)) ||
        !image_source_open(&out->name, &sources, &out->source, err))
        return false;
    if (out->source->directory)
        return error_set(err, ERROR_INPUT, "%s is no image with layers", text);
    return image_load(out->source, arena, platform_text ? &platform : NULL, &out->image, err);
}

static void print_table(const struct rebase_options *options, const struct image_rebase *rebase,
                        const struct image_written *written, struct buf *out)
{
    for (size_t i = 0; i < rebase->refusal_count; i++)
        buf_printf(out, "refused: %s: %s: %s\n", rebase->refusals[i].rule,
                   rebase->refusals[i].package, rebase->refusals[i].text);
    for (size_t i = 0; i < rebase->note_count; i++)
        buf_printf(out, "note: %s%s: %s\n", rebase->notes[i].package, rebase->notes[i].path,
                   rebase->notes[i].text);
    if (!rebase->built)
        return;
    buf_printf(out, "%zu base layers, %zu application layers, %s\n", rebase->base_layers,
               rebase->app_layers,
               rebase->reconciled ? "one reconcile layer" : "nothing to reconcile");
    if (options->to && !options->dry_run)
        buf_printf(out, "%s\n%s\n", written->manifest_digest, options->to);
}

static void put_text(struct buf *out, const char *key, const char *value)
{
    buf_printf(out, "\"%s\":", key);
    buf_put_json(out, slice_of(value));
}

static void print_json(const struct rebase_options *options, const struct image_rebase *rebase,
                       const struct image_written *written, struct buf *out)
{
    buf_put_text(out, "{\"schema\":\"resole.rebase.v1\",\"refused\":[");
    for (size_t i = 0; i < rebase->refusal_count; i++) {
        buf_put_text(out, i ? ",{" : "{");
        put_text(out, "rule", rebase->refusals[i].rule);
        buf_put_byte(out, ',');
        put_text(out, "path", rebase->refusals[i].package);
        buf_put_byte(out, ',');
        put_text(out, "text", rebase->refusals[i].text);
        buf_put_byte(out, '}');
    }
    buf_put_text(out, "],\"notes\":[");
    for (size_t i = 0; i < rebase->note_count; i++) {
        buf_put_text(out, i ? ",{" : "{");
        put_text(out, "package", rebase->notes[i].package);
        buf_put_byte(out, ',');
        put_text(out, "path", rebase->notes[i].path);
        buf_put_byte(out, ',');
        put_text(out, "text", rebase->notes[i].text);
        buf_put_byte(out, '}');
    }
    buf_printf(out, "],\"base_layers\":%zu,\"application_layers\":%zu,\"reconciled\":%s,",
               rebase->base_layers, rebase->app_layers, rebase->reconciled ? "true" : "false");
    put_text(out, "reference", options->to && rebase->built ? options->to : "");
    buf_put_byte(out, ',');
    put_text(out, "manifest_digest", written->manifest_digest);
    buf_put_text(out, "}\n");
}

static bool write_image(struct arena *arena, const struct rebase_options *options,
                        const struct image_rebase *rebase, struct image_written *written,
                        struct error *err)
{
    struct source_settings sources = inspect_source_settings();
    struct image_name to;

    if (!image_name_parse(arena, options->to, &to, err))
        return false;
    struct registry *registry scoped(registry_scope_free) =
        to.transport == IMAGE_REGISTRY ? registry_new_for(&sources.registry, to.reference.host)
                                       : NULL;
    progress("writing %s", options->to);
    return image_write(registry, arena, &to, &rebase->draft, written, err);
}

static int rebase_one(struct arena *arena, const char *text, const struct rebase_options *options)
{
    struct opened app scoped(opened_release) = {0};
    struct opened new scoped(opened_release) = {0};
    struct opened old scoped(opened_release) = {0};
    struct image_rebase rebase scoped(image_rebase_release) = {.spool = {.fd = -1},
                                                               .layer_file = {.fd = -1}};
    struct rebase_settings settings = {.base_name = "", .mount_from = "", .say = say};
    struct image_written written = {.manifest_digest = "", .config_digest = ""};
    struct error err = {0};

    if (!open_image(arena, text, options->platform, &app, &err) ||
        !open_image(arena, options->onto, options->platform, &new, &err) ||
        (options->from && !open_image(arena, options->from, options->platform, &old, &err)))
        return command_fail(&err);
    if (new.name.transport == IMAGE_REGISTRY) {
        settings.base_name = options->onto;
        settings.mount_from = new.name.reference.repository;
    }
    if (!image_rebase_build(arena, (struct rebase_side){app.source, &app.image},
                            (struct rebase_side){new.source, &new.image},
                            (struct rebase_side){old.source, options->from ? &old.image : NULL},
                            &settings, &rebase, &err))
        return command_fail(&err);
    if (rebase.built && options->to && !options->dry_run &&
        !write_image(arena, options, &rebase, &written, &err))
        return command_fail(&err);
    progress("%s", "");
    for (size_t i = 0; i < options->formats.count || i == 0; i++) {
        const char *choice = options->formats.count ? options->formats.items[i] : "table";
        const char *equals = strchr(choice, '=');
        struct buf out scoped(buf_release) = {0};
        if (strncmp(choice, "json", 4) == 0)
            print_json(options, &rebase, &written, &out);
        else
            print_table(options, &rebase, &written, &out);
        if (!output_write(equals ? equals + 1 : NULL, out.data, out.length, &err))
            return command_fail(&err);
    }
    return rebase.built ? EXIT_DONE : EXIT_INPUT;
}

int cmd_rebase(int argc, char **argv)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    static const char *const formats[] = {"table", "json"};
    struct rebase_options options = {0};
    struct option_list operands = {0};
    const struct option_row rows[] = {
        {"--onto", 0, OPTION_TEXT, &options.onto, "NEW_BASE", "the base image to stand on"},
        {"--from", 0, OPTION_TEXT, &options.from, "OLD_BASE",
         "the base it was built on; found by itself if NEW_BASE is our patch of it"},
        {"--to", 0, OPTION_TEXT, &options.to, "REF", "where the result goes"},
        {"--dry-run", 0, OPTION_FLAG, &options.dry_run, NULL, "write nothing"},
        {"--platform", 0, OPTION_TEXT, &options.platform, "OS/ARCH", "of an index of several"},
        {"--output", 'o', OPTION_LIST, &options.formats, "FORMAT[=FILE]", "table or json"},
    };

    switch (option_parse("rebase APP_IMAGE --onto NEW_BASE [--from OLD_BASE] [--to REF]", rows,
                         array_count(rows), argc, argv, arena, &operands)) {
    case OPTIONS_LEAVE:
        return EXIT_DONE;
    case OPTIONS_WRONG:
        return EXIT_USAGE;
    case OPTIONS_RUN:
        break;
    }
    if (operands.count != 1 || !options.onto || (!options.to && !options.dry_run)) {
        fprintf(stderr, "resole: rebase takes one APP_IMAGE, --onto NEW_BASE, and --to REF or "
                        "--dry-run; see `resole rebase --help`\n");
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < options.formats.count; i++)
        if (!output_known("rebase", options.formats.items[i], formats, array_count(formats)))
            return EXIT_USAGE;
    return rebase_one(arena, operands.items[0], &options);
}
