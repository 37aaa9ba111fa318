#include "advisory/yaml_tree.h"

#include <yaml.h>

enum { YAML_DEPTH = 32, YAML_NODES = 2000000 };

struct builder {
    yaml_parser_t parser;
    json_t *stack[YAML_DEPTH];
    char *keys[YAML_DEPTH]; /* of the member whose value comes next; NULL: a key comes next */
    size_t depth, nodes;
    json_t *root;
    bool done;
    struct arena *arena;
    struct error *err;
};

static bool wrong(const struct builder *b, const yaml_event_t *event, const char *what)
{
    return error_set(b->err, ERROR_INPUT, "malformed YAML, line %zu: %s",
                     event->start_mark.line + 1, what);
}

static json_t *scalar(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct slice s = {text, length};
    if (plain && (length == 0 || slice_is(s, "~") || slice_is_nocase(s, "null")))
        return json_null();
    return json_stringn(text, length);
}

/* Takes the reference. */
static bool put(struct builder *b, json_t *value, const yaml_event_t *event)
{
    if (!value)
        return wrong(b, event, "not UTF-8");
    if (b->depth == 0) {
        b->root = value;
        return true;
    }
    json_t *parent = b->stack[b->depth - 1];
    if (json_is_array(parent))
        return json_array_append_new(parent, value) == 0;
    char **key = &b->keys[b->depth - 1];
    bool ok = json_object_set_new_nocheck(parent, *key, value) == 0;
    *key = NULL;
    return ok;
}

static bool expects_key(const struct builder *b)
{
    return b->depth > 0 && json_is_object(b->stack[b->depth - 1]) && !b->keys[b->depth - 1];
}

static bool on_scalar(struct builder *b, const yaml_event_t *event)
{
    if (event->data.scalar.anchor)
        return wrong(b, event, "anchors are not read");
    if (!expects_key(b))
        return put(b, scalar(event), event);
    b->keys[b->depth - 1] =
        arena_strndup(b->arena, (const char *)event->data.scalar.value, event->data.scalar.length);
    return true;
}

static bool on_begin(struct builder *b, const yaml_event_t *event, json_t *container)
{
    const yaml_char_t *anchor = event->type == YAML_MAPPING_START_EVENT
                                    ? event->data.mapping_start.anchor
                                    : event->data.sequence_start.anchor;
    if (anchor || expects_key(b) || b->depth == YAML_DEPTH) {
        json_decref(container);
        return wrong(b, event,
                     anchor                   ? "anchors are not read"
                     : b->depth == YAML_DEPTH ? "too deep"
                                              : "a key that is no scalar");
    }
    if (!put(b, container, event))
        return false;
    b->stack[b->depth] = container;
    b->keys[b->depth++] = NULL;
    return true;
}

static bool on_event(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(b, event);
    case YAML_MAPPING_START_EVENT:
        return on_begin(b, event, json_object());
    case YAML_SEQUENCE_START_EVENT:
        return on_begin(b, event, json_array());
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        b->depth--;
        return true;
    case YAML_ALIAS_EVENT:
        return wrong(b, event, "aliases are not read");
    case YAML_DOCUMENT_END_EVENT:
    case YAML_STREAM_END_EVENT:
        b->done = true;
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_START_EVENT:
        break;
    }
    return true;
}

static void release_json(void *object)
{
    json_decref(object);
}

json_t *yaml_document(struct slice bytes, struct arena *arena, struct error *err)
{
    struct builder b = {.arena = arena, .err = err};
    bool ok = yaml_parser_initialize(&b.parser) != 0;
    if (!ok)
        abort();
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)(bytes.data ? bytes.data : ""),
                                 bytes.length);
    while (ok && !b.done) {
        yaml_event_t event;
        if (!yaml_parser_parse(&b.parser, &event)) {
            ok = error_set(err, ERROR_INPUT, "malformed YAML, line %zu: %s",
                           b.parser.problem_mark.line + 1,
                           b.parser.problem ? b.parser.problem : "not YAML");
            break;
        }
        ok = ++b.nodes <= YAML_NODES ? on_event(&b, &event) : wrong(&b, &event, "too many nodes");
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&b.parser);
    if (b.root)
        arena_defer(arena, release_json, b.root);
    if (ok && !b.root)
        ok = error_set(err, ERROR_INPUT, "an empty YAML document");
    return ok ? b.root : NULL;
}
