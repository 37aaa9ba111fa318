#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "version/version.h"

/* A batch line's field: \t \n \r \\ stand for the bytes. In place. */
static struct slice unescape(char *field, size_t length)
{
    size_t kept = 0;
    for (size_t i = 0; i < length; i++) {
        char c = field[i];
        if (c == '\\' && i + 1 < length) {
            c = field[++i];
            c = c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
        }
        field[kept++] = c;
    }
    return (struct slice){field, kept};
}

static char sign_of(int order)
{
    return order < 0 ? '<' : order > 0 ? '>' : '=';
}

/* Each line is answered at once, so that a program may talk with us line by line. */
static int run_batch(const struct ecosystem *ecosystem)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t got;
    while ((got = getline(&line, &size, stdin)) > 0) {
        size_t length = (size_t)got - (line[got - 1] == '\n');
        char *tab = memchr(line, '\t', length);
        struct error err = {0};
        int order;
        char answer = '!';
        if (tab) {
            struct slice a = unescape(line, (size_t)(tab - line));
            struct slice b = unescape(tab + 1, length - (size_t)(tab - line) - 1);
            if (version_compare(ecosystem, a, b, &order, &err))
                answer = sign_of(order);
        }
        putchar(answer);
        putchar('\n');
        fflush(stdout);
    }
    free(line);
    return EXIT_DONE;
}

static const char usage[] = "version compare ECOSYSTEM (A B | --batch)";

static int wrong_usage(const char *text)
{
    fprintf(stderr, "resole: version: %s; usage: resole %s\n", text, usage);
    return EXIT_USAGE;
}

static int wrong_ecosystem(const char *name)
{
    fprintf(stderr, "resole: version: no ecosystem %s; there are:", name);
    for (size_t i = 0; ecosystem_at(i); i++)
        if (ecosystem_at(i)->compare)
            fprintf(stderr, " %s", ecosystem_at(i)->name);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

static int compare(const struct ecosystem *ecosystem, const char *a, const char *b)
{
    struct error err = {0};
    int order;
    if (!version_compare(ecosystem, slice_of(a), slice_of(b), &order, &err))
        return command_fail(&err);
    printf("%c\n", sign_of(order));
    return EXIT_DONE;
}

int cmd_version(int argc, char **argv)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct option_list operands = {0};
    bool batch = false;
    const struct option_row rows[] = {
        {"--batch", 0, OPTION_FLAG, &batch, NULL, "A<TAB>B a line on stdin; < = > or ! a line"},
    };
    enum option_verdict verdict =
        option_parse(usage, rows, array_count(rows), argc, argv, arena, &operands);
    if (verdict != OPTIONS_RUN)
        return verdict == OPTIONS_LEAVE ? EXIT_DONE : EXIT_USAGE;
    if (operands.count < 2 || strcmp(operands.items[0], "compare") != 0)
        return wrong_usage("what is to be compared?");
    const struct ecosystem *ecosystem = ecosystem_find(slice_of(operands.items[1]));
    if (!ecosystem || !ecosystem->compare)
        return wrong_ecosystem(operands.items[1]);
    if (operands.count != (batch ? 2u : 4u))
        return wrong_usage("two versions, or --batch");
    return batch ? run_batch(ecosystem) : compare(ecosystem, operands.items[2], operands.items[3]);
}
