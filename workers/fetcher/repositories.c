#include "fetcher/repositories.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "advisory/apt_index.h"
#include "base/limits.h"
#include "base/stream.h"
#include "fetcher/download.h"

enum { IN_RELEASE_MOST = 16 * 1024 * 1024, KEYRING_MOST = 4 * 1024 * 1024, KEYRINGS_MOST = 64 };

static bool read_keyrings(struct arena *arena, const char *paths, struct apt_keyring *keys,
                          size_t *count, struct error *err)
{
    struct slice rest = slice_of(paths), word;
    *count = 0;
    while (slice_take_word(&rest, &word) && *count < KEYRINGS_MOST) {
        struct buf bytes scoped(buf_release) = {0};
        const char *path = slice_string(arena, word);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return error_set(err, ERROR_FATAL, "keyring %s: %s", path, strerror(errno));
        struct stream *stream scoped(stream_scope_close) = stream_of_fd(fd, true);
        if (!stream_read_all(stream, KEYRING_MOST, &bytes, err))
            return error_wrap(err, "keyring %s", path);
        keys[(*count)++] = (struct apt_keyring){
            path, {arena_strndup(arena, bytes.data, bytes.length), bytes.length}};
    }
    if (*count == 0)
        return error_set(err, ERROR_INPUT,
                         "no keyring: name one with signed-by in the operator's "
                         "package sources");
    return true;
}

static const char *lower(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text ? text : "");
    for (char *p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

/* One Packages file, unless its bytes are already there. */
static bool load_index(struct repositories *all, const struct feed_repository *row,
                       const struct apt_release *release, const char *base,
                       struct repository_load *load, struct error *err)
{
    const struct apt_release_file *file =
        apt_release_packages(release, row->component, row->architecture);
    int64_t bytes = -1;
    if (!file)
        return true; /* the suite has no such component: nothing to offer */
    const char *digest = arena_printf(all->arena, "sha256:%s", file->sha256);
    load->packages_digest = digest;
    if (!blob_store_find(all->store, digest, &bytes, err))
        return false;
    if (bytes < 0) {
        struct download what = {.url = arena_printf(all->arena, "%s%s", base,
                                                    apt_release_request(release, file, all->arena)),
                                .digest = digest,
                                .bytes = file->bytes,
                                .most = LIMIT_DATABASE_BYTES};
        if (!download_blob(all->client, all->arena, all->store, &what, err))
            return error_wrap(err, "index of %s", row->suite);
    }
    if (!row->packages_digest || strcmp(row->packages_digest, digest) != 0)
        all->changed = digest;
    return true;
}

static bool read_release(struct repositories *all, const struct feed_repository *row,
                         struct slice bytes, struct apt_release *release, struct error *err)
{
    struct apt_keyring keys[KEYRINGS_MOST];
    size_t key_count = 0;
    struct slice body;
    return read_keyrings(all->arena, row->keyrings, keys, &key_count, err) &&
           apt_inrelease_verify(bytes, keys, key_count, all->arena, &body, release->signer, err) &&
           apt_release_parse(body, all->arena, release, err) &&
           apt_release_check(release, all->now, row->in_release_date, err);
}

/* Rows [from, to) share suite and address: one InRelease. */
static bool refresh_suite(struct repositories *all, size_t from, size_t to, struct error *err)
{
    const struct feed_repository *first = &all->rows[from];
    const char *base = arena_printf(all->arena, "%sdists/%s/", first->address, first->suite);
    const char *url = arena_printf(all->arena, "%sInRelease", base);
    struct apt_release release = {0};
    char digest[DIGEST_TEXT_SIZE];
    struct slice bytes;
    if (!download_small(all->client, all->arena, url, IN_RELEASE_MOST, &bytes, err))
        return false;
    digest_of(bytes.data, bytes.length, digest);
    if (!read_release(all, first, bytes, &release, err))
        return error_wrap(err, "%s", url);
    for (size_t i = from; i < to; i++) {
        struct repository_load *load = &all->loads[all->load_count++];
        *load = (struct repository_load){.id = all->rows[i].id,
                                         .distro = lower(all->arena, release.origin),
                                         .in_release_digest = arena_strdup(all->arena, digest),
                                         .date = release.date,
                                         .valid_until = release.valid_until};
        if (!load_index(all, &all->rows[i], &release, base, load, err))
            return false;
    }
    if (release.date > all->newest)
        all->newest = release.date;
    return true;
}

bool repositories_refresh(struct repositories *all, struct error *err)
{
    all->loads = arena_new_array(all->arena, struct repository_load, all->count);
    for (size_t from = 0; from < all->count;) {
        size_t to = from + 1;
        while (to < all->count && strcmp(all->rows[to].suite, all->rows[from].suite) == 0 &&
               strcmp(all->rows[to].address, all->rows[from].address) == 0)
            to++;
        if (!refresh_suite(all, from, to, err))
            return false;
        from = to;
    }
    return true;
}
