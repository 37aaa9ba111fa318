#include "patch/shell.h"

#include <ctype.h>
#include <string.h>

#include "patch/shell_lex.h"

enum { DEPTH_MOST = 64 };

struct parser {
    struct arena *arena;
    struct shell_tokens tokens;
    size_t at;
    int depth;
    bool failed;
};

static const struct shell_token *now(const struct parser *p)
{
    return &p->tokens.items[p->at];
}

static bool is_word(const struct parser *p, const char *text)
{
    return now(p)->kind == TOKEN_WORD && strcmp(now(p)->text, text) == 0;
}

static bool is_operator(const struct parser *p, const char *text)
{
    return now(p)->kind == TOKEN_OPERATOR && strcmp(now(p)->text, text) == 0;
}

static bool take_word(struct parser *p, const char *text)
{
    bool here = is_word(p, text);

    p->at += here;
    return here;
}

static bool take_operator(struct parser *p, const char *text)
{
    bool here = is_operator(p, text);

    p->at += here;
    return here;
}

static struct shell_node *fail(struct parser *p)
{
    p->failed = true;
    return NULL;
}

static struct shell_node *node_new(struct parser *p, enum shell_kind kind)
{
    struct shell_node *node = arena_new_object(p->arena, struct shell_node);

    node->kind = kind;
    node->line = now(p)->line;
    return node;
}

static void add_word(struct parser *p, struct shell_node *node, const char *word)
{
    arena_push(p->arena, node->words, node->count, node->capacity);
    node->words[node->count++] = word;
}

static void skip_newlines(struct parser *p)
{
    while (now(p)->kind == TOKEN_NEWLINE)
        p->at++;
}

/* Reserved words that end a list. */
static bool ends_list(const struct parser *p)
{
    static const char *const ends[] = {"then", "elif", "else", "fi", "esac", "do", "done", "}"};

    if (now(p)->kind == TOKEN_END || is_operator(p, ")") || is_operator(p, ";;"))
        return true;
    for (size_t i = 0; i < array_count(ends); i++)
        if (is_word(p, ends[i]))
            return true;
    return false;
}

static void take_redirects(struct parser *p, struct shell_node *node)
{
    while (now(p)->kind == TOKEN_REDIRECT) {
        const char *redirect = now(p)->text;
        p->at++;
        if (now(p)->kind != TOKEN_WORD) {
            fail(p);
            return;
        }
        const char *target = now(p)->text;
        bool descriptor = redirect[1] == '&' && target[strspn(target, "0123456789-")] == '\0';
        bool input = strcmp(redirect, "<") == 0 && !strpbrk(target, "$`");
        if (!descriptor && !input && strcmp(target, "/dev/null") != 0)
            node->writes = true;
        p->at++;
    }
}

static struct shell_node *parse_list(struct parser *p);

static struct shell_node *parse_if(struct parser *p)
{
    struct shell_node *node = node_new(p, SHELL_IF);

    p->at++;
    node->a = parse_list(p);
    if (!take_word(p, "then"))
        return fail(p);
    node->b = parse_list(p);
    if (is_word(p, "elif")) {
        node->c = parse_if(p); /* takes the fi */
        return node;
    }
    if (take_word(p, "else"))
        node->c = parse_list(p);
    return take_word(p, "fi") ? node : fail(p);
}

static struct shell_node *parse_arm(struct parser *p)
{
    struct shell_node *arm = node_new(p, SHELL_ARM);

    take_operator(p, "(");
    do {
        if (now(p)->kind != TOKEN_WORD)
            return fail(p);
        add_word(p, arm, now(p)->text);
        p->at++;
    } while (take_operator(p, "|"));
    if (!take_operator(p, ")"))
        return fail(p);
    arm->a = parse_list(p);
    return arm;
}

static struct shell_node *parse_case(struct parser *p)
{
    struct shell_node *node = node_new(p, SHELL_CASE), **last = &node->a;

    p->at++;
    if (now(p)->kind != TOKEN_WORD)
        return fail(p);
    add_word(p, node, now(p)->text);
    p->at++;
    skip_newlines(p);
    if (!take_word(p, "in"))
        return fail(p);
    skip_newlines(p);
    while (!p->failed && !is_word(p, "esac")) {
        *last = parse_arm(p);
        if (!*last)
            return fail(p);
        last = &(*last)->next;
        if (!take_operator(p, ";;") && !is_word(p, "esac"))
            return fail(p);
        skip_newlines(p);
    }
    return take_word(p, "esac") ? node : fail(p);
}

static struct shell_node *parse_loop(struct parser *p)
{
    struct shell_node *node = node_new(p, SHELL_LOOP);

    if (take_word(p, "for")) {
        while (now(p)->kind == TOKEN_WORD && !is_word(p, "do")) {
            add_word(p, node, now(p)->text);
            p->at++;
        }
        take_operator(p, ";");
        skip_newlines(p);
    } else {
        p->at++;
        node->a = parse_list(p);
    }
    if (!take_word(p, "do"))
        return fail(p);
    node->b = parse_list(p);
    return take_word(p, "done") ? node : fail(p);
}

static struct shell_node *parse_group(struct parser *p, bool subshell)
{
    struct shell_node *node = node_new(p, SHELL_GROUP);

    p->at++;
    node->subshell = subshell;
    node->a = parse_list(p);
    return (subshell ? take_operator(p, ")") : take_word(p, "}")) ? node : fail(p);
}

static bool is_name(const char *text)
{
    if (!isalpha((unsigned char)*text) && *text != '_')
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '_' && *text != '-')
            return false;
    return true;
}

static struct shell_node *parse_function(struct parser *p)
{
    struct shell_node *node = node_new(p, SHELL_FUNCTION);

    add_word(p, node, now(p)->text);
    p->at += 3;
    skip_newlines(p);
    if (!is_word(p, "{"))
        return fail(p);
    node->a = parse_group(p, false);
    return node;
}

static struct shell_node *parse_simple(struct parser *p)
{
    struct shell_node *node = node_new(p, SHELL_COMMAND);

    for (;;) {
        take_redirects(p, node);
        if (p->failed || now(p)->kind != TOKEN_WORD)
            break;
        add_word(p, node, now(p)->text);
        p->at++;
    }
    return node->count ? node : fail(p);
}

static bool begins_function(const struct parser *p)
{
    return now(p)->kind == TOKEN_WORD && is_name(now(p)->text) && p->at + 2 < p->tokens.count &&
           strcmp(p->tokens.items[p->at + 1].text, "(") == 0 &&
           p->tokens.items[p->at + 1].kind == TOKEN_OPERATOR &&
           strcmp(p->tokens.items[p->at + 2].text, ")") == 0;
}

static struct shell_node *parse_command(struct parser *p)
{
    struct shell_node *node;

    if (++p->depth > DEPTH_MOST)
        return fail(p);
    if (take_word(p, "!")) {
        node = node_new(p, SHELL_NOT);
        node->a = parse_command(p);
    } else if (is_word(p, "if")) {
        node = parse_if(p);
    } else if (is_word(p, "case")) {
        node = parse_case(p);
    } else if (is_word(p, "for") || is_word(p, "while") || is_word(p, "until")) {
        node = parse_loop(p);
    } else if (is_word(p, "{")) {
        node = parse_group(p, false);
    } else if (is_operator(p, "(")) {
        node = parse_group(p, true);
    } else if (begins_function(p)) {
        node = parse_function(p);
    } else {
        node = parse_simple(p);
    }
    p->depth--;
    if (node)
        take_redirects(p, node);
    return node;
}

static struct shell_node *parse_pipe(struct parser *p)
{
    struct shell_node *first = parse_command(p);

    if (!first || !is_operator(p, "|"))
        return first;
    struct shell_node *pipe = node_new(p, SHELL_PIPE), *last = first;
    pipe->a = first;
    while (take_operator(p, "|")) {
        skip_newlines(p);
        last->next = parse_command(p);
        if (!last->next)
            return fail(p);
        last = last->next;
    }
    return pipe;
}

static struct shell_node *parse_and_or(struct parser *p)
{
    struct shell_node *left = parse_pipe(p);

    while (left && (is_operator(p, "&&") || is_operator(p, "||"))) {
        struct shell_node *node = node_new(p, is_operator(p, "&&") ? SHELL_AND : SHELL_OR);
        p->at++;
        skip_newlines(p);
        node->line = left->line;
        node->a = left;
        node->b = parse_pipe(p);
        left = node->b ? node : NULL;
    }
    return left;
}

static struct shell_node *parse_list(struct parser *p)
{
    struct shell_node *list = node_new(p, SHELL_LIST), **last = &list->a;

    if (++p->depth > DEPTH_MOST)
        return fail(p);
    for (;;) {
        while (now(p)->kind == TOKEN_NEWLINE || is_operator(p, ";"))
            p->at++;
        if (p->failed || ends_list(p))
            break;
        *last = parse_and_or(p);
        if (!*last)
            return fail(p);
        last = &(*last)->next;
        if (now(p)->kind != TOKEN_NEWLINE && !is_operator(p, ";") && !ends_list(p))
            return fail(p);
    }
    p->depth--;
    return list;
}

bool shell_parse(struct arena *arena, struct slice text, struct shell_node **out, const char **why)
{
    struct parser p = {.arena = arena};

    if (!shell_lex(arena, text, &p.tokens, why))
        return false;
    *out = parse_list(&p);
    if (p.failed || now(&p)->kind != TOKEN_END) {
        *why = now(&p)->line;
        return false;
    }
    return true;
}
