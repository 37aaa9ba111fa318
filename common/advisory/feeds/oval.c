/* What distributions say in OVAL: Debian, Ubuntu (USN), Red Hat, Rocky, Oracle, SUSE, Azure Linux
 * and CBL-Mariner, Photon. A definition's criteria tree is walked from the root; what must be
 * installed (release, module, architecture) gathers on the way, every package test below becomes an
 * assertion for each CVE. "Less than" names the fix; Debian's "earlier than 0" says that none
 * exists; Red Hat states unfixed ones by <resolution>; "is signed with" tests are not about
 * versions. */
#include "advisory/oval.h"

#include <ctype.h>
#include <stdio.h>

#include "advisory/feeds/formats.h"
#include "advisory/feeds/oval_platform.h"
#include "advisory/release.h"

enum { ARCHES_MOST = 16 };

struct walk {
    const struct oval_document *document;
    const struct oval_definition *definition;
    enum oval_vendor vendor;
    struct feed_sink *sink;
    struct arena *arena; /* of the definition */
    const char *record, *file;
    uint64_t put, skipped;
};

struct scope {
    struct oval_platforms platforms;
    const char *module, *arch;
    bool wrong_platform;
};

/* The text before " is earlier than", " DPKG is earlier than" …; the version is what follows. */
static bool split_comment(const char *comment, const char *words, const char **name,
                          const char **rest, struct arena *arena)
{
    const char *at = strstr(comment, words);
    if (!at)
        return false;
    struct slice left = slice_trim((struct slice){comment, (size_t)(at - comment)});
    if (slice_has_suffix(left, " DPKG"))
        left.length -= 5;
    *name = slice_string(arena, left);
    *rest = at + strlen(words);
    return left.length > 0;
}

static const char *without_zero_epoch(const char *version)
{
    return strncmp(version, "0:", 2) == 0 && version[2] ? version + 2 : version;
}

static const struct {
    const char *word;
    enum advisory_state state;
} resolutions[] = {
    {"Affected", STATE_AFFECTED},
    {"Will not fix", STATE_WILL_NOT_FIX},
    {"Out of support scope", STATE_END_OF_LIFE},
    {"Under investigation", STATE_UNDER_INVESTIGATION},
    {"Fix deferred", STATE_DEFERRED},
    {"Not affected", STATE_NOT_AFFECTED},
};

/* "nodejs:18/nodejs" and "tar" are components; a binary package belongs to the one it is called
 * after, else to the only one. */
static const char *resolution_of(const struct oval_definition *d, const char *name)
{
    const char *best = d->resolution_count > 0 ? d->resolutions[0].state : NULL;
    size_t length = 0;
    for (size_t i = 0; i < d->resolution_count; i++) {
        const char *slash = strrchr(d->resolutions[i].component, '/');
        const char *component = slash ? slash + 1 : d->resolutions[i].component;
        size_t n = strlen(component);
        if (n > length && strncmp(name, component, n) == 0) {
            best = d->resolutions[i].state;
            length = n;
        }
    }
    return best;
}

static bool unfixed_state(struct walk *w, const char *name, struct assertion *a)
{
    const char *word = resolution_of(w->definition, name);
    if (strstr(w->definition->id, ".unaffected:")) {
        a->state = STATE_NOT_AFFECTED;
        a->reason = "not affected";
        return true;
    }
    for (size_t i = 0; word && i < array_count(resolutions); i++)
        if (strcmp(resolutions[i].word, word) == 0) {
            a->state = resolutions[i].state;
            a->reason = word;
            return true;
        }
    return false;
}

static size_t arches(const char *pattern, const char *only, struct condition *out,
                     struct arena *arena)
{
    struct slice rest = slice_of(pattern ? pattern : ""), arch;
    size_t count = 0;
    if (only) {
        out[0] = (struct condition){CONDITION_ARCH, only};
        return 1;
    }
    if (slice_has_prefix(rest, "(") && slice_has_suffix(rest, ")"))
        rest = slice_sub(rest, 1, rest.length - 2);
    while (count < ARCHES_MOST && slice_take_until(&rest, '|', &arch))
        if (!slice_is(arch, "src") && !slice_is(arch, "nosrc") && arch.length > 0)
            out[count++] = (struct condition){CONDITION_ARCH, slice_string(arena, arch)};
    return count;
}

static bool put_assertions(struct walk *w, const struct scope *scope, struct assertion *a,
                           struct error *err)
{
    const struct oval_definition *d = w->definition;
    a->record = w->record;
    a->title = d->title;
    a->published = d->published;
    a->modified = d->modified;
    a->type = oval_vendor_type(w->vendor);
    for (size_t p = 0; p < scope->platforms.count; p++) {
        a->context = scope->platforms.items[p];
        for (size_t i = 0; i < d->cve_count || i == 0; i++) {
            const struct oval_cve *cve = d->cve_count > 0 ? &d->cves[i] : NULL;
            a->vulnerability = cve ? cve->id : w->record;
            a->cvss = cve ? cve->cvss : NULL;
            a->severity = cve && *cve->severity ? cve->severity : d->severity;
            w->put++;
            if (!feed_put(w->sink, a, err))
                return false;
        }
    }
    return true;
}

static bool put_names(struct walk *w, const struct oval_item *object, const char *name,
                      const struct scope *scope, struct assertion *a, struct error *err)
{
    const struct oval_item *variable = object && object->variable && *object->variable
                                           ? oval_find(&w->document->variables, object->variable)
                                           : NULL;
    if (variable) {
        for (size_t i = 0; i < variable->value_count; i++) {
            a->name = variable->values[i];
            if (!put_assertions(w, scope, a, err))
                return false;
        }
        return true;
    }
    a->name = name;
    return put_assertions(w, scope, a, err);
}

/* What the test (or, where it dangles, the comment) says of the version. False: nothing that is
 * about one. */
static bool read_test(struct walk *w, const struct oval_node *node, const struct oval_item *state,
                      const char **name, struct assertion *a, struct version_range *range)
{
    const char *rest = "", *called;
    const char *fixed = state && state->evr ? state->evr : NULL;
    const char *operation = state && state->operation ? state->operation : "";
    a->state = STATE_FIXED;
    a->range_count = 1;
    if (!fixed && split_comment(node->comment, " is earlier than ", &called, &rest, w->arena)) {
        *name = called;
        fixed = rest;
        operation = "less than";
    }
    if (!fixed && (split_comment(node->comment, " is not affected", &called, &rest, w->arena) ||
                   split_comment(node->comment, " is affected", &called, &rest, w->arena))) {
        *name = called;
        a->state = strstr(node->comment, " is not affected") ? STATE_NOT_AFFECTED : STATE_AFFECTED;
        a->range_count = a->state == STATE_NOT_AFFECTED ? 0 : 1;
        return true;
    }
    if (!fixed && split_comment(node->comment, " is installed", &called, &rest, w->arena) &&
        unfixed_state(w, called, a)) {
        *name = called;
        a->range_count = a->state == STATE_NOT_AFFECTED ? 0 : 1;
        return true;
    }
    if (!fixed || !*fixed)
        return false;
    if (strcmp(operation, "less than or equal") == 0) {
        a->state = STATE_AFFECTED;
        range->last_affected = without_zero_epoch(fixed);
    } else if (strcmp(operation, "less than") != 0) {
        return false;
    } else if (strcmp(fixed, "0:0") == 0 || strcmp(fixed, "0") == 0) {
        a->state = STATE_AFFECTED;
    } else {
        range->fixed = without_zero_epoch(fixed);
    }
    return true;
}

static bool put_criterion(struct walk *w, const struct oval_node *node, const struct scope *scope,
                          struct error *err)
{
    const struct oval_item *test = oval_find(&w->document->tests, node->test);
    const struct oval_item *object = test ? oval_find(&w->document->objects, test->object) : NULL;
    const struct oval_item *state = test ? oval_find(&w->document->states, test->state) : NULL;
    struct version_range range = {0};
    struct condition conditions[ARCHES_MOST + 1];
    struct assertion a = feed_blank();
    const char *name = object ? object->name : NULL;
    struct scope inner = *scope;
    if ((test && !test->is_package) || (state && state->is_signature) ||
        strstr(node->comment, " is signed with") || !read_test(w, node, state, &name, &a, &range))
        return true;
    if ((!name || !*name) && !(object && object->variable && *object->variable))
        return true;
    if (strcmp(w->definition->patchable ? w->definition->patchable : "", "false") == 0 &&
        a.state == STATE_FIXED) {
        a.state = STATE_AFFECTED; /* Azure: the version is the first sound one, not a package */
        range.fixed = NULL;
    }
    a.name_kind = oval_vendor_name_kind(w->vendor);
    a.ranges = &range;
    a.condition_count = arches(state ? state->arch : NULL, scope->arch, conditions, w->arena);
    if (scope->module || (range.fixed && strstr(range.fixed, ".module")))
        conditions[a.condition_count++] =
            (struct condition){CONDITION_MODULE, scope->module ? scope->module : "*"};
    a.conditions = conditions;
    oval_platform_finish(w->vendor, node->comment, range.fixed, w->file, w->definition,
                         &inner.platforms, w->arena);
    w->skipped += inner.platforms.count == 0;
    return put_names(w, object, name, &inner, &a, err);
}

/* A criterion that says where, not what. */
static bool take_condition(struct walk *w, const struct oval_node *node, struct scope *scope)
{
    static const char module[] = "Module ", enabled[] = " is enabled";
    const char *comment = node->comment, *arch = strstr(comment, " arch is ");
    struct slice s = slice_of(comment);
    if (slice_has_prefix(s, module) && slice_has_suffix(s, enabled)) {
        scope->module = arena_strndup(w->arena, comment + sizeof(module) - 1,
                                      s.length - sizeof(module) + 1 - (sizeof(enabled) - 1));
        return true;
    }
    if (arch) {
        scope->arch = arch + strlen(" arch is ");
        return true;
    }
    return oval_platform_take(w->vendor, comment, w->definition, &scope->platforms, w->arena);
}

/* A group in which every leaf says where: any of them. */
static bool take_group(struct walk *w, const struct oval_node *node, struct scope *scope)
{
    struct scope trial = *scope;
    const struct oval_node *nodes = w->document->nodes;
    if (!node->criteria || !node->any || (node->first == 0 && !node->dropped))
        return false;
    for (uint32_t i = node->first; i; i = nodes[i].next)
        if (nodes[i].criteria || !take_condition(w, &nodes[i], &trial))
            return false;
    *scope = trial;
    scope->wrong_platform |= scope->platforms.count == 0 && node->dropped;
    return true;
}

static bool walk_node(struct walk *w, uint32_t index, const struct scope *outer, struct error *err)
{
    const struct oval_node *nodes = w->document->nodes, *node = &nodes[index];
    struct scope scope = *outer;
    if (!node->criteria)
        return put_criterion(w, node, &scope, err);
    if (!node->any) {
        scope.wrong_platform |= node->dropped;
        for (uint32_t i = node->first; i; i = nodes[i].next)
            if (nodes[i].criteria ? take_group(w, &nodes[i], &scope)
                                  : take_condition(w, &nodes[i], &scope))
                continue;
    }
    if (scope.wrong_platform) {
        w->skipped++;
        return true;
    }
    for (uint32_t i = node->first; i; i = nodes[i].next) {
        struct scope ignored = scope;
        bool where = nodes[i].criteria ? !node->any && take_group(w, &nodes[i], &ignored)
                                       : take_condition(w, &nodes[i], &ignored);
        if (!where && !walk_node(w, i, &scope, err))
            return false;
    }
    return true;
}

/* "RHSA-2022:4765: firefox …", "CVE-1999-0199 glibc", "USN-9-1 -- foo". */
static const char *record_of(const struct oval_definition *d, struct arena *arena)
{
    struct slice rest = slice_of(d->title), word;
    if (slice_take_word(&rest, &word) && slice_find_byte(word, '-') < word.length) {
        if (slice_has_suffix(word, ":"))
            word.length--;
        return slice_string(arena, word);
    }
    return d->cve_count > 0 ? d->cves[0].id : d->reference && *d->reference ? d->reference : d->id;
}

static bool put_definition(const struct oval_document *document, const struct oval_definition *d,
                           enum oval_vendor vendor, const char *file, struct feed_sink *sink,
                           struct error *err)
{
    struct arena *arena scoped(arena_scope_free) = arena_new();
    struct walk walk = {.document = document,
                        .definition = d,
                        .vendor = vendor,
                        .sink = sink,
                        .arena = arena,
                        .file = file,
                        .record = record_of(d, arena)};
    struct scope scope = {0};
    if (strcmp(d->klass, "inventory") == 0)
        return true;
    sink->counts->records++;
    if (d->root && !walk_node(&walk, d->root, &scope, err))
        return error_wrap(err, "%s", d->id);
    if (walk.put == 0) {
        /* What is about the running kernel alone (live patches) names no package. */
        bool running = vendor == OVAL_UBUNTU && walk.skipped == 0;
        sink->counts->no_package += walk.skipped > 0;
        sink->counts->informational += running;
        sink->counts->unusable += walk.skipped == 0 && !running;
    }
    return true;
}

static bool parse(struct feed_stream *in, enum oval_vendor vendor, struct feed_sink *sink,
                  struct arena *arena, struct error *err)
{
    struct oval_document document;
    if (!oval_read(in, oval_vendor_keep(vendor), arena, &document, err))
        return false;
    if (document.timestamp > sink->counts->newest)
        sink->counts->newest = document.timestamp;
    for (size_t i = 0; i < document.definition_count; i++)
        if (!put_definition(&document, &document.definitions[i], vendor, in->name, sink, err))
            return false;
    return true;
}

static bool wants(const char *name)
{
    return slice_has_suffix(slice_of(name), ".xml");
}

static bool is_oval(struct slice head, const char *word)
{
    return slice_find(head, "<oval_definitions") < head.length &&
           slice_find(head, word) < head.length;
}

#define OVAL(variable, text, vendor, word)                                                         \
    static bool parse_##variable(struct feed_stream *in, struct feed_sink *sink,                   \
                                 struct arena *arena, struct error *err)                           \
    {                                                                                              \
        return parse(in, vendor, sink, arena, err);                                                \
    }                                                                                              \
    static bool looks_like_##variable(struct slice head, const char *name)                         \
    {                                                                                              \
        (void)name;                                                                                \
        return is_oval(head, word);                                                                \
    }                                                                                              \
    const struct feed_format variable = {.name = text,                                             \
                                         .wants = wants,                                           \
                                         .parse = parse_##variable,                                \
                                         .looks_like = looks_like_##variable,                      \
                                         .source = text}

OVAL(feed_debian_oval, "debian-oval", OVAL_DEBIAN, "oval:org.debian");
OVAL(feed_ubuntu_oval, "ubuntu-oval", OVAL_UBUNTU, "oval:com.ubuntu");
OVAL(feed_redhat_oval, "redhat-oval", OVAL_REDHAT, "oval:com.redhat");
OVAL(feed_rocky_oval, "rocky-oval", OVAL_ROCKY, "oval:org.rockylinux");
OVAL(feed_oracle_oval, "oracle-oval", OVAL_ORACLE, "oval:com.oracle");
OVAL(feed_suse_oval, "suse-oval", OVAL_SUSE, "oval:org.opensuse");
OVAL(feed_azure_oval, "azure-oval", OVAL_AZURE, "oval:com.microsoft");
OVAL(feed_photon_oval, "photon-oval", OVAL_PHOTON, "oval:com.vmware");
