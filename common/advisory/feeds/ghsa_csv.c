/* GitHub's advisories as tables of one ecosystem each, named by the file ("advisories-maven.csv"):
 * id,published,summary,package,introduced,fixed,severity,cwes. A field in quotes doubles its own.
 */
#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/release.h"
#include "base/buf.h"
#include "base/clock.h"

enum { TABLE_BYTES = 256 * 1024 * 1024, FIELDS = 8 };
enum { ID, PUBLISHED, SUMMARY, PACKAGE, INTRODUCED, FIXED, SEVERITY, CWES };

static const char *const ecosystems[] = {"maven",  "npm",      "nuget", "pypi", "gem",
                                         "golang", "composer", "cargo", "hex",  "pub"};

static const char *type_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    for (size_t i = 0; i < array_count(ecosystems); i++)
        if (strstr(slash ? slash : name, ecosystems[i]))
            return ecosystems[i];
    return NULL;
}

/* One field, which may span lines in quotes; false: quotes without end. *last: the row's end. */
static bool take_field(struct slice *rest, struct buf *out, bool *last)
{
    size_t i = 0;
    bool quoted = rest->length > 0 && rest->data[0] == '"';
    buf_clear(out);
    for (i = quoted; i < rest->length; i++) {
        char c = rest->data[i];
        if (quoted && c == '"' && i + 1 < rest->length && rest->data[i + 1] == '"')
            i++;
        else if (quoted && c == '"')
            break;
        else if (!quoted && (c == ',' || c == '\n' || c == '\r'))
            break;
        buf_put_byte(out, c);
    }
    if (quoted && i == rest->length)
        return false;
    i += quoted;
    while (i < rest->length && rest->data[i] == '\r')
        i++;
    *last = i == rest->length || rest->data[i] == '\n';
    bool ended = *last || rest->data[i] == ',';
    *rest = slice_sub(*rest, i + 1, rest->length);
    return ended;
}

static bool take_row(struct slice *rest, const char **fields, struct arena *arena)
{
    struct buf text scoped(buf_release) = {0};
    bool last = false;
    for (size_t i = 0; i < FIELDS; i++)
        fields[i] = "";
    for (size_t i = 0; !last; i++) {
        if (!take_field(rest, &text, &last))
            return false;
        if (i < FIELDS)
            fields[i] = arena_strndup(arena, buf_text(&text), text.length);
    }
    return true;
}

static bool put_row(const char *const *fields, const char *type, struct feed_sink *sink,
                    struct arena *arena, struct error *err)
{
    struct version_range range = {fields[INTRODUCED], *fields[FIXED] ? fields[FIXED] : NULL, NULL};
    struct assertion a = feed_blank();
    a.record = a.vulnerability = fields[ID];
    a.type = type;
    a.name = package_name_normal(type, fields[PACKAGE], arena);
    a.name_kind = NAME_BINARY;
    a.context = (struct package_context){"", "", ""};
    a.state = range.fixed ? STATE_FIXED : STATE_AFFECTED;
    a.ranges = &range;
    a.range_count = 1;
    a.severity = fields[SEVERITY];
    a.title = fields[SUMMARY];
    clock_parse(slice_of(fields[PUBLISHED]), &a.published);
    return feed_put(sink, &a, err);
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    const char *type = type_of(in->name);
    struct slice rest;
    if (!type)
        return error_set(err, ERROR_INPUT, "the file's name tells no ecosystem");
    if (!feed_read_all(in, TABLE_BYTES, arena, &rest, err))
        return false;
    while (rest.length > 0) {
        struct arena *row scoped(arena_scope_free) = arena_new();
        const char *fields[FIELDS];
        sink->counts->records++;
        if (!take_row(&rest, fields, row) || !slice_is_utf8(slice_of(fields[SUMMARY])))
            return error_set(err, ERROR_INPUT, "row %llu is damaged",
                             (unsigned long long)sink->counts->records);
        if (!vulnerability_is_cve(fields[ID]) && strncmp(fields[ID], "GHSA-", 5) != 0)
            return error_set(err, ERROR_INPUT, "row %llu: \"%.40s\" is no CVE and no GHSA",
                             (unsigned long long)sink->counts->records, fields[ID]);
        if (!*fields[PACKAGE])
            sink->counts->no_package++;
        else if (!put_row(fields, type, sink, row, err))
            return false;
    }
    return true;
}

static bool wants(const char *name)
{
    return slice_has_suffix(slice_of(name), ".csv") && type_of(name);
}

static bool looks_like(struct slice head, const char *name)
{
    struct slice line;
    return wants(name) && slice_take_line(&head, &line) &&
           (slice_has_prefix(line, "CVE-") || slice_has_prefix(line, "GHSA-")) &&
           slice_find(line, "T") < line.length && slice_find(line, ",") < line.length;
}

const struct feed_format feed_ghsa_csv = {
    .name = "ghsa-csv",
    .wants = wants,
    .parse = parse,
    .looks_like = looks_like,
    .source = "ghsa-csv",
};
