#include <stdio.h>

#include "advisory/apt_index.h"
#include "base/clock.h"
#include "base/digest.h"

enum { RELEASE_FILES_MOST = 100000, CLOCK_SKEW_S = 24 * 3600 };

static const char **words(struct slice text, struct arena *arena, size_t *count)
{
    const char **list = NULL;
    size_t capacity = 0;
    struct slice word;
    *count = 0;
    while (slice_take_word(&text, &word)) {
        arena_push(arena, list, *count, capacity);
        list[(*count)++] = slice_string(arena, word);
    }
    return list;
}

static bool is_hex(struct slice text, size_t length)
{
    unsigned char bytes[DIGEST_BYTES];
    return text.length == length && hex_decode(text, bytes, length / 2);
}

/* Absolute names and "..": a signature does not make them right. */
static bool is_plain_path(struct slice path)
{
    struct slice part;
    if (path.length == 0 || path.data[0] == '/' || memchr(path.data, 0, path.length))
        return false;
    while (slice_take_until(&path, '/', &part))
        if (part.length == 0 || slice_is(part, "..") || slice_is(part, "."))
            return false;
    return true;
}

static bool read_files(struct slice list, struct arena *arena, struct apt_release *out,
                       struct error *err)
{
    struct slice line, hash, size, path;
    while (slice_take_line(&list, &line)) {
        uint64_t bytes;
        if (slice_trim(line).length == 0)
            continue;
        if (!slice_take_word(&line, &hash) || !slice_take_word(&line, &size) ||
            !slice_take_word(&line, &path) || !is_hex(hash, 64) || !slice_parse_u64(size, &bytes) ||
            bytes > INT64_MAX || !is_plain_path(path))
            return error_set(err, ERROR_INPUT, "Release: SHA256: malformed line");
        if (out->file_count == RELEASE_FILES_MOST)
            return error_set(err, ERROR_INPUT, "Release: more than %d files", RELEASE_FILES_MOST);
        arena_push(arena, out->files, out->file_count, out->file_capacity);
        out->files[out->file_count++] = (struct apt_release_file){
            .path = slice_string(arena, path),
            .sha256 = slice_string(arena, hash),
            .bytes = (int64_t)bytes,
        };
    }
    return true;
}

bool apt_release_parse(struct slice body, struct arena *arena, struct apt_release *out,
                       struct error *err)
{
    struct deb822_stanza stanza = {0};
    *out = (struct apt_release){0};
    if (!deb822_take(&body, arena, &stanza, NULL))
        return error_set(err, ERROR_INPUT, "Release: empty");
    out->origin = deb822_text(&stanza, "Origin", arena);
    out->label = deb822_text(&stanza, "Label", arena);
    out->suite = deb822_text(&stanza, "Suite", arena);
    out->codename = deb822_text(&stanza, "Codename", arena);
    out->version = deb822_text(&stanza, "Version", arena);
    struct slice date = deb822_get(&stanza, "Date"), until = deb822_get(&stanza, "Valid-Until");
    if (!out->suite && !out->codename)
        return error_set(err, ERROR_INPUT, "Release: neither Suite nor Codename");
    if (!clock_parse_http(date, &out->date))
        return error_set(err, ERROR_INPUT, "Release: Date is missing or malformed");
    if (until.length > 0 && !clock_parse_http(until, &out->valid_until))
        return error_set(err, ERROR_INPUT, "Release: Valid-Until is malformed");
    out->acquire_by_hash = slice_is_nocase(deb822_get(&stanza, "Acquire-By-Hash"), "yes");
    out->not_automatic = slice_is_nocase(deb822_get(&stanza, "NotAutomatic"), "yes");
    out->but_automatic_upgrades =
        slice_is_nocase(deb822_get(&stanza, "ButAutomaticUpgrades"), "yes");
    out->components = words(deb822_get(&stanza, "Components"), arena, &out->component_count);
    out->architectures =
        words(deb822_get(&stanza, "Architectures"), arena, &out->architecture_count);
    if (!read_files(deb822_get(&stanza, "SHA256"), arena, out, err))
        return false;
    if (out->file_count == 0)
        return error_set(err, ERROR_INPUT, "Release: no SHA256 sums");
    return true;
}

bool apt_release_check(const struct apt_release *release, int64_t now, int64_t last_seen_date,
                       struct error *err)
{
    char text[32];
    if (release->valid_until > 0 && release->valid_until < now) {
        clock_format(release->valid_until, text);
        return error_set(err, ERROR_INPUT, "Release expired at %s", text);
    }
    if (release->date > now + CLOCK_SKEW_S) {
        clock_format(release->date, text);
        return error_set(err, ERROR_INPUT, "Release is dated in the future, %s", text);
    }
    if (last_seen_date > 0 && release->date < last_seen_date) {
        clock_format(release->date, text);
        return error_set(err, ERROR_INPUT, "Release of %s is older than the last one seen", text);
    }
    return true;
}

const struct apt_release_file *apt_release_packages(const struct apt_release *release,
                                                    const char *component, const char *arch)
{
    static const char *const endings[] = {".xz", ".zst", ".gz", ".bz2", ""};
    char path[512];
    /* A component of a security suite may be written "updates/main" in Components and "main" in
       the paths. */
    const char *slash = strrchr(component, '/');
    for (int attempt = 0; attempt < 2; attempt++) {
        const char *name = attempt == 0 ? component : slash ? slash + 1 : NULL;
        for (size_t e = 0; name && e < array_count(endings); e++) {
            int length =
                snprintf(path, sizeof(path), "%s/binary-%s/Packages%s", name, arch, endings[e]);
            if (length < 0 || (size_t)length >= sizeof(path))
                return NULL;
            for (size_t i = 0; i < release->file_count; i++)
                if (strcmp(release->files[i].path, path) == 0)
                    return &release->files[i];
        }
    }
    return NULL;
}

const char *apt_release_request(const struct apt_release *release,
                                const struct apt_release_file *file, struct arena *arena)
{
    const char *slash = strrchr(file->path, '/');
    if (!release->acquire_by_hash)
        return file->path;
    if (!slash)
        return arena_printf(arena, "by-hash/SHA256/%s", file->sha256);
    return arena_printf(arena, "%.*s/by-hash/SHA256/%s", (int)(slash - file->path), file->path,
                        file->sha256);
}

bool apt_release_file_verify(const struct apt_release_file *file, struct slice bytes,
                             struct error *err)
{
    char digest[DIGEST_TEXT_SIZE];
    if ((int64_t)bytes.length != file->bytes)
        return error_set(err, ERROR_INPUT, "%s: %zu bytes, %lld promised", file->path, bytes.length,
                         (long long)file->bytes);
    digest_of(bytes.data, bytes.length, digest);
    if (!slice_is_nocase(slice_of(file->sha256), digest + strlen("sha256:")))
        return error_set(err, ERROR_INPUT, "%s: wrong SHA-256", file->path);
    return true;
}
