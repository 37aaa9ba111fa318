#include <stdio.h>
#include <string.h>

#include "advisory/severity.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/last_scan.h"
#include "cli/scan.h"

struct scan_options {
    struct option_list outputs, vex, operands;
    const char *fail_on, *unknown_severity, *policy, *advisory_dir;
    struct inspect_settings inspect;
    bool all, only_fixed, offline, attached_vex;
};

static const struct scan_format formats[] = {
    {"table", scan_print_table},    {"json", scan_print_json},
    {"sarif", scan_print_sarif},    {"junit", scan_print_junit},
    {"html", scan_print_html},      {"cyclonedx-json", scan_print_cyclonedx},
    {"spdx-json", scan_print_spdx}, {"openvex", scan_print_openvex},
};

const struct scan_format *scan_format_find(const char *name)
{
    for (size_t i = 0; i < array_count(formats); i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

/* "json=out.json" → "json" and "out.json". */
static const struct scan_format *output_split(const char *choice, const char **file)
{
    char name[32];
    const char *equals = strchr(choice, '=');
    size_t length = equals ? (size_t)(equals - choice) : strlen(choice);
    *file = equals ? equals + 1 : NULL;
    if (length >= sizeof(name))
        return NULL;
    memcpy(name, choice, length);
    name[length] = 0;
    return scan_format_find(name);
}

static bool severity_option(const char *text, enum severity *out)
{
    return !text || (severity_parse(slice_of(text), out) && *out != SEVERITY_UNKNOWN);
}

static bool check_options(const struct scan_options *options, struct scan_settings *settings)
{
    const char *file;
    for (size_t i = 0; i < options->outputs.count; i++)
        if (!output_split(options->outputs.items[i], &file)) {
            fprintf(stderr, "resole: scan: -o %s: no such format; see `resole scan --help`\n",
                    options->outputs.items[i]);
            return false;
        }
    if (!severity_option(options->fail_on, &settings->fail_on) ||
        !severity_option(options->unknown_severity, &settings->unknown_severity)) {
        fprintf(stderr,
                "resole: scan: a severity is one of critical high medium low negligible; see "
                "`resole scan --help`\n");
        return false;
    }
    if (options->operands.count != 1) {
        fprintf(stderr, "resole: scan takes one IMAGE; see `resole scan --help`\n");
        return false;
    }
    return true;
}

static bool print_all(const struct scan *scan, const struct option_list *outputs,
                      struct arena *arena, struct error *err)
{
    static const char *const usual[] = {"table"};
    size_t count = outputs->count > 0 ? outputs->count : 1;
    for (size_t i = 0; i < count; i++) {
        struct buf text scoped(buf_release) = {0};
        const char *file = NULL;
        const struct scan_format *format =
            output_split(outputs->count > 0 ? outputs->items[i] : usual[0], &file);
        format->print(scan, arena, &text);
        if (!output_write(file, text.data, text.length, err))
            return false;
    }
    return true;
}

static int scan_and_print(const struct scan_options *options, struct arena *arena)
{
    struct error err = {0};
    struct scan_settings settings = {
        .advisory_dir = options->advisory_dir,
        .vex_files = options->vex.items,
        .vex_count = options->vex.count,
        .policy_file = options->policy,
        .all = options->all,
        .only_fixed = options->only_fixed,
        .offline = options->offline,
        .attached_vex = options->attached_vex,
        .now = clock_unix_s(),
    };
    if (!check_options(options, &settings))
        return EXIT_USAGE;
    struct scan scan;
    bool ok =
        scan_run(options->operands.items[0], &options->inspect, &settings, arena, &scan, &err) &&
        print_all(&scan, &options->outputs, arena, &err);
    if (ok)
        last_scan_save(options->advisory_dir, &(struct last_scan){
                                                  .image = options->operands.items[0],
                                                  .platform = options->inspect.platform,
                                                  .policy = options->policy,
                                                  .vex = options->vex,
                                              });
    int code = ok ? scan_exit_code(&scan) : command_fail(&err);
    scan_release(&scan);
    return code;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct scan_options o = {.advisory_dir = bundle_default_dir(arena)};
    const struct option_row rows[] = {
        {"--output", 'o', OPTION_LIST, &o.outputs, "FORMAT[=FILE]",
         "table, json, sarif, junit, html, cyclonedx-json, spdx-json, openvex; several at once"},
        {"--fail-on", 0, OPTION_TEXT, &o.fail_on, "SEVERITY", "exit 1 if a finding is as severe"},
        {"--unknown-severity", 0, OPTION_TEXT, &o.unknown_severity, "SEVERITY",
         "what a finding of unknown severity counts as (else exit 5)"},
        {"--only-fixed", 0, OPTION_FLAG, &o.only_fixed, NULL, "findings with a fix alone"},
        {"--policy", 0, OPTION_TEXT, &o.policy, "FILE", "ignore and gate rules (YAML)"},
        {"--vex", 0, OPTION_LIST, &o.vex, "FILE", "OpenVEX, CSAF or CycloneDX VEX; repeatable"},
        {"--attached-vex", 0, OPTION_FLAG, &o.attached_vex, NULL,
         "also VEX attached to the image in its registry (who may push there may suppress)"},
        {"--platform", 0, OPTION_TEXT, &o.inspect.platform, "OS/ARCH", "of an index of several"},
        {"--advisory-dir", 0, OPTION_TEXT, &o.advisory_dir, "DIR",
         "instead of RESOLE_ADVISORY_DIR"},
        {"--offline", 0, OPTION_FLAG, &o.offline, NULL, "do not ask the package repositories"},
        {"--all", 0, OPTION_FLAG, &o.all, NULL,
         "also what does not affect, and what is suppressed"},
    };
    switch (option_parse("scan IMAGE [OPTION]…", rows, array_count(rows), argc, argv, arena,
                         &o.operands)) {
    case OPTIONS_LEAVE:
        return EXIT_DONE;
    case OPTIONS_WRONG:
        return EXIT_USAGE;
    case OPTIONS_RUN:
        break;
    }
    return scan_and_print(&o, arena);
}

int cmd_scan(int argc, char **argv)
{
    struct arena *arena = arena_new();
    int code = run(arena, argc, argv);
    arena_free(arena);
    return code;
}
