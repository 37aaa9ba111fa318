#include "inventory/sink.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "inventory/readers/binary_scan.h"

/* Files below these are never a package's code or metadata; their names need not be kept. */
static const char *const dull_places[] = {
    "usr/share/doc/",
    "usr/share/man/",
    "usr/share/locale/",
    "usr/share/zoneinfo/",
    "usr/share/info/",
    "usr/share/icons/",
    "usr/share/lintian/",
    "usr/share/bug/",
    "usr/share/common-licenses/",
    "usr/share/licenses/",
    "usr/include/",
    "usr/share/i18n/",
    "usr/lib/locale/",
    "usr/share/fonts/",
    "usr/share/perl/",
    "var/lib/dpkg/",
    "usr/share/bash-completion/",
    "usr/share/terminfo/",
    "lib/terminfo/",
    "usr/share/unicode/",
    "usr/share/mime/",
    "usr/share/X11/",
    "usr/lib/modules/",
    "lib/modules/",
};

static const char *const dull_suffixes[] = {
    ".h",   ".py", ".pyc", ".pl", ".pm", ".js", ".md",  ".txt", ".html", ".css", ".png", ".svg",
    ".gif", ".mo", ".gz",  ".a",  ".la", ".pc", ".map", ".ts",  ".xsl",  ".elc", ".tcl",
};

static bool is_dull(const char *path)
{
    for (size_t i = 0; i < array_count(dull_places); i++)
        if (strncmp(path, dull_places[i], strlen(dull_places[i])) == 0)
            return true;
    struct slice s = slice_of(path);
    for (size_t i = 0; i < array_count(dull_suffixes); i++)
        if (slice_has_suffix(s, dull_suffixes[i]))
            return true;
    return false;
}

void sink_init(struct reader_sink *sink, struct arena *arena, struct evidence *evidence)
{
    *sink = (struct reader_sink){.arena = arena, .evidence = evidence, .reader = "", .path = ""};
    *evidence = (struct evidence){.diff_id = "", .reader_version = READER_VERSION};
    evidence->complete = true;
}

/* Valid UTF-8 without control characters, else the odd bytes become U+FFFD: names come from
 * hostile files and travel into JSON, SQL and terminals. */
static const char *clean(struct arena *arena, const char *text)
{
    struct slice s = slice_of(text);
    bool plain = slice_is_utf8(s);
    for (size_t i = 0; plain && i < s.length; i++)
        plain = (unsigned char)s.data[i] >= 0x20 && s.data[i] != 0x7f;
    if (plain)
        return arena_strndup(arena, s.data, s.length);
    bool utf8 = slice_is_utf8(s);
    struct buf out scoped(buf_release) = {0};
    for (size_t i = 0; i < s.length; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
            buf_put_text(&out, "\xef\xbf\xbd");
        else
            buf_put_byte(&out, (char)c);
    }
    return arena_strndup(arena, buf_text(&out), out.length);
}

static struct evidence_set *set_find(struct reader_sink *sink, const char *source)
{
    struct evidence *evidence = sink->evidence;
    for (size_t i = 0; i < evidence->set_count; i++)
        if (strcmp(evidence->sets[i].source, source) == 0)
            return &evidence->sets[i];
    return NULL;
}

static struct evidence_set *set_make(struct reader_sink *sink, const char *source, bool database,
                                     const char *path)
{
    struct evidence_set *set = set_find(sink, source);
    if (set)
        return set;
    struct evidence *evidence = sink->evidence;
    arena_push(sink->arena, evidence->sets, evidence->set_count, sink->set_capacity);
    set = &evidence->sets[evidence->set_count++];
    *set = (struct evidence_set){.source = clean(sink->arena, source),
                                 .database = database,
                                 .path = clean(sink->arena, path)};
    return set;
}

static void set_add(struct reader_sink *sink, struct evidence_set *set, struct component component,
                    const char *path, enum confidence confidence)
{
    component = component_filled(component);
    if (!component.name[0])
        return;
    if (set->count >= LIMIT_PACKAGES) {
        if (set->count == LIMIT_PACKAGES)
            sink_warning(sink, "package-cap", path, true, "more than %d packages", LIMIT_PACKAGES);
        return;
    }
    for (size_t i = 0; i < COMPONENT_FIELDS; i++)
        component_set_field(&component, i, clean(sink->arena, component_field(&component, i)));
    arena_push(sink->arena, set->items, set->count, set->capacity);
    set->items[set->count++] = (struct evidence_item){.component = component,
                                                      .path = clean(sink->arena, path),
                                                      .reader = sink->reader,
                                                      .confidence = confidence};
}

void sink_package(struct reader_sink *sink, struct component component, const char *path,
                  enum confidence confidence)
{
    set_add(sink, set_make(sink, EVIDENCE_FILES, false, ""), component, path, confidence);
}

void sink_database(struct reader_sink *sink, const char *source, const char *path)
{
    set_make(sink, source, true, path);
}

void sink_database_package(struct reader_sink *sink, const char *source, struct component component,
                           const char *path)
{
    set_add(sink, set_make(sink, source, true, path), component, path, CONFIDENCE_INSTALLED);
}

void sink_owned(struct reader_sink *sink, const char *source, const char *package, const char *arch,
                const char *path, const char *const *paths, size_t count)
{
    struct evidence *evidence = sink->evidence;
    struct evidence_owned owned = {.source = clean(sink->arena, source),
                                   .package = clean(sink->arena, package),
                                   .arch = clean(sink->arena, arch),
                                   .path = clean(sink->arena, path)};
    size_t capacity = 0;
    for (size_t i = 0; i < count; i++) {
        if (!paths[i][0] || is_dull(paths[i]))
            continue;
        arena_push(sink->arena, owned.paths, owned.count, capacity);
        owned.paths[owned.count++] = clean(sink->arena, paths[i]);
    }
    arena_push(sink->arena, evidence->owned, evidence->owned_count, sink->owned_capacity);
    evidence->owned[evidence->owned_count++] = owned;
}

void sink_fact(struct reader_sink *sink, const char *kind, const char *path, const char *name,
               const char *value)
{
    struct evidence *evidence = sink->evidence;
    arena_push(sink->arena, evidence->facts, evidence->fact_count, sink->fact_capacity);
    evidence->facts[evidence->fact_count++] =
        (struct evidence_fact){.kind = clean(sink->arena, kind),
                               .path = clean(sink->arena, path),
                               .name = clean(sink->arena, name),
                               .value = clean(sink->arena, value)};
}

void sink_warning(struct reader_sink *sink, const char *code, const char *path, bool lossy,
                  const char *format, ...)
{
    struct evidence *evidence = sink->evidence;
    if (lossy)
        evidence->complete = false;
    if (evidence->warning_count >= LIMIT_WARNINGS)
        return;
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    arena_push(sink->arena, evidence->warnings, evidence->warning_count, sink->warning_capacity);
    evidence->warnings[evidence->warning_count++] =
        (struct evidence_warning){.code = clean(sink->arena, code),
                                  .path = clean(sink->arena, path),
                                  .text = clean(sink->arena, text),
                                  .lossy = lossy};
}

void sink_gone(struct reader_sink *sink, const char *path, bool opaque)
{
    struct evidence *evidence = sink->evidence;
    arena_push(sink->arena, evidence->gone, evidence->gone_count, sink->gone_capacity);
    evidence->gone[evidence->gone_count++] =
        (struct evidence_gone){.path = clean(sink->arena, path), .opaque = opaque};
}

void sink_touched(struct reader_sink *sink, const char *path)
{
    struct evidence *evidence = sink->evidence;
    arena_push(sink->arena, evidence->touched, evidence->touched_count, sink->touched_capacity);
    evidence->touched[evidence->touched_count++] = clean(sink->arena, path);
}

void sink_link(struct reader_sink *sink, const char *path, const char *target)
{
    struct evidence *evidence = sink->evidence;
    arena_push(sink->arena, evidence->links, evidence->link_count, sink->link_capacity);
    evidence->links[evidence->link_count++] = (struct evidence_link){
        .path = clean(sink->arena, path), .target = clean(sink->arena, target)};
}

void sink_stash(struct reader_sink *sink, const struct reader_file *file)
{
    if (sink->stashed_bytes + (int64_t)file->bytes.length > 2 * LIMIT_DATABASE_BYTES) {
        sink_warning(sink, "file-too-large", file->path, true, "over the cap: not read");
        return;
    }
    struct sink_stash *stash = arena_new_object(sink->arena, struct sink_stash);
    stash->path = arena_strdup(sink->arena, file->path);
    buf_put_slice(&stash->bytes, file->bytes);
    stash->next = sink->stashes;
    sink->stashes = stash;
    sink->stashed_bytes += (int64_t)file->bytes.length;
}

const struct sink_stash *sink_stash_find(const struct reader_sink *sink, const char *path)
{
    for (const struct sink_stash *stash = sink->stashes; stash; stash = stash->next)
        if (strcmp(stash->path, path) == 0)
            return stash;
    return NULL;
}

struct binary_scan *sink_scan(struct reader_sink *sink)
{
    if (!sink->scan)
        sink->scan = binary_scan_new();
    return sink->scan;
}

void sink_release(struct reader_sink *sink)
{
    binary_scan_free(sink->scan);
    sink->scan = NULL;
    for (struct sink_stash *stash = sink->stashes; stash; stash = stash->next)
        buf_release(&stash->bytes);
    sink->stashes = NULL;
}
