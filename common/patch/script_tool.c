/* Commands of dpkg, systemd and the base system that maintainer scripts call. */
#include <string.h>

#include "patch/script_eval.h"

/* dpkg --compare-versions "$2" OP VERSION: "$2" is the version that we come from. */
static struct outcome compare(const struct call *c)
{
    const char *operator= call_word(c, 3);
    bool from_old = c->e->kind == SCRIPT_PREINST || c->e->kind == SCRIPT_POSTINST;
    const char *version = call_word(c, 4);

    if (c->count != 5 || !call_is(c, 2, SOME_VERSION) || !from_old || !*version ||
        strstr(version, SOME_VERSION))
        return outcome_open();
    struct script_action before = {.verb = DO_NOT_BEFORE, .a = version};
    struct script_action up_to = {.verb = DO_NOT_BEFORE, .a = version, .b = "le"};
    if (strcmp(operator, "lt") == 0 || strcmp(operator, "lt-nl") == 0 ||
        strcmp(operator, "<<") == 0)
        return outcome_if(&before, NULL);
    if (strcmp(operator, "le") == 0 || strcmp(operator, "le-nl") == 0 ||
        strcmp(operator, "<=") == 0)
        return outcome_if(&up_to, NULL);
    if (strcmp(operator, "ge") == 0 || strcmp(operator, "ge-nl") == 0)
        return outcome_if(NULL, &before);
    if (strcmp(operator, "gt") == 0 || strcmp(operator, "gt-nl") == 0)
        return outcome_if(NULL, &up_to);
    return outcome_open();
}

struct outcome call_dpkg(const struct call *c)
{
    static const char *const harmless[] = {
        "-s",       "-l",    "-L", "-S", "--status", "--listfiles", "--print-architecture",
        "--search", "--list"};

    if (call_is(c, 1, "--compare-versions"))
        return compare(c);
    for (size_t i = 0; i < array_count(harmless); i++)
        if (call_is(c, 1, harmless[i]))
            return outcome_open();
    return call_unknown(c);
}

struct outcome call_command(const struct call *c)
{
    size_t at = call_is(c, 0, "command") ? 2 : 1;

    if (at == 2 && !call_is(c, 1, "-v"))
        return call_unknown(c);
    if (c->count != at + 1 || !*call_word(c, at) || strchr(call_word(c, at), '/'))
        return outcome_open();
    struct script_action no = {.verb = DO_NOT_COMMAND, .a = call_word(c, at)};
    return outcome_if(&no, NULL);
}

struct outcome call_getent(const struct call *c)
{
    bool group = call_is(c, 1, "group"), user = call_is(c, 1, "passwd");

    if (c->count != 3 || !*call_word(c, 2) || (!group && !user))
        return outcome_open();
    struct script_action yes = {.verb = group ? DO_NEED_GROUP : DO_NEED_USER, .a = call_word(c, 2)};
    return outcome_if(NULL, &yes);
}

/* adduser --system, addgroup --system: nothing happens if the name is there. */
struct outcome call_adduser(const struct call *c)
{
    static const char *const taking[] = {"--home",    "--shell",    "--uid",
                                         "--gid",     "--ingroup",  "--gecos",
                                         "--comment", "--firstuid", "--lastuid"};
    const char *name = NULL;
    bool system = false, group = call_is(c, 0, "addgroup");

    if (!call_certain(c, 1))
        return call_unknown(c);
    for (size_t i = 1; i < c->count; i++) {
        bool takes = false;
        for (size_t j = 0; j < array_count(taking); j++)
            takes |= call_is(c, i, taking[j]);
        system |= call_is(c, i, "--system");
        if (call_word(c, i)[0] != '-' && name)
            return call_unknown(c); /* adduser USER GROUP */
        if (call_word(c, i)[0] != '-')
            name = call_word(c, i);
        i += takes;
    }
    if (!system || !name)
        return call_unknown(c);
    return call_act(
        c, (struct script_action){.verb = group ? DO_NEED_GROUP : DO_NEED_USER, .a = name});
}

struct outcome call_alternatives(const struct call *c)
{
    size_t at = 1;

    while (call_is(c, at, "--quiet") || call_is(c, at, "--force"))
        at++;
    if (call_is(c, at, "--list") || call_is(c, at, "--query") || call_is(c, at, "--display"))
        return outcome_open();
    if (call_is(c, at, "--auto") && strchr(call_word(c, at + 1), '/'))
        return outcome_open(); /* no name of an alternative: an error */
    if (!call_is(c, at, "--install") || !call_certain(c, at) || c->count < at + 5)
        return call_unknown(c);
    return call_act(c, (struct script_action){.verb = DO_NEED_ALTERNATIVE,
                                              .a = call_word(c, at + 2),
                                              .b = call_word(c, at + 3)});
}

struct outcome call_rc(const struct call *c)
{
    if (!call_certain(c, 1) || (!call_is(c, 2, "defaults") && !call_is(c, 2, "defaults-disabled")))
        return call_unknown(c);
    return call_act(c, (struct script_action){.verb = DO_NEED_RC, .a = call_word(c, 1)});
}

struct outcome call_unit_helper(const struct call *c)
{
    size_t at = call_is(c, 1, "--quiet") ? 2 : 1;

    static const char *const verbs[] = {"enable", "unmask", "update-state", "was-enabled",
                                        "debian-installed"};
    bool known = false;
    for (size_t i = 0; i < array_count(verbs); i++)
        known |= call_is(c, at, verbs[i]);
    if (!known || !call_certain(c, at) || c->count <= at + 1)
        return call_unknown(c);
    for (size_t i = at + 1; i < c->count; i++)
        call_act(c, (struct script_action){.verb = DO_UNIT, .a = call_word(c, i)});
    return outcome_open();
}

/* systemctl: no systemd runs in an image; what changes files is not among these. */
struct outcome call_systemctl(const struct call *c)
{
    static const char *const verbs[] = {"daemon-reload", "daemon-reexec",     "start",  "stop",
                                        "restart",       "try-restart",       "reload", "is-active",
                                        "is-enabled",    "reload-or-restart", "kill"};

    for (size_t i = 1; i < c->count; i++)
        for (size_t j = 0; j < array_count(verbs); j++)
            if (call_is(c, i, verbs[j]))
                return outcome_open();
    return call_unknown(c);
}

struct outcome call_set_up(const struct call *c)
{
    enum script_verb verb = call_is(c, 0, "systemd-tmpfiles") ? DO_TMPFILES : DO_SYSUSERS;
    size_t names = 0;

    if (!call_certain(c, 1))
        return call_unknown(c);
    for (size_t i = 1; i < c->count; i++)
        if (call_word(c, i)[0] != '-') {
            call_act(c, (struct script_action){.verb = verb, .a = call_word(c, i)});
            names++;
        } else if (!call_is(c, i, "--create")) {
            return call_unknown(c);
        }
    return names ? outcome_open() : call_unknown(c);
}

struct outcome call_maintscript(const struct call *c)
{
    struct words words = {0};

    if (call_is(c, 1, "supports"))
        return outcome_of(true);
    for (size_t i = 1; i < c->count && words.count < WORDS_MOST; i++)
        words.items[words.count++] = c->words[i].splits ? "\"$@\"" : call_word(c, i);
    return review_maintscript(c->e->r, &words) ? outcome_of(true) : call_unknown(c);
}

struct outcome call_trigger(const struct call *c)
{
    size_t at = 1;

    while (call_word(c, at)[0] == '-')
        at++;
    if (!call_certain(c, 1) || c->count != at + 1)
        return call_unknown(c);
    return call_act(c, (struct script_action){.verb = DO_TRIGGER, .a = call_word(c, at)});
}

struct outcome call_pam(const struct call *c)
{
    if (c->count != 2 || !call_is(c, 1, "--package"))
        return call_unknown(c);
    call_act(c, (struct script_action){.verb = DO_KEEP_BELOW, .a = "/usr/share/pam-configs"});
    return call_act(c, (struct script_action){.verb = DO_KEEP_BELOW, .a = "/usr/share/pam"});
}

/* debconf's module starts the script anew under its front end, after the config script. */
struct outcome call_source(const struct call *c)
{
    if (c->count != 2 || !call_is(c, 1, "/usr/share/debconf/confmodule"))
        return call_unknown(c);
    return call_act(c, (struct script_action){.verb = DO_NO_CONFIG, .a = ""});
}

struct outcome call_statoverride(const struct call *c)
{
    if (!call_is(c, 1, "--list") || c->count != 3)
        return call_is(c, 1, "--list") ? outcome_open() : call_unknown(c);
    struct script_action no = {.verb = DO_NO_OVERRIDE, .a = call_word(c, 2)};
    return *no.a ? outcome_if(&no, NULL) : outcome_open();
}

struct outcome call_list_only(const struct call *c)
{
    return call_is(c, 1, "--list") || call_is(c, 1, "--listpackage") || call_is(c, 1, "--truename")
               ? outcome_open()
               : call_unknown(c);
}

/* /etc/shells, from the folder that says which shells there are. */
struct outcome call_shells(const struct call *c)
{
    return call_act(c,
                    (struct script_action){.verb = DO_KEEP_BELOW, .a = "/usr/share/debianutils"});
}
