#include "advisory/apt_sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/deb822.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/stream.h"

struct words {
    const char **items;
    size_t count, capacity;
};

static void add_word(struct arena *arena, struct words *words, struct slice word)
{
    arena_push(arena, words->items, words->count, words->capacity);
    words->items[words->count++] = slice_string(arena, word);
}

static void add_list(struct arena *arena, struct words *words, struct slice text, char separator)
{
    struct slice part;
    while (slice_take_until(&text, separator, &part)) {
        if (part.length)
            add_word(arena, words, part);
    }
}

static const char *uri_of(struct arena *arena, struct slice text)
{
    bool slash = text.length && text.data[text.length - 1] == '/';
    return arena_printf(arena, "%.*s%s", (int)text.length, text.data, slash ? "" : "/");
}

static bool uri_is_readable(struct slice uri)
{
    return slice_has_prefix(uri, "http://") || slice_has_prefix(uri, "https://") ||
           slice_has_prefix(uri, "file:") || slice_has_prefix(uri, "copy:");
}

static void add_source(struct arena *arena, struct apt_source_list *out, struct apt_source source)
{
    arena_push(arena, out->items, out->count, out->capacity);
    out->items[out->count++] = source;
}

/* "[arch=amd64,arm64 signed-by=/k.gpg trusted=yes]" */
static void read_options(struct arena *arena, struct slice text, struct apt_source *source)
{
    struct words architectures = {0}, keyrings = {0};
    struct slice option;
    while (slice_take_word(&text, &option)) {
        struct slice name = slice_sub(option, 0, slice_find_byte(option, '='));
        struct slice value = slice_sub(option, name.length + 1, option.length);
        if (slice_is_nocase(name, "arch"))
            add_list(arena, &architectures, value, ',');
        else if (slice_is_nocase(name, "signed-by"))
            add_list(arena, &keyrings, value, ',');
        else if (slice_is_nocase(name, "trusted") || slice_is_nocase(name, "allow-insecure"))
            source->trusted_option = true;
    }
    source->architectures = architectures.items;
    source->architecture_count = architectures.count;
    source->keyrings = keyrings.items;
    source->keyring_count = keyrings.count;
}

static bool read_line(struct arena *arena, const char *name, size_t number, struct slice line,
                      struct apt_source_list *out, struct error *err)
{
    struct apt_source source = {0};
    struct words components = {0};
    struct slice type, uri, suite, word;
    line = slice_trim(slice_sub(line, 0, slice_find_byte(line, '#')));
    if (!slice_take_word(&line, &type) || slice_is(type, "deb-src"))
        return true;
    if (!slice_is(type, "deb"))
        return error_set(err, ERROR_INPUT, "%s: line %zu: '%.*s' is no package source entry", name,
                         number, (int)(type.length > 40 ? 40 : type.length), type.data);
    line = slice_trim(line);
    if (line.length && line.data[0] == '[') {
        size_t end = slice_find_byte(line, ']');
        if (end == line.length)
            return error_set(err, ERROR_INPUT, "%s: line %zu: options without ]", name, number);
        read_options(arena, slice_sub(line, 1, end - 1), &source);
        line = slice_sub(line, end + 1, line.length);
    }
    if (!slice_take_word(&line, &uri) || !slice_take_word(&line, &suite))
        return error_set(err, ERROR_INPUT, "%s: line %zu: address or suite is missing", name,
                         number);
    while (slice_take_word(&line, &word))
        add_word(arena, &components, word);
    if (!uri_is_readable(uri))
        return true;
    source.uri = uri_of(arena, uri);
    source.suite = slice_string(arena, suite);
    source.components = components.items;
    source.component_count = components.count;
    add_source(arena, out, source);
    return true;
}

static struct words words_of(struct arena *arena, struct slice text)
{
    struct words words = {0};
    struct slice word;
    while (slice_take_word(&text, &word))
        add_word(arena, &words, word);
    return words;
}

static bool stanza_is_wanted(const struct deb822_stanza *stanza)
{
    struct slice enabled = deb822_get(stanza, "Enabled"), types = deb822_get(stanza, "Types"), word;
    if (slice_is_nocase(enabled, "no") || slice_is_nocase(enabled, "false"))
        return false;
    while (slice_take_word(&types, &word)) {
        if (slice_is(word, "deb"))
            return true;
    }
    return false;
}

static void read_stanza(struct arena *arena, const struct deb822_stanza *stanza,
                        struct apt_source_list *out)
{
    struct words uris = words_of(arena, deb822_get(stanza, "URIs"));
    struct words suites = words_of(arena, deb822_get(stanza, "Suites"));
    struct words components = words_of(arena, deb822_get(stanza, "Components"));
    struct words architectures = words_of(arena, deb822_get(stanza, "Architectures"));
    struct slice signed_by = deb822_get(stanza, "Signed-By");
    struct words keyrings = {0};
    if (signed_by.length && signed_by.data[0] == '/') /* else a key inside the entry */
        keyrings = words_of(arena, signed_by);
    for (size_t u = 0; u < uris.count; u++) {
        if (!uri_is_readable(slice_of(uris.items[u])))
            continue;
        for (size_t s = 0; s < suites.count; s++)
            add_source(arena, out,
                       (struct apt_source){.uri = uri_of(arena, slice_of(uris.items[u])),
                                           .suite = suites.items[s],
                                           .components = components.items,
                                           .component_count = components.count,
                                           .architectures = architectures.items,
                                           .architecture_count = architectures.count,
                                           .keyrings = keyrings.items,
                                           .keyring_count = keyrings.count,
                                           .trusted_option =
                                               deb822_get(stanza, "Trusted").length > 0 ||
                                               deb822_get(stanza, "Allow-Insecure").length > 0});
    }
}

static bool looks_like_deb822(const char *name, struct slice text)
{
    struct slice line;
    if (slice_has_suffix(slice_of(name), ".sources"))
        return true;
    if (slice_has_suffix(slice_of(name), ".list"))
        return false;
    while (slice_take_line(&text, &line)) {
        line = slice_trim(line);
        if (line.length && line.data[0] != '#')
            return !slice_has_prefix(line, "deb ") && !slice_has_prefix(line, "deb\t") &&
                   !slice_has_prefix(line, "deb-src");
    }
    return false;
}

bool apt_sources_parse(struct arena *arena, const char *name, struct slice text,
                       struct apt_source_list *out, struct error *err)
{
    struct slice line;
    struct deb822_stanza stanza = {0};
    size_t bad = 0, number = 0;
    if (looks_like_deb822(name, text)) {
        while (deb822_take(&text, arena, &stanza, &bad)) {
            if (stanza_is_wanted(&stanza))
                read_stanza(arena, &stanza, out);
        }
        return bad == 0 ||
               error_set(err, ERROR_INPUT, "%s: %zu lines are neither a field nor its continuation",
                         name, bad);
    }
    while (slice_take_line(&text, &line)) {
        if (!read_line(arena, name, ++number, line, out, err))
            return false;
    }
    return true;
}

bool apt_sources_load(struct arena *arena, const char *path, struct apt_source_list *out,
                      struct error *err)
{
    struct buf text scoped(buf_release) = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    struct stream *stream scoped(stream_scope_close) = stream_of_fd(fd, true);
    return (stream_read_all(stream, LIMIT_SMALL_FILE_BYTES, &text, err) &&
            apt_sources_parse(arena, path, buf_slice(&text), out, err)) ||
           error_wrap(err, "package sources");
}

static int is_source_file(const struct dirent *entry)
{
    struct slice name = slice_of(entry->d_name);
    return name.data[0] != '.' &&
           (slice_has_suffix(name, ".list") || slice_has_suffix(name, ".sources"));
}

static int is_keyring_file(const struct dirent *entry)
{
    struct slice name = slice_of(entry->d_name);
    return name.data[0] != '.' &&
           (slice_has_suffix(name, ".gpg") || slice_has_suffix(name, ".asc"));
}

/* Paths of the files that `filter` takes, in byte order. */
static struct words list_folder(struct arena *arena, const char *folder,
                                int (*filter)(const struct dirent *))
{
    struct words paths = {0};
    struct dirent **names = NULL;
    int count = scandir(folder, &names, filter, alphasort);
    for (int i = 0; i < count; i++) {
        add_word(arena, &paths, slice_of(arena_printf(arena, "%s/%s", folder, names[i]->d_name)));
        free(names[i]);
    }
    free(names);
    return paths;
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool apt_sources_of_machine(struct arena *arena, const char *root, struct apt_source_list *out,
                            struct error *err)
{
    const char *main_list = arena_printf(arena, "%s/etc/apt/sources.list", root);
    struct words files =
        list_folder(arena, arena_printf(arena, "%s/etc/apt/sources.list.d", root), is_source_file);
    struct words keys =
        list_folder(arena, arena_printf(arena, "%s/etc/apt/trusted.gpg.d", root), is_keyring_file);
    const char *old_key = arena_printf(arena, "%s/etc/apt/trusted.gpg", root);
    if (is_file(old_key))
        add_word(arena, &keys, slice_of(old_key));
    if (is_file(main_list) && !apt_sources_load(arena, main_list, out, err))
        return false;
    for (size_t i = 0; i < files.count; i++) {
        if (!apt_sources_load(arena, files.items[i], out, err))
            return false;
    }
    for (size_t i = 0; i < out->count; i++) {
        if (out->items[i].keyring_count == 0) {
            out->items[i].keyrings = keys.items;
            out->items[i].keyring_count = keys.count;
        }
    }
    return true;
}

const char *apt_suite_release(struct arena *arena, const char *suite)
{
    static const char *const endings[] = {"-security",  "-updates",          "-backports-sloppy",
                                          "-backports", "-proposed-updates", "-proposed",
                                          "/updates"};
    struct slice s = slice_of(suite);
    for (size_t i = 0; i < array_count(endings); i++) {
        if (slice_has_suffix(s, endings[i]))
            return slice_string(arena, slice_sub(s, 0, s.length - strlen(endings[i])));
    }
    return suite;
}
