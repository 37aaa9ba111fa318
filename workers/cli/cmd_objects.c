/* resole images|findings|patches|… VERB: the server's objects, through the gateway. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/objects.h"

enum { ITEMS_MOST = 100000, VERB_WIDTH = 48 };

struct object_call {
    const struct object_verb *verb;
    struct arena *arena;
    struct api_client client;
    const char *texts[OBJECT_OPTIONS_MOST];
    struct option_list lists[OBJECT_OPTIONS_MOST];
    bool flags[OBJECT_OPTIONS_MOST];
    const char *output;
    struct option_list operands;
    const char *path;
    json_t *body;
};

/* Columns of a text on a terminal; ours have one a character. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

static int say_verbs(const char *object, FILE *out)
{
    fprintf(out, "usage: resole %s VERB …\n", object);
    for (size_t i = 0; i < object_verb_count; i++) {
        const struct object_verb *verb = &object_verbs[i];
        if (strcmp(verb->object, object) == 0)
            fprintf(out, "  resole %s%*s  %s\n", verb->usage,
                    VERB_WIDTH - width_of(verb->usage) > 0 ? VERB_WIDTH - width_of(verb->usage) : 0,
                    "", verb->summary);
    }
    fprintf(out, "`resole %s VERB --help` says more. Needs RESOLE_GATEWAY_URL and RESOLE_TOKEN.\n",
            object);
    return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static const struct object_verb *verb_find(const char *object, const char *verb)
{
    for (size_t i = 0; i < object_verb_count; i++) {
        if (strcmp(object_verbs[i].object, object) == 0 && strcmp(object_verbs[i].verb, verb) == 0)
            return &object_verbs[i];
    }
    return NULL;
}

static enum option_verdict parse(struct object_call *call, int argc, char **argv)
{
    struct option_row rows[OBJECT_OPTIONS_MOST + 1] = {
        {"--output", 'o', OPTION_TEXT, &call->output, "FORMAT", "table (default) or json"}};
    size_t count = 1;
    for (size_t i = 0; i < OBJECT_OPTIONS_MOST && call->verb->options[i].option; i++) {
        const struct object_option *option = &call->verb->options[i];
        rows[count++] = (struct option_row){
            .name = option->option,
            .kind = option->kind == VALUE_TEXT   ? OPTION_TEXT
                    : option->kind == VALUE_LIST ? OPTION_LIST
                                                 : OPTION_FLAG,
            .out = option->kind == VALUE_TEXT   ? (void *)&call->texts[i]
                   : option->kind == VALUE_LIST ? (void *)&call->lists[i]
                                                : (void *)&call->flags[i],
            .value_name = option->kind == VALUE_TRUE ? NULL : "VALUE",
            .help = option->help,
        };
    }
    return option_parse(call->verb->usage, rows, count, argc, argv, call->arena, &call->operands);
}

/* REGISTRY/REPOSITORY[:TAG] into members. */
static bool put_reference(struct object_call *call, const char *text, struct error *err)
{
    const char *slash = strchr(text, '/'), *colon = strrchr(text, ':');
    if (!slash || slash == text || !slash[1])
        return error_set(err, ERROR_INPUT, "%s: not REGISTRY/REPOSITORY:TAG", text);
    if (colon && colon < slash)
        return error_set(err, ERROR_INPUT,
                         "%s: begins with an address; the registry's name here is wanted (resole "
                         "registries list)",
                         text);
    size_t length = colon ? (size_t)(colon - slash - 1) : strlen(slash + 1);
    json_object_set_new(call->body, "registry", json_stringn(text, (size_t)(slash - text)));
    json_object_set_new(call->body, "repository", json_stringn(slash + 1, length));
    if (colon)
        json_object_set_new(call->body, "tag", json_string(colon + 1));
    return true;
}

static const char *filled(struct object_call *call, const char *value)
{
    const char *gap = strstr(call->path, "{}");
    return arena_printf(call->arena, "%.*s%s%s", (int)(gap - call->path), call->path,
                        http_url_escape(call->arena, value), gap + 2);
}

/* The digest that a name stands for. */
static bool look_up(struct object_call *call, const char *name, const char **digest,
                    struct error *err)
{
    json_t *answer = NULL, *names = json_object(), *body = call->body;
    if (strncmp(name, "sha256:", 7) == 0) {
        *digest = name;
        json_decref(names);
        return true;
    }
    call->body = names;
    bool ok = put_reference(call, name, err);
    call->body = body;
    const char *tag = json_string_value(json_object_get(names, "tag"));
    const char *path = "/v1/images";
    if (ok)
        path = arena_printf(
            call->arena, "/v1/images?registry=%s&repository=%s&tag=%s",
            http_url_escape(call->arena, json_string_value(json_object_get(names, "registry"))),
            http_url_escape(call->arena, json_string_value(json_object_get(names, "repository"))),
            http_url_escape(call->arena, tag ? tag : "latest"));
    json_decref(names);
    if (!ok || !api_client_call(&call->client, call->arena, "GET", path, NULL, &answer, err))
        return false;
    json_t *first = json_array_get(json_object_get(answer, "items"), 0);
    *digest = json_string_value(json_object_get(first, "digest"));
    return *digest || error_set(err, ERROR_INPUT, "%s: no such image is known", name);
}

/* An unused row looks like OPERAND_PATH: it is one if it is the first and the path has a gap. */
static bool is_wanted(const struct object_verb *verb, size_t i)
{
    const struct object_operand *want = &verb->operands[i];
    if (want->name || want->kind == OPERAND_REFERENCE)
        return true;
    return i == 0 && strstr(verb->path, "{}");
}

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0' && strlen(text) <= 18;
}

/* As many as the verb takes, and numbers where numbers are meant: said before anyone is asked. */
static bool operands_fit(const struct object_call *call)
{
    const struct object_verb *verb = call->verb;
    const struct option_list *given = &call->operands;
    size_t used = 0;
    for (size_t i = 0; i < OBJECT_OPERANDS_MOST && is_wanted(verb, i); i++) {
        const struct object_operand *want = &verb->operands[i];
        if (used == given->count && want->optional)
            break;
        if (used == given->count) {
            fprintf(stderr, "resole: %s %s: something is missing; usage: resole %s\n", verb->object,
                    verb->verb, verb->usage);
            return false;
        }
        if (want->kind == OPERAND_NUMBER && !is_number(given->items[used])) {
            fprintf(stderr, "resole: %s: not a number; usage: resole %s\n", given->items[used],
                    verb->usage);
            return false;
        }
        used = want->kind == OPERAND_REST ? given->count : used + 1;
    }
    if (used == given->count)
        return true;
    fprintf(stderr, "resole: %s %s: %s is too much; usage: resole %s\n", verb->object, verb->verb,
            given->items[used], verb->usage);
    return false;
}

static bool take_operands(struct object_call *call, struct error *err)
{
    const struct option_list *given = &call->operands;
    size_t used = 0;
    for (size_t i = 0; i < OBJECT_OPERANDS_MOST && used < given->count; i++) {
        const struct object_operand *want = &call->verb->operands[i];
        const char *text = given->items[used], *digest;
        if (want->kind == OPERAND_REST) {
            json_t *rest = json_array();
            for (; used < given->count; used++)
                json_array_append_new(rest, json_string(given->items[used]));
            json_object_set_new(call->body, want->name, rest);
            continue;
        }
        used++;
        if (want->kind == OPERAND_REFERENCE) {
            if (!put_reference(call, text, err))
                return false;
        } else if (want->kind == OPERAND_FIELD) {
            json_object_set_new(call->body, want->name, json_string(text));
        } else if (want->kind == OPERAND_NUMBER) {
            json_object_set_new(call->body, want->name, json_integer(strtoll(text, NULL, 10)));
        } else if (want->kind == OPERAND_IMAGE) {
            if (!look_up(call, text, &digest, err))
                return false;
            call->path = filled(call, digest);
        } else {
            call->path = filled(call, text);
        }
    }
    return true;
}

static void take_options(struct object_call *call)
{
    bool query = strcmp(call->verb->method, "GET") == 0;
    for (size_t i = 0; i < OBJECT_OPTIONS_MOST && call->verb->options[i].option; i++) {
        const struct object_option *option = &call->verb->options[i];
        if (call->texts[i] && query) {
            call->path = arena_printf(call->arena, "%s%s%s=%s", call->path,
                                      strchr(call->path, '?') ? "&" : "?", option->name,
                                      http_url_escape(call->arena, call->texts[i]));
        } else if (call->texts[i]) {
            json_object_set_new(call->body, option->name, json_string(call->texts[i]));
        } else if (call->lists[i].count) {
            json_t *list = json_array();
            for (size_t k = 0; k < call->lists[i].count; k++)
                json_array_append_new(list, json_string(call->lists[i].items[k]));
            json_object_set_new(call->body, option->name, list);
        } else if (call->flags[i]) {
            json_object_set_new(call->body, option->name, json_true());
        }
    }
}

/* Follows `next` until the end. */
static bool fetch_list(struct object_call *call, json_t **out, struct error *err)
{
    const char *path =
        arena_printf(call->arena, "%s%slimit=500", call->path, strchr(call->path, '?') ? "&" : "?");
    const char *page = path;
    json_t *answer, *items = NULL;
    for (;;) {
        if (!api_client_call(&call->client, call->arena, "GET", page, NULL, &answer, err))
            return false;
        if (!items)
            items = json_object_get(answer, "items");
        else
            json_array_extend(items, json_object_get(answer, "items"));
        const char *next = json_string_value(json_object_get(answer, "next"));
        if (!next || json_array_size(items) >= ITEMS_MOST)
            break;
        page = arena_printf(call->arena, "%s&after=%s", path, http_url_escape(call->arena, next));
    }
    *out = items;
    return true;
}

static bool ask(struct object_call *call, json_t **answer, struct error *err)
{
    bool post = strcmp(call->verb->method, "POST") == 0;

    call->path = call->verb->path;
    if (!api_client_open(call->arena, &call->client, err) || !take_operands(call, err))
        return false;
    take_options(call);
    if (call->verb->columns)
        return fetch_list(call, answer, err);
    return api_client_call(&call->client, call->arena, call->verb->method, call->path,
                           post && json_object_size(call->body) ? call->body : NULL, answer, err);
}

static int run_verb(struct object_call *call)
{
    struct error err = {0};
    json_t *answer = NULL;

    if (!ask(call, &answer, &err)) {
        int code = command_fail(&err);
        return call->client.settings_wrong ? EXIT_USAGE : code;
    }
    if (call->output && strcmp(call->output, "json") == 0) {
        char *text = json_dumps(answer, JSON_INDENT(2));
        puts(text);
        free(text);
    } else if (call->verb->columns) {
        print_object_table(call->verb->columns, answer);
    } else {
        print_object(answer);
    }
    return EXIT_DONE;
}

int cmd_objects(int argc, char **argv)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct object_call call = {.arena = arena};

    if (argc < 2 || is_help(argv[1]))
        return say_verbs(argv[0], argc < 2 ? stderr : stdout);
    call.verb = verb_find(argv[0], argv[1]);
    if (!call.verb) {
        fprintf(stderr, "resole: %s has no verb %s; see `resole %s --help`\n", argv[0], argv[1],
                argv[0]);
        return EXIT_USAGE;
    }
    switch (parse(&call, argc - 1, argv + 1)) {
    case OPTIONS_LEAVE:
        return EXIT_DONE;
    case OPTIONS_WRONG:
        return EXIT_USAGE;
    case OPTIONS_RUN:
        break;
    }
    static const char *const formats[] = {"table", "json"};
    if (call.output && (strchr(call.output, '=') ||
                        !output_known(argv[0], call.output, formats, array_count(formats)))) {
        if (strchr(call.output, '='))
            fprintf(stderr, "resole: %s: -o %s: goes to stdout alone\n", argv[0], call.output);
        return EXIT_USAGE;
    }
    if (!operands_fit(&call))
        return EXIT_USAGE;
    call.body = json_object();
    int code = run_verb(&call);
    json_decref(call.body);
    api_client_close(&call.client);
    return code;
}
