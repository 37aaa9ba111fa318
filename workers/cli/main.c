#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/version_text.h"
#include "cli/command.h"

static const struct command commands[] = {
    {"inventory", "packages of an image, with path, layer, tier and owner", cmd_inventory},
    {"patch", "build the patched image; no server needed", cmd_patch},
    {"rebase", "put an application image on a new base", cmd_rebase},
    {"version", "compare two versions of an ecosystem", cmd_version},
    {"scan", "findings of an image, against the local advisory data", cmd_scan},
    {"explain", "one finding: evidence, records, versions compared, suppressions", cmd_explain},
    {"advisory", "local advisory data: status, import, export, sync", cmd_advisory},
    {"images", "what was pushed; manage, import, rollback", cmd_objects},
    {"findings", "what is vulnerable, where, and the evidence", cmd_objects},
    {"patches", "list, show, preview, approve, decline", cmd_objects},
    {"applications", "whose image is whose", cmd_objects},
    {"teams", "who is told", cmd_objects},
    {"usage", "which application runs which image", cmd_objects},
    {"subscriptions", "where alerts go", cmd_objects},
    {"alerts", "what teams were told", cmd_objects},
    {"registries", "whose push events are heard", cmd_objects},
    {"runs", "pushes, step by step", cmd_objects},
    {"sources", "the server's advisory sources and their age", cmd_objects},
    {"parked", "messages that wait for a person; replay", cmd_objects},
    {"tokens", "who may call the API", cmd_objects},
    {"doctor", "check every dependency, say what to mend", cmd_doctor},
};

static void print_help(FILE *out)
{
    fprintf(out, "usage: resole COMMAND [ARGUMENT]…\n\n");
    for (size_t i = 0; i < array_count(commands); i++)
        fprintf(out, "  %-14s %s\n", commands[i].name, commands[i].summary);
    fprintf(
        out,
        "\n`resole COMMAND --help` says more. scan, inventory, explain, patch, rebase, version and "
        "advisory need no server;\nthe server's objects need RESOLE_GATEWAY_URL (its address) and "
        "RESOLE_TOKEN. Exit codes: 0 done, 1 the gate you\nasked for failed, 2 wrong usage or "
        "setting, "
        "3 bad input, 4 the outside world failed, 5 answer unknown, 70 a bug.\n");
}

int main(int argc, char **argv)
{
    char help_option[] = "--help";

    setlocale(LC_CTYPE, "C.UTF-8");
    log_open("resole", LOG_WARNING, false);
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 && argc > 2) {
        /* `resole help scan` is `resole scan --help`. */
        argv[1] = argv[2];
        argv[2] = help_option;
    } else if (is_help(argv[1]) || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("resole %s\n", RESOLE_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < array_count(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "resole: no command %s; see `resole --help`\n", argv[1]);
    return EXIT_USAGE;
}
