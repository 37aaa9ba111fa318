#include "patch/script.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "patch/script_state.h"

static const char *const kind_names[] = {"preinst", "postinst", "prerm", "postrm"};

const char *script_kind_name(enum script_kind kind)
{
    return kind_names[kind];
}

bool script_kind_find(const char *name, enum script_kind *out)
{
    for (size_t i = 0; i < array_count(kind_names); i++)
        if (strcmp(name, kind_names[i]) == 0) {
            *out = (enum script_kind)i;
            return true;
        }
    return false;
}

/* Lines of debhelper's own blocks. %w takes one plain word (quotes around it taken off), %* the
 * rest of plain words; both hold no byte that the shell would expand. */
enum line_meaning {
    LINE_NOTHING, /* control flow, or of no effect in an image (no systemd is running) */
    LINE_MAINTSCRIPT,
    LINE_UNIT,
    LINE_TMPFILES,
    LINE_SYSUSERS,
    LINE_ALTERNATIVE,
    LINE_BYTECODE,
};

struct block_line {
    const char *pattern;
    enum line_meaning meaning;
};

#define WHEN_CONFIGURE                                                                             \
    "if [ \"$1\" = \"configure\" ] || [ \"$1\" = \"abort-upgrade\" ] || [ \"$1\" = "               \
    "\"abort-deconfigure\" ] || [ \"$1\" = \"abort-remove\" ] ; then"

static const struct block_line block_lines[] = {
    {"dpkg-maintscript-helper %*", LINE_MAINTSCRIPT},
    {WHEN_CONFIGURE, LINE_NOTHING},
    {"if [ \"$1\" = \"configure\" ]; then", LINE_NOTHING},
    {"if [ \"$1\" = \"purge\" ]; then", LINE_NOTHING},
    {"if [ \"$1\" = \"purge\" ] ; then", LINE_NOTHING},
    {"if [ \"$1\" = remove ] && [ -d /run/systemd/system ] ; then", LINE_NOTHING},
    {"if [ \"$1\" = \"remove\" ]; then", LINE_NOTHING},
    {"if [ \"$1\" = \"remove\" ] ; then", LINE_NOTHING},
    {"if [ -z \"${DPKG_ROOT:-}\" ] && [ \"$1\" = remove ] && [ -d /run/systemd/system ] ; then",
     LINE_NOTHING},
    {"if [ -z \"${DPKG_ROOT:-}\" ] && [ \"$1\" = remove ] && [ -x %w ] ; then", LINE_NOTHING},
    {"if [ -z \"${DPKG_ROOT:-}\" ] && [ \"$1\" = \"remove\" ] && [ -x %w ] ; then", LINE_NOTHING},
    {"if [ -z \"${DPKG_ROOT:-}\" ] && [ -x %w ]; then", LINE_NOTHING},
    {"if [ \"$1\" = purge ] && [ -e /usr/share/debconf/confmodule ]; then", LINE_NOTHING},
    {"if [ -d /run/systemd/system ]; then", LINE_NOTHING},
    {"if [ -n \"$2\" ]; then", LINE_NOTHING},
    {"if [ -x \"/usr/bin/deb-systemd-helper\" ]; then", LINE_NOTHING},
    {"if [ -x \"$(command -v systemd-tmpfiles)\" ]; then", LINE_NOTHING},
    {"if deb-systemd-helper --quiet was-enabled %w; then", LINE_UNIT},
    {"if deb-systemd-helper debian-installed %w; then", LINE_UNIT},
    {"deb-systemd-helper unmask %w >/dev/null || true", LINE_UNIT},
    {"deb-systemd-helper enable %w >/dev/null || true", LINE_UNIT},
    {"deb-systemd-helper update-state %w >/dev/null || true", LINE_UNIT},
    {"deb-systemd-helper purge %* >/dev/null || true", LINE_NOTHING},
    {"deb-systemd-helper mask %* >/dev/null || true", LINE_NOTHING},
    {"deb-systemd-helper unmask %* >/dev/null || true", LINE_NOTHING},
    {"systemctl --system daemon-reload >/dev/null || true", LINE_NOTHING},
    {"deb-systemd-invoke $_dh_action %* >/dev/null || true", LINE_NOTHING},
    {"deb-systemd-invoke stop %* >/dev/null || true", LINE_NOTHING},
    {"_dh_action=restart", LINE_NOTHING},
    {"_dh_action=try-restart", LINE_NOTHING},
    {"_dh_action=start", LINE_NOTHING},
    {"systemd-tmpfiles ${DPKG_ROOT:+--root=\"$DPKG_ROOT\"} --create %w >/dev/null || true",
     LINE_TMPFILES},
    {"systemd-tmpfiles ${DPKG_ROOT:+--root=\"$DPKG_ROOT\"} --create %w || true", LINE_TMPFILES},
    {"systemd-sysusers ${DPKG_ROOT:+--root=\"$DPKG_ROOT\"} %w", LINE_SYSUSERS},
    {"update-alternatives --install %w %w %w %*", LINE_ALTERNATIVE},
    {"if command -v py3compile >/dev/null 2>&1; then", LINE_NOTHING},
    {"py3compile -p %*", LINE_BYTECODE},
    {"if command -v pypy3compile >/dev/null 2>&1; then", LINE_NOTHING},
    {"pypy3compile -p %* || true", LINE_BYTECODE},
    {"if command -v py3clean >/dev/null 2>&1; then", LINE_NOTHING},
    {"py3clean -p %*", LINE_BYTECODE},
    {". /usr/share/debconf/confmodule", LINE_NOTHING},
    {"db_purge", LINE_NOTHING},
    {"set -e", LINE_NOTHING},
    {"else", LINE_NOTHING},
    {"fi", LINE_NOTHING},
};

static bool plain_byte(char c)
{
    return isalnum((unsigned char)c) || strchr("@._+:/~%=,\\-", c);
}

/* A word without its quotes and backslashes; false if it holds what the shell would expand. */
static bool take_plain(struct arena *arena, struct slice *text, const char **out)
{
    struct slice word;
    char clean[512];
    size_t length = 0;

    if (!slice_take_word(text, &word) || word.length >= sizeof(clean))
        return false;
    if (word.length >= 2 && (word.data[0] == '\'' || word.data[0] == '"') &&
        word.data[word.length - 1] == word.data[0])
        word = slice_sub(word, 1, word.length - 2);
    for (size_t i = 0; i < word.length; i++) {
        if (!plain_byte(word.data[i]))
            return false;
        if (word.data[i] != '\\')
            clean[length++] = word.data[i];
    }
    *out = arena_strndup(arena, clean, length);
    return true;
}

static bool match_line(struct arena *arena, const char *pattern, struct slice line,
                       struct words *words)
{
    words->count = 0;
    while (*pattern) {
        if (pattern[0] == '%' && (pattern[1] == 'w' || pattern[1] == '*')) {
            const char *after = pattern + 2;
            struct slice part = line;
            if (*after) {
                size_t at = slice_find(line, after);
                if (at == line.length)
                    return false;
                if (pattern[1] == 'w') {
                    char stop[2] = {*after, 0};
                    at = slice_find(line, stop);
                }
                part = slice_sub(line, 0, at);
            }
            line = slice_sub(line, part.length, line.length);
            size_t limit = pattern[1] == 'w' ? words->count + 1 : WORDS_MOST;
            while (slice_trim(part).length) {
                if (words->count >= limit || words->count >= WORDS_MOST)
                    return false;
                if (slice_is(slice_trim(part), "\"$@\"")) {
                    words->items[words->count++] = "\"$@\"";
                    break;
                }
                if (!take_plain(arena, &part, &words->items[words->count]))
                    return false;
                words->count++;
            }
            pattern = after;
            continue;
        }
        if (!line.length || line.data[0] != *pattern)
            return false;
        line = slice_sub(line, 1, line.length);
        pattern++;
    }
    return line.length == 0;
}

void review_act(struct reviewer *r, struct script_action action)
{
    arena_push(r->arena, r->actions, r->count, r->capacity);
    r->actions[r->count++] = action;
}

/* It acts below a version if one is given, else by what is on the disk. */
bool review_maintscript(struct reviewer *r, const struct words *w)
{
    size_t stop = 0;

    while (stop < w->count && strcmp(w->items[stop], "--") != 0 &&
           strcmp(w->items[stop], "\"$@\"") != 0)
        stop++;
    if (stop == w->count || stop < 2)
        return false;
    const char *verb = w->items[0], *version = NULL, *path = w->items[1];
    bool to_symlink = strcmp(verb, "dir_to_symlink") == 0;
    bool to_dir = strcmp(verb, "symlink_to_dir") == 0;
    if (strcmp(verb, "supports") == 0)
        return false;
    if (strcmp(verb, "rm_conffile") == 0) {
        if (stop > 2)
            version = w->items[2];
    } else if (strcmp(verb, "mv_conffile") == 0 || to_symlink || to_dir) {
        if (stop > 3)
            version = w->items[3];
    } else {
        return false;
    }
    if (version && *version)
        review_act(r, (struct script_action){.verb = DO_NOT_BEFORE, .a = version, .b = "le"});
    else
        review_act(r, (struct script_action){.verb = to_symlink ? DO_NOT_DIRECTORY
                                                     : to_dir   ? DO_NOT_SYMLINK
                                                                : DO_NOT_THERE,
                                             .a = path});
    return true;
}

static bool mean(struct reviewer *r, enum line_meaning meaning, struct words *w)
{
    switch (meaning) {
    case LINE_NOTHING:
        return true;
    case LINE_MAINTSCRIPT:
        return review_maintscript(r, w);
    case LINE_UNIT:
        review_act(r, (struct script_action){.verb = DO_UNIT, .a = w->items[0]});
        return true;
    case LINE_TMPFILES:
        review_act(r, (struct script_action){.verb = DO_TMPFILES, .a = w->items[0]});
        return true;
    case LINE_SYSUSERS:
        review_act(r, (struct script_action){.verb = DO_SYSUSERS, .a = w->items[0]});
        return true;
    case LINE_ALTERNATIVE:
        review_act(r, (struct script_action){
                          .verb = DO_NEED_ALTERNATIVE, .a = w->items[1], .b = w->items[2]});
        return true;
    case LINE_BYTECODE:
        review_act(r, (struct script_action){.verb = DO_BYTECODE});
        return true;
    }
    return false;
}

static bool block_line(struct reviewer *r, struct slice line)
{
    struct words words;

    for (size_t i = 0; i < array_count(block_lines); i++)
        if (match_line(r->arena, block_lines[i].pattern, line, &words))
            return mean(r, block_lines[i].meaning, &words);
    return false;
}

static bool is_boilerplate(struct slice line)
{
    return !line.length || line.data[0] == '#' || slice_is(line, "set -e") ||
           slice_is(line, "exit 0") || slice_is(line, ":");
}

/* What stays equal between versions of a script that do the same. */
static void put_normal(struct buf *out, struct slice line)
{
    if (slice_has_prefix(line, "priority=") && line.length < 16) {
        buf_put_text(out, "priority=N\n");
        return;
    }
    struct slice word;
    bool first = true;
    while (slice_take_word(&line, &word)) {
        if (!first)
            buf_put_byte(out, ' ');
        buf_put_slice(out, word);
        first = false;
    }
    buf_put_byte(out, '\n');
}

static bool kind_listed(const char *kinds, enum script_kind kind)
{
    struct slice rest = slice_of(kinds), word;

    while (slice_take_word(&rest, &word))
        if (slice_is(word, kind_names[kind]))
            return true;
    return false;
}

static bool find_row(struct reviewer *r, const char *package, enum script_kind kind,
                     const char *digest)
{
    for (size_t i = 0; i < script_row_count; i++) {
        const struct script_row *row = &script_rows[i];
        if (strcmp(row->digest, digest) != 0 || !kind_listed(row->kinds, kind) ||
            (strcmp(row->package, "*") != 0 && strcmp(row->package, package) != 0))
            continue;
        for (size_t a = 0; a < array_count(row->actions) && row->actions[a].a; a++)
            review_act(r, row->actions[a]);
        return true;
    }
    return false;
}

static bool review_by_hand(struct reviewer *r, const char *package, enum script_kind kind,
                           struct slice text, struct script_review *out)
{
    struct buf rest scoped(buf_release) = {0};
    struct slice line, first = {0};
    bool block = false;

    while (slice_take_line(&text, &line)) {
        line = slice_trim(line);
        if (slice_has_prefix(line, "# Automatically added by ")) {
            block = true;
        } else if (slice_has_prefix(line, "# End automatically added section")) {
            block = false;
        } else if (block) {
            if (is_boilerplate(line) || block_line(r, line))
                continue;
            out->why = slice_string(r->arena, line);
            return false;
        } else if (!is_boilerplate(line)) {
            if (!first.data)
                first = line;
            put_normal(&rest, line);
        }
    }
    if (!rest.length)
        return true;
    digest_of(rest.data, rest.length, out->digest);
    out->why = slice_string(r->arena, first);
    return find_row(r, package, kind, out->digest);
}

void script_review(struct arena *arena, const char *package, enum script_kind kind,
                   struct slice text, struct script_review *out)
{
    struct reviewer by_hand = {.arena = arena}, by_rule = by_hand, *r = &by_hand;
    const char *why = NULL;

    *out = (struct script_review){0};
    out->known = review_by_hand(r, package, kind, text, out);
    if (!out->known) {
        r = &by_rule;
        out->known = script_evaluate(r, package, kind, text, &why);
        out->why = why ? why : out->why;
    }
    out->actions = r->actions;
    out->action_count = out->known ? r->count : 0;
}
