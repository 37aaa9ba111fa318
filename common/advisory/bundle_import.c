#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/bundle.h"
#include "advisory/bundle_dir.h"
#include "advisory/feed_confined.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/stream.h"

enum {
    SHRINK_ROWS_LEAST = 1000,
    SHRINK_FACTOR = 10,
    GROWTH_ROWS_LEAST = 100,
    GROWTH_FACTOR = 100,
    REFUSAL_BYTES = 700
};

struct part {
    int fd;
    struct shelf *shelf;
    bool taken;
};

struct set {
    struct part *parts;
    size_t count;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void close_set(struct set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        shelf_close(set->parts[i].shelf);
        close(set->parts[i].fd);
    }
}

bool bundle_make_dir(const char *dir, struct error *err)
{
    struct buf path scoped(buf_release) = {0};
    for (const char *c = dir; *c; c++) {
        buf_put_byte(&path, *c);
        if ((c[1] == '/' || c[1] == 0) && mkdir(path.data, 0755) != 0 && errno != EEXIST)
            return error_set(err, ERROR_FATAL, "%s: %s", path.data, strerror(errno));
    }
    return true;
}

/* A feed that suddenly holds a tenth of what it held is a broken download, not good news; one that
 * holds a hundred times as much is no better. */
static bool check_size(const char *path, const struct feed_counts *counts, struct error *err)
{
    struct error ignored = {0};
    struct shelf *old = shelf_open(path, &ignored);
    if (!old)
        return true;
    uint64_t before = shelf_meta(old)->counts.assertions, now = counts->assertions;
    shelf_close(old);
    bool shrunk = before >= SHRINK_ROWS_LEAST && now < before / SHRINK_FACTOR;
    bool grown = before >= GROWTH_ROWS_LEAST && now / GROWTH_FACTOR >= before;
    if (!shrunk && !grown)
        return true;
    return error_set(err, ERROR_INPUT,
                     "%s%llu assertions where there were %llu: refused (--force imports it)",
                     shrunk ? "only " : "", (unsigned long long)now, (unsigned long long)before);
}

/* Beside, synced, renamed. */
static bool copy_shelf(int from, const char *path, struct error *err)
{
    struct buf fresh scoped(buf_release) = {0};
    buf_printf(&fresh, "%s.new.%ld", path, (long)getpid());
    int fd = open(fresh.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_set(err, ERROR_FATAL, "%s: %s", fresh.data, strerror(errno));
    struct fd_sink sink = fd_sink_of(fd);
    struct stream *stream scoped(stream_scope_close) = stream_of_file_range(from, false, 0, -1);
    int64_t bytes;
    bool ok = stream_copy(stream, &sink.sink, &bytes, err);
    if (ok && fsync(fd) != 0)
        ok = error_set(err, ERROR_FATAL, "%s: %s", fresh.data, strerror(errno));
    if (close(fd) != 0 && ok)
        ok = error_set(err, ERROR_FATAL, "%s: %s", fresh.data, strerror(errno));
    if (ok && rename(fresh.data, path) != 0)
        ok = error_set(err, ERROR_FATAL, "%s: %s", path, strerror(errno));
    if (!ok)
        unlink(fresh.data);
    return ok;
}

static const char *refusal_path(const char *dir, const char *source, struct arena *arena)
{
    return arena_printf(arena, "%s/%s.refused", dir, source);
}

const char *bundle_read_refusal(const char *dir, const char *source, struct arena *arena)
{
    char text[REFUSAL_BYTES];
    int fd scoped(close_fd) = open(refusal_path(dir, source, arena), O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
    if (length < 0)
        return NULL;
    struct slice line = {text, (size_t)length};
    return arena_strndup(arena, text, slice_find_byte(line, '\n'));
}

/* Best effort: where nothing can be written the refusal itself is told all the same. */
static void note_refusal(const char *dir, const char *source, int64_t now, const struct error *why,
                         struct arena *arena)
{
    char when[32];
    struct error ignored = {0};
    if (!source || !advisory_source_find(source) || !bundle_make_dir(dir, &ignored))
        return;
    clock_format(now, when);
    FILE *file = fopen(refusal_path(dir, source, arena), "we");
    if (!file)
        return;
    fprintf(file, "%s %s\n", when, why->text);
    fclose(file);
}

static bool read_part(const char *path, const struct advisory_source *row, int64_t now,
                      struct part *part, struct error *err)
{
    struct stat st;
    int fd scoped(close_fd) = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    struct feed_request request = {.fd = fd,
                                   .name = path,
                                   .source = row,
                                   .now = now,
                                   .as_of = st.st_mtime < now ? st.st_mtime : now};
    if (!feed_confined_import(&request, &part->fd, &part->shelf, err))
        return false;
    if (advisory_source_find(shelf_meta(part->shelf)->source))
        return true;
    error_fill(err, ERROR_FATAL, "%s: no source %s", path, shelf_meta(part->shelf)->source);
    shelf_close(part->shelf);
    close(part->fd);
    return false;
}

static void add_counts(struct feed_counts *sum, const struct feed_counts *c)
{
    sum->documents += c->documents;
    sum->records += c->records;
    sum->withdrawn += c->withdrawn;
    sum->git_only += c->git_only;
    sum->no_package += c->no_package;
    sum->unusable += c->unusable;
    sum->informational += c->informational;
    sum->repeated += c->repeated;
}

/* Several files of one source in one shelf: as old as the oldest of them. */
static bool merge_parts(const struct set *set, const char *source, int out, struct error *err)
{
    struct shelf_builder *builder scoped(shelf_builder_scope_free) = shelf_builder_new();
    struct shelf_meta meta = {0};
    for (size_t i = 0; i < set->count; i++) {
        const struct shelf_meta *one = shelf_meta(set->parts[i].shelf);
        if (strcmp(one->source, source) != 0)
            continue;
        bool first = !meta.source;
        if (first || strcmp(one->origin, meta.origin) < 0)
            meta.origin = one->origin;
        if (first || one->as_of < meta.as_of)
            meta.as_of = one->as_of;
        if (first || one->loaded_at < meta.loaded_at)
            meta.loaded_at = one->loaded_at;
        meta.source = one->source;
        meta.format = one->format;
        add_counts(&meta.counts, &one->counts);
        if (!shelf_each(set->parts[i].shelf, shelf_builder_take, builder, err))
            return false;
    }
    return shelf_builder_write_fd(builder, out, &meta, err);
}

struct storing {
    const char *dir;
    bool force;
    int64_t now;
};

static bool store(const struct storing *how, const struct set *set, size_t at,
                  struct shelf_meta *out, struct arena *arena, struct error *err)
{
    const char *dir = how->dir, *source = shelf_meta(set->parts[at].shelf)->source;
    const char *place = arena_printf(arena, "%s/%s.shelf", dir, source);
    struct shelf *merged = NULL;
    size_t same = 0;
    int fd scoped(close_fd) = -1;
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(shelf_meta(set->parts[i].shelf)->source, source) == 0) {
            set->parts[i].taken = true;
            same++;
        }
    if (same > 1) {
        fd = memfd_create("resole-shelf", MFD_CLOEXEC);
        if (fd < 0)
            return error_set(err, ERROR_FATAL, "memory file: %s", strerror(errno));
        if (!merge_parts(set, source, fd, err) || !(merged = shelf_open_fd(fd, source, err)))
            return false;
    }
    *out = *shelf_meta(merged ? merged : set->parts[at].shelf);
    out->source = arena_strdup(arena, out->source);
    out->format = arena_strdup(arena, out->format);
    out->origin = arena_strdup(arena, out->origin);
    out->contexts = NULL;
    out->context_count = 0;
    bool ok = (how->force || check_size(place, &out->counts, err)) && bundle_make_dir(dir, err) &&
              copy_shelf(merged ? fd : set->parts[at].fd, place, err);
    shelf_close(merged);
    if (ok)
        unlink(refusal_path(dir, source, arena));
    else
        note_refusal(dir, source, how->now, err, arena);
    return ok;
}

bool bundle_import(const char *dir, const struct bundle_files *files, int64_t now,
                   struct bundle_imports *out, struct arena *arena, struct error *err)
{
    const char *source = files->source;
    const struct advisory_source *row = source ? advisory_source_find(source) : NULL;
    struct set set scoped(close_set) = {arena_new_array(arena, struct part, files->count), 0};

    *out = (struct bundle_imports){arena_new_array(arena, struct shelf_meta, files->count), 0};
    if (source && (!row || !feed_format_find(row->format)))
        return error_set(err, ERROR_INPUT,
                         row ? "%s: not imported from files"
                             : "%s: no such source; `resole advisory status` lists them",
                         source);
    const struct storing how = {dir, files->force, now};
    for (; set.count < files->count; set.count++)
        if (!read_part(files->paths[set.count], row, now, &set.parts[set.count], err)) {
            note_refusal(dir, source, now, err, arena);
            return false;
        }
    for (size_t i = 0; i < set.count; i++) {
        if (set.parts[i].taken)
            continue;
        if (!store(&how, &set, i, &out->metas[out->count], arena, err))
            return error_wrap(err, "%s", files->paths[i]);
        out->count++;
    }
    return true;
}
