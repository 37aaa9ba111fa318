/* What the code says of topics, for the tests that hold schemas/ against it.
 *   topic_table                  one JSON object a line: topic, key, bulk, world, fields
 *   topic_table --decode TOPIC   reads a value on stdin; exit 0 decoded, 3 refused (why on stderr)
 *                                and prints it as the code would send it */
#include <stdio.h>
#include <string.h>

#include "message/messages.h"

static const char *kind_name(enum field_kind kind)
{
    static const char *const names[] = {
        [FIELD_TEXT] = "text",   [FIELD_I64] = "i64",   [FIELD_BOOL] = "bool",
        [FIELD_TEXTS] = "texts", [FIELD_I64S] = "i64s", [FIELD_JSON] = "json"};
    return names[kind];
}

/* The name of the member that is the Kafka key. */
static const char *key_name(const struct topic *topic)
{
    for (size_t i = 0; i < topic->field_count; i++) {
        if (topic->fields[i].offset == topic->key_offset && topic->fields[i].kind == FIELD_TEXT)
            return topic->fields[i].name;
    }
    return "";
}

static void print_topic(const struct topic *topic)
{
    struct buf line scoped(buf_release) = {0};
    buf_printf(&line, "{\"topic\":\"%s\",\"key\":\"%s\",\"bulk\":%s,\"world\":%s,\"fields\":[",
               topic->name, key_name(topic), topic->has_bulk ? "true" : "false",
               topic->for_world ? "true" : "false");
    for (size_t i = 0; i < topic->field_count; i++) {
        const struct field *field = &topic->fields[i];
        size_t most = field->kind == FIELD_TEXT ? FIELD_TEXT_MOST : FIELD_LIST_MOST;
        buf_printf(&line,
                   "%s{\"name\":\"%s\",\"kind\":\"%s\",\"required\":%s,\"most\":%zu,\"help\":",
                   i ? "," : "", field->name, kind_name(field->kind),
                   field->required ? "true" : "false", field->most ? field->most : most);
        buf_put_json(&line, slice_of(field->help));
        buf_put_byte(&line, '}');
    }
    printf("%s]}\n", buf_text(&line));
}

static int decode(const char *name)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct buf value scoped(buf_release) = {0}, again scoped(buf_release) = {0};
    const struct topic *topic = topic_find(name);
    struct error err = {0};
    char block[4096];
    if (!topic)
        return 2;
    for (size_t n; (n = fread(block, 1, sizeof(block), stdin)) > 0;)
        buf_put(&value, block, n);
    void *out = arena_alloc(arena, topic->size);
    if (!message_decode(arena, topic, buf_slice(&value), out, &err) ||
        !message_encode(topic, out, &again, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 3;
    }
    printf("%s\n", buf_text(&again));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--decode") == 0)
        return decode(argv[2]);
    for (size_t i = 0; i < topic_count; i++)
        print_topic(topics[i]);
    return 0;
}
