/* Packages of a Debian repository, verified by whoever fetched it: what can be installed today.
 * The document's name says where it stands: "debian/bookworm-security/main/amd64". */
#include "advisory/apt_index.h"
#include "advisory/feeds/formats.h"
#include "advisory/release.h"

struct place {
    struct feed_sink *sink;
    const char *suite, *arch;
    struct package_context context;
    bool backports;
};

/* "bookworm-security" → "bookworm". */
static const char *suite_codename(const char *suite, struct arena *arena)
{
    static const char *const endings[] = {"-security",         "-updates",  "-backports",
                                          "-proposed-updates", "-proposed", "-lts",
                                          "-backports-sloppy"};
    const char *slash = strchr(suite, '/'); /* "buster/updates" */
    struct slice name = slash ? (struct slice){suite, (size_t)(slash - suite)} : slice_of(suite);
    for (size_t i = 0; i < array_count(endings); i++)
        if (slice_has_suffix(name, endings[i]))
            return arena_strndup(arena, name.data, name.length - strlen(endings[i]));
    return slice_string(arena, name);
}

static bool read_place(const char *name, struct arena *arena, struct place *out)
{
    struct slice rest = slice_of(name), parts[8];
    size_t count = 0;
    while (count < array_count(parts) && slice_take_until(&rest, '/', &parts[count]))
        count++;
    if (count < 4)
        return false;
    /* A suite may hold a slash: everything between the distribution and the last two. */
    struct slice suite = {parts[1].data, (size_t)(parts[count - 2].data - parts[1].data) - 1};
    out->suite = slice_string(arena, suite);
    out->arch = slice_string(arena, parts[count - 1]);
    out->backports = strstr(out->suite, "backports") != NULL;
    out->context = context_canonical(slice_string(arena, parts[0]),
                                     suite_codename(out->suite, arena), "", arena);
    return true;
}

static bool put_candidate(void *context, const struct deb822_stanza *stanza, struct error *err)
{
    const struct place *place = context;
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct apt_package package;
    if (!apt_package_read(stanza, arena, &package)) {
        place->sink->counts->unusable++;
        return true;
    }
    place->sink->counts->records++;
    /* Backports are judged alone, phased updates are not for everybody yet. */
    if (place->backports || package.phased < 100) {
        place->sink->counts->informational++;
        return true;
    }
    const char *const versions[] = {package.version,
                                    package.source_version,
                                    package.source,
                                    package.filename ? package.filename : "",
                                    package.sha256 ? package.sha256 : "",
                                    arena_printf(arena, "%lld", (long long)package.bytes)};
    struct condition arch = {CONDITION_ARCH, package.arch ? package.arch : place->arch};
    struct assertion a = {
        .kind = ASSERTION_CANDIDATE,
        .record = place->suite,
        .vulnerability = "-",
        .type = "deb",
        .name = package.name,
        .name_kind = NAME_BINARY,
        .context = place->context,
        .state = STATE_FIXED,
        .versions = versions,
        .version_count = array_count(versions),
        .conditions = &arch,
        .condition_count = 1,
        .epss = -1,
        .epss_percentile = -1,
    };
    return feed_put(place->sink, &a, err);
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct place place = {.sink = sink};
    struct deb822_stream *stream scoped(deb822_stream_scope_free) =
        deb822_stream_new(put_candidate, &place);
    char block[65536];
    if (!read_place(in->name, arena, &place))
        return error_set(err, ERROR_INPUT, "no distribution, suite, component, architecture");
    for (;;) {
        long got = in->read(in->context, block, sizeof(block), err);
        if (got < 0)
            return false;
        if (got == 0)
            return deb822_stream_finish(stream, err);
        if (!deb822_stream_put(stream, block, (size_t)got, err))
            return false;
    }
}

const struct feed_format feed_apt_packages = {
    .name = "apt-index",
    .parse = parse,
    .source = "apt",
};
