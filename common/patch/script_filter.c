/* Filters that maintainer scripts use: known pipes, and programs of sed and awk that change
 * nothing. */
#include <string.h>

#include "patch/script_eval.h"

#define AWK_BYTECODE                                                                               \
    "'BEGIN {OFS=\"/\"} /\\.py$/ {$NF=sprintf(\"__pycache__/%s.*.py[co]\", "                       \
    "substr($NF,1,length($NF)-3)); print}'"
#define SED_BYTECODE "'/^(.*)\\/(.+)\\.py$/s,,rm \"\\1/__pycache__/\\2\".*,e'"

/* The one word that a known command line leaves open: a package name, no program to run. */
static bool is_name(const struct shell_node *node)
{
    return !strpbrk(node->words[node->count - 1], "`(");
}

static bool has_word(const struct shell_node *node, const char *word)
{
    for (size_t i = 0; i < node->count; i++)
        if (strcmp(node->words[i], word) == 0)
            return true;
    return false;
}

static bool is_command(const struct shell_node *node, const char *const *words, size_t count)
{
    if (!node || node->kind != SHELL_COMMAND || node->writes)
        return false;
    size_t skip = strncmp(node->words[0], "LC_ALL=", 7) == 0 && !strpbrk(node->words[0], "`$");
    if (node->count != count + skip)
        return false;
    for (size_t i = 0; i < count; i++)
        if (words[i] && strcmp(node->words[i + skip], words[i]) != 0)
            return false;
    return true;
}
#define IS_COMMAND(node, ...)                                                                      \
    is_command((node), (const char *const[]){__VA_ARGS__},                                         \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* while read files; do rm -f $files; done */
static bool removes_what_it_reads(const struct shell_node *node)
{
    return node && node->kind == SHELL_LOOP && !node->count && node->a && node->b &&
           IS_COMMAND(node->a->a, "read", "files") && !node->a->a->next &&
           IS_COMMAND(node->b->a, "rm", "-f", "$files") && !node->b->a->next && !node->next;
}

bool script_drops_bytecode(const struct shell_node *pipe)
{
    const struct shell_node *first = pipe->a, *second = first ? first->next : NULL;
    const struct shell_node *third = second ? second->next : NULL;

    if (IS_COMMAND(first, "dpkg", "-L", NULL) && is_name(first) &&
        IS_COMMAND(second, "sed", "-En", "-e", SED_BYTECODE))
        return !third;
    if (IS_COMMAND(first, "dpkg", "-L", NULL) && is_name(first) &&
        IS_COMMAND(second, "awk", "-F/", AWK_BYTECODE) && third)
        return IS_COMMAND(third, "xargs", "--max-chars=\"$max\"", "echo") &&
               removes_what_it_reads(third->next);
    if (!first || first->kind != SHELL_COMMAND || strcmp(first->words[0], "find") != 0 ||
        !has_word(first, "__pycache__") || !has_word(first, "-empty") || third)
        return false;
    for (size_t i = 1; i < first->count; i++)
        if (strpbrk(first->words[i], "`$") || strncmp(first->words[i], "-exec", 5) == 0 ||
            strncmp(first->words[i], "-ok", 3) == 0 || strncmp(first->words[i], "-f", 2) == 0 ||
            strcmp(first->words[i], "-delete") == 0)
            return false;
    return IS_COMMAND(second, "xargs", "-r", "rm", "-rf") ||
           IS_COMMAND(second, "xargs", "--null", "--no-run-if-empty", "rmdir");
}

/* After a delimiter: behind the next one that no backslash hides; NULL if there is none. */
static const char *past(const char *text, char delimiter)
{
    for (; *text; text++) {
        if (*text == '\\' && text[1])
            text++;
        else if (*text == delimiter)
            return text + 1;
    }
    return NULL;
}

/* [/re/][!]d or p, [/re/][!]s/re/text/[gpI0-9…], parted by ';'. No w, no e, no files. */
bool script_sed_is_plain(const char *program)
{
    while (*program) {
        if (strchr("; \n", *program)) {
            program++;
            continue;
        }
        if (*program == '/' && !(program = past(program + 1, '/')))
            return false;
        while (*program == '!' || *program == ' ')
            program++;
        if (*program == 'd' || *program == 'p') {
            program++;
        } else if (*program == 's' && program[1] && !strchr(" \n\\", program[1])) {
            char delimiter = program[1];
            if (!(program = past(program + 2, delimiter)) || !(program = past(program, delimiter)))
                return false;
            program += strspn(program, "gpI0123456789");
        } else {
            return false;
        }
        if (*program && !strchr("; \n", *program))
            return false;
    }
    return true;
}

bool script_awk_is_plain(const char *program)
{
    return !strpbrk(program, "|>@") && !strstr(program, "system") && !strstr(program, "getline");
}

/* sed and awk that only write to their output; xargs that only echoes; find that only prints. */
struct outcome call_filter(const struct call *c)
{
    bool sed = call_is(c, 0, "sed"), awk = call_is(c, 0, "awk"), program = false;

    size_t at = c->count;
    for (size_t i = 1; i < c->count && !program; i++) {
        bool is_e = sed && call_is(c, i, "-e"), is_v = awk && call_is(c, i, "-v");
        if (is_e || is_v) {
            i++;
            if (is_e &&
                (i >= c->count || !c->words[i].known || !script_sed_is_plain(call_word(c, i))))
                return call_unknown(c);
            continue;
        }
        if (call_is(c, i, "-n") || call_is(c, i, "-E") || call_is(c, i, "-r") ||
            call_is(c, i, "-En") || (awk && call_is(c, i, "-F/")))
            continue;
        if (!c->words[i].known || call_word(c, i)[0] == '-' ||
            !(sed ? script_sed_is_plain(call_word(c, i)) : script_awk_is_plain(call_word(c, i))))
            return call_unknown(c);
        program = true;
        at = i + 1;
    }
    /* GNU's tools take options behind operands too: `sed p -i FILE` writes. */
    for (; program && at < c->count; at++)
        if (call_word(c, at)[0] == '-' || c->words[at].splits)
            return call_unknown(c);
    return outcome_open();
}

/* sort and uniq that write to their output only. */
struct outcome call_sort(const struct call *c)
{
    size_t operands = 0;

    for (size_t i = 1; i < c->count; i++) {
        const char *word = call_word(c, i);
        if (!c->words[i].known || strncmp(word, "--o", 3) == 0 ||
            (word[0] == '-' && word[1] != '-' && strchr(word, 'o')))
            return call_unknown(c);
        operands += word[0] != '-';
    }
    return call_is(c, 0, "uniq") && operands > 1 ? call_unknown(c) : outcome_open();
}

struct outcome call_xargs(const struct call *c)
{
    return (c->count == 2 && (call_is(c, 1, "--show-limits") || call_is(c, 1, "echo"))) ||
                   (c->count == 3 && call_is(c, 1, "-r") && call_is(c, 2, "echo"))
               ? outcome_open()
               : call_unknown(c);
}

struct outcome call_find(const struct call *c)
{
    for (size_t i = 1; i < c->count; i++)
        if (!c->words[i].known || strncmp(call_word(c, i), "-exec", 5) == 0 ||
            strncmp(call_word(c, i), "-ok", 3) == 0 || strncmp(call_word(c, i), "-f", 2) == 0 ||
            call_is(c, i, "-delete"))
            return call_unknown(c);
    return outcome_open();
}

/* Compiling the package's own modules: what is compiled here is made when it is first used. */
bool call_compiles(const struct call *c)
{
    if (strncmp(call_word(c, 0), "/usr/bin/python", 15) != 0)
        return false;
    for (size_t i = 1; i < c->count && c->words[i].known; i++) {
        if (call_word(c, i)[0] == '-' && strlen(call_word(c, i)) == 2 &&
            strchr("ESOI", call_word(c, i)[1]))
            continue;
        return strncmp(call_word(c, i), "/usr/lib/python", 15) == 0 &&
               (slice_has_suffix(slice_of(call_word(c, i)), "/py_compile.py") ||
                slice_has_suffix(slice_of(call_word(c, i)), "/compileall.py"));
    }
    return false;
}
