/* The commands of maintainer scripts whose effect on an upgrade inside an image is known: none, or
 * an action. Everything else fails by its line. */
#include <ctype.h>
#include <string.h>

#include "patch/script_eval.h"

const char *call_word(const struct call *c, size_t i)
{
    return i < c->count && c->words[i].known ? c->words[i].text : "";
}

bool call_is(const struct call *c, size_t i, const char *text)
{
    return strcmp(call_word(c, i), text) == 0;
}

struct outcome call_unknown(const struct call *c)
{
    eval_fail(c->e, c->node->line);
    return outcome_open();
}

/* All words are certain from `from` on. */
bool call_certain(const struct call *c, size_t from)
{
    for (size_t i = from; i < c->count; i++)
        if (!c->words[i].known || strstr(c->words[i].text, SOME_VERSION))
            return false;
    return true;
}

struct outcome call_act(const struct call *c, struct script_action action)
{
    review_act(c->e->r, action);
    return outcome_open();
}

static struct outcome none(const struct call *c)
{
    (void)c;
    return outcome_of(true);
}

struct outcome outcome_if(const struct script_action *no, const struct script_action *yes)
{
    struct outcome out = outcome_open();

    out.has_no = no != NULL;
    out.has_yes = yes != NULL;
    if (no)
        out.no = *no;
    if (yes)
        out.yes = *yes;
    return out;
}

/* Only says something: whatever it says, nothing changes. */
static struct outcome asks(const struct call *c)
{
    (void)c;
    return outcome_open();
}

static struct outcome leave(const struct call *c)
{
    struct evaluation *e = c->e;

    bool returns = call_is(c, 0, "return");

    if (!e->open && returns)
        e->returned = true;
    else if (!e->open)
        e->stopped = true;
    else if (returns || !call_certain(c, 1) || c->count < 2 || call_is(c, 1, "0")) {
        /* Perhaps left: all that follows is open too. A failing exit would end the upgrade. */
        e->open++;
        e->open_returns += returns;
    }
    return outcome_of(true);
}

/* Where all ways are looked at, leaving a loop early is one of them. */
static struct outcome jump(const struct call *c)
{
    return c->e->open ? outcome_of(true) : call_unknown(c);
}

static struct outcome shift(const struct call *c)
{
    for (size_t i = 0; i < array_count(c->e->arguments); i++)
        c->e->arguments[i] = (struct value){.text = "", .known = false};
    return outcome_open();
}

/* Options only: `set --` would change $1 and what it decides. */
static struct outcome set(const struct call *c)
{
    for (size_t i = 1; i < c->count; i++) {
        bool named = i > 1 && (call_is(c, i - 1, "-o") || call_is(c, i - 1, "+o"));
        if (!c->words[i].known || call_is(c, i, "--") || call_is(c, i, "-") ||
            (!named && call_word(c, i)[0] != '-' && call_word(c, i)[0] != '+'))
            return call_unknown(c);
    }
    return outcome_of(true);
}

static struct outcome read_names(const struct call *c)
{
    for (size_t i = 1; i < c->count; i++) {
        if (!c->words[i].known)
            return call_unknown(c);
        eval_assign(c->e, call_word(c, i), &(struct value){.known = false});
    }
    return outcome_open();
}

static struct outcome test(const struct call *c)
{
    size_t end = c->count;

    if (call_is(c, 0, "[")) {
        if (!call_is(c, end - 1, "]"))
            return call_unknown(c);
        end--;
    }
    return eval_test(c->words + 1, end - 1);
}

/* Owner and mode of one path; only where it certainly runs. */
static struct outcome dress(const struct call *c)
{
    const char *what = call_word(c, 1), *path = call_word(c, 2);
    bool owner = call_is(c, 0, "chown");

    if (c->e->open || c->count != 3 || !call_certain(c, 1) || path[0] != '/' || strstr(path, ".."))
        return call_unknown(c);
    struct script_action action = {.verb = DO_OWN, .a = path, .b = owner ? what : ""};
    if (owner ? !strchr(what, ':') || what[0] == ':' || what[0] == '-' || !strchr(what, ':')[1]
              : !*what || what[strspn(what, "01234567")] || strlen(what) > 4)
        return call_unknown(c);
    for (const char *digit = what; !owner && *digit; digit++)
        action.mode = action.mode * 8 + (uint32_t)(*digit - '0');
    return !owner && !action.mode ? call_unknown(c) : call_act(c, action);
}

static struct outcome bytecode(const struct call *c)
{
    return call_act(c, (struct script_action){.verb = DO_BYTECODE, .a = ""});
}

static bool call_is_path(const char *text)
{
    return text[0] == '/' && !strstr(text, "..") && !strstr(text, SOME_VERSION);
}

/* rm, rmdir: of something that is not there. */
static struct outcome take_away(const struct call *c)
{
    if (!call_certain(c, 1))
        return call_unknown(c);
    for (size_t i = 1; i < c->count; i++) {
        const char *path = call_word(c, i);
        if (path[0] == '-')
            continue;
        if (!call_is_path(path))
            return call_unknown(c);
        if (slice_has_suffix(slice_of(path), "/__pycache__"))
            bytecode(c);
        else
            call_act(c, (struct script_action){.verb = DO_NOT_THERE, .a = path});
    }
    return outcome_open();
}

/* mkdir -p: of something that is there. */
static struct outcome make(const struct call *c)
{
    if (!call_certain(c, 1) || !call_is(c, 1, "-p"))
        return call_unknown(c);
    for (size_t i = 2; i < c->count; i++) {
        if (!call_is_path(call_word(c, i)))
            return call_unknown(c);
        call_act(c, (struct script_action){.verb = DO_NEED_PATH, .a = call_word(c, i)});
    }
    return outcome_open();
}

static struct outcome variables(const struct call *c)
{
    for (size_t i = 1; i < c->count; i++) {
        const char *text = call_word(c, i), *equals = strchr(text, '=');
        if (!c->words[i].known)
            return call_unknown(c);
        struct value value = {.text = equals ? equals + 1 : "", .known = equals != NULL};
        const char *name =
            equals ? arena_strndup(c->e->r->arena, text, (size_t)(equals - text)) : text;
        if (name[0] != '-')
            eval_assign(c->e, name, &value);
    }
    return outcome_of(true);
}

static struct outcome ldconfig(const struct call *c)
{
    for (size_t i = 1; i < c->count; i++)
        if (!call_is(c, i, "-r") && !call_is(c, i, "--verbose") && !call_is(c, i, "/"))
            return call_unknown(c);
    return outcome_of(true);
}

static struct outcome touch(const struct call *c)
{
    if (c->count != 2 || !call_certain(c, 1) || !call_is_path(call_word(c, 1)))
        return call_unknown(c);
    return call_act(c, (struct script_action){.verb = DO_NEED_PATH, .a = call_word(c, 1)});
}

static const struct {
    const char *name;
    struct outcome (*run)(const struct call *c);
} table[] = {
    {":", none},
    {"true", none},
    {"set", set},
    {"echo", none},
    {"printf", none},
    {"umask", none},
    {"false", asks},
    {"exit", leave},
    {"return", leave},
    {"shift", shift},
    {"[", test},
    {"test", test},
    {"dpkg", call_dpkg},
    {"dpkg-divert", call_list_only},
    {"dpkg-statoverride", call_statoverride},
    {"dpkg-query", asks},
    {"dpkg-vendor", asks},
    {"command", call_command},
    {"which", call_command},
    {"getent", call_getent},
    {"id", asks},
    {"grep", asks},
    {"egrep", asks},
    {"fgrep", asks},
    {"cmp", asks},
    {"readlink", asks},
    {"basename", asks},
    {"dirname", asks},
    {"uname", asks},
    {"cut", asks},
    {"head", asks},
    {"tail", asks},
    {"cat", asks},
    {"wc", asks},
    {"ls", asks},
    {"stat", asks},
    {"md5sum", asks},
    {"sha256sum", asks},
    {"mountpoint", asks},
    {"ischroot", asks},
    {"adduser", call_adduser},
    {"addgroup", call_adduser},
    {"update-alternatives", call_alternatives},
    {"update-rc.d", call_rc},
    {"invoke-rc.d", asks},
    {"deb-systemd-invoke", asks},
    {"deb-systemd-helper", call_unit_helper},
    {"systemctl", call_systemctl},
    {"systemd-tmpfiles", call_set_up},
    {"systemd-sysusers", call_set_up},
    {"py3compile", bytecode},
    {"pypy3compile", bytecode},
    {"py3clean", bytecode},
    {"rm", take_away},
    {"rmdir", take_away},
    {"mkdir", make},
    {"dpkg-maintscript-helper", call_maintscript},
    {"dpkg-trigger", call_trigger},
    {"pam-auth-update", call_pam},
    {".", call_source},
    {"export", variables},
    {"local", variables},
    {"unset", variables},
    {"break", jump},
    {"continue", jump},
    {"sed", call_filter},
    {"awk", call_filter},
    {"xargs", call_xargs},
    {"find", call_find},
    {"tr", asks},
    {"sort", call_sort},
    {"uniq", call_sort},
    {"ss", asks},
    {"expr", asks},
    {"chown", dress},
    {"chmod", dress},
    {"touch", touch},
    {"update-shells", call_shells},
    {"read", read_names},
    {"ldconfig", ldconfig},
};

static bool is_debconf(const char *name)
{
    static const char *const verbs[] = {
        "db_input",    "db_go",       "db_get",       "db_set",  "db_fset",     "db_fget",
        "db_version",  "db_title",    "db_stop",      "db_capb", "db_register", "db_settitle",
        "db_subst",    "db_metaget",  "db_reset",     "db_info", "db_purge",    "db_beginblock",
        "db_endblock", "db_progress", "db_unregister"};

    for (size_t i = 0; i < array_count(verbs); i++)
        if (strcmp(verbs[i], name) == 0)
            return true;
    return false;
}

static bool assignment(const char *word, size_t *name_length)
{
    size_t n = 0;

    while (isalnum((unsigned char)word[n]) || word[n] == '_')
        n++;
    *name_length = n;
    return n && word[n] == '=' && !isdigit((unsigned char)word[0]);
}

struct outcome eval_command(struct evaluation *e, const struct shell_node *node)
{
    struct call c = {.e = e, .node = node};
    size_t at = 0, length;

    for (; at < node->count && assignment(node->words[at], &length); at++) {
        struct value value = eval_word(e, node->words[at] + length + 1);
        if (at + 1 < node->count)
            value.known = false; /* perhaps only for the command after it */
        eval_assign(e, arena_strndup(e->r->arena, node->words[at], length), &value);
    }
    if (at == node->count)
        return outcome_of(true);
    const char *name = node->words[at];
    for (; at < node->count && c.count < ARGUMENTS_MOST; at++) {
        struct value value = eval_word(e, node->words[at]);
        if (!value.vanishes)
            c.words[c.count++] = value;
    }
    if (e->why || at < node->count)
        return call_unknown(&c);
    for (size_t i = 0; i < array_count(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].run(&c);
    if (call_compiles(&c))
        return bytecode(&c);
    if (!is_debconf(name))
        return call_unknown(&c);
    eval_assign(e, "RET", &(struct value){.known = false});
    return outcome_open();
}
