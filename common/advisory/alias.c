#include "advisory/alias.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

struct node {
    const char *id;
    size_t parent, next; /* next: in the bucket, index + 1 */
    const char *name;    /* of a root: what the family is called */
};

struct alias_set {
    struct arena *arena;
    struct node *nodes;
    size_t count, capacity;
    size_t *buckets;
    size_t bucket_count;
};

bool vulnerability_is_cve(const char *id)
{
    if (strncmp(id, "CVE-", 4) != 0)
        return false;
    for (int i = 4; i < 8; i++)
        if (!isdigit((unsigned char)id[i]))
            return false;
    if (id[8] != '-')
        return false;
    size_t digits = 0;
    for (const char *c = id + 9; *c; c++, digits++)
        if (!isdigit((unsigned char)*c))
            return false;
    return digits >= 4;
}

static int id_rank(const char *id)
{
    return vulnerability_is_cve(id) ? 0 : strncmp(id, "GHSA-", 5) == 0 ? 1 : 2;
}

int vulnerability_id_compare(const char *a, const char *b)
{
    int rank_a = id_rank(a), rank_b = id_rank(b);
    return rank_a != rank_b ? rank_a - rank_b : strcmp(a, b);
}

struct alias_set *alias_set_new(struct arena *arena)
{
    struct alias_set *set = arena_new_object(arena, struct alias_set);
    set->arena = arena;
    set->bucket_count = 16;
    set->buckets = arena_new_array(arena, size_t, set->bucket_count);
    return set;
}

static size_t hash(const char *id)
{
    uint64_t value = 1469598103934665603u;
    for (; *id; id++)
        value = (value ^ (unsigned char)*id) * 1099511628211u;
    return (size_t)value;
}

static void rehash(struct alias_set *set)
{
    set->bucket_count *= 4;
    set->buckets = arena_new_array(set->arena, size_t, set->bucket_count);
    for (size_t i = 0; i < set->count; i++) {
        size_t *bucket = &set->buckets[hash(set->nodes[i].id) % set->bucket_count];
        set->nodes[i].next = *bucket;
        *bucket = i + 1;
    }
}

static size_t find_node(const struct alias_set *set, const char *id)
{
    size_t at = set->buckets[hash(id) % set->bucket_count];
    while (at > 0 && strcmp(set->nodes[at - 1].id, id) != 0)
        at = set->nodes[at - 1].next;
    return at;
}

static size_t add_node(struct alias_set *set, const char *id)
{
    size_t found = find_node(set, id);
    if (found > 0)
        return found - 1;
    if (set->count >= set->bucket_count * 2)
        rehash(set);
    arena_push(set->arena, set->nodes, set->count, set->capacity);
    size_t *bucket = &set->buckets[hash(id) % set->bucket_count];
    id = arena_strdup(set->arena, id);
    set->nodes[set->count] = (struct node){id, set->count, *bucket, id};
    *bucket = set->count + 1;
    return set->count++;
}

static size_t root_of(struct alias_set *set, size_t at)
{
    while (set->nodes[at].parent != at) {
        set->nodes[at].parent = set->nodes[set->nodes[at].parent].parent;
        at = set->nodes[at].parent;
    }
    return at;
}

bool alias_join(struct alias_set *set, const char *a, const char *b)
{
    size_t x = root_of(set, add_node(set, a)), y = root_of(set, add_node(set, b));
    if (x == y)
        return true;
    if (vulnerability_is_cve(set->nodes[x].name) && vulnerability_is_cve(set->nodes[y].name))
        return false;
    bool x_names = vulnerability_id_compare(set->nodes[x].name, set->nodes[y].name) < 0;
    size_t root = x_names ? x : y;
    set->nodes[x].parent = root;
    set->nodes[y].parent = root;
    return true;
}

const char *alias_family(struct alias_set *set, const char *id)
{
    size_t found = find_node(set, id);
    return found > 0 ? set->nodes[root_of(set, found - 1)].name : id;
}
