#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/print_inventory.h"

/* "json=out.json": the format, and where it goes. */
static bool print_one(struct arena *arena, const char *choice, const struct inspected *inspected,
                      struct error *err)
{
    const char *equals = strchr(choice, '=');
    const char *name = equals ? arena_strndup(arena, choice, (size_t)(equals - choice)) : choice;
    struct buf out scoped(buf_release) = {0};
    inventory_format_find(name)->print(inspected, &out);
    return output_write(equals ? equals + 1 : NULL, out.data, out.length, err);
}

static bool formats_known(struct arena *arena, const struct option_list *formats)
{
    for (size_t i = 0; i < formats->count; i++) {
        const char *equals = strchr(formats->items[i], '=');
        size_t length = equals ? (size_t)(equals - formats->items[i]) : strlen(formats->items[i]);
        const char *name = arena_strndup(arena, formats->items[i], length);
        if (!inventory_format_find(name)) {
            fprintf(stderr,
                    "resole: inventory: -o %s: no such format; see `resole inventory --help`\n",
                    name);
            return false;
        }
    }
    return true;
}

static int run(struct arena *arena, int argc, char **argv)
{
    struct option_list formats = {0}, operands = {0};
    struct inspect_settings settings = {0};
    const struct option_row rows[] = {
        {"--output", 'o', OPTION_LIST, &formats, "FORMAT[=FILE]",
         "table, json, cyclonedx-json or spdx-json; several at once"},
        {"--platform", 0, OPTION_TEXT, &settings.platform, "OS/ARCH", "of an index of several"},
    };
    switch (option_parse("inventory IMAGE [-o FORMAT[=FILE]]… [--platform P]", rows,
                         array_count(rows), argc, argv, arena, &operands)) {
    case OPTIONS_LEAVE:
        return EXIT_DONE;
    case OPTIONS_WRONG:
        return EXIT_USAGE;
    case OPTIONS_RUN:
        break;
    }
    if (operands.count != 1) {
        fprintf(stderr, "resole: inventory takes one IMAGE; see `resole inventory --help`\n");
        return EXIT_USAGE;
    }
    if (!formats_known(arena, &formats))
        return EXIT_USAGE;
    struct error err = {0};
    struct inspected inspected;
    if (!inspect_image(operands.items[0], &settings, arena, &inspected, &err))
        return command_fail(&err);
    for (size_t i = 0; i < formats.count; i++)
        if (!print_one(arena, formats.items[i], &inspected, &err))
            return command_fail(&err);
    if (formats.count == 0 && !print_one(arena, "table", &inspected, &err))
        return command_fail(&err);
    return EXIT_DONE;
}

int cmd_inventory(int argc, char **argv)
{
    struct arena *arena = arena_new();
    int code = run(arena, argc, argv);
    arena_free(arena);
    return code;
}
