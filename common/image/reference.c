#include "image/reference.h"

#include <string.h>
#include <sys/stat.h>

enum { REPOSITORY_MOST = 255, TAG_MOST = 128, HOST_MOST = 255 };

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_word(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

/* [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* */
static bool is_path_component(struct slice s)
{
    size_t i = 0;
    if (s.length == 0 || !is_lower_or_digit(s.data[0]) || !is_lower_or_digit(s.data[s.length - 1]))
        return false;
    while (i < s.length) {
        while (i < s.length && is_lower_or_digit(s.data[i]))
            i++;
        size_t from = i;
        while (i < s.length && !is_lower_or_digit(s.data[i]))
            i++;
        struct slice gap = slice_sub(s, from, i - from);
        if (gap.length == 0 || slice_is(gap, ".") || slice_is(gap, "_") || slice_is(gap, "__"))
            continue;
        for (size_t k = 0; k < gap.length; k++)
            if (gap.data[k] != '-')
                return false;
    }
    return true;
}

bool reference_is_repository(struct slice text)
{
    struct slice rest = text, part;
    if (text.length == 0 || text.length > REPOSITORY_MOST || text.data[text.length - 1] == '/')
        return false;
    while (slice_take_until(&rest, '/', &part))
        if (!is_path_component(part))
            return false;
    return true;
}

bool reference_is_tag(struct slice text)
{
    if (text.length == 0 || text.length > TAG_MOST || !is_word(text.data[0]))
        return false;
    for (size_t i = 1; i < text.length; i++)
        if (!is_word(text.data[i]) && text.data[i] != '.' && text.data[i] != '-')
            return false;
    return true;
}

bool reference_is_digest(struct slice text)
{
    size_t prefix = 7;
    if (!(slice_has_prefix(text, "sha256:") && text.length == 7 + 64) &&
        !(slice_has_prefix(text, "sha512:") && text.length == 7 + 128))
        return false;
    for (size_t i = prefix; i < text.length; i++)
        if (!((text.data[i] >= '0' && text.data[i] <= '9') ||
              (text.data[i] >= 'a' && text.data[i] <= 'f')))
            return false;
    return true;
}

static bool is_host(struct slice s)
{
    if (s.length == 0 || s.length > HOST_MOST)
        return false;
    if (s.data[0] == '[') { /* IPv6 */
        size_t close = slice_find_byte(s, ']');
        if (close == s.length || close < 3)
            return false;
        struct slice port = slice_sub(s, close + 1, s.length);
        for (size_t i = 1; i < close; i++)
            if (!strchr("0123456789abcdefABCDEF:.", s.data[i]))
                return false;
        uint64_t number;
        return port.length == 0 ||
               (port.data[0] == ':' && slice_parse_u64(slice_sub(port, 1, port.length), &number) &&
                number <= 65535);
    }
    size_t colon = slice_find_byte(s, ':');
    if (colon < s.length) {
        uint64_t number;
        if (!slice_parse_u64(slice_sub(s, colon + 1, s.length), &number) || number > 65535)
            return false;
    }
    if (colon == 0 || s.data[0] == '-' || s.data[0] == '.' || s.data[colon - 1] == '-')
        return false;
    for (size_t i = 0; i < colon; i++)
        if (!(is_word(s.data[i]) && s.data[i] != '_') && s.data[i] != '-' && s.data[i] != '.')
            return false;
    return true;
}

static bool looks_like_host(struct slice first)
{
    if (slice_is(first, "localhost"))
        return true;
    for (size_t i = 0; i < first.length; i++)
        if (first.data[i] == '.' || first.data[i] == ':' || first.data[i] == '[' ||
            (first.data[i] >= 'A' && first.data[i] <= 'Z'))
            return true;
    return false;
}

static const char *canonical_host(struct arena *arena, struct slice host)
{
    char *out = slice_string(arena, host);
    for (char *p = out; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return strcmp(out, "index.docker.io") == 0 || strcmp(out, "registry-1.docker.io") == 0
               ? "docker.io"
               : out;
}

bool reference_parse(struct arena *arena, const char *text, struct reference *out,
                     struct error *err)
{
    struct slice rest = slice_of(text);
    *out = (struct reference){.host = "docker.io", .tag = "", .digest = ""};
    size_t at = slice_find_byte(rest, '@');
    if (at < rest.length) {
        struct slice digest = slice_sub(rest, at + 1, rest.length);
        if (!reference_is_digest(digest))
            return error_set(err, ERROR_INPUT, "reference '%.200s': malformed digest", text);
        out->digest = slice_string(arena, digest);
        rest = slice_sub(rest, 0, at);
    }
    size_t slash = slice_find_byte(rest, '/');
    struct slice first = slice_sub(rest, 0, slash);
    if (slash < rest.length && looks_like_host(first)) {
        if (!is_host(first))
            return error_set(err, ERROR_INPUT, "reference '%.200s': malformed host", text);
        out->host = canonical_host(arena, first);
        rest = slice_sub(rest, slash + 1, rest.length);
    }
    size_t colon = slice_find_byte(rest, ':');
    if (colon < rest.length) {
        struct slice tag = slice_sub(rest, colon + 1, rest.length);
        if (!reference_is_tag(tag))
            return error_set(err, ERROR_INPUT, "reference '%.200s': malformed tag", text);
        out->tag = slice_string(arena, tag);
        rest = slice_sub(rest, 0, colon);
    }
    if (!reference_is_repository(rest))
        return error_set(err, ERROR_INPUT,
                         "reference '%.200s': malformed repository (lower case letters, digits, "
                         "'.', '_', '-' between '/')",
                         text);
    bool official =
        strcmp(out->host, "docker.io") == 0 && slice_find_byte(rest, '/') == rest.length;
    out->repository =
        arena_printf(arena, "%s%.*s", official ? "library/" : "", (int)rest.length, rest.data);
    return true;
}

const char *reference_tag(const struct reference *reference)
{
    return *reference->tag || *reference->digest ? reference->tag : "latest";
}

const char *reference_target(const struct reference *reference)
{
    return *reference->digest ? reference->digest : reference_tag(reference);
}

const char *reference_text(struct arena *arena, const struct reference *reference)
{
    const char *tag = reference->tag, *digest = reference->digest;
    return arena_printf(arena, "%s/%s%s%s%s%s", reference->host, reference->repository,
                        *tag ? ":" : "", tag, *digest ? "@" : "", digest);
}

/* PATH[:tag][@digest]: the tag is what follows the last colon, if it can be one and no file has the
 * whole name. A docker-archive's selector is a reference, so it may hold slashes. */
static void split_path(struct arena *arena, struct slice rest, bool selector_is_reference,
                       struct image_name *out)
{
    struct stat st;
    out->path = slice_string(arena, rest);
    if (stat(out->path, &st) == 0)
        return;
    size_t at_digest = slice_find(rest, "@sha256:");
    if (!selector_is_reference && at_digest < rest.length) {
        out->tag = slice_string(arena, slice_sub(rest, at_digest, rest.length));
        out->path = slice_string(arena, slice_sub(rest, 0, at_digest));
        return;
    }
    for (size_t i = 0; i < rest.length; i++) {
        size_t at = selector_is_reference ? i : rest.length - 1 - i;
        if (rest.data[at] != ':' || at == 0)
            continue;
        struct slice tag = slice_sub(rest, at + 1, rest.length);
        if (!selector_is_reference && !reference_is_tag(tag) && tag.length > 0 &&
            slice_find_byte(tag, '/') < tag.length)
            return;
        out->tag = slice_string(arena, tag);
        out->path = slice_string(arena, slice_sub(rest, 0, at));
        return;
    }
}

/* The transport a prefix names, and what stands after it. */
static bool take_transport(struct slice whole, enum image_transport *out, struct slice *rest)
{
    static const struct {
        const char *prefix;
        enum image_transport transport;
    } table[] = {
        {"oci:", IMAGE_OCI},
        {"oci-archive:", IMAGE_OCI_ARCHIVE},
        {"docker-archive:", IMAGE_DOCKER_ARCHIVE},
        {"dir:", IMAGE_DIRECTORY},
        {"sbom:", IMAGE_SBOM},
        {"docker://", IMAGE_REGISTRY},
        {"registry:", IMAGE_REGISTRY},
        {"docker:", IMAGE_DOCKER},
        {"podman:", IMAGE_PODMAN},
    };
    for (size_t i = 0; i < array_count(table); i++) {
        if (!slice_has_prefix(whole, table[i].prefix))
            continue;
        *out = table[i].transport;
        *rest = slice_sub(whole, strlen(table[i].prefix), whole.length);
        return true;
    }
    return false;
}

static bool is_bare_path(const char *text)
{
    struct slice whole = slice_of(text);
    struct stat st;
    return slice_has_prefix(whole, "/") || slice_has_prefix(whole, "./") ||
           slice_has_prefix(whole, "../") || slice_is(whole, ".") || slice_is(whole, "..") ||
           stat(text, &st) == 0;
}

bool image_name_parse(struct arena *arena, const char *text, struct image_name *out,
                      struct error *err)
{
    struct slice whole = slice_of(text), rest = whole;
    *out = (struct image_name){
        .transport = IMAGE_REGISTRY, .text = arena_strdup(arena, text), .path = "", .tag = ""};
    if (whole.length == 0 || whole.length > 8192)
        return error_set(err, ERROR_INPUT, "image: no name");
    if (slice_is(whole, "-")) {
        out->transport = IMAGE_STDIN;
        return true;
    }
    if (!take_transport(whole, &out->transport, &rest) && is_bare_path(text))
        out->transport = IMAGE_PATH;
    if (rest.length == 0)
        return error_set(err, ERROR_INPUT, "image '%.200s': nothing after the transport", text);
    switch (out->transport) {
    case IMAGE_REGISTRY:
    case IMAGE_DOCKER:
    case IMAGE_PODMAN:
        return reference_parse(arena, slice_string(arena, rest), &out->reference, err);
    case IMAGE_OCI:
    case IMAGE_OCI_ARCHIVE:
    case IMAGE_PATH:
        split_path(arena, rest, false, out);
        return true;
    case IMAGE_DOCKER_ARCHIVE:
        split_path(arena, rest, true, out);
        return true;
    case IMAGE_DIRECTORY:
    case IMAGE_SBOM:
    case IMAGE_STDIN:
        out->path = slice_string(arena, rest);
        return true;
    }
    return error_set(err, ERROR_FATAL, "unknown transport");
}
