/* Inside the evaluation of a script: values that may be unknown, outcomes that may be open. */
#pragma once

#include "patch/script_state.h"
#include "patch/shell.h"

/* The version argument of a maintainer script: some text that is no other text. */
#define SOME_VERSION "\001"

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_OPEN };

/* An open answer may be settled by a condition on the image: with `no` it is no, with `yes` yes. */
struct outcome {
    enum answer answer;
    bool has_no, has_yes;
    struct script_action no, yes;
};

struct value {
    const char *text; /* if known */
    bool known;
    bool vanishes;       /* unquoted and empty: no word at all */
    bool splits;         /* unquoted and unknown: may be several words */
    const char *program; /* $(command -v PROGRAM) */
};

struct variable {
    const char *name, *text; /* text NULL: unknown */
};

struct evaluation {
    struct reviewer *r;
    const char *package;
    enum script_kind kind;
    struct variable *variables;
    size_t variable_count, variable_capacity;
    const struct shell_node **functions;
    size_t function_count, function_capacity;
    struct value arguments[4]; /* $1 … */
    int open, depth, steps;    /* open > 0: what follows may not run */
    int open_returns;          /* of `open`: the function may have returned */
    bool stopped, returned;
    const char *why; /* not NULL: failed */
};

struct outcome eval_node(struct evaluation *e, const struct shell_node *node);
/* One simple command; e->why is set if its effect is not known. */
struct outcome eval_command(struct evaluation *e, const struct shell_node *node);
/* The pipes with which packages take their compiled Python away. */
bool script_drops_bytecode(const struct shell_node *pipe);
/* Programs of sed and awk that only write to their output. */
bool script_sed_is_plain(const char *program);
bool script_awk_is_plain(const char *program);
struct outcome eval_test(const struct value *words, size_t count);
struct value eval_word(struct evaluation *e, const char *word);
void eval_assign(struct evaluation *e, const char *name, const struct value *value);
struct outcome outcome_of(bool yes);
struct outcome outcome_open(void);
void eval_fail(struct evaluation *e, const char *line);

/* One command with its words expanded. */
enum { ARGUMENTS_MOST = 64 };

struct call {
    struct evaluation *e;
    const struct shell_node *node;
    struct value words[ARGUMENTS_MOST];
    size_t count;
};

const char *call_word(const struct call *c, size_t i); /* "" if not certain */
bool call_is(const struct call *c, size_t i, const char *text);
bool call_certain(const struct call *c, size_t from); /* all words from there */
struct outcome call_unknown(const struct call *c);
struct outcome call_act(const struct call *c, struct script_action action);
struct outcome outcome_if(const struct script_action *no, const struct script_action *yes);
bool call_compiles(const struct call *c);
struct outcome call_dpkg(const struct call *c);
struct outcome call_command(const struct call *c);
struct outcome call_getent(const struct call *c);
struct outcome call_adduser(const struct call *c);
struct outcome call_alternatives(const struct call *c);
struct outcome call_rc(const struct call *c);
struct outcome call_unit_helper(const struct call *c);
struct outcome call_systemctl(const struct call *c);
struct outcome call_set_up(const struct call *c);
struct outcome call_maintscript(const struct call *c);
struct outcome call_trigger(const struct call *c);
struct outcome call_pam(const struct call *c);
struct outcome call_source(const struct call *c);
struct outcome call_statoverride(const struct call *c);
struct outcome call_list_only(const struct call *c);
struct outcome call_shells(const struct call *c);
struct outcome call_filter(const struct call *c);
struct outcome call_xargs(const struct call *c);
struct outcome call_sort(const struct call *c);
struct outcome call_find(const struct call *c);
