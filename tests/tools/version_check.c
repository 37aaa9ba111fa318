/* Answers questions about versions, one a line, for tests/corpora:
 * cmp ECO A B -> < = > · range ECO RANGE VERSION OPTIONS -> 1 0 · valid ECO TEXT KIND -> valid
 * invalid · norm ECO TEXT -> the normal form. Tab between fields, \t \n \r \\ escaped; ! = no
 * version. */
#include <stdio.h>
#include <stdlib.h>

#include "version/version.h"

enum { FIELDS = 6 };

static struct slice unescape(char *field)
{
    char *to = field;
    for (const char *from = field; *from; from++) {
        char c = *from;
        if (c == '\\' && from[1]) {
            from++;
            c = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from;
        }
        *to++ = c;
    }
    return (struct slice){field, (size_t)(to - field)};
}

static unsigned read_options(struct slice text)
{
    unsigned options = 0;
    if (slice_find(text, "grype") < text.length)
        options |= VERSION_NEUTRAL;
    if (slice_is(text, "single comparator"))
        options |= VERSION_EXACT;
    if (slice_find(text, "loose") < text.length)
        options |= VERSION_LOOSE;
    if (slice_find(text, "includePrerelease") < text.length)
        options |= VERSION_INCLUDE_PRERELEASE;
    return options;
}

static void put_escaped(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        const char *escaped = c == '\t'   ? "\\t"
                              : c == '\n' ? "\\n"
                              : c == '\r' ? "\\r"
                              : c == '\\' ? "\\\\"
                                          : NULL;
        if (escaped)
            fputs(escaped, stdout);
        else
            putchar(c);
    }
    putchar('\n');
}

/* The kind says what the text is: a range, or a version that npm in particular judges. */
static bool is_valid(const struct ecosystem *eco, struct slice text, struct slice kind)
{
    bool range = slice_has_prefix(kind, "range") || slice_has_prefix(kind, "requirement") ||
                 slice_has_prefix(kind, "specifier") || slice_has_prefix(kind, "constraint");
    if (!range)
        return version_is_valid(ecosystem_find(slice_of("npm")), text);
    return version_range_is_valid(eco, text, read_options(kind));
}

static void answer(const struct ecosystem *eco, struct slice mode, const struct slice *field)
{
    struct error err = {0};
    struct buf out scoped(buf_release) = {0};
    int order;
    bool contained;
    const char *text = "!";
    if (slice_is(mode, "cmp") && version_compare(eco, field[2], field[3], &order, &err))
        text = order < 0 ? "<" : order > 0 ? ">" : "=";
    else if (slice_is(mode, "range") &&
             version_range_contains(eco, field[2], field[3], read_options(field[4]), &contained,
                                    &err))
        text = contained ? "1" : "0";
    else if (slice_is(mode, "valid") && field[3].length == 0)
        text = version_is_valid(eco, field[2]) ? "valid" : "invalid";
    else if (slice_is(mode, "valid"))
        text = is_valid(eco, field[2], field[3]) ? "valid" : "invalid";
    else if (slice_is(mode, "norm") && version_normalise(eco, field[2], &out, &err))
        text = buf_text(&out);
    put_escaped(slice_of(text));
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stdin)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        struct slice field[FIELDS] = {{"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}, {"", 0}};
        char *rest = line, *part;
        for (size_t i = 0; i < FIELDS && (part = strsep(&rest, "\t")); i++)
            field[i] = unescape(part);
        const struct ecosystem *eco = ecosystem_find(field[1]);
        if (eco)
            answer(eco, field[0], field);
        else
            puts("?");
    }
    free(line);
    return 0;
}
