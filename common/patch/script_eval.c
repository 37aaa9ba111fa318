/* A maintainer script read as a program: what would run on an upgrade, and whether all of that is
 * of known effect. A condition that only the image can answer is settled by an action that refuses
 * where it would be otherwise; else both ways are looked at. */
#include "patch/script_eval.h"

#include <string.h>

enum { CALLS_MOST = 8, STEPS_MOST = 20000, EACH_MOST = 18 };

void eval_fail(struct evaluation *e, const char *line)
{
    if (!e->why)
        e->why = line;
}

struct saved {
    size_t actions, functions;
    struct variable *variables;
    size_t variable_count;
    bool stopped, returned;
    int open, open_returns;
};

static struct saved save(struct evaluation *e)
{
    struct saved s = {e->r->count, e->function_count, NULL,    e->variable_count,
                      e->stopped,  e->returned,       e->open, e->open_returns};

    s.variables = arena_memdup(e->r->arena, e->variables ? e->variables : &(struct variable){0},
                               (e->variable_count ? e->variable_count : 1) * sizeof(*e->variables));
    return s;
}

static void restore(struct evaluation *e, const struct saved *s)
{
    e->r->count = s->actions;
    e->function_count = s->functions;
    e->variable_count = s->variable_count;
    for (size_t i = 0; i < s->variable_count; i++)
        e->variables[i] = s->variables[i];
    e->stopped = s->stopped;
    e->returned = s->returned;
    e->open = s->open;
    e->open_returns = s->open_returns;
    e->why = NULL;
}

static void eval_maybe(struct evaluation *e, const struct shell_node *node)
{
    if (!node)
        return;
    e->open++;
    eval_node(e, node);
    e->open--;
}

/* Both ways if both are of known effect, else the one that a condition leaves. */
static struct outcome eval_either(struct evaluation *e, const struct outcome *asked,
                                  const struct shell_node *if_yes, const struct shell_node *if_no)
{
    struct saved before = save(e);

    eval_maybe(e, if_yes);
    const char *why = e->why;
    if (!why)
        eval_maybe(e, if_no);
    if (!e->why)
        return outcome_open();
    bool take_no = asked->has_no && why, take_yes = asked->has_yes && !take_no;
    if (!take_no && !take_yes)
        return outcome_open();
    restore(e, &before);
    review_act(e->r, take_no ? asked->no : asked->yes);
    const struct shell_node *left = take_no ? if_no : if_yes;
    return left ? eval_node(e, left) : outcome_of(take_yes);
}

static struct outcome eval_if(struct evaluation *e, const struct shell_node *node)
{
    struct outcome asked = eval_node(e, node->a);

    if (e->why || e->stopped || e->returned)
        return asked;
    if (asked.answer == ANSWER_OPEN)
        return eval_either(e, &asked, node->b, node->c);
    const struct shell_node *way = asked.answer == ANSWER_YES ? node->b : node->c;
    return way ? eval_node(e, way) : outcome_of(true);
}

static struct outcome eval_and(struct evaluation *e, const struct shell_node *node)
{
    struct outcome a = eval_node(e, node->a), b;

    if (e->why || e->stopped || e->returned || a.answer == ANSWER_NO)
        return a;
    if (a.answer == ANSWER_YES)
        return eval_node(e, node->b);
    struct saved before = save(e);
    e->open++;
    b = eval_node(e, node->b);
    e->open--;
    if (e->why && a.has_no) {
        restore(e, &before);
        review_act(e->r, a.no);
        return outcome_of(false);
    }
    if (b.answer == ANSWER_NO)
        return b;
    struct outcome out = outcome_open();
    out.has_no = a.has_no || b.has_no;
    out.no = a.has_no ? a.no : b.no;
    out.has_yes = a.has_yes && b.answer == ANSWER_YES;
    out.yes = a.yes;
    return out;
}

static struct outcome eval_or(struct evaluation *e, const struct shell_node *node)
{
    struct outcome a = eval_node(e, node->a), b;

    if (e->why || e->stopped || e->returned || a.answer == ANSWER_YES)
        return a;
    if (a.answer == ANSWER_NO)
        return eval_node(e, node->b);
    struct saved before = save(e);
    e->open++;
    b = eval_node(e, node->b);
    e->open--;
    if (e->why && a.has_yes) {
        restore(e, &before);
        review_act(e->r, a.yes);
        return outcome_of(true);
    }
    if (b.answer == ANSWER_YES)
        return b;
    struct outcome out = outcome_open();
    out.has_yes = a.has_yes || b.has_yes;
    out.yes = a.has_yes ? a.yes : b.yes;
    out.has_no = a.has_no && b.answer == ANSWER_NO;
    out.no = a.no;
    return out;
}

/* 1 it matches, 0 it does not, -1 who knows. */
static int match(struct evaluation *e, const struct value *word, const char *pattern)
{
    if (strcmp(pattern, "*") == 0)
        return 1;
    struct value value = eval_word(e, pattern);
    if (!value.known || !word->known || strstr(value.text, SOME_VERSION) ||
        strstr(word->text, SOME_VERSION))
        return -1;
    return strcmp(value.text, word->text) == 0;
}

static struct outcome eval_case(struct evaluation *e, const struct shell_node *node)
{
    struct value word = eval_word(e, node->words[0]);
    bool open = false;

    for (const struct shell_node *arm = node->a; arm && !e->why; arm = arm->next) {
        int fits = 0;
        for (size_t i = 0; i < arm->count && fits != 1; i++) {
            int one = match(e, &word, arm->words[i]);
            fits = one ? one : fits;
        }
        if (fits == 1 && !open)
            return eval_node(e, arm->a);
        open |= fits != 0;
        if (fits)
            eval_maybe(e, arm->a);
        if (fits == 1)
            break;
    }
    return open ? outcome_open() : outcome_of(true);
}

/* for over words that are all certain: once for each. False: not that, or something was unknown. */
static bool eval_each(struct evaluation *e, const struct shell_node *node)
{
    struct saved before = save(e);

    if (e->open || node->a || node->count < 3 || node->count > EACH_MOST ||
        strcmp(node->words[1], "in") != 0)
        return false;
    for (size_t i = 2; i < node->count && !e->why && !e->stopped && !e->returned; i++) {
        struct value value = eval_word(e, node->words[i]);
        if (!value.known || value.vanishes)
            eval_fail(e, node->line);
        else
            eval_assign(e, node->words[0], &value);
        if (!e->why)
            eval_node(e, node->b);
    }
    bool done = !e->why;
    if (!done)
        restore(e, &before);
    return done;
}

static struct outcome eval_loop(struct evaluation *e, const struct shell_node *node)
{
    struct value unknown = {.known = false};

    if (eval_each(e, node))
        return outcome_open();

    e->open++;
    for (size_t i = 0; i < node->count && !e->why; i++)
        eval_word(e, node->words[i]);
    if (node->count)
        eval_assign(e, node->words[0], &unknown);
    /* Twice: what the first round leaves in variables is what the next begins with. */
    for (int round = 0; round < 2 && !e->why; round++) {
        if (node->a)
            eval_node(e, node->a);
        if (!e->why)
            eval_node(e, node->b);
    }
    e->open--;
    return outcome_open();
}

static struct outcome eval_list(struct evaluation *e, const struct shell_node *list)
{
    struct outcome last = outcome_of(true);

    for (const struct shell_node *n = list->a; n && !e->why && !e->stopped && !e->returned;
         n = n->next)
        last = eval_node(e, n);
    return last;
}

static struct outcome eval_pipe(struct evaluation *e, const struct shell_node *pipe)
{
    if (script_drops_bytecode(pipe)) {
        review_act(e->r, (struct script_action){.verb = DO_BYTECODE, .a = ""});
        return outcome_open();
    }
    for (const struct shell_node *n = pipe->a; n && !e->why; n = n->next)
        eval_maybe(e, n);
    return outcome_open();
}

static const struct shell_node *function_find(const struct evaluation *e, const char *name)
{
    for (size_t i = e->function_count; i-- > 0;)
        if (strcmp(e->functions[i]->words[0], name) == 0)
            return e->functions[i];
    return NULL;
}

static struct outcome eval_call(struct evaluation *e, const struct shell_node *call,
                                const struct shell_node *function)
{
    struct value kept[array_count(e->arguments)], given[array_count(e->arguments)];

    if (e->depth >= CALLS_MOST) {
        eval_fail(e, call->line);
        return outcome_open();
    }
    memcpy(kept, e->arguments, sizeof(kept));
    bool open = false;
    for (size_t i = 0; i < array_count(given); i++) {
        given[i] = (struct value){.text = "", .known = true};
        if (i + 1 < call->count)
            given[i] = eval_word(e, call->words[i + 1]);
        open |= given[i].splits || given[i].vanishes;
        given[i].known &= !open;
    }
    for (size_t i = array_count(given) + 1; i < call->count; i++)
        eval_word(e, call->words[i]);
    memcpy(e->arguments, given, sizeof(kept));
    int returns = e->open_returns;
    e->depth++;
    struct outcome out = eval_node(e, function->a);
    e->depth--;
    if (e->open_returns > returns)
        out = outcome_open();
    e->open -= e->open_returns - returns;
    e->open_returns = returns;
    memcpy(e->arguments, kept, sizeof(kept));
    if (e->returned)
        out = outcome_open();
    e->returned = false;
    return out;
}

static struct outcome eval_define(struct evaluation *e, const struct shell_node *node)
{
    /* Which of two definitions holds must be certain. */
    if (e->open) {
        eval_fail(e, node->line);
        return outcome_open();
    }
    arena_push(e->r->arena, e->functions, e->function_count, e->function_capacity);
    e->functions[e->function_count++] = node;
    return outcome_of(true);
}

struct outcome eval_node(struct evaluation *e, const struct shell_node *node)
{
    struct outcome out = outcome_open();

    if (++e->steps > STEPS_MOST || node->writes)
        eval_fail(e, node->line);
    if (e->why)
        return out;
    switch (node->kind) {
    case SHELL_LIST:
        return eval_list(e, node);
    case SHELL_AND:
        return eval_and(e, node);
    case SHELL_OR:
        return eval_or(e, node);
    case SHELL_PIPE:
        return eval_pipe(e, node);
    case SHELL_IF:
        return eval_if(e, node);
    case SHELL_CASE:
        return eval_case(e, node);
    case SHELL_LOOP:
        return eval_loop(e, node);
    case SHELL_FUNCTION:
        return eval_define(e, node);
    case SHELL_NOT:
        out = eval_node(e, node->a);
        return (struct outcome){.answer = out.answer == ANSWER_OPEN ? ANSWER_OPEN
                                          : out.answer == ANSWER_NO ? ANSWER_YES
                                                                    : ANSWER_NO,
                                .has_no = out.has_yes,
                                .has_yes = out.has_no,
                                .no = out.yes,
                                .yes = out.no};
    case SHELL_GROUP:
        if (!node->subshell)
            return eval_node(e, node->a);
        eval_maybe(e, node->a);
        return out;
    case SHELL_COMMAND: {
        const struct shell_node *function = function_find(e, node->words[0]);
        return function ? eval_call(e, node, function) : eval_command(e, node);
    }
    case SHELL_ARM:
        break;
    }
    eval_fail(e, node->line);
    return out;
}

bool script_evaluate(struct reviewer *r, const char *package, enum script_kind kind,
                     struct slice text, const char **why)
{
    static const char *const first[] = {"upgrade", "configure", "upgrade", "upgrade"};
    struct evaluation e = {.r = r, .package = package, .kind = kind};
    struct slice rest = text, shebang = {0};
    struct shell_node *list;

    slice_take_line(&rest, &shebang);
    if (!slice_has_prefix(shebang, "#!") || (slice_find(shebang, "/bin/sh") == shebang.length &&
                                             slice_find(shebang, "/bin/bash") == shebang.length &&
                                             slice_find(shebang, "/bin/dash") == shebang.length)) {
        *why = slice_string(r->arena, shebang);
        return false;
    }
    if (!shell_parse(r->arena, text, &list, why))
        return false;
    e.arguments[0] = (struct value){.text = first[kind], .known = true};
    e.arguments[1] = (struct value){.text = SOME_VERSION, .known = true};
    eval_node(&e, list);
    *why = e.why;
    return !e.why;
}
