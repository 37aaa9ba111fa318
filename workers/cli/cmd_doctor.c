/* resole doctor: what works from here, and what to mend where it does not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api_client.h"
#include "cli/command.h"

static bool healthy;

static void say(bool good, const char *what, const char *state, const char *mend)
{
    printf("%-4s %-18s %s\n", good ? "ok" : "BAD", what, state);
    if (!good) {
        printf("     %-18s %s\n", "", mend);
        healthy = false;
    }
}

static void check_server(struct arena *arena, struct api_client *client)
{
    struct error err = {0};
    json_t *status = NULL, *source;
    size_t i;
    if (!api_client_call(client, arena, "GET", "/v1/status", NULL, &status, &err)) {
        say(false, "gateway", err.text,
            "is it running, and do RESOLE_GATEWAY_URL and RESOLE_TOKEN fit?");
        return;
    }
    say(true, "gateway", client->url, "");
    json_int_t parked = json_integer_value(json_object_get(status, "parked"));
    json_int_t outbox = json_integer_value(json_object_get(status, "outbox"));
    json_int_t deferred = json_integer_value(json_object_get(status, "deferred"));
    say(parked == 0, "parked messages", arena_printf(arena, "%lld", (long long)parked),
        "resole parked list; resole parked replay ID");
    say(outbox < 1000, "outbox", arena_printf(arena, "%lld waiting", (long long)outbox),
        "the workers cannot reach Kafka: see their logs");
    say(deferred < 100, "deferred messages", arena_printf(arena, "%lld", (long long)deferred),
        "something outside is unwell: see resole runs list --state running");
    json_t *sources = json_object_get(status, "sources");
    if (json_array_size(sources) == 0)
        say(false, "advisory sources", "none",
            "enable one: see RESOLE_ADVISORY_SOURCES of the matcher");
    json_array_foreach(sources, i, source)
    {
        const char *name = json_string_value(json_object_get(source, "source"));
        const char *state = json_string_value(json_object_get(source, "state"));
        const char *as_of = json_string_value(json_object_get(source, "as_of"));
        say(state && strcmp(state, "fresh") == 0, name ? name : "source",
            arena_printf(arena, "%s, as of %s", state ? state : "?", as_of ? as_of : "never"),
            "resole sources sync SOURCE; until then its packages are judged unknown");
    }
}

static void check_local(struct arena *arena)
{
    const char *programs = getenv("RESOLE_PROGRAMS_DIR");
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (!programs && length > 0) {
        self[length] = '\0';
        *strrchr(self, '/') = '\0';
        programs = self;
    }
    const char *reader = arena_printf(arena, "%s/resole-reader", programs ? programs : ".");
    say(access(reader, X_OK) == 0, "confined reader", reader,
        "set RESOLE_PROGRAMS_DIR to where resole-reader lies");
}

int cmd_doctor(int argc, char **argv)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct option_list operands = {0};
    struct api_client client = {0};
    struct error err = {0};

    switch (option_parse("doctor", NULL, 0, argc, argv, arena, &operands)) {
    case OPTIONS_LEAVE:
        return EXIT_DONE;
    case OPTIONS_WRONG:
        return EXIT_USAGE;
    case OPTIONS_RUN:
        break;
    }
    if (operands.count > 0) {
        fprintf(stderr, "resole: doctor takes no %s; see `resole doctor --help`\n",
                operands.items[0]);
        return EXIT_USAGE;
    }
    healthy = true;
    check_local(arena);
    if (getenv("RESOLE_GATEWAY_URL")) {
        if (api_client_open(arena, &client, &err))
            check_server(arena, &client);
        else
            say(false, "gateway", err.text, "set RESOLE_GATEWAY_URL");
        api_client_close(&client);
    } else {
        printf("%-4s %-18s %s\n", "--", "gateway", "RESOLE_GATEWAY_URL is not set: not checked");
    }
    return healthy ? EXIT_DONE : EXIT_WORLD;
}
