/* OSV records as YAML, one a file (PyPA's advisory database). Dates are YAML timestamps there,
 * which is the text that JSON has. */
#include "advisory/feeds/formats.h"
#include "advisory/feeds/osv.h"
#include "advisory/yaml_tree.h"

enum { OSV_YAML_BYTES = 4 * 1024 * 1024 };

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct slice bytes;
    const json_t *root;
    return feed_read_all(in, OSV_YAML_BYTES, arena, &bytes, err) &&
           (root = yaml_document(bytes, arena, err)) && osv_record_put(root, sink, arena, err);
}

static bool looks_like(struct slice head, const char *name)
{
    return feed_wants_yaml(name) && slice_find(head, "id: ") < head.length &&
           slice_find(head, "affected:") < head.length &&
           slice_find(head, "package:") < head.length && slice_find(head, "gem:") == head.length;
}

const struct feed_format feed_osv_yaml = {
    .name = "osv-yaml",
    .wants = feed_wants_yaml,
    .parse = parse,
    .looks_like = looks_like,
    .source = "osv",
};
