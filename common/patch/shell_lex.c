#include "patch/shell_lex.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"

enum { NESTING_MOST = 32, TOKENS_MOST = 65536 };

struct lexer {
    struct arena *arena;
    struct slice text;
    size_t at;
    struct buf word;
    const char *here[4]; /* delimiters of here-documents whose text begins after this line */
    bool here_tabs[4];
    size_t here_count;
    bool failed;
};

static int peek(const struct lexer *l, size_t ahead)
{
    return l->at + ahead < l->text.length ? (unsigned char)l->text.data[l->at + ahead] : -1;
}

static void copy(struct lexer *l, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (l->at >= l->text.length) {
            l->failed = true;
            return;
        }
        buf_put_byte(&l->word, l->text.data[l->at++]);
    }
}

static void take_nested(struct lexer *l, char end, int depth);

/* One unit inside or outside of double quotes: an escape, a quote, an expansion, a plain byte. */
static void take_unit(struct lexer *l, bool quoted, int depth)
{
    int c = peek(l, 0), next = peek(l, 1);

    if (depth > NESTING_MOST) {
        l->failed = true;
    } else if (c == '\\' && next == '\n') {
        l->at += 2;
    } else if (c == '\\') {
        copy(l, 2);
    } else if (c == '\'' && !quoted) {
        do
            copy(l, 1);
        while (!l->failed && peek(l, 0) != '\'');
        copy(l, 1);
    } else if (c == '"' && !quoted) {
        copy(l, 1);
        while (!l->failed && peek(l, 0) != '"')
            take_unit(l, true, depth + 1);
        copy(l, 1);
    } else if (c == '`') {
        copy(l, 1);
        while (!l->failed && peek(l, 0) != '`')
            copy(l, peek(l, 0) == '\\' ? 2 : 1);
        copy(l, 1);
    } else if (c == '$' && next == '#') {
        copy(l, 2);
    } else if (c == '$' && next == '(') {
        copy(l, 2);
        take_nested(l, ')', depth + 1);
    } else if (c == '$' && next == '{') {
        copy(l, 2);
        while (!l->failed && peek(l, 0) != '}')
            take_unit(l, quoted, depth + 1);
        copy(l, 1);
    } else {
        copy(l, 1);
    }
}

/* After "$(": to its closing parenthesis. Comments inside could hide one: refused. */
static void take_nested(struct lexer *l, char end, int depth)
{
    while (!l->failed && peek(l, 0) != end) {
        int c = peek(l, 0);
        if (c == '(') {
            copy(l, 1);
            take_nested(l, ')', depth + 1);
        } else if (c == '#') {
            l->failed = true;
        } else {
            take_unit(l, false, depth + 1);
        }
    }
    copy(l, 1);
}

static bool is_break(int c)
{
    return c < 0 || strchr(" \t\n;&|()<>", c);
}

static const char *source_line(const struct lexer *l, size_t at)
{
    size_t from = at;

    while (from > 0 && l->text.data[from - 1] != '\n')
        from--;
    struct slice rest = slice_sub(l->text, from, l->text.length), line;
    return slice_take_line(&rest, &line) ? slice_string(l->arena, slice_trim(line)) : "";
}

static const char *const operators[] = {"&&", "||", ";;", ";", "|", "(", ")"};
/* Longest first; a here-document is none of them. */
static const char *const redirects[] = {">>", ">&", "<&", ">|", ">", "<"};

static const char *take_one_of(struct lexer *l, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(list[i]);
        if (l->text.length - l->at >= length &&
            memcmp(l->text.data + l->at, list[i], length) == 0) {
            l->at += length;
            return list[i];
        }
    }
    return NULL;
}

static bool all_digits(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static void put(struct lexer *l, struct shell_tokens *out, enum shell_token_kind kind,
                const char *text, size_t from)
{
    if (out->count >= TOKENS_MOST) {
        l->failed = true;
        return;
    }
    arena_push(l->arena, out->items, out->count, out->capacity);
    out->items[out->count++] = (struct shell_token){kind, text, source_line(l, from)};
}

static void take_word(struct lexer *l, struct shell_tokens *out)
{
    size_t from = l->at;

    l->word.length = 0;
    while (!l->failed && !is_break(peek(l, 0)))
        take_unit(l, false, 0);
    const char *text = arena_strndup(l->arena, l->word.data ? l->word.data : "", l->word.length);
    if (!*text)
        return; /* nothing but a continued line */
    if (all_digits(text) && (peek(l, 0) == '>' || peek(l, 0) == '<')) {
        const char *redirect = take_one_of(l, redirects, array_count(redirects));
        put(l, out, TOKEN_REDIRECT, redirect, from);
        return;
    }
    put(l, out, TOKEN_WORD, text, from);
}

/* The lines up to the delimiter. Text of a bare delimiter is expanded: what could run is refused.
 */
static void skip_here(struct lexer *l, const char *delimiter, bool tabs)
{
    bool quoted = strpbrk(delimiter, "'\"\\") != NULL;
    struct slice rest = slice_sub(l->text, l->at, l->text.length), line;
    char *end = arena_strdup(l->arena, delimiter), *to = end;

    for (const char *c = delimiter; *c; c++)
        if (!strchr("'\"\\", *c))
            *to++ = *c;
    *to = '\0';
    while (slice_take_line(&rest, &line)) {
        while (tabs && line.length && line.data[0] == '\t')
            line = slice_sub(line, 1, line.length);
        if (slice_is(line, end)) {
            l->at = l->text.length - rest.length;
            return;
        }
        l->failed |= !quoted && (slice_find_byte(line, '`') < line.length ||
                                 slice_find(line, "$(") < line.length);
    }
    l->failed = true;
}

/* <<WORD as a redirection from /dev/null, for what it does. */
static void take_here(struct lexer *l, struct shell_tokens *out)
{
    size_t from = l->at;
    bool tabs = peek(l, 2) == '-';

    l->at += tabs ? 3 : 2;
    while (peek(l, 0) == ' ')
        l->at++;
    l->word.length = 0;
    while (!l->failed && !is_break(peek(l, 0)))
        take_unit(l, false, 0);
    if (!l->word.length || l->here_count == array_count(l->here)) {
        l->failed = true;
        return;
    }
    l->here[l->here_count] = arena_strndup(l->arena, l->word.data, l->word.length);
    l->here_tabs[l->here_count++] = tabs;
    put(l, out, TOKEN_REDIRECT, "<", from);
    put(l, out, TOKEN_WORD, "/dev/null", from);
}

static void take_token(struct lexer *l, struct shell_tokens *out)
{
    size_t from = l->at;
    int c = peek(l, 0);
    const char *text;

    if (c == ' ' || c == '\t') {
        l->at++;
    } else if (c == '\n') {
        l->at++;
        put(l, out, TOKEN_NEWLINE, "\n", from);
        for (size_t i = 0; i < l->here_count; i++)
            skip_here(l, l->here[i], l->here_tabs[i]);
        l->here_count = 0;
    } else if (c == '#') {
        while (peek(l, 0) >= 0 && peek(l, 0) != '\n')
            l->at++;
    } else if (c == '<' && peek(l, 1) == '<') {
        take_here(l, out);
    } else if ((text = take_one_of(l, operators, array_count(operators)))) {
        put(l, out, TOKEN_OPERATOR, text, from);
    } else if ((text = take_one_of(l, redirects, array_count(redirects)))) {
        put(l, out, TOKEN_REDIRECT, text, from);
    } else if (c == '&') {
        l->failed = true; /* a background job */
    } else {
        take_word(l, out);
    }
}

static void lexer_release(struct lexer *l)
{
    buf_release(&l->word);
}

bool shell_lex(struct arena *arena, struct slice text, struct shell_tokens *out, const char **why)
{
    struct lexer l scoped(lexer_release) = {.arena = arena, .text = text};
    size_t from = 0;

    *out = (struct shell_tokens){0};
    for (size_t i = 0; i < text.length && !l.failed; i++)
        l.failed =
            (unsigned char)text.data[i] < ' ' && text.data[i] != '\n' && text.data[i] != '\t';
    while (!l.failed && l.at < text.length) {
        from = l.at;
        take_token(&l, out);
    }
    if (l.failed) {
        *why = source_line(&l, from);
        return false;
    }
    put(&l, out, TOKEN_END, "", text.length);
    return true;
}
