#include "advisory/csaf_products.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "advisory/json_split.h"
#include "advisory/redhat_platform.h"
#include "advisory/suse_platform.h"

enum { TREE_DEPTH = 16, RELATION_DEPTH = 4 };

struct leaf {
    const char *id, *cpe, *purl;
};

struct relation {
    const char *id, *component, *of;
};

struct csaf_products {
    struct leaf *leaves;
    size_t leaf_count, leaf_capacity;
    struct relation *relations;
    size_t relation_count;
    struct arena *arena;
};

static bool add_leaves(struct csaf_products *p, const json_t *branches, int depth,
                       struct error *err)
{
    size_t i;
    json_t *branch;
    if (depth > TREE_DEPTH)
        return error_set(err, ERROR_INPUT, "product tree too deep");
    json_array_foreach(branches, i, branch)
    {
        const json_t *product = json_at(branch, "product");
        const json_t *helper = json_at(product, "product_identification_helper");
        if (product) {
            arena_push(p->arena, p->leaves, p->leaf_count, p->leaf_capacity);
            p->leaves[p->leaf_count++] =
                (struct leaf){json_text(product, "product_id"), json_text(helper, "cpe"),
                              json_text(helper, "purl")};
        }
        if (!add_leaves(p, json_at(branch, "branches"), depth + 1, err))
            return false;
    }
    return true;
}

/* Both begin with the id. */
static int id_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct csaf_products *csaf_products_new(const json_t *tree, struct arena *arena, struct error *err)
{
    struct csaf_products *p = arena_new_object(arena, struct csaf_products);
    const json_t *relations = json_at(tree, "relationships");
    size_t i;
    json_t *item;
    p->arena = arena;
    if (!add_leaves(p, json_at(tree, "branches"), 0, err))
        return NULL;
    p->relations = arena_new_array(arena, struct relation, json_array_size(relations));
    json_array_foreach(relations, i, item)
    {
        p->relations[p->relation_count++] = (struct relation){
            json_text(json_at(item, "full_product_name"), "product_id"),
            json_text(item, "product_reference"), json_text(item, "relates_to_product_reference")};
    }
    if (p->leaf_count > 1)
        qsort(p->leaves, p->leaf_count, sizeof(struct leaf), id_compare);
    if (p->relation_count > 1)
        qsort(p->relations, p->relation_count, sizeof(struct relation), id_compare);
    return p;
}

static const struct leaf *find_leaf(const struct csaf_products *p, const char *id)
{
    return p->leaf_count > 0
               ? bsearch(&id, p->leaves, p->leaf_count, sizeof(struct leaf), id_compare)
               : NULL;
}

static const struct relation *find_relation(const struct csaf_products *p, const char *id)
{
    return p->relation_count > 0
               ? bsearch(&id, p->relations, p->relation_count, sizeof(struct relation), id_compare)
               : NULL;
}

static const char *query_value(struct slice query, const char *key, struct arena *arena)
{
    struct slice item;
    size_t length = strlen(key);
    while (slice_take_until(&query, '&', &item))
        if (item.length > length && memcmp(item.data, key, length) == 0 && item.data[length] == '=')
            return slice_string(arena, slice_sub(item, length + 1, item.length));
    return "";
}

/* %2B and friends; anything else stays. */
static const char *unescape(const char *text, struct arena *arena)
{
    char *out = arena_strdup(arena, text), *to = out;
    for (const char *from = text; *from; from++) {
        unsigned value;
        if (*from == '%' && isxdigit((unsigned char)from[1]) && isxdigit((unsigned char)from[2]) &&
            sscanf(from + 1, "%2x", &value) == 1 && value >= 0x20) {
            *to++ = (char)value;
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = 0;
    return out;
}

/* pkg:rpm/redhat/curl@7.76.1-26.el9?arch=x86_64&epoch=0 */
static bool read_purl(const char *purl, struct csaf_product *out, struct arena *arena)
{
    static const char prefix[] = "pkg:rpm/redhat/";
    struct slice rest = slice_of(purl), query, name, version;
    if (strncmp(purl, prefix, sizeof(prefix) - 1) != 0)
        return false;
    rest = slice_sub(rest, sizeof(prefix) - 1, rest.length);
    size_t mark = slice_find_byte(rest, '?');
    query = slice_sub(rest, mark + 1, rest.length);
    name = slice_sub(rest, 0, mark);
    size_t at = slice_find_byte(name, '@');
    version = slice_sub(name, at + 1, name.length);
    name = slice_sub(name, 0, at);
    const char *epoch = query_value(query, "epoch", arena);
    const char *module = query_value(query, "rpmmod", arena);
    out->name = unescape(slice_string(arena, name), arena);
    out->arch = query_value(query, "arch", arena);
    out->version = unescape(slice_string(arena, version), arena);
    if (*out->version && *epoch && strcmp(epoch, "0") != 0)
        out->version = arena_printf(arena, "%s:%s", epoch, out->version);
    if (*module) {
        struct slice text = slice_of(unescape(module, arena)), a = {0}, b = {0};
        slice_take_until(&text, ':', &a);
        slice_take_until(&text, ':', &b);
        out->module = arena_printf(arena, "%.*s:%.*s", (int)a.length, a.data, (int)b.length,
                                   b.data ? b.data : "");
    }
    return true;
}

/* pkg:rpmmod/redhat/container-tools@rhel8:8100020240528155045:bf36fea1 */
static const char *read_module(const char *purl, struct arena *arena)
{
    static const char prefix[] = "pkg:rpmmod/redhat/";
    struct slice rest = slice_of(purl), name, stream;
    if (strncmp(purl, prefix, sizeof(prefix) - 1) != 0)
        return NULL;
    rest = slice_sub(rest, sizeof(prefix) - 1, slice_find_byte(rest, '?') - sizeof(prefix) + 1);
    size_t at = slice_find_byte(rest, '@');
    name = slice_sub(rest, 0, at);
    stream = slice_sub(rest, at + 1, rest.length);
    stream.length = slice_find_byte(stream, ':');
    return stream.length > 0 ? arena_printf(arena, "%.*s:%.*s", (int)name.length, name.data,
                                            (int)stream.length, stream.data)
                             : NULL;
}

static const char *const suse_arches[] = {".x86_64",  ".aarch64", ".ppc64le", ".s390x", ".noarch",
                                          ".i586",    ".i686",    ".ppc64",   ".ia64",  ".armv7hl",
                                          ".armv6hl", ".ppc",     ".s390",    ".src",   ".riscv64"};

/* "curl-7.79.1-150400.5.3.1.x86_64", "samba-client-libs-4.19.4+git.339-1.22", "libdcerpc": a
 * version and a release are there if the last two parts begin with digits. */
static void read_suse_name(const char *id, struct csaf_product *out, struct arena *arena)
{
    struct slice s = slice_of(id);
    out->arch = "";
    for (size_t i = 0; i < array_count(suse_arches); i++)
        if (slice_has_suffix(s, suse_arches[i])) {
            out->arch = suse_arches[i] + 1;
            s.length -= strlen(suse_arches[i]);
            break;
        }
    size_t release = s.length, version;
    while (release > 0 && s.data[release - 1] != '-')
        release--;
    version = release > 0 ? release - 1 : 0;
    while (version > 0 && s.data[version - 1] != '-')
        version--;
    if (version > 0 && release < s.length && isdigit((unsigned char)s.data[release]) &&
        isdigit((unsigned char)s.data[version])) {
        out->name = slice_string(arena, slice_sub(s, 0, version - 1));
        out->version = slice_string(arena, slice_sub(s, version, s.length));
    } else {
        out->name = slice_string(arena, s);
        out->version = "";
    }
}

/* The distribution at the end of the chain; modules on the way are noted. */
static bool find_platform(const struct csaf_products *p, const char *id, struct csaf_product *out,
                          bool *suse, struct arena *arena)
{
    for (int depth = 0; depth < RELATION_DEPTH; depth++) {
        const struct relation *relation = find_relation(p, id);
        const struct leaf *leaf = relation ? find_leaf(p, relation->component) : find_leaf(p, id);
        if (relation) {
            const char *module = leaf ? read_module(leaf->purl, arena) : NULL;
            out->module = module ? module : out->module;
            id = relation->of;
            continue;
        }
        *suse = suse_platform(slice_of(id), &out->context, arena);
        return *suse || (leaf && redhat_platform(leaf->cpe, &out->context, arena));
    }
    return false;
}

bool csaf_products_find(const struct csaf_products *p, const char *id, struct csaf_product *out,
                        struct arena *arena)
{
    const struct relation *relation = find_relation(p, id);
    bool suse = false;
    *out = (struct csaf_product){.name = "", .version = "", .arch = ""};
    if (!relation || !find_platform(p, relation->of, out, &suse, arena))
        return false;
    if (suse) {
        read_suse_name(relation->component, out, arena);
        return *out->name != 0;
    }
    const struct leaf *leaf = find_leaf(p, relation->component);
    return leaf && read_purl(leaf->purl, out, arena) && *out->name;
}
