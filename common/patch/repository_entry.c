/* sources.list(5), both formats, and where this machine keeps them. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/stream.h"
#include "patch/repository.h"

enum { SOURCES_BYTES_MOST = 1 << 20, KEYRING_BYTES_MOST = 4 << 20 };

static void push(struct arena *arena, struct text_items *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return;
    arena_push(arena, list->items, list->count, list->capacity);
    list->items[list->count++] = text;
}

static const char *trim_uri(struct arena *arena, struct slice uri)
{
    while (uri.length && uri.data[uri.length - 1] == '/')
        uri.length--;
    return slice_string(arena, uri);
}

static void add(struct arena *arena, struct repository_set *set, struct repository_entry entry)
{
    if (!*entry.uri || !entry.suites.count)
        return;
    arena_push(arena, set->entries, set->count, set->capacity);
    set->entries[set->count++] = entry;
}

static void words_into(struct arena *arena, struct slice text, struct text_items *out)
{
    struct slice word;

    while (slice_take_word(&text, &word))
        push(arena, out, slice_string(arena, word));
}

static void one_line(struct arena *arena, struct slice line, struct repository_set *set)
{
    struct repository_entry entry = {.signed_by = "", .check_dates = true};
    struct slice word;

    slice_take_word(&line, &word); /* "deb" */
    line = slice_trim(line);
    if (line.length && line.data[0] == '[') {
        size_t end = slice_find_byte(line, ']');
        struct slice options = slice_sub(line, 1, end > 0 ? end - 1 : 0);
        line = slice_sub(line, end + 1, line.length);
        while (slice_take_word(&options, &word)) {
            if (slice_has_prefix(word, "signed-by="))
                entry.signed_by = slice_string(arena, slice_sub(word, 10, word.length));
            if (slice_is(word, "check-valid-until=no"))
                entry.check_dates = false;
        }
    }
    if (!slice_take_word(&line, &word))
        return;
    entry.uri = trim_uri(arena, word);
    if (slice_take_word(&line, &word))
        push(arena, &entry.suites, slice_string(arena, word));
    words_into(arena, line, &entry.components);
    add(arena, set, entry);
}

static void stanza(struct arena *arena, const struct deb822_stanza *fields,
                   struct repository_set *set)
{
    struct slice types = deb822_get(fields, "Types"), enabled = deb822_get(fields, "Enabled");
    struct slice uris = deb822_get(fields, "URIs"), uri, word;
    struct slice dates = deb822_get(fields, "Check-Valid-Until");
    const char *signed_by = deb822_text(fields, "Signed-By", arena);
    bool deb = false;

    while (slice_take_word(&types, &word))
        deb |= slice_is(word, "deb");
    if (!deb || slice_is_nocase(enabled, "no"))
        return;
    while (slice_take_word(&uris, &uri)) {
        struct repository_entry entry = {.uri = trim_uri(arena, uri),
                                         .signed_by = signed_by ? signed_by : "",
                                         .check_dates = !slice_is_nocase(dates, "no")};
        words_into(arena, deb822_get(fields, "Suites"), &entry.suites);
        words_into(arena, deb822_get(fields, "Components"), &entry.components);
        add(arena, set, entry);
    }
}

bool repository_parse(struct arena *arena, struct slice text, struct repository_set *out,
                      struct error *err)
{
    struct slice rest = text, line;
    struct deb822_stanza fields;
    size_t before = out->count, bad = 0;
    bool lines = false;

    while (slice_take_line(&rest, &line)) {
        line = slice_trim(line);
        if (slice_has_prefix(line, "deb ") || slice_has_prefix(line, "deb\t")) {
            lines = true;
            one_line(arena, slice_sub(line, 0, slice_find(line, " #")), out);
        }
        lines |= slice_has_prefix(line, "deb-src");
    }
    while (!lines && deb822_take(&text, arena, &fields, &bad))
        stanza(arena, &fields, out);
    if (out->count == before && slice_trim(text).length && !lines && bad)
        return error_set(err, ERROR_INPUT, "no package source: %.80s", slice_string(arena, text));
    return true;
}

static bool read_file(const char *path, size_t most, struct buf *out)
{
    FILE *file = fopen(path, "rbe");
    struct error err = {0};

    if (!file)
        return false;
    struct stream *stream scoped(stream_scope_close) = stream_of_fd(fileno(file), false);
    bool ok = stream_read_all(stream, most, out, &err);
    fclose(file);
    return ok;
}

static bool add_file(struct arena *arena, const char *path, struct repository_set *out,
                     struct error *err)
{
    struct buf text scoped(buf_release) = {0};

    if (!read_file(path, SOURCES_BYTES_MOST, &text))
        return true;
    char *kept = arena_strndup(arena, buf_text(&text), text.length);
    return repository_parse(arena, (struct slice){kept, text.length}, out, err);
}

static int sources_only(const struct dirent *entry)
{
    struct slice name = slice_of(entry->d_name);

    return slice_has_suffix(name, ".list") || slice_has_suffix(name, ".sources");
}

static int conf_only(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* apt.conf's switch for archives that stand still: Acquire::Check-Valid-Until "false" */
static bool dates_unchecked(void)
{
    struct dirent **names;
    int count = scandir("/etc/apt/apt.conf.d", &names, conf_only, alphasort);
    bool off = false;

    for (int i = 0; i < count; i++) {
        struct buf text scoped(buf_release) = {0};
        char path[512];
        struct slice rest, line;
        snprintf(path, sizeof(path), "/etc/apt/apt.conf.d/%s", names[i]->d_name);
        if (read_file(path, SOURCES_BYTES_MOST, &text)) {
            rest = buf_slice(&text);
            while (slice_take_line(&rest, &line))
                off |= strncasecmp(buf_text(&text) + (line.data - text.data),
                                   "Acquire::Check-Valid-Until \"false\"", 34) == 0;
        }
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return off;
}

bool repository_machine(struct arena *arena, struct repository_set *out, struct error *err)
{
    const char *file = getenv("RESOLE_REPOSITORIES_FILE");
    struct dirent **names;
    bool ok = true;

    *out = (struct repository_set){.origin = "this machine's apt configuration"};
    if (file && *file) {
        out->origin = file;
        return add_file(arena, file, out, err);
    }
    if (!add_file(arena, "/etc/apt/sources.list", out, err))
        return false;
    int count = scandir("/etc/apt/sources.list.d", &names, sources_only, alphasort);
    for (int i = 0; i < count; i++) {
        char path[512];
        snprintf(path, sizeof(path), "/etc/apt/sources.list.d/%s", names[i]->d_name);
        ok = ok && add_file(arena, path, out, err);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    if (dates_unchecked())
        for (size_t i = 0; i < out->count; i++)
            out->entries[i].check_dates = false;
    return ok;
}

void repository_image_components(struct arena *arena, struct slice sources, struct text_items *out)
{
    struct repository_set set = {0};
    struct error err = {0};

    if (repository_parse(arena, sources, &set, &err))
        for (size_t i = 0; i < set.count; i++)
            for (size_t j = 0; j < set.entries[i].components.count; j++)
                push(arena, out, set.entries[i].components.items[j]);
}
