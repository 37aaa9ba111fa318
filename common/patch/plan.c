#include "patch/plan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "version/version.h"

int deb_version_compare(const char *a, const char *b)
{
    const struct ecosystem *deb = ecosystem_find(slice_of("deb"));
    struct error err = {0};
    int order;

    if (!deb || !version_compare(deb, slice_of(a), slice_of(b), &order, &err))
        return strcmp(a, b);
    return order;
}

/* One alternative of a relation: "libc6:any (>= 2.34)". */
struct relation {
    struct slice name, operator, version;
};

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '+' || c == '-' || c == '.';
}

static struct relation relation_of(struct slice text)
{
    struct relation out = {0};
    size_t at = 0;

    text = slice_trim(text);
    while (at < text.length && is_name_byte(text.data[at]))
        at++;
    out.name = slice_sub(text, 0, at);
    size_t open = slice_find_byte(text, '(');
    if (open == text.length)
        return out;
    struct slice inner = slice_sub(text, open + 1, text.length);
    inner = slice_trim(slice_sub(inner, 0, slice_find_byte(inner, ')')));
    at = 0;
    while (at < inner.length && strchr("<>=", inner.data[at]))
        at++;
    out.operator= slice_sub(inner, 0, at);
    out.version = slice_trim(slice_sub(inner, at, inner.length));
    return out;
}

static bool version_holds(const struct relation *want, const char *have)
{
    char wanted[256];

    if (!want->operator.length)
        return true;
    if (want->version.length >= sizeof(wanted))
        return false;
    memcpy(wanted, want->version.data, want->version.length);
    wanted[want->version.length] = '\0';
    int order = deb_version_compare(have, wanted);
    if (slice_is(want->operator, "="))
        return order == 0;
    if (slice_is(want->operator, ">=") || slice_is(want->operator, ">"))
        return order >= 0;
    if (slice_is(want->operator, "<=") || slice_is(want->operator, "<"))
        return order <= 0;
    return slice_is(want->operator, ">>") ? order > 0 : order < 0;
}

/* The state that would be: one slot an installed package. */
struct slot {
    const struct dpkg_package *old;
    const struct candidate *new; /* NULL: stays */
};

struct planner {
    struct arena *arena;
    struct slot *slots;
    size_t count;
    const struct dpkg_db *installed;
    struct plan *out;
};

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static const char *slot_version(const struct slot *slot)
{
    return slot->new ? slot->new->package.version : slot->old->version;
}

static const char *slot_provides(const struct slot *slot)
{
    return slot->new ? or_empty(slot->new->package.provides) : slot->old->provides;
}

static bool slot_provides_it(const struct slot *slot, const struct relation *want)
{
    struct slice rest = slice_of(slot_provides(slot)), part;

    while (slice_take_until(&rest, ',', &part)) {
        struct relation have = relation_of(part);
        if (!slice_equal(have.name, want->name))
            continue;
        if (!want->operator.length)
            return true;
        char version[256] = "";
        if (have.version.length && have.version.length < sizeof(version)) {
            memcpy(version, have.version.data, have.version.length);
            if (version_holds(want, version))
                return true;
        }
    }
    return false;
}

static bool slot_satisfies(const struct slot *slot, const struct relation *want)
{
    if (slice_is(want->name, slot->old->name) && version_holds(want, slot_version(slot)))
        return true;
    return slot_provides_it(slot, want);
}

static bool one_holds(const struct planner *p, struct slice group)
{
    struct slice part;

    while (slice_take_until(&group, '|', &part)) {
        struct relation want = relation_of(part);
        for (size_t i = 0; i < p->count; i++)
            if (slot_satisfies(&p->slots[i], &want))
                return true;
    }
    return false;
}

/* The first group of a Depends field that would not hold; empty if all do. */
static struct slice unmet(const struct planner *p, const char *field)
{
    struct slice rest = slice_of(field), group;

    while (slice_take_until(&rest, ',', &group))
        if (slice_trim(group).length && !one_holds(p, group))
            return slice_trim(group);
    return (struct slice){0};
}

static const struct slot *violated(const struct planner *p, const struct slot *self,
                                   const char *field)
{
    struct slice rest = slice_of(field), group;

    while (slice_take_until(&rest, ',', &group)) {
        struct relation want = relation_of(group);
        for (size_t i = 0; i < p->count; i++)
            if (want.name.length && &p->slots[i] != self && slot_satisfies(&p->slots[i], &want))
                return &p->slots[i];
    }
    return NULL;
}

static void refuse(struct planner *p, const char *package, const char *rule, const char *text)
{
    for (size_t i = 0; i < p->out->refusal_count; i++)
        if (strcmp(p->out->refusals[i].package, package) == 0)
            return;
    arena_push(p->arena, p->out->refusals, p->out->refusal_count, p->out->refusal_capacity);
    p->out->refusals[p->out->refusal_count++] = (struct plan_refusal){package, rule, text};
}

/* Takes the whole source set of this slot back. */
static void keep_back(struct planner *p, const struct slot *slot, const char *rule,
                      const char *text)
{
    const char *source = slot->new->package.source;

    for (size_t i = 0; i < p->count; i++) {
        struct slot *other = &p->slots[i];
        if (!other->new || strcmp(other->new->package.source, source) != 0)
            continue;
        refuse(p, other->old->name, rule, text);
        other->new = NULL;
    }
}

static bool check_slot(struct planner *p, const struct slot *slot)
{
    struct slice missing;
    const struct apt_package *new = &slot->new->package;

    missing = unmet(p, or_empty(new->depends));
    if (!missing.length)
        missing = unmet(p, or_empty(new->pre_depends));
    if (missing.length) {
        keep_back(p, slot, "R2-dependency",
                  arena_printf(p->arena, "%s %s depends on %.*s, which is not installed", new->name,
                               new->version, (int)missing.length, missing.data));
        return false;
    }
    const struct slot *other = violated(p, slot, or_empty(new->breaks));
    if (!other)
        other = violated(p, slot, or_empty(new->conflicts));
    if (other) {
        keep_back(p, slot, "R2-conflict",
                  arena_printf(p->arena, "%s %s breaks %s %s", new->name, new->version,
                               other->old->name, slot_version(other)));
        return false;
    }
    return true;
}

/* A package that stays must go on having what it depends on. */
static bool check_stayer(struct planner *p, const struct slot *slot, const struct planner *before)
{
    const char *const fields[] = {slot->old->depends, slot->old->pre_depends};

    for (size_t f = 0; f < 2; f++) {
        struct slice rest = slice_of(fields[f]), group;
        while (slice_take_until(&rest, ',', &group)) {
            if (!slice_trim(group).length || one_holds(p, group) || !one_holds(before, group))
                continue;
            struct relation want = relation_of(group);
            for (size_t i = 0; i < p->count; i++)
                if (p->slots[i].new && (slice_is(want.name, p->slots[i].old->name) ||
                                        slot_provides_it(&before->slots[i], &want))) {
                    keep_back(p, &p->slots[i], "R2-dependency",
                              arena_printf(p->arena, "%s %s needs %.*s", slot->old->name,
                                           slot->old->version, (int)slice_trim(group).length,
                                           slice_trim(group).data));
                    return false;
                }
        }
    }
    return true;
}

static bool check_all(struct planner *p, const struct planner *before)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->slots[i].new ? !check_slot(p, &p->slots[i]) : !check_stayer(p, &p->slots[i], before))
            return false;
    }
    return true;
}

static int by_candidate(const void *a, const void *b)
{
    const struct candidate *x = *(const struct candidate *const *)a;
    const struct candidate *y = *(const struct candidate *const *)b;
    int order = strcmp(x->package.name, y->package.name);

    if (!order)
        order = strcmp(or_empty(x->package.arch), or_empty(y->package.arch));
    return order ? order : deb_version_compare(y->package.version, x->package.version);
}

static const struct candidate *best_of(const struct candidate *const *sorted, size_t count,
                                       const struct dpkg_package *old)
{
    size_t low = 0, high = count;
    const struct candidate *best = NULL;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(sorted[middle]->package.name, old->name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && strcmp(sorted[low]->package.name, old->name) == 0; low++) {
        const struct apt_package *package = &sorted[low]->package;
        if (!package->arch || package->phased < 100 || !package->filename || !package->sha256)
            continue;
        if (strcmp(package->arch, old->arch) != 0 && strcmp(package->arch, "all") != 0 &&
            strcmp(old->arch, "all") != 0)
            continue;
        if (!best || deb_version_compare(package->version, best->package.version) > 0)
            best = sorted[low];
    }
    return best && deb_version_compare(best->package.version, old->version) > 0 ? best : NULL;
}

static void choose(struct planner *p, const struct candidate *const *sorted, size_t count,
                   const struct plan_refusal *held, size_t held_count)
{
    for (size_t i = 0; i < p->count; i++) {
        struct slot *slot = &p->slots[i];
        slot->new = best_of(sorted, count, slot->old);
        if (!slot->new)
            continue;
        const char *name = slot->old->name;
        if (slot->old->hold)
            refuse(p, name, "R2-hold", "held in the image's dpkg status");
        else if (!slot->old->installed)
            refuse(p, name, "R2-state",
                   arena_printf(p->arena, "its state is \"%s\"", slot->old->status));
        else if (strcmp(slot->old->arch, slot->new->package.arch) != 0)
            refuse(p, name, "R2-source", "its architecture changes");
        else
            continue;
        slot->new = NULL;
    }
    for (size_t h = 0; h < held_count; h++)
        for (size_t i = 0; i < p->count; i++)
            if (p->slots[i].new &&strcmp(p->slots[i].old->name, held[h].package) == 0)
                keep_back(p, &p->slots[i], held[h].rule, held[h].text);
}

static int by_item(const void *a, const void *b)
{
    const struct plan_item *x = a, *y = b;
    int order = strcmp(x->old->name, y->old->name);

    return order ? order : strcmp(x->old->arch, y->old->arch);
}

static int by_refusal(const void *a, const void *b)
{
    const struct plan_refusal *x = a, *y = b;

    return strcmp(x->package, y->package);
}

void plan_make(struct arena *arena, const struct dpkg_db *installed,
               const struct candidate *candidates, size_t candidate_count,
               const struct plan_refusal *held, size_t held_count, struct plan *out)
{
    const struct candidate **sorted =
        arena_new_array(arena, const struct candidate *, candidate_count);
    struct planner p = {.arena = arena, .installed = installed, .out = out};
    struct planner before = p;

    *out = (struct plan){0};
    for (size_t i = 0; i < candidate_count; i++)
        sorted[i] = &candidates[i];
    if (candidate_count)
        qsort(sorted, candidate_count, sizeof(*sorted), by_candidate);
    p.slots = arena_new_array(arena, struct slot, installed->count);
    before.slots = arena_new_array(arena, struct slot, installed->count);
    for (size_t i = 0; i < installed->count; i++) {
        const struct dpkg_package *old = &installed->packages[i];
        if (strstr(old->status, " config-files") || strstr(old->status, " not-installed"))
            continue;
        p.slots[p.count++].old = old;
        before.slots[before.count++].old = old;
    }
    choose(&p, sorted, candidate_count, held, held_count);
    while (!check_all(&p, &before))
        ;
    for (size_t i = 0; i < p.count; i++) {
        if (!p.slots[i].new)
            continue;
        arena_push(arena, out->items, out->count, out->capacity);
        out->items[out->count++] = (struct plan_item){p.slots[i].old, p.slots[i].new};
    }
    if (out->count)
        qsort(out->items, out->count, sizeof(*out->items), by_item);
    if (out->refusal_count)
        qsort(out->refusals, out->refusal_count, sizeof(*out->refusals), by_refusal);
}

void plan_digest(const struct plan *plan, char out[static DIGEST_TEXT_SIZE])
{
    struct buf text scoped(buf_release) = {0};

    for (size_t i = 0; i < plan->count; i++)
        buf_printf(&text, "%s:%s %s %s\n", plan->items[i].old->name, plan->items[i].old->arch,
                   plan->items[i].old->version, plan->items[i].new->package.version);
    digest_of(buf_text(&text), text.length, out);
}
