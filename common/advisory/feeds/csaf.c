/* CSAF 2.0 documents of distributions: Red Hat's and SUSE's VEX (one a CVE) and advisories. One
 * assertion a package, release, module and fixed version, with the architectures as conditions.
 * known_affected is told apart by the remediation: none planned is "will not fix" or, when Red Hat
 * calls it out of support scope, end of life; "Fix deferred" is deferred. SUSE lists fixes under
 * `recommended`. */
#include "advisory/alias.h"
#include "advisory/csaf_products.h"
#include "advisory/feeds/formats.h"
#include "advisory/json_split.h"
#include "base/buf.h"
#include "base/clock.h"

enum { DOCUMENT_BYTES = 128 * 1024 * 1024, ARCHES_MOST = 32 };

static const struct {
    const char *list;
    enum advisory_state state;
} statuses[] = {
    {"fixed", STATE_FIXED},
    {"first_fixed", STATE_FIXED},
    {"recommended", STATE_FIXED},
    {"known_affected", STATE_AFFECTED},
    {"first_affected", STATE_AFFECTED},
    {"last_affected", STATE_AFFECTED},
    {"known_not_affected", STATE_NOT_AFFECTED},
    {"under_investigation", STATE_UNDER_INVESTIGATION},
};

static const struct {
    const char *details;
    enum advisory_state state;
} remedies[] = {
    {"Will not fix", STATE_WILL_NOT_FIX}, {"Out of support scope", STATE_END_OF_LIFE},
    {"Fix deferred", STATE_DEFERRED},     {"Under investigation", STATE_UNDER_INVESTIGATION},
    {"Affected", STATE_AFFECTED},
};

/* Assertions in the making, by everything but the architecture. */
struct draft {
    struct assertion a;
    struct version_range range;
    struct condition conditions[ARCHES_MOST + 1];
    size_t arch_count;
    const char *module;
};

struct reading {
    struct feed_sink *sink;
    struct arena *arena;
    const struct csaf_products *products;
    const json_t *vulnerability;
    json_t *reasons; /* product id → "Will not fix", a justification */
    json_t *index;   /* draft's key → its number */
    struct draft **drafts;
    size_t draft_count, draft_capacity;
    struct assertion like;
    uint64_t put, foreign;
};

static void note_products(json_t *map, const json_t *list, const char *text)
{
    size_t i;
    json_t *id;
    json_array_foreach(list, i, id)
    {
        if (json_is_string(id))
            json_object_set_new_nocheck(map, json_string_value(id), json_string(text));
    }
}

static void read_reasons(struct reading *r)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_at(r->vulnerability, "flags"), i, item)
    {
        note_products(r->reasons, json_at(item, "product_ids"), json_text(item, "label"));
    }
    json_array_foreach(json_at(r->vulnerability, "remediations"), i, item)
    {
        const char *category = json_text(item, "category"), *details = json_text(item, "details");
        if (strcmp(category, "no_fix_planned") == 0 || strcmp(category, "none_available") == 0)
            note_products(r->reasons, json_at(item, "product_ids"), *details ? details : category);
    }
}

static void fill_state(enum advisory_state state, const char *reason, struct assertion *a)
{
    a->state = state;
    a->reason = reason;
    if (state != STATE_AFFECTED || !reason)
        return;
    for (size_t i = 0; i < array_count(remedies); i++)
        if (strcmp(remedies[i].details, reason) == 0) {
            a->state = remedies[i].state;
            return;
        }
    if (strcmp(reason, "no_fix_planned") == 0)
        a->state = STATE_WILL_NOT_FIX;
}

static struct draft *find_draft(struct reading *r, const struct csaf_product *product,
                                const struct assertion *a, const char *version)
{
    struct buf key scoped(buf_release) = {0};
    buf_printf(&key, "%s\n%s\n%s\n%s\n%s\n%s\n%d\n%s", product->context.distro,
               product->context.release, product->context.stream, product->name, version,
               product->module ? product->module : "", (int)a->state, a->reason ? a->reason : "");
    const json_t *known = json_object_get(r->index, buf_text(&key));
    if (known)
        return r->drafts[json_integer_value(known)];
    if (json_object_set_new_nocheck(r->index, buf_text(&key),
                                    json_integer((json_int_t)r->draft_count)) != 0)
        return NULL;
    struct draft *draft = arena_new_object(r->arena, struct draft);
    draft->a = *a;
    draft->module = product->module;
    draft->range.fixed = *version ? version : NULL;
    arena_push(r->arena, r->drafts, r->draft_count, r->draft_capacity);
    return r->drafts[r->draft_count++] = draft;
}

static void add_arch(struct draft *draft, const char *arch)
{
    if (!*arch || draft->arch_count == ARCHES_MOST)
        return;
    for (size_t i = 0; i < draft->arch_count; i++)
        if (strcmp(draft->conditions[i].value, arch) == 0)
            return;
    draft->conditions[draft->arch_count++] = (struct condition){CONDITION_ARCH, arch};
}

static bool take_product(struct reading *r, const char *id, enum advisory_state state,
                         struct error *err)
{
    struct csaf_product product;
    struct assertion a = r->like;
    if (!csaf_products_find(r->products, id, &product, r->arena)) {
        r->foreign++;
        return true;
    }
    if (strcmp(product.arch, "src") == 0 && *product.version)
        return true; /* the binary packages stand beside it */
    if (strcmp(product.arch, "src") == 0)
        product.arch = "";
    fill_state(state, json_string_value(json_object_get(r->reasons, id)), &a);
    if (a.state == STATE_FIXED && !*product.version) {
        r->sink->counts->unusable++;
        return true;
    }
    a.name = product.name;
    a.name_kind = NAME_BINARY;
    a.context = product.context;
    struct draft *draft =
        find_draft(r, &product, &a, a.state == STATE_FIXED ? product.version : "");
    if (!draft)
        return error_set(err, ERROR_INPUT, "%.80s: not UTF-8", id);
    add_arch(draft, product.arch);
    return true;
}

static bool take_statuses(struct reading *r, struct error *err)
{
    const json_t *status = json_at(r->vulnerability, "product_status");
    size_t i;
    json_t *id;
    for (size_t k = 0; k < array_count(statuses); k++)
        json_array_foreach(json_at(status, statuses[k].list), i, id)
        {
            if (json_is_string(id) &&
                !take_product(r, json_string_value(id), statuses[k].state, err))
                return false;
        }
    return true;
}

static bool put_drafts(struct reading *r, struct error *err)
{
    for (size_t i = 0; i < r->draft_count; i++) {
        struct draft *draft = r->drafts[i];
        struct assertion *a = &draft->a;
        a->condition_count = draft->arch_count;
        if (draft->module || (draft->range.fixed && strstr(draft->range.fixed, ".module")))
            draft->conditions[a->condition_count++] =
                (struct condition){CONDITION_MODULE, draft->module ? draft->module : "*"};
        a->conditions = draft->conditions;
        a->ranges = &draft->range;
        a->range_count = a->state == STATE_NOT_AFFECTED ? 0 : 1;
        r->put++;
        if (!feed_put(r->sink, a, err))
            return false;
    }
    return true;
}

static void fill_severity(const json_t *document, const json_t *vulnerability,
                          struct assertion *like)
{
    size_t i;
    json_t *item;
    like->severity = json_text(json_at(document, "aggregate_severity"), "text");
    json_array_foreach(json_at(vulnerability, "threats"), i, item)
    {
        if (strcmp(json_text(item, "category"), "impact") == 0) {
            like->severity = json_text(item, "details");
            break;
        }
    }
    json_array_foreach(json_at(vulnerability, "scores"), i, item)
    {
        const char *vector = json_text(json_at(item, "cvss_v3"), "vectorString");
        if (*vector) {
            like->cvss = vector;
            break;
        }
    }
}

static bool put_vulnerability(const json_t *document, const json_t *vulnerability,
                              const struct csaf_products *products, struct feed_sink *sink,
                              struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct reading r = {.sink = sink,
                        .arena = arena,
                        .products = products,
                        .vulnerability = vulnerability,
                        .reasons = json_object(),
                        .index = json_object(),
                        .like = feed_blank()};
    const json_t *tracking = json_at(document, "tracking");
    r.like.type = "rpm";
    r.like.record = json_text(tracking, "id");
    r.like.vulnerability = json_text(vulnerability, "cve");
    r.like.title = json_text(vulnerability, "title");
    if (!*r.like.title)
        r.like.title = json_text(document, "title");
    clock_parse(slice_of(json_text(vulnerability, "release_date")), &r.like.published);
    clock_parse(slice_of(json_text(tracking, "current_release_date")), &r.like.modified);
    fill_severity(document, vulnerability, &r.like);
    read_reasons(&r);
    bool ok = take_statuses(&r, err) && put_drafts(&r, err);
    sink->counts->no_package += ok && r.put == 0;
    json_decref(r.reasons);
    json_decref(r.index);
    return ok;
}

static bool parse(struct feed_stream *in, struct feed_sink *sink, struct arena *arena,
                  struct error *err)
{
    struct slice bytes;
    const json_t *root;
    size_t i;
    json_t *item;
    if (!feed_read_all(in, DOCUMENT_BYTES, arena, &bytes, err) ||
        !(root = json_document(bytes, arena, err)))
        return false;
    const json_t *document = json_at(root, "document");
    const char *version = json_text(document, "csaf_version");
    const struct csaf_products *products;
    if (strncmp(version, "2.", 2) != 0)
        return error_set(err, ERROR_INPUT, "CSAF version \"%.20s\": only 2.x is read", version);
    if (!*json_text(json_at(document, "tracking"), "id"))
        return error_set(err, ERROR_INPUT, "a document without tracking id");
    if (!(products = csaf_products_new(json_at(root, "product_tree"), arena, err)))
        return false;
    sink->counts->records++;
    sink->counts->no_package += json_array_size(json_at(root, "vulnerabilities")) == 0;
    json_array_foreach(json_at(root, "vulnerabilities"), i, item)
    {
        if (!put_vulnerability(document, item, products, sink, err))
            return false;
    }
    return true;
}

static bool wants(const char *name)
{
    return slice_has_suffix(slice_of(name), ".json");
}

static bool is_csaf(struct slice head, const char *publisher)
{
    return slice_find(head, "\"csaf_version\"") < head.length &&
           slice_find(head, publisher) < head.length;
}

static bool looks_like_redhat(struct slice head, const char *name)
{
    /* Advisories call themselves csaf_vex too. */
    return is_csaf(head, "redhat.com") && slice_find(head, "\"csaf_vex\"") < head.length &&
           !strstr(name, "rhsa");
}

static bool looks_like_redhat_advisory(struct slice head, const char *name)
{
    (void)name;
    return is_csaf(head, "redhat.com");
}

static bool looks_like_suse(struct slice head, const char *name)
{
    (void)name;
    return is_csaf(head, "suse.com") && slice_find(head, "\"csaf_vex\"") < head.length;
}

static bool looks_like_suse_advisory(struct slice head, const char *name)
{
    (void)name;
    return is_csaf(head, "suse.com");
}

#define CSAF(variable, text, recognise, to)                                                        \
    const struct feed_format variable = {                                                          \
        .name = text, .wants = wants, .parse = parse, .looks_like = recognise, .source = to}

CSAF(feed_redhat_vex, "redhat-vex", looks_like_redhat, "redhat-vex");
CSAF(feed_redhat_csaf, "redhat-csaf", looks_like_redhat_advisory, "redhat-csaf");
CSAF(feed_suse_vex, "suse-vex", looks_like_suse, "suse-vex");
CSAF(feed_suse_csaf, "suse-csaf", looks_like_suse_advisory, "suse-csaf");
