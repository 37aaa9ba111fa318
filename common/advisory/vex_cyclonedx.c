/* CycloneDX 1.4 and later, vulnerabilities[].analysis (cyclonedx.org/capabilities/vex). `affects`
 * names bom-refs of the same document, or BOM-Links into another. */
#include "advisory/json_split.h"
#include "advisory/vex_formats.h"
#include "base/clock.h"
#include "base/limits.h"

static const struct {
    const char *word;
    enum vex_status status;
} states[] = {
    {"not_affected", VEX_NOT_AFFECTED},    {"false_positive", VEX_NOT_AFFECTED},
    {"exploitable", VEX_AFFECTED},         {"resolved", VEX_FIXED},
    {"resolved_with_pedigree", VEX_FIXED}, {"in_triage", VEX_UNDER_INVESTIGATION},
};

/* The package URL of the component with this bom-ref, down the tree. */
static const char *find_purl(const json_t *list, const char *ref, int depth)
{
    size_t i;
    json_t *component;
    if (depth > LIMIT_JSON_DEPTH)
        return NULL;
    json_array_foreach(list, i, component)
    {
        if (strcmp(json_text(component, "bom-ref"), ref) == 0)
            return *json_text(component, "purl") ? json_text(component, "purl") : NULL;
        const char *inner = find_purl(json_at(component, "components"), ref, depth + 1);
        if (inner)
            return inner;
    }
    return NULL;
}

static const char *product_of(const json_t *root, const char *ref)
{
    const json_t *subject = json_at(json_at(root, "metadata"), "component");
    const char *hash = strncmp(ref, "urn:cdx:", 8) == 0 ? strchr(ref, '#') : NULL;
    const char *purl;
    if (hash)
        ref = hash + 1;
    if (strncmp(ref, "pkg:", 4) == 0)
        return ref;
    if (strcmp(json_text(subject, "bom-ref"), ref) == 0 && *json_text(subject, "purl"))
        return json_text(subject, "purl");
    purl = find_purl(json_at(root, "components"), ref, 0);
    return purl ? purl : ref;
}

static void put_vulnerability(const json_t *root, const json_t *v, struct vex_statement *s,
                              struct arena *arena, struct vex_set *out)
{
    const json_t *analysis = json_at(v, "analysis");
    const char *word = json_text(analysis, "state");
    size_t i, capacity = 0;
    json_t *item;
    const char **aliases = NULL;
    bool known = false;
    for (i = 0; i < array_count(states); i++)
        if (strcmp(states[i].word, word) == 0) {
            s->status = states[i].status;
            known = true;
        }
    if (!known || !*json_text(v, "id"))
        return; /* a finding without a judgement says nothing */
    json_array_foreach(json_at(v, "references"), i, item)
    {
        arena_push(arena, aliases, s->alias_count, capacity);
        aliases[s->alias_count++] = json_text(item, "id");
    }
    s->aliases = aliases;
    s->vulnerability = json_text(v, "id");
    s->justification =
        *json_text(analysis, "justification") ? json_text(analysis, "justification") : NULL;
    s->text = *json_text(analysis, "detail") ? json_text(analysis, "detail") : NULL;
    clock_parse(slice_of(json_text(analysis, "lastUpdated")), &s->timestamp);
    if (json_array_size(json_at(v, "affects")) == 0)
        vex_add(out, s, arena);
    json_array_foreach(json_at(v, "affects"), i, item)
    {
        s->product = product_of(root, json_text(item, "ref"));
        vex_add(out, s, arena);
    }
}

bool vex_parse_cyclonedx(const json_t *root, const char *document, struct arena *arena,
                         struct vex_set *out, struct error *err)
{
    size_t i;
    json_t *v;
    int64_t at = 0;
    (void)err;
    clock_parse(slice_of(json_text(json_at(root, "metadata"), "timestamp")), &at);
    json_array_foreach(json_at(root, "vulnerabilities"), i, v)
    {
        struct vex_statement s = {.document = document, .timestamp = at};
        put_vulnerability(root, v, &s, arena, out);
    }
    return true;
}
