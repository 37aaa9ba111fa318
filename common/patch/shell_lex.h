/* Inside the shell parser: bytes → words and operators. */
#pragma once

#include "patch/shell.h"

enum shell_token_kind { TOKEN_WORD, TOKEN_OPERATOR, TOKEN_REDIRECT, TOKEN_NEWLINE, TOKEN_END };

struct shell_token {
    enum shell_token_kind kind;
    const char *text; /* a word with its quotes; an operator */
    const char *line; /* the source line it begins on */
};

struct shell_tokens {
    struct shell_token *items;
    size_t count, capacity;
};

/* False on an unfinished quote, a here-document that runs something, bytes beyond text, or too many
 * tokens. */
bool shell_lex(struct arena *arena, struct slice text, struct shell_tokens *out, const char **why);
