#include "image/mirrors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/stream.h"

enum { FILE_MOST = 1024 * 1024, MIRRORS_MOST = 64 };

/* A [[registry]] as it is read; mirror 0 is the registry itself. */
struct rule {
    const char *prefix;
    bool blocked;
    struct place {
        const char *location;
        bool insecure;
    } places[MIRRORS_MOST];
    size_t count;
};

/* Does "host/repository" lie under the prefix, at a border? "*.example.com" matches sub-domains. */
static bool has_rule_prefix(const char *name, const char *prefix, size_t *length)
{
    struct slice text = slice_of(name);
    *length = strlen(prefix);
    if (strncmp(prefix, "*.", 2) == 0) {
        struct slice host = slice_sub(text, 0, slice_find_byte(text, '/'));
        *length = host.length;
        return slice_has_suffix(host, prefix + 1) && host.length > strlen(prefix + 1);
    }
    return *length > 0 && slice_has_prefix(text, prefix) &&
           (name[*length] == 0 || name[*length] == '/');
}

/* "key = value" of a string or a boolean. */
static bool read_pair(struct arena *arena, struct slice line, struct slice *key, const char **text,
                      bool *flag)
{
    size_t equals = slice_find_byte(line, '=');
    if (equals == line.length)
        return false;
    *key = slice_trim(slice_sub(line, 0, equals));
    struct slice value = slice_trim(slice_sub(line, equals + 1, line.length));
    *text = "";
    *flag = false;
    if (value.length > 0 && (value.data[0] == '"' || value.data[0] == '\'')) {
        struct slice rest = slice_sub(value, 1, value.length);
        size_t end = slice_find_byte(rest, value.data[0]);
        *text = slice_string(arena, slice_sub(rest, 0, end));
        return end < rest.length;
    }
    *flag = slice_has_prefix(value, "true");
    return value.length > 0;
}

static void keep_better(const char *name, const struct rule *rule, struct rule *best,
                        size_t *best_length)
{
    size_t length;
    const char *prefix = *rule->prefix ? rule->prefix : rule->places[0].location;
    if (rule->count > 0 && prefix && has_rule_prefix(name, prefix, &length) &&
        length > *best_length) {
        *best = *rule;
        best->prefix = prefix;
        *best_length = length;
    }
}

static bool take_line(struct arena *arena, struct slice line, bool *in_registry, struct rule *rule,
                      struct error *err)
{
    struct slice key;
    const char *text;
    bool flag;
    if (!*in_registry)
        return true;
    if (!read_pair(arena, line, &key, &text, &flag))
        return error_set(err, ERROR_INPUT, "registries.conf: '%.*s' cannot be read",
                         line.length < 80 ? (int)line.length : 80, line.data);
    struct place *place = &rule->places[rule->count - 1];
    if (slice_is(key, "location"))
        place->location = text;
    else if (slice_is(key, "insecure"))
        place->insecure = flag;
    else if (slice_is(key, "prefix") && rule->count == 1)
        rule->prefix = text;
    else if (slice_is(key, "blocked") && rule->count == 1)
        rule->blocked = flag;
    return true;
}

static bool find_rule(struct arena *arena, struct slice text, const char *name, struct rule *best,
                      size_t *best_length, struct error *err)
{
    struct rule rule = {.prefix = ""};
    struct slice line;
    bool in_registry = false;
    while (slice_take_line(&text, &line)) {
        line = slice_trim(line);
        if (line.length == 0 || line.data[0] == '#')
            continue;
        if (slice_has_prefix(line, "[[registry]]")) {
            keep_better(name, &rule, best, best_length);
            rule = (struct rule){.prefix = "", .count = 1};
            in_registry = true;
        } else if (slice_has_prefix(line, "[[registry.mirror]]") && rule.count > 0) {
            if (rule.count == MIRRORS_MOST)
                return error_set(err, ERROR_INPUT, "registries.conf: more than %d mirrors",
                                 MIRRORS_MOST);
            rule.count++;
            in_registry = true;
        } else if (line.data[0] == '[') {
            in_registry = false;
        } else if (!take_line(arena, line, &in_registry, &rule, err)) {
            return false;
        }
    }
    keep_better(name, &rule, best, best_length);
    return true;
}

bool mirrors_of(struct arena *arena, struct slice text, const struct reference *reference,
                struct mirror **out, size_t *count, struct error *err)
{
    struct rule best = {.prefix = "", .count = 1};
    size_t matched = 0;
    const char *name = arena_printf(arena, "%s/%s", reference->host, reference->repository);
    if (!find_rule(arena, text, name, &best, &matched, err))
        return false;
    if (best.blocked)
        return error_set(err, ERROR_INPUT, "%s: blocked by registries.conf", name);
    struct mirror *list = arena_new_array(arena, struct mirror, best.count);
    for (size_t i = 0; i < best.count; i++) {
        const struct place *place = &best.places[(i + 1) % best.count]; /* itself comes last */
        list[i] = (struct mirror){.reference = *reference, .insecure = place->insecure};
        if (!place->location || !*place->location)
            continue;
        const char *moved = arena_printf(arena, "%s%s", place->location, name + matched);
        if (!reference_parse(arena, moved, &list[i].reference, err))
            return error_wrap(err, "registries.conf");
        list[i].reference.tag = reference->tag;
        list[i].reference.digest = reference->digest;
    }
    *out = list;
    *count = best.count;
    return true;
}

bool mirrors_load(struct arena *arena, const char *path, const struct reference *reference,
                  struct mirror **out, size_t *count, struct error *err)
{
    struct buf text scoped(buf_release) = {0};
    if (path && *path) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return error_set(err, ERROR_FATAL, "%s: %s", path, strerror(errno));
        struct stream *stream scoped(stream_scope_close) = stream_of_fd(fd, true);
        if (!stream_read_all(stream, FILE_MOST, &text, err))
            return error_wrap(err, "%s", path);
    }
    return mirrors_of(arena, buf_slice(&text), reference, out, count, err);
}
