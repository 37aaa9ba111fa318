#include "patch/repository.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "image/layer_stream.h"

enum {
    INRELEASE_BYTES_MOST = 8 << 20,
    INDEX_BYTES_MOST = 512 << 20,
    KEYRING_BYTES_MOST = 4 << 20,
    KEYRINGS_MOST = 64,
    FETCH_TRIES = 4,
};
#define PACKAGE_BYTES_MOST (4LL << 30)

static bool open_local(const char *path, struct stream **out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_set(err, ERROR_RETRY, "%s: cannot be read", path);
    *out = stream_of_fd(fd, true);
    return true;
}

/* Bytes of an address; several tries where the outside is unwell. */
static bool open_url(struct http_client *client, struct arena *arena, const char *url,
                     struct stream **out, struct error *err)
{
    if (strncmp(url, "file:", 5) == 0)
        return open_local(strncmp(url, "file://", 7) == 0 ? url + 7 : url + 5, out, err);
    struct http_request request = {.url = url, .allow_private = true, .identity_only = true};
    struct http_response response;
    if (!http_open(client, arena, &request, &response, out, err))
        return error_wrap(err, "%s", url);
    if (response.status == 200)
        return true;
    stream_close(*out);
    *out = NULL;
    if (response.status == 404)
        return error_set(err, ERROR_RETRY, "%s: not there (404)", url);
    return http_status_error(&response, url, err);
}

static bool load_url(struct http_client *client, struct arena *arena, const char *url, size_t most,
                     struct slice *out, struct error *err)
{
    for (int i = 0; i < FETCH_TRIES; i++) {
        struct buf whole scoped(buf_release) = {0};
        struct stream *stream scoped(stream_scope_close) = NULL;
        *err = (struct error){0};
        if (open_url(client, arena, url, &stream, err) &&
            stream_read_all(stream, most, &whole, err)) {
            out->data = arena_memdup(arena, whole.data ? whole.data : "", whole.length);
            out->length = whole.length;
            return true;
        }
        if (err->kind != ERROR_RETRY || strstr(err->text, "(404)"))
            return false;
    }
    return false;
}

struct keys {
    struct apt_keyring items[KEYRINGS_MOST];
    size_t count;
};

static void add_keyring(struct arena *arena, const char *path, struct keys *out)
{
    struct buf bytes scoped(buf_release) = {0};
    struct error err = {0};
    struct stream *stream scoped(stream_scope_close) = NULL;

    if (out->count == KEYRINGS_MOST || !open_local(path, &stream, &err) ||
        !stream_read_all(stream, KEYRING_BYTES_MOST, &bytes, &err) || !bytes.length)
        return;
    out->items[out->count++] = (struct apt_keyring){
        arena_strdup(arena, path), {arena_memdup(arena, bytes.data, bytes.length), bytes.length}};
}

static void usual_keys(struct arena *arena, struct keys *out)
{
    static const char *const usual[] = {"/usr/share/keyrings/debian-archive-keyring.gpg",
                                        "/usr/share/keyrings/ubuntu-archive-keyring.gpg"};
    DIR *folder = opendir("/etc/apt/trusted.gpg.d");

    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            add_keyring(arena, arena_printf(arena, "/etc/apt/trusted.gpg.d/%s", entry->d_name),
                        out);
    if (folder)
        closedir(folder);
    for (size_t i = 0; i < array_count(usual); i++)
        add_keyring(arena, usual[i], out);
}

static void keys_of(struct arena *arena, const struct repository_entry *entry, struct keys *out)
{
    *out = (struct keys){0};
    if (strstr(entry->signed_by, "BEGIN PGP")) {
        out->items[out->count++] = (struct apt_keyring){"Signed-By", slice_of(entry->signed_by)};
        return;
    }
    struct slice rest = slice_of(entry->signed_by), word;
    while (slice_take_word(&rest, &word)) {
        struct slice part;
        while (slice_take_until(&word, ',', &part))
            if (part.length && part.data[0] == '/')
                add_keyring(arena, slice_string(arena, part), out);
    }
    if (!*entry->signed_by)
        usual_keys(arena, out);
}

struct reading {
    struct arena *arena;
    const struct repository_entry *entry;
    const struct repository_wish *wish;
    const char *suite;
    struct candidate *items;
    size_t count, capacity;
};

static bool take_package(void *context, const struct deb822_stanza *fields, struct error *err)
{
    struct reading *r = context;
    struct slice name = deb822_get(fields, "Package");

    (void)err;
    for (size_t i = 0; i < r->wish->installed->count; i++) {
        if (!slice_is(name, r->wish->installed->packages[i].name))
            continue;
        arena_push(r->arena, r->items, r->count, r->capacity);
        struct candidate *out = &r->items[r->count];
        *out = (struct candidate){.uri = r->entry->uri, .suite = r->suite};
        r->count += apt_package_read(fields, r->arena, &out->package);
        break;
    }
    return true;
}

static bool read_index(struct reading *r, struct slice bytes, struct error *err)
{
    struct deb822_stream *stanzas scoped(deb822_stream_scope_free) =
        deb822_stream_new(take_package, r);
    struct stream *raw scoped(stream_scope_close) = stream_of_memory(bytes);
    struct stream *text scoped(stream_scope_close) = NULL;
    struct layer_stream_settings settings = {.no_digest = true, .no_diff_id = true};
    char block[65536];
    size_t got;

    if (!layer_stream_open(raw, &settings, &text, err))
        return false;
    for (;;) {
        if (!stream_read(text, block, sizeof(block), &got, err))
            return false;
        if (!got)
            return deb822_stream_finish(stanzas, err);
        if (!deb822_stream_put(stanzas, block, got, err))
            return false;
    }
}

static bool load_index(struct http_client *client, struct reading *r, const char *base,
                       const struct apt_release *release, const char *component, struct error *err)
{
    const struct apt_release_file *file = apt_release_packages(release, component, r->wish->arch);
    struct slice bytes;

    if (!file)
        return true;
    const char *url =
        arena_printf(r->arena, "%s/%s", base, apt_release_request(release, file, r->arena));
    if (!load_url(client, r->arena, url, INDEX_BYTES_MOST, &bytes, err))
        return false;
    if (!apt_release_file_verify(file, bytes, err))
        return error_wrap(err, "%s", url);
    return read_index(r, bytes, err);
}

static bool load_suite(struct http_client *client, struct reading *r, struct error *err)
{
    const char *base = arena_printf(r->arena, "%s/dists/%s", r->entry->uri, r->suite);
    const char *url = arena_printf(r->arena, "%s/InRelease", base);
    struct slice signed_bytes, body;
    struct apt_release release = {0};
    struct keys keys;
    char signer[64];

    keys_of(r->arena, r->entry, &keys);
    if (!load_url(client, r->arena, url, INRELEASE_BYTES_MOST, &signed_bytes, err))
        return false;
    if (!apt_inrelease_verify(signed_bytes, keys.items, keys.count, r->arena, &body, signer, err) ||
        !apt_release_parse(body, r->arena, &release, err) ||
        (r->entry->check_dates && !apt_release_check(&release, clock_unix_s(), 0, err)))
        return error_wrap(err, "%s", url);
    if (release.codename &&
        strncmp(release.codename, r->wish->codename, strlen(r->wish->codename)) != 0)
        return error_set(err, ERROR_INPUT, "%s: it is %s", url, release.codename);
    for (size_t i = 0; i < r->entry->components.count; i++) {
        bool wanted = false;
        for (size_t j = 0; j < r->wish->components.count; j++)
            wanted |= strcmp(r->wish->components.items[j], r->entry->components.items[i]) == 0;
        if (wanted && !load_index(client, r, base, &release, r->entry->components.items[i], err))
            return false;
    }
    return true;
}

static bool suite_fits(const char *suite, const char *codename, bool *security)
{
    size_t length = strlen(codename);

    if (strncmp(suite, codename, length) != 0)
        return false;
    *security = strcmp(suite + length, "-security") == 0 || strcmp(suite + length, "/updates") == 0;
    return *security || !suite[length] || strcmp(suite + length, "-updates") == 0;
}

bool repository_candidates(struct http_client *client, struct arena *arena,
                           const struct repository_set *set, const struct repository_wish *wish,
                           struct candidate **out, size_t *count, struct error *err)
{
    struct reading reading = {.arena = arena, .wish = wish};
    bool covered = false, security;

    for (size_t i = 0; i < set->count; i++)
        for (size_t j = 0; j < set->entries[i].suites.count; j++) {
            reading.entry = &set->entries[i];
            reading.suite = reading.entry->suites.items[j];
            if (!suite_fits(reading.suite, wish->codename, &security))
                continue;
            if (!load_suite(client, &reading, err))
                return false;
            covered |= security;
        }
    if (!covered)
        return error_set(err, ERROR_RETRY,
                         "no package source for %s-security in %s: name one with --repository, or "
                         "set RESOLE_REPOSITORIES_FILE to a file in the format of sources.list(5)",
                         wish->codename, set->origin ? set->origin : "what was given");
    *out = reading.items;
    *count = reading.count;
    return true;
}

bool repository_fetch_package(struct http_client *client, struct arena *arena,
                              const struct candidate *candidate, struct spool *spool,
                              int64_t *offset, int64_t *length, struct error *err)
{
    const struct apt_package *package = &candidate->package;
    const char *url = arena_printf(arena, "%s/%s", candidate->uri, package->filename);
    char digest[DIGEST_TEXT_SIZE];

    if (strstr(package->filename, ".."))
        return error_set(err, ERROR_INPUT, "%s: not a file name", package->filename);
    for (int i = 0; i < FETCH_TRIES; i++) {
        struct stream *stream scoped(stream_scope_close) = NULL;
        *err = (struct error){0};
        if (open_url(client, arena, url, &stream, err) &&
            spool_append(spool, stream, PACKAGE_BYTES_MOST, offset, length, digest, err)) {
            if (*length != package->bytes || strcmp(digest + 7, package->sha256) != 0)
                return error_set(err, ERROR_INPUT, "%s: not what the signed index says", url);
            return true;
        }
        if (err->kind != ERROR_RETRY || strstr(err->text, "(404)"))
            return false;
    }
    return false;
}
