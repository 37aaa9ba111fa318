/* CVE JSON 5.x records, one a file (cve.org's list, CISA's enrichment): CVSS vectors of the CNA and
 * of every ADP container, as facts about the vulnerability. What "affected" says there is free text
 * and names no package; it is not read. */
#include "advisory/alias.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "base/buf.h"
#include "base/clock.h"

enum { RECORD_BYTES = 16 * 1024 * 1024 };

static void put_vectors(const json_t *container, struct buf *out)
{
    static const char *const keys[] = {"cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0"};
    size_t i;
    json_t *metric;
    json_array_foreach(json_at(container, "metrics"), i, metric)
    {
        for (size_t k = 0; k < array_count(keys); k++) {
            const char *vector = json_text(json_at(metric, keys[k]), "vectorString");
            if (*vector && (out->length == 0 || !strstr(out->data, vector)))
                buf_printf(out, "%s%s", out->length > 0 ? " " : "", vector);
        }
    }
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct buf text scoped(buf_release) = {0};
    struct slice bytes;
    const json_t *root;
    struct assertion a = feed_blank();
    size_t i;
    json_t *item;
    if (!feed_read_all(in, RECORD_BYTES, arena, &bytes, err) ||
        !(root = json_document(bytes, arena, err)))
        return false;
    const json_t *about = json_at(root, "cveMetadata"), *containers = json_at(root, "containers");
    const char *version = json_text(root, "dataVersion");
    if (*version != '5')
        return error_set(err, ERROR_INPUT, "schema version \"%.20s\": only 5.x is read", version);
    a.record = a.vulnerability = a.name = json_text(about, "cveId");
    sink->counts->records++;
    if (!vulnerability_is_cve(a.record))
        return error_set(err, ERROR_INPUT, "\"%.40s\" is no CVE id", a.record);
    if (strcmp(json_text(about, "state"), "REJECTED") == 0) {
        sink->counts->withdrawn++;
        return true;
    }
    put_vectors(json_at(containers, "cna"), &text);
    json_array_foreach(json_at(containers, "adp"), i, item)
    {
        put_vectors(item, &text);
    }
    if (text.length == 0) {
        sink->counts->no_package++;
        return true;
    }
    a.kind = ASSERTION_VULNERABILITY;
    a.type = "cve";
    a.name_kind = NAME_BINARY;
    a.context = (struct package_context){"", "", ""};
    a.cvss = buf_text(&text);
    a.title = json_text(json_at(containers, "cna"), "title");
    clock_parse(slice_of(json_text(about, "datePublished")), &a.published);
    clock_parse(slice_of(json_text(about, "dateUpdated")), &a.modified);
    return feed_put(sink, &a, err);
}

static bool wants(const char *name)
{
    return slice_has_suffix(slice_of(name), ".json");
}

static bool looks_like(struct slice head, const char *name)
{
    (void)name;
    return slice_find(head, "\"CVE_RECORD\"") < head.length &&
           slice_find(head, "\"dataVersion\"") < head.length;
}

const struct feed_format feed_cve = {
    .name = "cve",
    .wants = wants,
    .parse = parse,
    .looks_like = looks_like,
    .source = "cve",
};
