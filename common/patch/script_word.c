/* Words of a script: quotes and expansions, as far as they are certain. */
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "patch/script_eval.h"

struct expansion {
    struct evaluation *e;
    struct buf out;
    bool unknown, quoted_part, splits;
    const char *program;
};

static void expansion_release(struct expansion *x)
{
    buf_release(&x->out);
}

static const char *variable_text(const struct evaluation *e, const char *name, bool *known)
{
    *known = true;
    if (strcmp(name, "DPKG_ROOT") == 0)
        return "";
    if (strcmp(name, "DPKG_MAINTSCRIPT_PACKAGE") == 0)
        return e->package;
    if (isdigit((unsigned char)name[0]) && !name[1] && name[0] > '0' && name[0] < '5') {
        const struct value *value = &e->arguments[name[0] - '1'];
        *known = value->known;
        return value->text;
    }
    for (size_t i = 0; i < e->variable_count; i++)
        if (strcmp(e->variables[i].name, name) == 0) {
            *known = e->variables[i].text != NULL;
            return e->variables[i].text;
        }
    *known = false; /* from the environment, perhaps */
    return NULL;
}

void eval_assign(struct evaluation *e, const char *name, const struct value *value)
{
    static const char *const dangerous[] = {"PATH",      "IFS",      "ENV",
                                            "DPKG_ROOT", "BASH_ENV", "CDPATH"};

    for (size_t i = 0; i < array_count(dangerous); i++)
        if (strcmp(name, dangerous[i]) == 0)
            eval_fail(e, name);
    if (strncmp(name, "LD_", 3) == 0 || strncmp(name, "DPKG_", 5) == 0)
        eval_fail(e, name);
    const char *text = value->known && !e->open ? value->text : NULL;
    for (size_t i = 0; i < e->variable_count; i++)
        if (strcmp(e->variables[i].name, name) == 0) {
            e->variables[i].text = text;
            return;
        }
    arena_push(e->r->arena, e->variables, e->variable_count, e->variable_capacity);
    e->variables[e->variable_count++] = (struct variable){name, text};
}

/* $(…) or `…`: the program inside would run. */
static void substitute(struct expansion *x, const char *inner, size_t length, bool quoted)
{
    struct evaluation *e = x->e;
    struct shell_node *list;
    const char *text = arena_strndup(e->r->arena, inner, length), *why = text;

    if (!shell_parse(e->r->arena, slice_of(text), &list, &why)) {
        eval_fail(e, why);
        return;
    }
    int open = e->open, returns = e->open_returns;
    e->open++;
    eval_node(e, list);
    e->open = open; /* what it leaves is its own shell */
    e->open_returns = returns;
    x->unknown = true;
    x->splits |= !quoted;
    const struct shell_node *only = list->a && !list->a->next ? list->a : NULL;
    if (!only || only->kind != SHELL_COMMAND)
        return;
    size_t at = strcmp(only->words[0], "which") == 0 ? 1 : 2;
    bool asks = at == 1 || (strcmp(only->words[0], "command") == 0 && only->count > 1 &&
                            strcmp(only->words[1], "-v") == 0);
    if (asks && only->count == at + 1 && !strpbrk(only->words[at], "$`\"'\\*?[/"))
        x->program = only->words[at];
}

static void put_variable(struct expansion *x, const char *name, bool quoted)
{
    bool known;
    const char *text = variable_text(x->e, name, &known);

    if (!known || (!quoted && strpbrk(text, " \t\n*?[\\"))) {
        x->unknown = true;
        x->splits |= !quoted;
    } else {
        buf_put_text(&x->out, text);
    }
}

static void expand(struct expansion *x, const char *text, size_t length, bool quoted);

/* ${…}: plain, :- and :+ are certain. */
static void braces(struct expansion *x, const char *text, size_t length, bool quoted)
{
    size_t n = 0;
    bool known;

    while (n < length && (isalnum((unsigned char)text[n]) || text[n] == '_'))
        n++;
    const char *name = arena_strndup(x->e->r->arena, text, n);
    if (n == length) {
        put_variable(x, name, quoted);
        return;
    }
    const char *value = n ? variable_text(x->e, name, &known) : NULL;
    size_t skip = text[n] == ':' ? n + 2 : n + 1;
    char verb = skip <= length ? text[skip - 1] : 0;
    if (memchr(text, '`', length) ||
        (n + 2 < length && strstr(text + n, "$(") && strstr(text + n, "$(") < text + length)) {
        eval_fail(x->e, text);
    } else if (n && value && known && (verb == '-' || verb == '+') && skip == n + 2) {
        if ((verb == '-') == (*value == '\0'))
            expand(x, text + skip, length - skip, quoted);
        else if (verb == '-')
            put_variable(x, name, quoted);
    } else {
        x->unknown = true;
        x->splits |= !quoted;
    }
}

static size_t to_closing(const char *text, size_t length, char open, char close)
{
    int depth = 1;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\' && i + 1 < length) {
            i++;
        } else if (text[i] == '\'' && close == ')') {
            while (++i < length && text[i] != '\'')
                ;
        } else if (text[i] == open) {
            depth++;
        } else if (text[i] == close && --depth == 0) {
            return i;
        }
    }
    return length;
}

/* $((…)): a number that nobody needs to know; what is inside may run something. */
static void arithmetic(struct expansion *x, const char *text, size_t length)
{
    size_t kept = x->out.length;

    expand(x, text, length, true);
    x->out.length = kept;
    x->unknown = true;
}

/* After a '$'; how many bytes it took. */
static size_t dollar(struct expansion *x, const char *text, size_t length, bool quoted)
{
    size_t n = 0;

    if (length && (*text == '(' || *text == '{')) {
        size_t end = to_closing(text + 1, length - 1, *text, *text == '(' ? ')' : '}');
        if (end == length - 1)
            eval_fail(x->e, text);
        else if (*text == '(' && end > 2 && text[1] == '(' && text[end] == ')')
            arithmetic(x, text + 2, end - 2);
        else if (*text == '(')
            substitute(x, text + 1, end, quoted);
        else
            braces(x, text + 1, end, quoted);
        return end + 2 < length ? end + 2 : length;
    }
    if (length && strchr("@*#?$!-0", *text)) {
        x->unknown = true;
        x->splits |= !quoted;
        return 1;
    }
    if (length && isdigit((unsigned char)*text))
        n = 1;
    else
        while (n < length && (isalnum((unsigned char)text[n]) || text[n] == '_'))
            n++;
    if (n)
        put_variable(x, arena_strndup(x->e->r->arena, text, n), quoted);
    else
        buf_put_byte(&x->out, '$');
    return n;
}

static size_t double_quoted_end(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\') {
            i++;
        } else if (text[i] == '$' && i + 1 < length && (text[i + 1] == '(' || text[i + 1] == '{')) {
            char open = text[i + 1];
            i += 2 + to_closing(text + i + 2, length - i - 2, open, open == '(' ? ')' : '}');
        } else if (text[i] == '"') {
            return i;
        }
    }
    return length;
}

static void expand(struct expansion *x, const char *text, size_t length, bool quoted)
{
    for (size_t i = 0; i < length && !x->e->why;) {
        char c = text[i++];
        if (c == '\\' && i < length) {
            bool kept = quoted && !strchr("$`\"\\", text[i]);
            if (kept)
                buf_put_byte(&x->out, '\\');
            buf_put_byte(&x->out, text[i++]);
            x->quoted_part = true;
        } else if (c == '\'' && !quoted) {
            const char *end = memchr(text + i, '\'', length - i);
            size_t n = end ? (size_t)(end - text) - i : length - i;
            buf_put(&x->out, text + i, n);
            i += n + 1;
            x->quoted_part = true;
        } else if (c == '"' && !quoted) {
            size_t n = double_quoted_end(text + i, length - i);
            expand(x, text + i, n, true);
            i += n + 1;
            x->quoted_part = true;
        } else if (c == '`') {
            const char *end = memchr(text + i, '`', length - i);
            size_t n = end ? (size_t)(end - text) - i : length - i;
            if (memchr(text + i, '\\', n))
                eval_fail(x->e, text);
            substitute(x, text + i, n, quoted);
            i += n + 1;
        } else if (c == '$') {
            i += dollar(x, text + i, length - i, quoted);
        } else {
            x->unknown |= !quoted && strchr("*?[~", c) && length > 1;
            buf_put_byte(&x->out, c);
        }
    }
}

struct value eval_word(struct evaluation *e, const char *word)
{
    struct expansion x scoped(expansion_release) = {.e = e};

    expand(&x, word, strlen(word), false);
    const char *text = x.out.length ? arena_strndup(e->r->arena, x.out.data, x.out.length) : "";
    return (struct value){.text = text,
                          .known = !x.unknown,
                          .vanishes = !x.unknown && !*text && !x.quoted_part,
                          .splits = x.splits,
                          .program = x.program};
}
