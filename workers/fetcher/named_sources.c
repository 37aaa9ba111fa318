#include "fetcher/named_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "advisory/source.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/stream.h"
#include "sql_worker_fetcher.h"

static bool read_file(const char *path, struct buf *text, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_FATAL, "%s", strerror(errno));
    struct stream *stream scoped(stream_scope_close) = stream_of_fd(fd, true);
    return stream_read_all(stream, LIMIT_SMALL_FILE_BYTES, text, err);
}

static bool is_address(struct slice s)
{
    return slice_has_prefix(s, "https://") || slice_has_prefix(s, "http://") ||
           slice_has_prefix(s, "file:/");
}

static bool put_source(struct db_tx *tx, const struct advisory_source *source, const char *name,
                       const char *address, struct error *err)
{
    struct db_rows rows;
    if (!db_run(tx, &sql_source_named,
                DB_ARGS(db_text(name), db_text(source->format), db_text(address),
                        db_text(source_covers_name(source->covers)), db_i64(source->max_age_s)),
                &rows, err))
        return false;
    if (rows.count == 0)
        return true;
    struct feed_due out = {.source = name, .cause = "operator"};
    return outbox_put(tx, &out, err);
}

static bool put_line(struct db_tx *tx, struct arena *arena, struct slice line, struct error *err)
{
    struct slice name, address, more;
    struct slice rest = slice_sub(line, 0, slice_find_byte(line, '#'));
    if (!slice_take_word(&rest, &name))
        return true;
    if (!slice_take_word(&rest, &address) || slice_take_word(&rest, &more) || !is_address(address))
        return error_set(err, ERROR_FATAL,
                         "not \"NAME ADDRESS\" with an address of https, http or file:/");
    const char *called = slice_string(arena, name);
    const struct advisory_source *source = advisory_source_find(called);
    if (!source || strcmp(source->format, "apt-index") == 0)
        return error_set(err, ERROR_FATAL, "no source is called '%.*s'", (int)name.length,
                         name.data);
    return put_source(tx, source, called, slice_string(arena, address), err);
}

bool named_sources_configure(struct db_tx *tx, struct arena *arena, const char *path,
                             struct error *err)
{
    struct buf text scoped(buf_release) = {0};
    if (!read_file(path, &text, err))
        return error_wrap(err, "RESOLE_SOURCES_FILE %s", path);
    struct slice rest = buf_slice(&text), line;
    for (int number = 1; slice_take_line(&rest, &line); number++) {
        if (!put_line(tx, arena, line, err))
            return error_wrap(err, "RESOLE_SOURCES_FILE %s: line %d", path, number);
    }
    return true;
}
