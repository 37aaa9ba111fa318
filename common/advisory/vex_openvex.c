/* OpenVEX 0.0.1 to 0.2.0 (github.com/openvex/spec). */
#include "advisory/json_split.h"
#include "advisory/vex_formats.h"
#include "base/clock.h"

/* 0.0.1 wrote strings where 0.2.0 writes objects. */
static const char *product_id(const json_t *product)
{
    if (json_is_string(product))
        return json_string_value(product);
    const char *purl = json_text(json_at(product, "identifiers"), "purl");
    return *purl ? purl : json_text(product, "@id");
}

static void read_names(const json_t *statement, struct vex_statement *s, struct arena *arena)
{
    const json_t *v = json_at(statement, "vulnerability");
    size_t capacity = 0, i;
    const char **aliases = NULL;
    json_t *item;
    if (json_is_string(v)) {
        s->vulnerability = json_string_value(v);
        return;
    }
    s->vulnerability = *json_text(v, "name") ? json_text(v, "name") : json_text(v, "@id");
    json_array_foreach(json_at(v, "aliases"), i, item)
    {
        if (!json_is_string(item))
            continue;
        arena_push(arena, aliases, s->alias_count, capacity);
        aliases[s->alias_count++] = json_string_value(item);
    }
    s->aliases = aliases;
}

static void put_products(const json_t *statement, struct vex_statement *s, struct arena *arena,
                         struct vex_set *out)
{
    const json_t *products = json_at(statement, "products");
    size_t i, k;
    json_t *product, *sub;
    if (json_array_size(products) == 0) {
        vex_add(out, s, arena);
        return;
    }
    json_array_foreach(products, i, product)
    {
        const json_t *subs = json_at(product, "subcomponents");
        if (json_array_size(subs) == 0)
            subs = json_at(statement, "subcomponents");
        s->product = product_id(product);
        s->subcomponent = NULL;
        if (json_array_size(subs) == 0)
            vex_add(out, s, arena);
        json_array_foreach(subs, k, sub)
        {
            s->subcomponent = product_id(sub);
            vex_add(out, s, arena);
        }
    }
}

bool vex_parse_openvex(const json_t *root, const char *document, struct arena *arena,
                       struct vex_set *out, struct error *err)
{
    const json_t *statements = json_at(root, "statements");
    int64_t document_at = 0;
    size_t i;
    json_t *statement;
    if (!json_is_array(statements))
        return error_set(err, ERROR_INPUT, "OpenVEX: no statements");
    clock_parse(slice_of(json_text(root, "timestamp")), &document_at);
    json_array_foreach(statements, i, statement)
    {
        struct vex_statement s = {
            .document = document,
            .author = *json_text(root, "author") ? json_text(root, "author") : NULL,
            .timestamp = document_at,
        };
        const char *justification = json_text(statement, "justification");
        const char *text = json_text(statement, "impact_statement");
        clock_parse(slice_of(json_text(statement, "timestamp")), &s.timestamp);
        clock_parse(slice_of(json_text(statement, "last_updated")), &s.timestamp);
        if (!vex_status_parse(json_text(statement, "status"), &s.status))
            return error_set(err, ERROR_INPUT, "OpenVEX: statement %zu: unknown status \"%.40s\"",
                             i, json_text(statement, "status"));
        s.justification = *justification ? justification : NULL;
        s.text = *text ? text : NULL;
        read_names(statement, &s, arena);
        if (!s.vulnerability || !*s.vulnerability)
            return error_set(err, ERROR_INPUT, "OpenVEX: statement %zu: no vulnerability", i);
        put_products(statement, &s, arena, out);
    }
    return true;
}
