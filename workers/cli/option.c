#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

static void print_usage(FILE *out, const char *usage, const struct option_row *rows, size_t count)
{
    fprintf(out, "usage: resole %s\n", usage);
    for (size_t i = 0; i < count; i++) {
        char left[80];
        char letter[8] = "";
        if (rows[i].letter)
            snprintf(letter, sizeof(letter), "-%c, ", rows[i].letter);
        snprintf(left, sizeof(left), "%s%s%s%s", letter, rows[i].name,
                 rows[i].value_name ? " " : "", rows[i].value_name ? rows[i].value_name : "");
        fprintf(out, "  %-28s %s\n", left, rows[i].help);
    }
}

bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

bool output_known(const char *command, const char *choice, const char *const *known, size_t count)
{
    size_t length = strcspn(choice, "=");
    for (size_t i = 0; i < count; i++)
        if (strlen(known[i]) == length && strncmp(known[i], choice, length) == 0)
            return true;
    fprintf(stderr, "resole: %s: -o %s: no such format; there are:", command, choice);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, " %s", known[i]);
    fputc('\n', stderr);
    return false;
}

static void list_add(struct arena *arena, struct option_list *list, const char *text)
{
    arena_push(arena, list->items, list->count, list->capacity);
    list->items[list->count++] = text;
}

/* The row that the argument names; *value is what follows "=" (or the letter), or NULL. */
static const struct option_row *row_find(const struct option_row *rows, size_t count,
                                         const char *argument, const char **value)
{
    *value = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(rows[i].name);
        if (strncmp(argument, rows[i].name, length) == 0 &&
            (argument[length] == 0 || argument[length] == '=')) {
            *value = argument[length] == '=' ? argument + length + 1 : NULL;
            return &rows[i];
        }
        if (rows[i].letter && argument[1] == rows[i].letter) {
            *value = argument[2] ? argument + 2 : NULL;
            return &rows[i];
        }
    }
    return NULL;
}

static void row_store(struct arena *arena, const struct option_row *row, const char *value)
{
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)row->out = true;
        break;
    case OPTION_TEXT:
        *(const char **)row->out = value;
        break;
    case OPTION_LIST:
        list_add(arena, row->out, value);
        break;
    }
}

static enum option_verdict wrong(const char *usage, const char *what, const char *argument)
{
    fprintf(stderr, "resole: %s: %s\nusage: resole %s\n", argument, what, usage);
    return OPTIONS_WRONG;
}

enum option_verdict option_parse(const char *usage, const struct option_row *rows, size_t count,
                                 int argc, char **argv, struct arena *arena,
                                 struct option_list *operands)
{
    bool options = true;
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (!options || argument[0] != '-' || argument[1] == 0) {
            list_add(arena, operands, argument);
            continue;
        }
        if (strcmp(argument, "--") == 0) {
            options = false;
            continue;
        }
        if (is_help(argument)) {
            print_usage(stdout, usage, rows, count);
            return OPTIONS_LEAVE;
        }
        const char *value = NULL;
        const struct option_row *row = row_find(rows, count, argument, &value);
        if (!row)
            return wrong(usage, "no such option", argument);
        if (row->kind == OPTION_FLAG && value)
            return wrong(usage, "takes no value", argument);
        if (row->kind != OPTION_FLAG && !value) {
            if (i + 1 >= argc)
                return wrong(usage, "needs a value", argument);
            value = argv[++i];
        }
        row_store(arena, row, value);
    }
    return OPTIONS_RUN;
}

int command_fail(const struct error *err)
{
    progress("%s", "");
    fprintf(stderr, "resole: %s\n", err->text);
    switch (err->kind) {
    case ERROR_INPUT:
        return EXIT_INPUT;
    case ERROR_RETRY:
        return EXIT_WORLD;
    case ERROR_NONE:
    case ERROR_FATAL:
        break;
    }
    return EXIT_BUG;
}

void progress(const char *format, ...)
{
    if (!isatty(STDERR_FILENO))
        return;
    va_list arguments;
    va_start(arguments, format);
    fputs("\r\033[K", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fflush(stderr);
}

bool output_write(const char *file, const void *data, size_t length, struct error *err)
{
    FILE *out = file ? fopen(file, "wb") : stdout;
    if (!out)
        return error_set(err, ERROR_RETRY, "%s: %s", file, strerror(errno));
    bool ok = fwrite(data, 1, length, out) == length && fflush(out) == 0;
    int saved = errno;
    if (file && fclose(out) != 0)
        ok = false;
    return ok || error_set(err, ERROR_RETRY, "%s: %s", file ? file : "stdout", strerror(saved));
}
