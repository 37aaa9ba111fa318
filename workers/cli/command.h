/* The commands of `resole`: one row each in main.c's table. Results go to stdout, everything else
 * to stderr. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/* interfaces.md, "Exit codes". Where several hold, EXIT_GATE goes before EXIT_UNKNOWN. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_GATE = 1,
    EXIT_USAGE = 2,
    EXIT_INPUT = 3,
    EXIT_WORLD = 4,
    EXIT_ANSWER_UNKNOWN = 5,
    EXIT_BUG = 70,
};

struct command {
    const char *name;                  /* "scan"; "version" has verbs of its own */
    const char *summary;               /* one line of `resole --help` */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

/* One row an option, for option_parse. */
enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_LIST };

struct option_row {
    const char *name; /* "--platform" */
    char letter;      /* 'o', or 0 */
    enum option_kind kind;
    void *out; /* bool * / const char ** / struct option_list * */
    const char *value_name, *help;
};

struct option_list {
    const char **items;
    size_t count, capacity;
};

enum option_verdict { OPTIONS_RUN, OPTIONS_LEAVE, OPTIONS_WRONG };

/* Options and operands in any order, "--" ends options, "--name=value" or "--name value". --help is
 * answered from the rows (-h too). Wrong usage is said on stderr. Operands land in `operands`. */
enum option_verdict option_parse(const char *usage, const struct option_row *rows, size_t count,
                                 int argc, char **argv, struct arena *arena,
                                 struct option_list *operands);
bool is_help(const char *argument); /* --help or -h */
/* FORMAT[=FILE] with a format of `known`; else said on stderr, with those there are. */
bool output_known(const char *command, const char *choice, const char *const *known, size_t count);
/* Says the error on stderr and gives its exit code: INPUT 3, RETRY 4, FATAL 70. */
int command_fail(const struct error *err);
/* A progress line, on a terminal only; "" clears it. */
void progress(const char *format, ...) like_printf(1, 2);
/* Writes to stdout, or to FILE for "FORMAT=FILE"; false with err. */
bool output_write(const char *file, const void *data, size_t length, struct error *err);

int cmd_inventory(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_scan(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_advisory(int argc, char **argv);
int cmd_patch(int argc, char **argv);
int cmd_rebase(int argc, char **argv);
int cmd_objects(int argc, char **argv); /* images, findings, patches …: argv[0] says which */
int cmd_doctor(int argc, char **argv);
