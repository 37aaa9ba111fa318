/* CSAF 2.0 (docs.oasis-open.org/csaf/csaf/v2.0): product_tree gives ids their package URLs;
 * relationships glue a component and what it is installed on into a third id. */
#include "advisory/json_split.h"
#include "advisory/vex_formats.h"
#include "base/clock.h"
#include "base/limits.h"

struct product {
    const char *id, *purl, *name;
    const char *component, *on; /* of a relationship: ids */
};

struct products {
    struct product *items;
    size_t count, capacity;
    struct arena *arena;
};

static void add_product(struct products *all, const json_t *product)
{
    const char *purl = json_text(json_at(product, "product_identification_helper"), "purl");
    if (!*json_text(product, "product_id"))
        return;
    arena_push(all->arena, all->items, all->count, all->capacity);
    all->items[all->count++] = (struct product){.id = json_text(product, "product_id"),
                                                .purl = *purl ? purl : NULL,
                                                .name = json_text(product, "name")};
}

static bool read_branches(struct products *all, const json_t *list, int depth, struct error *err)
{
    size_t i;
    json_t *branch;
    if (depth > LIMIT_JSON_DEPTH)
        return error_set(err, ERROR_INPUT, "CSAF: branches too deep");
    json_array_foreach(list, i, branch)
    {
        if (json_at(branch, "product"))
            add_product(all, json_at(branch, "product"));
        if (!read_branches(all, json_at(branch, "branches"), depth + 1, err))
            return false;
    }
    return true;
}

static bool read_tree(struct products *all, const json_t *tree, struct error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_at(tree, "full_product_names"), i, item)
    {
        add_product(all, item);
    }
    if (!read_branches(all, json_at(tree, "branches"), 0, err))
        return false;
    json_array_foreach(json_at(tree, "relationships"), i, item)
    {
        size_t before = all->count;
        add_product(all, json_at(item, "full_product_name"));
        if (all->count > before) {
            all->items[all->count - 1].component = json_text(item, "product_reference");
            all->items[all->count - 1].on = json_text(item, "relates_to_product_reference");
        }
    }
    return true;
}

static const struct product *find_product(const struct products *all, const char *id)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->items[i].id, id) == 0)
            return &all->items[i];
    return NULL;
}

/* What package URLs can tell of the id: the component (with what it stands in), or the product. */
static void put_product(const struct products *all, const char *id, struct vex_statement *s,
                        struct vex_set *out)
{
    const struct product *p = find_product(all, id);
    s->product = id;
    s->subcomponent = NULL;
    for (int hops = 0; p && hops < 8; hops++) {
        if (p->purl || !p->component) {
            s->product = p->purl ? p->purl : p->id;
            break;
        }
        const struct product *component = find_product(all, p->component);
        const struct product *on = find_product(all, p->on);
        if (component && component->purl && on && on->purl) {
            s->product = on->purl;
            s->subcomponent = component->purl;
            break;
        }
        if (!component)
            break;
        p = component;
    }
    vex_add(out, s, all->arena);
}

static const char *flag_of(const json_t *vulnerability, const char *list, const char *text_key,
                           const char *product)
{
    size_t i, k;
    json_t *flag, *id;
    json_array_foreach(json_at(vulnerability, list), i, flag)
    {
        if (json_array_size(json_at(flag, "product_ids")) == 0 &&
            json_array_size(json_at(flag, "group_ids")) == 0)
            return json_text(flag, text_key);
        json_array_foreach(json_at(flag, "product_ids"), k, id)
        {
            if (json_is_string(id) && strcmp(json_string_value(id), product) == 0)
                return json_text(flag, text_key);
        }
    }
    return NULL;
}

static const struct {
    const char *list;
    enum vex_status status;
} lists[] = {
    {"known_not_affected", VEX_NOT_AFFECTED},
    {"known_affected", VEX_AFFECTED},
    {"first_affected", VEX_AFFECTED},
    {"last_affected", VEX_AFFECTED},
    {"fixed", VEX_FIXED},
    {"first_fixed", VEX_FIXED},
    {"under_investigation", VEX_UNDER_INVESTIGATION},
};

static void put_vulnerability(const struct products *all, const json_t *vulnerability,
                              struct vex_statement *s, struct vex_set *out)
{
    const char *cve = json_text(vulnerability, "cve");
    size_t i, capacity = 0;
    json_t *item;
    const char **aliases = NULL;
    json_array_foreach(json_at(vulnerability, "ids"), i, item)
    {
        arena_push(all->arena, aliases, s->alias_count, capacity);
        aliases[s->alias_count++] = json_text(item, "text");
    }
    s->aliases = aliases;
    s->vulnerability = *cve ? cve : s->alias_count > 0 ? aliases[0] : "";
    for (size_t l = 0; l < array_count(lists); l++) {
        json_array_foreach(json_at(json_at(vulnerability, "product_status"), lists[l].list), i,
                           item)
        {
            const char *id = json_string_value(item);
            if (!id)
                continue;
            s->status = lists[l].status;
            s->justification =
                s->status == VEX_NOT_AFFECTED ? flag_of(vulnerability, "flags", "label", id) : NULL;
            s->text = s->status == VEX_NOT_AFFECTED
                          ? flag_of(vulnerability, "threats", "details", id)
                          : NULL;
            put_product(all, id, s, out);
        }
    }
}

bool vex_parse_csaf(const json_t *root, const char *document, struct arena *arena,
                    struct vex_set *out, struct error *err)
{
    const json_t *head = json_at(root, "document");
    struct products all = {.arena = arena};
    size_t i;
    json_t *vulnerability;
    int64_t at = 0;
    if (strncmp(json_text(head, "csaf_version"), "2.", 2) != 0)
        return error_set(err, ERROR_INPUT, "CSAF: version \"%.20s\"",
                         json_text(head, "csaf_version"));
    if (!read_tree(&all, json_at(root, "product_tree"), err))
        return false;
    clock_parse(slice_of(json_text(json_at(head, "tracking"), "current_release_date")), &at);
    json_array_foreach(json_at(root, "vulnerabilities"), i, vulnerability)
    {
        struct vex_statement s = {.document = document,
                                  .author = json_text(json_at(head, "publisher"), "name"),
                                  .timestamp = at};
        put_vulnerability(&all, vulnerability, &s, out);
    }
    return true;
}
