#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/last_scan.h"
#include "cli/scan.h"

struct explain_options {
    struct option_list vex, operands;
    const char *policy, *advisory_dir, *output;
    struct inspect_settings inspect;
    bool offline, attached_vex;
};

static bool is_asked(const struct finding *finding, const char *asked)
{
    if (strcmp(finding->id, asked) == 0 || strcmp(finding->vulnerability, asked) == 0)
        return true;
    for (size_t i = 0; i < finding->alias_count; i++)
        if (strcmp(finding->aliases[i], asked) == 0)
            return true;
    return false;
}

static int print_asked(const struct scan *scan, const struct explain_options *o, const char *asked,
                       struct arena *arena)
{
    struct buf out scoped(buf_release) = {0};
    struct error err = {0};
    bool json = o->output && strcmp(o->output, "json") == 0;
    size_t found = 0;
    for (size_t i = 0; i < scan->result.count; i++) {
        const struct finding *f = &scan->result.findings[i];
        if (!is_asked(f, asked))
            continue;
        if (json) {
            scan_put_finding(scan, f, arena, &out);
            buf_put_byte(&out, '\n');
        } else {
            buf_put_text(&out, found > 0 ? "\n" : "");
            scan_print_explain(scan, f, arena, &out);
        }
        found++;
    }
    if (found == 0) {
        fprintf(stderr, "resole: explain: %s: no loaded source says so of a package of %s\n", asked,
                scan->inspected.image.reference);
        return EXIT_INPUT;
    }
    return output_write(NULL, out.data, out.length, &err) ? EXIT_DONE : command_fail(&err);
}

/* The image of the last scan, with its VEX and policy, unless one is named. */
static const char *image_of(struct explain_options *o, struct arena *arena)
{
    struct last_scan last;
    if (o->operands.count == 2)
        return o->operands.items[1];
    if (!last_scan_load(o->advisory_dir, arena, &last) || chdir(last.directory) != 0)
        return NULL;
    if (!o->policy)
        o->policy = last.policy;
    if (o->vex.count == 0)
        o->vex = last.vex;
    if (!o->inspect.platform)
        o->inspect.platform = last.platform;
    return last.image;
}

static int explain(struct explain_options *o, struct arena *arena)
{
    struct error err = {0};
    struct scan scan;
    const char *image = image_of(o, arena);
    if (!image) {
        fprintf(stderr, "resole: explain: in which IMAGE? nothing was scanned with this advisory "
                        "data yet\n");
        return EXIT_USAGE;
    }
    struct scan_settings settings = {
        .advisory_dir = o->advisory_dir,
        .vex_files = o->vex.items,
        .vex_count = o->vex.count,
        .policy_file = o->policy,
        .all = true,
        .offline = o->offline,
        .attached_vex = o->attached_vex,
        .now = clock_unix_s(),
    };
    bool ok = scan_run(image, &o->inspect, &settings, arena, &scan, &err);
    int code = ok ? print_asked(&scan, o, o->operands.items[0], arena) : command_fail(&err);
    scan_release(&scan);
    return code;
}

int cmd_explain(int argc, char **argv)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct explain_options o = {.advisory_dir = bundle_default_dir(arena)};
    const struct option_row rows[] = {
        {"--output", 'o', OPTION_TEXT, &o.output, "FORMAT", "text or json (one finding a line)"},
        {"--policy", 0, OPTION_TEXT, &o.policy, "FILE", "as for scan"},
        {"--vex", 0, OPTION_LIST, &o.vex, "FILE", "as for scan; repeatable"},
        {"--attached-vex", 0, OPTION_FLAG, &o.attached_vex, NULL,
         "also VEX attached to the image in its registry (who may push there may suppress)"},
        {"--platform", 0, OPTION_TEXT, &o.inspect.platform, "OS/ARCH", "of an index of several"},
        {"--advisory-dir", 0, OPTION_TEXT, &o.advisory_dir, "DIR",
         "instead of RESOLE_ADVISORY_DIR"},
        {"--offline", 0, OPTION_FLAG, &o.offline, NULL,
         "ask no repository and no registry for VEX"},
    };
    switch (option_parse("explain FINDING [IMAGE] [OPTION]…   FINDING: F-… as `scan -o json` says, "
                         "or a vulnerability; IMAGE: else the last one scanned",
                         rows, array_count(rows), argc, argv, arena, &o.operands)) {
    case OPTIONS_LEAVE:
        return EXIT_DONE;
    case OPTIONS_WRONG:
        return EXIT_USAGE;
    case OPTIONS_RUN:
        break;
    }
    bool format = !o.output || strcmp(o.output, "text") == 0 || strcmp(o.output, "json") == 0;
    if (!format || o.operands.count < 1 || o.operands.count > 2) {
        fprintf(stderr, "resole: explain takes FINDING [IMAGE]; see `resole explain --help`\n");
        return EXIT_USAGE;
    }
    return explain(&o, arena);
}
